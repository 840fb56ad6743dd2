/* Conditions on the attributes of an event: what `where` says, and what tells entries of one action
 * apart.
 *
 * A condition is a list of clauses, all of which have to hold; a clause holds when the attribute is
 * there and its text is one of some. No clauses: it always holds. So two conditions together are
 * one again, and whether one implies the other can be read off them.
 *
 * An action (or family) that is referred to under the filters F1, F2, ... has an entry of the model
 * for each condition that some of them make together, and one without a condition when it is
 * referred to without a filter as well. An event belongs to the narrowest entry whose condition it
 * fulfils; what it asks is answered by sets of entries, as for families:
 *
 *     where: {region: north}, where: {source: portal}, and no filter
 *     entries:  region=north and source=portal | region=north | source=portal | (any)
 *
 * An entry's counts are of events that fulfil its condition for certain. What was counted before
 * entries were told apart stays in the wider one (change.h).
 *
 * Plain data, borrowed from a model and immutable. */
#ifndef ENG_ENGINE_CONDITION_H
#define ENG_ENGINE_CONDITION_H

#include <engaged/event.h>
#include <stdbool.h>
#include <stdint.h>

struct eng_model;
struct eng_action;

struct eng_clause {
    uint16_t attribute; /* of the model */
    uint16_t value_count;
    const struct eng_slice *values; /* ascending by their bytes, each once; at least one */
};

struct eng_condition {
    uint32_t clause_count;
    const struct eng_clause *clauses; /* by attribute, ascending; each once */
};

/* Orders texts by their bytes, the shorter of two that begin alike first. */
int eng_text_order(struct eng_slice one, struct eng_slice two);

/* True when the clause takes this text. */
bool eng_clause_takes(const struct eng_clause *clause, struct eng_slice text);

/* True when whatever fulfils `one`, of a model, fulfils `two`, of the same or another one. */
bool eng_condition_implies(const struct eng_model *model_of_one, const struct eng_condition *one,
                           const struct eng_model *model_of_two, const struct eng_condition *two);

enum { ENG_NO_SLOT = 0xFF };

/* The entry of an event: of those of its action, which begin at `first`, the narrowest whose
 * condition its attributes fulfil; ENG_ACTION_NONE: it fulfils none. slots[i]: the place of the
 * model's attribute i among the event's, or ENG_NO_SLOT. */
uint16_t eng_condition_entry(const struct eng_model *model, uint16_t first,
                             const struct eng_slice *attributes, const uint8_t *slots);

/* Whether what fulfils a condition of the model `to` was told apart by entries of the model `from`:
 * each combination of its texts has to lie in one whose events all fulfil it. */
struct eng_cover {
    const struct eng_model *from, *to;
    const struct eng_action *entry;                  /* of `to`: of which action, and under what */
    int32_t (*worth)(void *context, uint32_t entry); /* of an entry of `from`: less is better */
    void *context;
};

/* The worst of the combinations' best entries by their worth; `none` when one has none, or there
 * are too many to look at. */
int32_t eng_condition_cover(const struct eng_cover *cover, int32_t none);

#endif
