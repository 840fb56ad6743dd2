/* Budgets: see budget.h.
 *
 * Each segment has a ranking of those who come first so far: as many as are told and shown,
 * and one of the control group, who take no place: they are told as if they did, when fewer than
 * `at_most` others come before them.
 *
 * Cost: a look at the openings of every record at the end of a period, and of those who have some
 * that count the value they are ranked by. */
#include "engine/budget.h"

#include "base/assert.h"
#include "base/big_endian.h"
#include "base/memory.h"
#include "engine/fact.h"
#include "engine/internal.h"
#include "engine/quiet.h"

/* A segment of a budget. */
struct pool {
    uint32_t budget, segment;
    uint64_t claims; /* those of the control group left out */
    struct eng_ranking others, held_out;
};

struct eng_budgets {
    uint32_t ranked; /* records (their numbers) that have been looked at */
    bool ready;      /* all have */
    uint32_t pool_count;
    uint64_t bytes;
    struct eng_ranked *claims; /* of all pools */
    struct pool pools[];
};

/* ---- when ---- */

static bool is_quiet(const struct eng_model *model, const struct eng_budget *budget, int64_t pane)
{
    eng_assert(pane >= -1);
    eng_assert(budget->alerts != 0);
    return eng_quiet_alerts(model, pane) & budget->alerts;
}

/* True when a period ends at the boundary of the pane. */
static bool period_ends(const struct eng_model *model, const struct eng_budget *budget,
                        int64_t pane)
{
    eng_assert(pane >= -1);
    eng_assert(budget->per <= ENG_PER_WEEK);
    if (budget->per == ENG_PER_HOUR)
        return true;
    if (budget->per == ENG_PER_DAY)
        return eng_calendar_day_first(model->calendar, pane) == pane;
    return eng_calendar_period_first(model->calendar, ENG_WINDOW_WEEK, pane) == pane;
}

/* True when the budget tells at the boundary of the pane: a period ends there, or did so when it
 * was quiet, which it has been until now. */
static bool tells_at(const struct eng_model *model, const struct eng_budget *budget, int64_t pane)
{
    eng_assert(pane >= -1);
    if (is_quiet(model, budget, pane))
        return false;
    for (; !period_ends(model, budget, pane); pane--)
        if (pane <= 0 || !is_quiet(model, budget, pane - 1))
            return false;
    return true;
}

int64_t eng_budget_last_ms(const struct eng_model *model, const struct eng_budget *budget,
                           int64_t pane)
{
    eng_assert(budget->alerts != 0);
    while (pane >= 0 && !tells_at(model, budget, pane))
        pane--;
    int64_t last_ms = pane < 0 ? -1 : eng_calendar_start_ms(model->calendar, pane);
    return last_ms < 0 ? -1 : last_ms;
}

/* The budgets (a bit each) that tell at the boundary that the clock is at, and their alerts. */
static uint32_t due_now(const struct eng_engine *engine, uint32_t *ret_alerts)
{
    uint32_t due = 0;
    eng_assert(engine->model->budget_count <= ENG_BUDGETS_MAX);
    *ret_alerts = 0;
    for (uint32_t i = 0; i < engine->model->budget_count; i++)
        if (tells_at(engine->model, &engine->model->budgets[i], engine->now.pane)) {
            due |= 1u << i;
            *ret_alerts |= engine->model->budgets[i].alerts;
        }
    return due;
}

/* ---- making ---- */

static uint32_t others_most(const struct eng_budget *budget)
{
    eng_assert(budget->at_most > 0 && budget->at_most <= ENG_BUDGET_MOST);
    eng_assert(budget->show <= ENG_DIGEST_MOST);
    return (uint32_t)budget->at_most + budget->show;
}

