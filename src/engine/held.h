/* Events that a check doubts and holds until somebody decides on them.
 *
 * A partner's held events are one list of the record, on the heap from the first one on and gone
 * with the last one, so a partner without any has nothing but an empty list, and a model without
 * such checks not even that. An entry is what the event was, by names, and not by places in some
 * model: whoever releases it looks it up in the program of that moment. Entries are in the order of
 * arrival, each padded with zeros to whole units:
 *
 *     bytes u32 | since i32 | offset u64 | time i64 | value i64
 *     kind u8 | attributes u8 | numbers u8 | 0 u8
 *     check | action | id | member | attributes x (name | text) | numbers x (name | i64)
 *
 * bytes: of all of it. since: the clock's pane when it came. offset: of the event in its input.
 * kind: of the check. Texts are as eng_put_slice writes them; an id that is longer than what is
 * told of one is not kept. Attributes and numbers are those that the program names, and only those
 * that the event has.
 *
 * At most ENG_HELD_MAX entries, and ENG_HELD_BYTES_MAX of them, are kept of a partner; what does
 * not fit is left out, and told. */
#ifndef ENG_ENGINE_HELD_H
#define ENG_ENGINE_HELD_H

#include "engine/internal.h"

enum { ENG_HELD_HEAD_BYTES = 36 };

/* An entry, read. Slices are inside of it. */
struct eng_held {
    uint32_t bytes;
    int32_t since;
    uint64_t offset;
    int64_t time_ms, value_e4;
    uint8_t kind, attribute_count, number_count;
    struct eng_slice check, action, id, member;
    struct eng_slice attribute_names[ENG_ATTRIBUTES_MAX], attributes[ENG_ATTRIBUTES_MAX];
    struct eng_slice number_names[ENG_NUMBERS_MAX];
    int64_t numbers[ENG_NUMBERS_MAX];
};

/* What waits of a partner; bytes 0: nothing. Valid until the record is changed. */
static inline struct eng_list eng_held_list(const struct eng_record *record)
{
    unsigned list = record->layout->list_held;
    if (list == ENG_NO_INDEX || !eng_record_is_big(record, list))
        return (struct eng_list){0};
    return eng_record_list(record, list, ENG_HELD_UNIT_BYTES);
}

/* The next entry of a list, *at beginning with 0; false after the last. */
bool eng_held_next(const struct eng_list *list, uint32_t *at, struct eng_held *ret_held);

/* True when bytes from outside are entries, so that reading them stays inside. */
bool eng_held_is_well_formed(const uint8_t *data, uint32_t bytes);

/* How much an event takes; 0: there is no room for it beside what waits already. `known`: the
 * partner is in hand. */
uint32_t eng_held_room(const struct eng_engine *engine, const struct eng_event *event,
                       unsigned check, bool known);

/* Before anything of the event is told: memory for so much. *ret_word: a list for a partner that
 * has none yet, to be handed to eng_held_keep or eng_held_give; else 0. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_held_reserve(struct eng_engine *engine, uint32_t bytes, bool known,
                                 uint64_t *ret_word);
void eng_held_give(struct eng_engine *engine, uint64_t word);

/* Keeps the event for the partner in hand, which is caught up. Cannot fail after reserve. */
void eng_held_keep(struct eng_engine *engine, const struct eng_event *event, unsigned check,
                   uint64_t word);

/* Takes the entry at `at` out, of the partner in hand. */
void eng_held_take_out(struct eng_engine *engine, uint32_t at, uint32_t bytes);

/* The check of the model that holds things under this name; check_count: there is none. */
unsigned eng_held_check(const struct eng_model *model, struct eng_slice name);

/* ---- decisions: decide.c ---- */

/* True when an event of the action may decide on something of the partner in hand. */
static inline bool eng_held_decides(const struct eng_engine *engine, uint16_t action)
{
    return engine->layout->list_held != ENG_NO_INDEX &&
           eng_action_set_has(&engine->layout->decides, action);
}

/* Before such an event, or `times` decisions at a boundary: room for what is counted then. ENG_OK
 * or ENG_NO_MEMORY (nothing has changed but capacities). */
enum eng_status eng_held_prepare(struct eng_engine *engine, uint32_t times);

/* Lets an event decide on the oldest that it fits, of the partner in hand; what is released is
 * counted. Returns true when anything was decided. Cannot fail after prepare. */
bool eng_held_decide(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                     const struct eng_evaluation *evaluation);

/* How many wait no longer than up to the clock's pane. */
uint32_t eng_held_over(const struct eng_engine *engine);

/* At a boundary: what has waited long enough is decided on. True when any of it was released.
 * Cannot fail after prepare. */
bool eng_held_expire(struct eng_engine *engine, const struct eng_evaluation *evaluation);

/* The next boundary at which something is, as a pane after the clock's; ENG_PANE_NEVER: none. */
int32_t eng_held_due(const struct eng_engine *engine, const struct eng_record *record);

/* At a change of model, before the record is carried over: what is held by a check that the model
 * in force does not have any more is discarded. `record`: of the layout before. False: there is no
 * room to tell it; nothing has changed. */
bool eng_held_disown(struct eng_engine *engine, struct eng_record *record,
                     struct eng_effects *effects);

/* The instant at which nobody has to decide any more. */
int64_t eng_held_until_ms(const struct eng_engine *engine, const struct eng_held *held);

#endif
