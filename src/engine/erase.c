/* Erasing a partner: all that is known of it goes at once, and a later event of it is a newcomer's.
 *
 * What else knows its number: entries of the wheel, which are stale from now on like others are,
 * and marks of a walk in work, which go along with the slots of the table. The number may be a
 * newcomer's next; a stale entry then finds a record that is not armed there, or is marked but
 * once. */
#include "base/assert.h"
#include "engine/internal.h"

/* Nothing of the partner is left where pages and their events are kept track of. */
static void forget_pages(struct eng_engine *engine, uint32_t number, uint64_t hash)
{
    eng_assert(number != ENG_PARTNER_NONE);
    eng_changes_forget(&engine->changes, hash, number);
    if (engine->restore != NULL)
        eng_restore_forget(engine->restore, number);
    eng_assert(engine->changes.first <= engine->changes.end);
}

static enum eng_status erase(struct eng_engine *engine, uint32_t number, uint64_t hash,
                             uint64_t offset, struct eng_error *err)
{
    struct eng_store *store = &engine->store;
    if (number == ENG_PARTNER_NONE)
        return ENG_NOT_FOUND;
    if (engine->restore != NULL && eng_restore_holds(engine->restore, number, offset))
        return ENG_NOT_FOUND; /* its page is of after the erasure */
    if (eng_store_reserve_erase(store) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory to erase a partner");
    eng_assert(eng_store_has(store, number));
    struct eng_record record = eng_record_open(store, number);
    if (eng_restore_layout(engine, number) != NULL)
        record.layout = eng_restore_layout(engine, number);
    else if (eng_activation_waits(engine, number))
        record.layout = engine->activation.layout_before;
    uint64_t at = eng_store_slot(store, number);
    eng_store_give(store, &record);
    forget_pages(engine, number, hash);
    eng_groups_forget(engine);
    eng_budgets_forget(engine->budgets);
    eng_walk_moved(&engine->walk, at, eng_store_take_out(store, at));
    eng_assert(!eng_store_has(store, number));
    return ENG_OK;
}

enum eng_status eng_engine_erase(struct eng_engine *engine, struct eng_slice partner,
                                 uint64_t offset, struct eng_error *err)
{
    eng_assert(engine != NULL);
    if (partner.data == NULL || partner.length == 0 || partner.length > ENG_PARTNER_BYTES_MAX)
        return ENG_NOT_FOUND;
    uint64_t hash = eng_hash(partner.data, partner.length);
    eng_assert(engine->store.slots != NULL);
    return erase(engine, eng_store_find(&engine->store, hash, partner), hash, offset, err);
}

enum eng_status eng_engine_erase_hash(struct eng_engine *engine, uint64_t hash, uint64_t offset,
                                      struct eng_error *err)
{
    eng_assert(engine != NULL);
    eng_assert(engine->store.slots != NULL);
    return erase(engine, eng_store_find_hash(&engine->store, hash), hash, offset, err);
}

uint64_t eng_partner_hash(struct eng_slice partner)
{
    eng_assert(partner.data != NULL);
    eng_assert(partner.length <= ENG_PARTNER_BYTES_MAX);
    return eng_hash(partner.data, partner.length);
}