static void lay_pools(const struct eng_model *model, struct eng_budgets *budgets)
{
    struct eng_ranked *claims = budgets->claims;
    struct pool *pool = budgets->pools;
    eng_assert(model->budget_count <= ENG_BUDGETS_MAX);
    for (uint32_t i = 0; i < model->budget_count; i++) {
        const struct eng_budget *budget = &model->budgets[i];
        for (uint32_t j = 0; j < eng_budget_segments(model, budget); j++, pool++) {
            *pool = (struct pool){.budget = i, .segment = j};
            pool->others = (struct eng_ranking){claims, 0, others_most(budget)};
            claims += pool->others.most;
            pool->held_out = (struct eng_ranking){claims, 0, budget->at_most};
            claims += pool->held_out.most;
        }
    }
    eng_assert(pool == budgets->pools + budgets->pool_count);
}

enum eng_status eng_budgets_new(const struct eng_model *model, struct eng_budgets **ret_budgets)
{
    size_t pools = 0, claims = 0;
    *ret_budgets = NULL;
    eng_assert(model->budget_count <= ENG_BUDGETS_MAX);
    for (uint32_t i = 0; i < model->budget_count; i++) {
        uint32_t segments = eng_budget_segments(model, &model->budgets[i]);
        pools += segments;
        claims += (size_t)segments * (others_most(&model->budgets[i]) + model->budgets[i].at_most);
    }
    if (pools == 0)
        return ENG_OK;
    struct eng_budgets *budgets = eng_calloc(1, sizeof *budgets + pools * sizeof(struct pool));
    if (budgets == NULL)
        return ENG_NO_MEMORY;
    budgets->claims = eng_calloc(claims, sizeof *budgets->claims);
    budgets->pool_count = (uint32_t)pools;
    budgets->bytes =
        sizeof *budgets + pools * sizeof(struct pool) + claims * sizeof *budgets->claims;
    if (budgets->claims == NULL) {
        eng_budgets_free(budgets);
        return ENG_NO_MEMORY;
    }
    lay_pools(model, budgets);
    *ret_budgets = budgets;
    return ENG_OK;
}

void eng_budgets_free(struct eng_budgets *budgets)
{
    if (budgets != NULL)
        eng_free(budgets->claims);
    eng_free(budgets);
}

uint64_t eng_budgets_bytes(const struct eng_budgets *budgets)
{
    return budgets != NULL ? budgets->bytes : 0;
}

void eng_budgets_forget(struct eng_budgets *budgets)
{
    if (budgets == NULL)
        return;
    eng_assert(budgets->pool_count > 0);
    eng_assert(budgets->claims != NULL);
    budgets->ranked = 0;
    budgets->ready = false;
    for (uint32_t i = 0; i < budgets->pool_count; i++) {
        struct pool *pool = &budgets->pools[i];
        pool->claims = 0;
        pool->others.count = pool->held_out.count = 0;
    }
}

/* ---- ranking ---- */

/* Takes the partner into the hand, caught up with the clock as for a view. */
static enum eng_status take_claimant(struct eng_engine *engine, uint32_t number)
{
    eng_assert(engine->walk.waiting == 0);
    if (eng_store_reserve(&engine->store) != ENG_OK)
        return ENG_NO_MEMORY;
    eng_take(engine, number);
    if (eng_prepare(engine) != ENG_OK)
        return ENG_NO_MEMORY;
    eng_assert(engine->hand.partner->due > engine->now.pane);
    eng_measure_catch_up(engine, engine->now.pane);
    return ENG_OK;
}

/* Where the partner in hand is ranked. */
static struct pool *pool_of(const struct eng_engine *engine, uint32_t index)
{
    const struct eng_budget *budget = &engine->model->budgets[index];
    struct pool *pool = engine->budgets->pools;
    while (pool->budget != index)
        pool++;
    uint32_t segment =
        budget->is_split ? eng_split_segment(engine, &engine->hand, &budget->split) : 0;
    eng_assert(segment < eng_budget_segments(engine->model, budget));
    eng_assert(pool[segment].budget == index && pool[segment].segment == segment);
    return pool + segment;
}

