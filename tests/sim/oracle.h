/* What a history has to end in, by two oracles: the engine, run once without interruption, and the
 * naive rescan (tests/naive). Both are fed the committed input and the committed journal: which
 * records were refused as future and when idle clocks were ticked is for the worker to decide,
 * once.
 *
 * Compared: what a reader of committed records is given, in order and byte by byte; that no id
 * comes twice; the dead letters; and of every live task its counts (S15), its clock, and its view
 * of every partner. */
#ifndef TESTS_SIM_ORACLE_H
#define TESTS_SIM_ORACLE_H

struct sim;
struct oracle;

/* Compares everything; what differs goes to sim_fail. The world has to be at rest. May be called
 * again when no input has been added since: the oracles go on from where they were. */
void oracle_compare(struct sim *sim);

/* The same of what was told, up to the committed offsets: nothing is alive, and no transaction
 * under way. */
void oracle_compare_told(struct sim *sim);

/* Adds what the oracles have seen to the tally. */
void oracle_count(struct sim *sim);

/* The world does so when it is done. NULL is fine. */
void oracle_free(struct oracle *oracle);

/* Says in the trace what the uninterrupted run makes of each record, as far as all is known. */
void oracle_trace(struct sim *sim);

#endif
