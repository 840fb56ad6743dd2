/* Those who come first of many partners, by a score or a measure: for boards and budgets.
 *
 * A ranking is a list in order, of a bounded length. Most of those who are offered are behind the
 * last one of a full list, which is one look; of n who come in any order, a list of k is changed
 * some k * ln(n/k) times. Equal values are in the order of the partners' ids, so it is the same in
 * whatever order they come. */
#ifndef ENG_ENGINE_RANKING_H
#define ENG_ENGINE_RANKING_H

#include <stdbool.h>
#include <stdint.h>

struct eng_engine;
struct eng_record;
struct eng_store;

/* A partner, or one of its alerts. */
struct eng_ranked {
    int64_t value_e4; /* 0 where it is missing */
    uint32_t partner; /* number */
    uint8_t alert;
    bool missing; /* there is no value: behind all others */
};

/* Room and how much of it is used belong to whoever has it. */
struct eng_ranking {
    struct eng_ranked *list;
    uint32_t count, most; /* most > 0 */
};

/* What a partner, caught up with the clock, is ranked by: its score or measure `subject`. */
struct eng_ranked eng_ranked_by(const struct eng_engine *engine, const struct eng_record *record,
                                bool of_score, uint16_t subject);

/* Does one come before the other? They differ in partner or alert. `lowest`: the lowest value comes
 * first, else the highest. */
bool eng_ranks_before(const struct eng_store *store, bool lowest, const struct eng_ranked *one,
                      const struct eng_ranked *two);

/* Puts it in its place, if it has one; what comes behind the list's end is forgotten. */
void eng_ranking_offer(const struct eng_store *store, bool lowest, struct eng_ranking *ranking,
                       struct eng_ranked offer);

#endif