static void rank_hand(struct eng_engine *engine, uint32_t due, uint32_t claims, uint32_t held_out)
{
    for (uint32_t i = 0; i < engine->model->budget_count; i++) {
        const struct eng_budget *budget = &engine->model->budgets[i];
        if (!(due >> i & 1) || (claims & budget->alerts) == 0)
            continue;
        struct eng_ranked claim =
            eng_ranked_by(engine, &engine->hand, budget->of_score, budget->subject);
        struct pool *pool = pool_of(engine, i);
        for (uint32_t alert = 0; alert < engine->model->alert_count; alert++) {
            if (!(claims & budget->alerts & 1u << alert))
                continue;
            bool out = held_out >> alert & 1;
            claim.alert = (uint8_t)alert;
            pool->claims += !out;
            eng_ranking_offer(&engine->store, budget->lowest, out ? &pool->held_out : &pool->others,
                              claim);
        }
    }
    eng_assert(claims != 0);
    eng_assert((held_out & ~claims) == 0);
}

static enum eng_status rank(struct eng_engine *engine, uint32_t due, uint32_t alerts)
{
    struct eng_budgets *budgets = engine->budgets;
    const struct eng_store *store = &engine->store;
    eng_assert(!budgets->ready && due != 0);
    if (budgets->ranked == 0)
        eng_budgets_forget(budgets);
    for (; budgets->ranked < store->count; budgets->ranked++) {
        uint32_t held_out, number = budgets->ranked;
        if (!eng_store_has(store, number))
            continue;
        if (engine->evaluations_left == 0)
            return ENG_AGAIN;
        engine->evaluations_left--;
        struct eng_record record = eng_record_open(store, number);
        uint32_t claims = eng_alerts_claim(engine, &record, alerts, &held_out);
        if (claims == 0)
            continue;
        if (take_claimant(engine, number) != ENG_OK)
            return ENG_NO_MEMORY;
        rank_hand(engine, due, claims, held_out);
    }
    eng_assert(budgets->ranked == store->count);
    budgets->ready = true;
    return ENG_OK;
}

/* ---- telling ---- */

static struct eng_evaluation evaluation_now(const struct eng_engine *engine,
                                            struct eng_effects *effects)
{
    eng_assert(engine->boundary.working);
    eng_assert(engine->now.clock_ms == engine->now.start_ms);
    return (struct eng_evaluation){.cause = ENG_CAUSE_EXPIRY,
                                   .origin_kind = ENG_ORIGIN_BOUNDARY,
                                   .origin = (uint64_t)engine->now.clock_ms,
                                   .at_ms = engine->now.clock_ms,
                                   .effects = effects};
}

static enum eng_status tell_claim(struct eng_engine *engine, const struct eng_ranked *claim,
                                  struct eng_effects *effects)
{
    struct eng_evaluation evaluation = evaluation_now(engine, effects);
    struct eng_changes *changes = &engine->changes;
    struct eng_record record = eng_record_open(&engine->store, claim->partner);
    eng_assert(engine->budgets->ready);
    if (eng_alert_is_told(&record, claim->alert))
        return ENG_OK; /* before a restart */
    if (engine->evaluations_left == 0 || !eng_effects_fit(engine, effects))
        return ENG_AGAIN;
    if (eng_wheel_reserve(&engine->wheel) != ENG_OK || eng_changes_reserve(changes) != ENG_OK ||
        eng_changes_reserve_urgent(changes) != ENG_OK ||
        take_claimant(engine, claim->partner) != ENG_OK)
        return ENG_NO_MEMORY;
    eng_evaluate(engine, &evaluation); /* says nothing; it is seen as it is */
    eng_alert_tell_claim(engine, &evaluation, claim->alert);
    engine->hand.partner->due = evaluation.due;
    eng_arm(engine, claim->partner, engine->hand.partner, eng_measure_due(engine));
    eng_record_trim(&engine->store, &engine->hand);
    eng_changes_hurry(changes, engine->hand.partner, claim->partner);
    engine->evaluations_left--;
    return ENG_OK;
}

size_t eng_digest_bytes_most(void)
{
    return eng_effect_entries_most(ENG_DIGEST_MOST, ENG_LEFT_OUT_HEAD_BYTES);
}

