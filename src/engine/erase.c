/* Erasing a partner: all that is known of it goes at once, and a later event of it is a newcomer's.
 *
 * What else knows its number: entries of the wheel, which are stale from now on like others are,
 * and marks of a walk in work, which go along with the slots of the table. The number may be a
 * newcomer's next; a stale entry then finds a record that is not armed there, or is marked but
 * once. */
#include "base/assert.h"
#include "engine/internal.h"

/* Nothing of the partner is left where pages and their events are kept track of. */
static void forget_pages(struct eng_engine *engine, uint32_t number, struct eng_slice partner)
{
    eng_changes_forget(&engine->changes, eng_hash(partner.data, partner.length), number);
    if (engine->restore != NULL)
        eng_restore_forget(engine->restore, number);
}

enum eng_status eng_engine_erase(struct eng_engine *engine, struct eng_slice partner,
                                 uint64_t offset, struct eng_error *err)
{
    eng_assert(engine != NULL);
    struct eng_store *store = &engine->store;
    if (partner.data == NULL || partner.length == 0 || partner.length > ENG_PARTNER_BYTES_MAX)
        return ENG_NOT_FOUND;
    uint32_t number = eng_store_find(store, eng_hash(partner.data, partner.length), partner);
    if (number == ENG_PARTNER_NONE)
        return ENG_NOT_FOUND;
    if (engine->restore != NULL && eng_restore_holds(engine->restore, number, offset))
        return ENG_NOT_FOUND; /* its page is of after the erasure */
    if (eng_store_reserve_erase(store) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory to erase %.*s", (int)partner.length,
                             partner.data);
    struct eng_record record = eng_record_open(store, number);
    if (eng_restore_layout(engine, number) != NULL)
        record.layout = eng_restore_layout(engine, number);
    else if (eng_activation_waits(engine, number))
        record.layout = engine->activation.layout_before;
    uint64_t at = eng_store_slot(store, number);
    eng_store_give(store, &record);
    forget_pages(engine, number, partner);
    eng_walk_moved(&engine->walk, at, eng_store_take_out(store, at));
    eng_assert(!eng_store_has(store, number));
    return ENG_OK;
}
