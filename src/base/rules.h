/* Safety rules by name, so that a build for tests can leave one out and see that it is needed.
 *
 * Exactly-once rests on some thirty rules (docs/state-topic.md), each of which looks superfluous on
 * most days. Where the code keeps one it asks ENG_RULE(NAME): always true in the program, and so
 * without cost. Built with ENGAGED_CANARIES, a bit per rule says which are left out; the simulation
 * (tests/sim) then has to find a history that ends wrong, or the rule goes. */
#ifndef ENG_BASE_RULES_H
#define ENG_BASE_RULES_H

#include <stdbool.h>
#include <stdint.h>

/* X(NAME, what is kept) */
#define ENG_RULES(X)                                                                               \
    X(STABLE_OFFSETS, "the committed offset is asked for with stable offsets only")                \
    X(JOURNAL_TICKS, "ticks are journaled and applied again at their positions")                   \
    X(JOURNAL_FUTURE, "refusals of the future are journaled")                                      \
    X(JOURNAL_ERASURES, "erasures are journaled and repeated")                                     \
    X(TOMBSTONE, "an erased partner's page is taken away")                                         \
    X(ROTATE_IN_DOUBT, "a commit in doubt is followed by a new producer epoch")                    \
    X(ROTATE_WHEN_SUSPECT, "so is one that came through with trouble on the wire")                 \
    X(ASK_TO_THE_END, "a commit that was asked for is asked for until it is answered")             \
    X(OUTCOME_BY_META, "whose commit took place is told by the offset's metadata")                 \
    X(RESEND_SAME_BYTES, "what is sent again is the same, byte for byte")                          \
    X(FORGET_ON_LOST, "tasks of a lost transaction are dropped, and those of the next one")        \
    X(KEPT_IF_TRUE, "a task that was kept goes on only if nobody has committed since")             \
    X(RECALL_OF_ASSIGNMENT, "an answer belongs to the assignment that it was asked for")           \
    X(SETTLE_ON_REVOKE, "nothing is in flight when the revoke callback returns")                   \
    X(OFFSETS_OF_TIMERS, "a transaction of timers alone carries its offsets too")                  \
    X(FRESH_GENERATION, "the group's generation is read when offsets are sent")                    \
    X(PAGE_STAMP, "a page's own events are passed over when they are read again")                  \
    X(PAGE_CATCH_UP, "pages older than low water go through the boundaries in between")            \
    X(PAGE_REPLACES, "a later page of a partner takes the place of an earlier one")                \
    X(DIRTY_WHEN_COUNTED, "who has an event counted waits for its page")                           \
    X(CLEAN_WHEN_ENCODED, "encoding a page takes the partner off the queue, so it can wait again") \
    X(LOW_WATER, "the input is read again from the oldest change that no page holds")              \
    X(LOW_WATER_CLOCK, "with the clock that was there then")                                       \
    X(LOW_WATER_MODEL, "under the model that was in force there")                                  \
    X(LOW_WATER_KNOWN, "and with what the counts could answer there")                              \
    X(JOURNAL_ACTIVATIONS, "changes of the model are journaled and come at their positions again") \
    X(EVERY_MODEL_STORED, "and its text is in the state topic, however short it was in force")     \
    X(LOW_WATER_JOURNAL, "and the journal from there on")                                          \
    X(JOURNAL_KEPT, "which is deleted only below low water, and what is gone of the input")        \
    X(LOW_WATER_THERE, "which has to be there still")                                              \
    X(PAGES_OF_RECORD, "the pages that were loaded are those that the record was committed with")  \
    X(CURSOR_IN_RECORD, "the commit record says how far an input is that is half done")            \
    X(FINISH_FIRST, "what is half done is finished before anything else is taken")                 \
    X(ACCEPTED, "an event whose boundaries have been worked off is not judged again (S5)")         \
    X(LOW_WATER_BEFORE_HALF, "low water lies before an input that is half done")                   \
    X(JOURNAL_OF_TAKEN, "what was decided of records that are put back is not journaled")          \
    X(NAMED_RECORD, "nothing behind the commit record that the group names counts")                \
    X(COUNTS_OF_RECORD, "counts go on from the commit record, not from what is read again")        \
    X(STANDBY_STOPS_FIRST, "a standby is at rest before the committed offset is asked for")        \
    X(STANDBY_REACHES_RECORD, "a standby has read the record that the group names")                \
    X(SUMS_GIVEN, "what a merger has given out is known from its offset's metadata")               \
    X(SUMS_OFFSET, "no committed offset beside sums is no beginning, unless it stays so")          \
    X(SUMS_LOW_WATER, "sums of moments that are still open are read again")                        \
    X(SUMS_LOW_NONE, "and what says that a partition has no events")                               \
    X(SUMS_SPENT, "sums are taken away by the transaction that gives out their results")           \
    X(SUMS_TO_THE_END, "nothing is given out before the sums have been read to the end")           \
    X(SUMS_FORGOTTEN, "what was gathered is forgotten when the sums go to another merger")         \
    X(SUMS_SETTLED, "nothing is in flight then")                                                   \
    X(SUMS_WHOLE, "a partition has told a moment when it has told the last of it")                 \
    X(NO_OFFSET_IS_ASKED_AGAIN,                                                                    \
      "no committed offset beside a state topic with records, or after a commit, is no beginning")

enum eng_rule {
#define ENG_RULE_ENUM(name, what) ENG_RULE_##name,
    ENG_RULES(ENG_RULE_ENUM)
#undef ENG_RULE_ENUM
        ENG_RULE_COUNT
};

#ifdef ENGAGED_CANARIES
extern uint64_t eng_rules_left_out; /* a bit per rule; set before anything runs */
#define ENG_RULE(name) (!(eng_rules_left_out >> ENG_RULE_##name & 1))
#else
#define ENG_RULE(name) true
#endif

#endif
