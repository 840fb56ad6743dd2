/* Rankings: see ranking.h. */
#include "engine/ranking.h"

#include "base/assert.h"
#include "engine/condition.h"
#include "engine/internal.h"

struct eng_ranked eng_ranked_by(const struct eng_engine *engine, const struct eng_record *record,
                                bool of_score, uint16_t subject)
{
    int64_t contributions[ENG_DIMENSIONS_MAX];
    struct eng_ranked ranked = {.partner = record->number};
    eng_assert(record->partner->as_of == engine->now.pane);
    eng_assert(subject < (of_score ? engine->model->score_count : engine->model->measure_count));
    if (of_score) {
        ranked.value_e4 = eng_contributions(engine, record, subject, contributions);
        return ranked;
    }
    eng_wide value = eng_measure_value(engine, record, subject, &ranked.missing);
    ranked.value_e4 = ranked.missing ? 0 : eng_saturate(value);
    return ranked;
}

bool eng_ranks_before(const struct eng_store *store, bool lowest, const struct eng_ranked *one,
                      const struct eng_ranked *two)
{
    if (one->missing != two->missing)
        return two->missing;
    if (one->value_e4 != two->value_e4)
        return (one->value_e4 > two->value_e4) != lowest;
    eng_assert(one->partner != two->partner || one->alert != two->alert);
    if (one->partner == two->partner)
        return one->alert < two->alert;
    int order = eng_text_order(eng_partner_id(eng_store_at(store, one->partner)),
                               eng_partner_id(eng_store_at(store, two->partner)));
    eng_assert(order != 0);
    return order < 0;
}

void eng_ranking_offer(const struct eng_store *store, bool lowest, struct eng_ranking *ranking,
                       struct eng_ranked offer)
{
    struct eng_ranked *list = ranking->list;
    uint32_t at = ranking->count;
    eng_assert(ranking->most > 0 && at <= ranking->most);
    if (at == ranking->most && !eng_ranks_before(store, lowest, &offer, &list[at - 1]))
        return;
    if (at == ranking->most)
        at--; /* the last one has to go */
    else
        ranking->count++;
    for (; at > 0 && eng_ranks_before(store, lowest, &offer, &list[at - 1]); at--)
        list[at] = list[at - 1];
    list[at] = offer;
    eng_assert(ranking->count <= ranking->most);
}