static void tell_digest(struct eng_engine *engine, const struct pool *pool,
                        struct eng_effects *effects)
{
    const struct eng_budget *budget = &engine->model->budgets[pool->budget];
    struct eng_effect *effect = (struct eng_effect *)(void *)(effects->data + effects->used);
    uint8_t *end = (uint8_t *)(effect + 1);
    eng_assert(pool->claims > budget->at_most);
    eng_assert(effects->capacity - effects->used >= eng_digest_bytes_most());
    *effect = (struct eng_effect){.kind = ENG_EFFECT_DIGEST,
                                  .subject = (uint16_t)pool->budget,
                                  .cause = ENG_CAUSE_EXPIRY,
                                  .segment = (uint8_t)pool->segment,
                                  .origin_kind = ENG_ORIGIN_BOUNDARY,
                                  .origin = (uint64_t)engine->now.clock_ms,
                                  .at_ms = engine->now.clock_ms,
                                  .value_e4 = budget->at_most,
                                  .baseline_e4 = (int64_t)(pool->claims - budget->at_most)};
    for (uint32_t i = budget->at_most; i < pool->others.count; i++) {
        const struct eng_ranked *claim = &pool->others.list[i];
        eng_write_be(end, (uint64_t)claim->value_e4, 8);
        end[8] = claim->alert;
        end[9] = claim->missing;
        end = eng_effect_put_id(end + 10, &engine->store, claim->partner);
    }
    eng_effect_end_entries(effect, end);
    effects->used += effect->bytes;
    effects->count++;
}

/* The first ones, those of the control group who would be among them, and the digest of the others.
 */
static enum eng_status tell_pool(struct eng_engine *engine, struct pool *pool,
                                 struct eng_effects *effects)
{
    const struct eng_budget *budget = &engine->model->budgets[pool->budget];
    enum eng_status status = ENG_OK;
    uint32_t count = pool->others.count < budget->at_most ? pool->others.count : budget->at_most;
    const struct eng_ranked *last = count == budget->at_most ? &pool->others.list[count - 1] : NULL;
    eng_assert(pool->others.count <= pool->claims);
    for (uint32_t i = 0; status == ENG_OK && i < count; i++)
        status = tell_claim(engine, &pool->others.list[i], effects);
    for (uint32_t i = 0; status == ENG_OK && i < pool->held_out.count; i++) {
        const struct eng_ranked *claim = &pool->held_out.list[i];
        if (last == NULL || eng_ranks_before(&engine->store, budget->lowest, claim, last))
            status = tell_claim(engine, claim, effects);
    }
    if (status == ENG_OK && !eng_effects_fit(engine, effects))
        status = ENG_AGAIN;
    if (status != ENG_OK || pool->claims <= budget->at_most)
        return status;
    engine->counters.digests++;
    engine->counters.left_out += pool->claims - budget->at_most;
    if (effects != NULL)
        tell_digest(engine, pool, effects);
    return ENG_OK;
}

enum eng_status eng_budgets_settle(struct eng_engine *engine, struct eng_effects *effects)
{
    struct eng_budgets *budgets = engine->budgets;
    uint32_t alerts, *pools;
    if (engine->restore != NULL || eng_guards_settled(engine))
        return ENG_OK;
    uint32_t due = due_now(engine, &alerts);
    enum eng_status status = due != 0 && !budgets->ready ? rank(engine, due, alerts) : ENG_OK;
    pools = eng_guards_pools(engine);
    eng_assert(engine->walk.waiting == 0);
    eng_assert(*pools <= budgets->pool_count);
    while (status == ENG_OK && due != 0 && *pools < budgets->pool_count) {
        struct pool *pool = &budgets->pools[*pools];
        if (due >> pool->budget & 1)
            status = tell_pool(engine, pool, effects);
        if (status == ENG_OK)
            (*pools)++;
    }
    if (status != ENG_OK)
        return status;
    eng_guards_settle_budgets(engine, alerts);
    if (due != 0)
        eng_budgets_forget(budgets);
    return ENG_OK;
}
