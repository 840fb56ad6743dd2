/* What the counts of an engine can answer after changes of its model (S14).
 *
 * Counts go back as far as the model that was in force then kept them. For every entry of the
 * model's actions, and for every measure that keeps something else than counts per pane, this is
 * the first pane from which on all is known: INT32_MIN while the model was never changed. A
 * family's is that of all events that begin with its text, wherever they are counted.
 *
 * From those follows, per score, the first pane in which all of its windows lie within what is
 * known. Before it the score is provisional for everybody, as a newcomer's is (S12). */
#ifndef ENG_ENGINE_KNOWN_H
#define ENG_ENGINE_KNOWN_H

#include "engine/change.h"
#include "engine/layout.h"

struct eng_moment;

struct eng_known {
    int32_t counts[ENG_ACTIONS_MAX + 1]; /* by entry */
    int32_t sums[ENG_ACTIONS_MAX + 1];   /* by entry: of its values */
    int32_t numbers[ENG_NUMBERS_MAX];    /* of each number: of any entry */
    int32_t others[ENG_MEASURES_MAX];    /* MEMBERS, LAST, STREAK, STATE, SINCE; COUNT, SUM, ACTIVE
                                          * over    life */
    int32_t full[ENG_SCORES_MAX];        /* not provisional from here on */
};

/* Everything is known. */
void eng_known_init(struct eng_known *known);

/* What is known once `change` takes place at the moment: from what was known under the old layout.
 * Chooses change->measure: which old measure each new one that keeps no counts per pane goes on
 * with, the one that knows most. */
void eng_known_change(struct eng_known *known, struct eng_change *change,
                      const struct eng_layout *from, const struct eng_moment *now);

/* As bytes, the same on every machine, for the entries and measures of `model`: at most
 * ENG_KNOWN_BYTES_MAX (engine.h); none while everything is known. Returns how many. */
uint32_t eng_known_write(const struct eng_known *known, const struct eng_model *model, uint8_t *to);

/* Reads them again. ENG_OK, or ENG_CORRUPT (`known` is as it was). */
enum eng_status eng_known_read(struct eng_known *known, const struct eng_model *model,
                               const uint8_t *from, uint32_t bytes);

/* The first pane from which on all that a measure asks is known; INT32_MIN: it always was. */
int32_t eng_known_since(const struct eng_known *known, const struct eng_model *model,
                        unsigned measure);

/* The first pane from which on the window of a measure that a score looks at lies within what is
 * known, both windows of a ratio; INT32_MIN: it always has. */
int32_t eng_known_full(const struct eng_known *known, const struct eng_model *model, unsigned score,
                       unsigned measure);

/* The same of a dimension: of its measure, and of the facts that its weight and target hang on. */
int32_t eng_known_dimension_full(const struct eng_known *known, const struct eng_model *model,
                                 unsigned score, unsigned dimension);

#endif
