/* Slack: see slack.h.
 *
 * With windows of several lengths every cell leaves several times, and it enters windows that lie
 * back before. Each age at which that happens walks over the cells on its own and gets an equal
 * share of the slack, so together they cannot use up more. */
#include "engine/slack.h"
#include "engine/decay.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/measure.h"

/* So many boundaries are looked ahead at for panes since an event; then the partner is visited. */
enum { SINCE_WALK = 64 };

/* ---- units ---- */

/* The most that one more count of a measure moves a dimension. */
static int64_t unit_of_term(const struct eng_term *term)
{
    int64_t most = 0;
    eng_assert(!term->points || term->row == NULL);
    if (term->points)
        return term->points_e4 < 0 ? -term->points_e4 : term->points_e4;
    if (!term->flat)
        return ENG_UNIT_UNKNOWN;
    eng_assert(term->row != NULL);
    for (uint32_t i = 1; i < term->row_counts; i++) {
        int64_t step = term->row[i] - term->row[i - 1];
        step = step < 0 ? -step : step;
        most = step > most ? step : most;
    }
    return most;
}

static int64_t saturating_sum(int64_t one, int64_t two)
{
    return one > ENG_UNIT_UNKNOWN - two ? ENG_UNIT_UNKNOWN : one + two;
}

/* Adds what a measure's window moves when a cell of this age leaves it, or enters it. */
static void add_units(struct eng_layout *layout, uint32_t age, uint32_t measure)
{
    const struct eng_model *model = layout->model;
    eng_assert(age < layout->age_count);
    eng_assert(measure < model->measure_count);
    for (uint32_t i = layout->terms_first[measure]; i < layout->terms_first[measure + 1]; i++) {
        const struct eng_term *term = &layout->terms[i];
        int64_t unit = unit_of_term(term);
        int64_t *row =
            layout->unit + ((size_t)age * model->score_count + term->score) * layout->cell_count;
        for (uint32_t cell = 0; cell < layout->cell_count; cell++)
            if (layout->measures[measure].cells[cell >> 6] >> (cell & 63) & 1)
                row[cell] = saturating_sum(row[cell], unit);
    }
}

/* True when more panes since an event never make the dimension contribute more. */
static bool sinks_only(const struct eng_layout *layout, uint32_t score, uint32_t dimension)
{
    const struct eng_score_layout *place = &layout->scores[score];
    const int64_t *row = place->table + (size_t)dimension * place->table_counts;
    eng_assert(place->sinces >> dimension & 1);
    eng_assert(place->table != NULL);
    if (place->skips || eng_layout_flat_from(&layout->model->scores[score].dimensions[dimension]) >=
                            place->table_counts)
        return false;
    for (uint32_t count = 1; count < place->table_counts; count++)
        if (row[count] > row[count - 1])
            return false;
    return true;
}

/* True when more of any count never makes the score smaller, and that is all that panes take away.
 */
static bool rises_only(const struct eng_layout *layout, uint32_t index)
{
    const struct eng_score *score = &layout->model->scores[index];
    const struct eng_score_layout *place = &layout->scores[index];
    eng_assert(index < layout->model->score_count);
    eng_assert(layout->unit != NULL);
    for (uint32_t age = 0; age < layout->age_count; age++)
        for (uint32_t cell = 0; cell < layout->cell_count; cell++)
            if (layout->unit[(age * layout->model->score_count + index) * layout->cell_count +
                             cell] == ENG_UNIT_UNKNOWN)
                return false;
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        if (score->points && score->dimensions[i].points_e4 < 0)
            return false;
        const struct eng_measure *measure = &layout->model->measures[score->dimensions[i].measure];
        if (measure->kind == ENG_RATIO || measure->ago > 0)
            return false; /* more of what divides makes less; what enters later makes more */
        if (place->sinces >> i & 1) {
            if (!sinks_only(layout, index, i))
                return false;
            continue;
        }
        for (uint32_t count = 1; count < place->table_counts; count++)
            if (place->table[(size_t)i * place->table_counts + count] <
                place->table[(size_t)i * place->table_counts + count - 1])
                return false;
    }
    return true;
}

/* True when an alert looks ahead at a score of which an event may take something that would have
 * stayed and add something that leaves: a state ends, the newest value is a smaller one. The value
 * need not fall then, but a fall may come near that was none before. */
static bool any_foresees_change(const struct eng_model *model)
{
    eng_assert(model->alert_count <= ENG_ALERTS_MAX);
    for (uint32_t i = 0; i < model->alert_count; i++) {
        const struct eng_alert *alert = &model->alerts[i];
        if (alert->kind != ENG_FALLS_TO || alert->forecast == 0)
            continue;
        const struct eng_score *score = &model->scores[alert->score];
        eng_assert(alert->score < model->score_count);
        for (uint32_t k = 0; !score->points && k < score->dimension_count; k++) {
            uint8_t kind = (uint8_t)model->measures[score->dimensions[k].measure].kind;
            if (kind != ENG_COUNT && kind != ENG_ACTIVE && kind != ENG_MEMBERS)
                return true;
        }
    }
    return false;
}

/* What a cell of one byte is charged with: its unit times its count. */
static enum eng_status lay_byte_units(struct eng_layout *layout)
{
    uint32_t scores = layout->model->score_count;
    eng_assert(layout->byte_unit == NULL);
    eng_assert(layout->age_count == 1);
    layout->byte_unit = eng_calloc((size_t)scores * 256, sizeof *layout->byte_unit);
    if (layout->byte_unit == NULL)
        return ENG_NO_MEMORY;
    uint32_t count_bits = 8u - layout->pane_bits - layout->action_bits;
    for (uint32_t i = 0; i < scores * 256; i++) {
        uint32_t cell = i >> count_bits & ((1u << layout->action_bits) - 1);
        int64_t count = (int64_t)(i & ((1u << count_bits) - 1)) + 1;
        int64_t unit = cell < layout->cell_count
                           ? layout->unit[(size_t)(i >> 8) * layout->cell_count + cell]
                           : 0;
        layout->byte_unit[i] = unit > ENG_UNIT_UNKNOWN / count ? ENG_UNIT_UNKNOWN : unit * count;
    }
    return ENG_OK;
}

enum eng_status eng_slack_lay(struct eng_layout *layout)
{
    const struct eng_model *model = layout->model;
    eng_assert(layout->unit == NULL);
    eng_assert(layout->terms_first != NULL);
    size_t units = (size_t)layout->age_count * model->score_count * layout->cell_count;
    layout->unit = eng_calloc(units, sizeof *layout->unit);
    if (layout->unit == NULL)
        return ENG_NO_MEMORY;
    for (uint32_t age = 0; age < layout->age_count; age++)
        for (uint32_t i = 0; i < model->measure_count; i++)
            if (model->measures[i].window == ENG_WINDOW_ROLLING &&
                layout->measures[i].total != ENG_NO_INDEX &&
                (eng_measure_reach(&model->measures[i]) == layout->ages[age] ||
                 model->measures[i].ago == layout->ages[age]))
                add_units(layout, age, i);
    layout->steady = layout->age_count == 1 && layout->since_count == 0 && !layout->decays &&
                     !any_foresees_change(model);
    for (uint32_t i = 0; i < model->score_count; i++) {
        layout->scores[i].rises_only = rises_only(layout, i);
        layout->steady &= layout->scores[i].rises_only;
    }
    return layout->age_count == 1 && layout->cell_code_min == 0 ? lay_byte_units(layout) : ENG_OK;
}

/* ---- slack ---- */

static inline int64_t smaller(int64_t one, int64_t two)
{
    return one < two ? one : two;
}

/* How far the score may move from its value without anything to tell; under 0: not at all. Sets
 * *ret_low where that is only so because the value is small. */
static int64_t slack_of(const struct eng_engine *engine, const struct eng_record *record,
                        unsigned index, bool *ret_low)
{
    const struct eng_score_layout *place = &engine->layout->scores[index];
    unsigned band = *eng_record_fixed(record, place->band) & ENG_BAND_MASK;
    int64_t value = eng_score_value(place, record), told = eng_score_told_value(place, record);
    int64_t down = INT64_MAX, up = INT64_MAX;
    eng_assert(band < ENG_BANDS_MAX);
    if (place->dwell != 0 && eng_load_i64(eng_record_fixed(record, place->dwell)) != 0)
        return -1; /* every evaluation has a say in whether another band is still wanted */
    if (place->leave_below[band] != INT64_MIN)
        down = value - place->leave_below[band];
    if (place->leave_from[band] != INT64_MAX)
        up = place->leave_from[band] - 1 - value;
    if (place->tell_from != INT64_MAX) {
        down = smaller(down, place->tell_from - 1 - (told - value));
        up = smaller(up, place->tell_from - 1 - (value - told));
    }
    if (engine->layout->drops_first[index] < engine->layout->drops_first[index + 1])
        down = smaller(down, eng_alert_drop_slack(engine, record, index));
    if (place->has_edges) {
        struct eng_room room = {down, up};
        *ret_low |= eng_alert_edges_room(engine, record, index, &room);
        down = room.down;
        up = room.up;
    }
    if (!place->rises_only)
        return smaller(down, up);
    if (down < value)
        return down;
    *ret_low |= down != INT64_MAX; /* it cannot fall under 0 by counts that leave */
    return INT64_MAX;
}

/* ---- the walk ---- */

/* The index of the first cell whose leaving windows of length `age` uses up the slack, or is the
 * first beyond so many boundaries; the number of cells when there is none. `unit` is by cell. */
static inline uint32_t walk_to(const struct eng_cells *cells, uint32_t age, const int64_t *unit,
                               int64_t slack, uint32_t boundaries)
{
    uint32_t index = 0, count = cells->count, last_age = UINT32_MAX;
    eng_assert(age > 0);
    eng_assert(unit != NULL);
    if (eng_cells_age(cells, 0) >= age)
        index = eng_cells_first(cells, age - 1);
    for (; index < count; index++) {
        struct eng_cell cell = eng_cells_get(cells, index);
        int64_t one = unit[cell.action];
        if (cell.age != last_age && one > 0) {
            if (boundaries-- == 0)
                return index;
            last_age = cell.age;
        }
        if (one > slack || (cell.count > 1 && one > slack / (int64_t)cell.count))
            return index;
        slack -= one * (int64_t)cell.count;
    }
    return index;
}

/* The same for cells of one byte and one length of windows, all of them within it. Boundaries count
 * whether or not they touch the score. */
static inline uint32_t walk_bytes(const struct eng_cells *cells, const int64_t *byte_unit,
                                  int64_t slack, uint32_t boundaries)
{
    uint32_t shift = (uint32_t)cells->count_bits + cells->action_bits, last = UINT32_MAX;
    const uint8_t *at = cells->data, *end = at + cells->count;
    eng_assert(cells->code == 0);
    for (; at < end; at++) {
        uint32_t pane = (uint32_t)*at >> shift;
        if (pane != last && boundaries-- == 0)
            break;
        last = pane;
        slack -= byte_unit[*at];
        if (slack < 0)
            break;
    }
    return (uint32_t)(at - cells->data);
}

/* Into how many parts the slack of a score goes: an age each, and a dimension each of those that go
 * by the panes since an event. */
static uint32_t shares_of(const struct eng_layout *layout, unsigned score)
{
    return layout->age_count + (uint32_t)__builtin_popcount(layout->scores[score].sinces);
}

/* How far a score may move, and at how many boundaries. */
struct leeway {
    int64_t slack;
    uint32_t boundaries;
};

/* The boundary at which cells that leave, or enter, have used up the leeway of a score. */
static int32_t cells_due(const struct eng_engine *engine, const struct eng_record *record,
                         const struct eng_cells *cells, unsigned score, struct leeway leeway)
{
    const struct eng_layout *layout = engine->layout;
    int64_t slack = leeway.slack, due = ENG_PANE_NEVER;
    uint32_t ages = layout->age_count, shares = shares_of(layout, score);
    uint32_t boundaries = leeway.boundaries;
    eng_assert(score < engine->model->score_count);
    eng_assert(ages > 0);
    slack = smaller(slack, ENG_UNIT_UNKNOWN - 1); /* a unit that is not known is more than any */
    if (shares > 1 && slack > 0)
        slack /= shares;
    if (cells->code == 0 && layout->byte_unit != NULL) {
        uint32_t index =
            walk_bytes(cells, layout->byte_unit + (size_t)score * 256, slack, boundaries);
        return index == cells->count
                   ? ENG_PANE_NEVER
                   : record->partner->as_of - (int32_t)eng_cells_age(cells, index) +
                         (int32_t)layout->ages[0];
    }
    const int64_t *unit = layout->unit + (size_t)score * layout->cell_count;
    for (uint32_t i = 0; i < ages; i++) {
        uint32_t index = walk_to(cells, layout->ages[i], unit, slack, boundaries);
        if (index < cells->count)
            due = smaller(due, record->partner->as_of - (int64_t)eng_cells_age(cells, index) +
                                   layout->ages[i]);
        unit += (size_t)engine->model->score_count * layout->cell_count;
    }
    return (int32_t)due;
}

/* The boundary at which the slack of one score is used up. */
static int32_t score_due(const struct eng_engine *engine, const struct eng_record *record,
                         const struct eng_cells *cells, unsigned score, bool *ret_low)
{
    const struct eng_layout *layout = engine->layout;
    struct leeway leeway = {slack_of(engine, record, score, ret_low), UINT32_MAX};
    eng_assert(score < engine->model->score_count);
    eng_assert(layout->drops_first[score] <= layout->drops_first[score + 1]);
    if (layout->drops_first[score] < layout->drops_first[score + 1])
        leeway.boundaries = /* as many values as there is room made for */
            ENG_LAZY_BOUNDARIES / shares_of(layout, score);
    else if (leeway.slack == INT64_MAX)
        return ENG_PANE_NEVER;
    return cells_due(engine, record, cells, score, leeway);
}

int32_t eng_slack_due(const struct eng_engine *engine, const struct eng_record *record,
                      bool *ret_low)
{
    const struct eng_layout *layout = engine->layout;
    struct eng_cells cells = eng_cells_of(record);
    eng_assert(layout->age_count > 0);
    *ret_low = false;
    if (cells.count == 0)
        return ENG_PANE_NEVER;
    int64_t due = record->partner->as_of - (int64_t)eng_cells_age(&cells, cells.count - 1) +
                  layout->ages[layout->age_count - 1]; /* everything has left */
    for (uint32_t score = 0; score < engine->model->score_count; score++)
        due = smaller(due, score_due(engine, record, &cells, score, ret_low));
    eng_assert(due > record->partner->as_of);
    return (int32_t)due;
}

/* ---- panes since an event ---- */

/* How far a dimension may move, and how often. */
struct allowance {
    int64_t share; /* of the slack */
    uint32_t boundaries;
};

/* The first boundary at which a dimension that goes by the panes since an event has moved further
 * or more often than it may; ENG_PANE_NEVER: not while it is in its window. */
static int32_t dimension_due(const struct eng_engine *engine, const struct eng_record *record,
                             unsigned score, unsigned dimension, struct allowance may)
{
    const struct eng_layout *layout = engine->layout;
    unsigned measure = engine->model->scores[score].dimensions[dimension].measure;
    int32_t as_of = record->partner->as_of, pane;
    eng_assert(layout->scores[score].sinces >> dimension & 1);
    eng_assert(as_of < ENG_PANE_NEVER - SINCE_WALK);
    if (!since_newest(engine, record, measure, &pane))
        return ENG_PANE_NEVER;
    uint32_t panes = (uint32_t)(as_of - pane), flat = layout->measures[measure].flat;
    if (layout->scores[score].skips) /* what it contributes depends on the others */
        return panes < flat ? as_of + 1 : ENG_PANE_NEVER;
    int64_t now = eng_layout_share(layout, score, dimension, panes), last = now;
    for (uint32_t i = 1; i <= SINCE_WALK; i++) {
        if (panes + i > flat)
            return ENG_PANE_NEVER;
        int64_t then = eng_layout_share(layout, score, dimension, panes + i);
        if (then == last)
            continue;
        last = then;
        if (may.boundaries-- == 0 || (then > now ? then - now : now - then) > may.share)
            return as_of + (int32_t)i;
    }
    return as_of + SINCE_WALK;
}

/* True while any part of a ratio is panes since an event that lies in its window. */
static bool ratio_runs(const struct eng_engine *engine, const struct eng_record *record,
                       unsigned measure)
{
    const uint16_t *parts = engine->model->measures[measure].parts;
    bool runs = false;
    int32_t pane;
    eng_assert(engine->model->measures[measure].kind == ENG_RATIO);
    for (int i = 0; i < 2; i++)
        runs |= engine->model->measures[parts[i]].kind == ENG_SINCE &&
                since_newest(engine, record, parts[i], &pane);
    eng_assert(record->partner->as_of < ENG_PANE_NEVER);
    return runs;
}

/* The same for a score. */
static int32_t sinces_due(const struct eng_engine *engine, const struct eng_record *record,
                          unsigned score, struct leeway leeway)
{
    const struct eng_score_layout *place = &engine->layout->scores[score];
    const struct eng_dimension *dimensions = engine->model->scores[score].dimensions;
    struct allowance may = {leeway.slack, leeway.boundaries};
    int32_t due = ENG_PANE_NEVER;
    eng_assert(score < engine->model->score_count);
    eng_assert(place->sinces != 0);
    if (may.share > 0)
        may.share /= shares_of(engine->layout, score);
    for (uint32_t rest = place->sinces; rest != 0; rest &= rest - 1) {
        unsigned i = (unsigned)__builtin_ctz(rest);
        if (engine->model->measures[dimensions[i].measure].kind != ENG_RATIO)
            due = earlier(due, dimension_due(engine, record, score, i, may));
        else if (ratio_runs(engine, record, dimensions[i].measure))
            due = record->partner->as_of + 1;
    }
    return due;
}

static int32_t since_due(const struct eng_engine *engine, const struct eng_record *record,
                         unsigned score)
{
    const struct eng_layout *layout = engine->layout;
    bool low = false;
    struct leeway leeway = {slack_of(engine, record, score, &low), UINT32_MAX};
    eng_assert(score < engine->model->score_count);
    eng_assert(layout->scores[score].sinces != 0);
    if (layout->drops_first[score] < layout->drops_first[score + 1])
        leeway.boundaries = ENG_LAZY_BOUNDARIES / shares_of(layout, score);
    return sinces_due(engine, record, score, leeway);
}

int32_t eng_slack_since_due(const struct eng_engine *engine, const struct eng_record *record)
{
    int32_t due = ENG_PANE_NEVER;
    eng_assert(engine->layout->since_count > 0);
    for (uint32_t score = 0; score < engine->model->score_count; score++)
        if (engine->layout->scores[score].sinces != 0)
            due = earlier(due, since_due(engine, record, score));
    eng_assert(due > record->partner->as_of);
    return due;
}

/* ---- a fall ---- */

/* How far the score of a falls_to alert, which is above its band, may move before it could be in
 * that band; under 0: not at all; INT64_MAX: it cannot get there by counts that leave. */
static int64_t fall_slack(const struct eng_engine *engine, const struct eng_record *record,
                          const struct eng_alert *alert, bool *ret_low)
{
    const struct eng_score_layout *place = &engine->layout->scores[alert->score];
    const struct eng_band *next = &engine->model->scores[alert->score].bands[alert->band + 1];
    unsigned band = *eng_record_fixed(record, place->band) & ENG_BAND_MASK;
    int64_t value = eng_score_value(place, record);
    int64_t edge = next->edge_e4 + next->above; /* who is under it is in no higher band by value */
    eng_assert(band > alert->band);
    if (band == alert->band + 1u)
        edge = place->leave_below[band]; /* with its margin */
    int64_t down = value - edge;
    eng_assert(edge != INT64_MIN);
    if (!place->rises_only || down < value)
        return down;
    *ret_low = true;
    return INT64_MAX;
}

/* The first boundary at which something other than a rolling count leaves the score. */
static int32_t timed_score_due(const struct eng_engine *engine, const struct eng_record *record,
                               unsigned score)
{
    const struct eng_layout *layout = engine->layout;
    int32_t due = ENG_PANE_NEVER;
    eng_assert(score < engine->model->score_count);
    for (uint32_t i = 0; i < layout->timed_count; i++) {
        unsigned measure = layout->timed[i];
        bool goes_in = false;
        for (uint32_t j = layout->terms_first[measure]; j < layout->terms_first[measure + 1]; j++)
            goes_in |= layout->terms[j].score == score;
        if (goes_in)
            due = earlier(due, eng_measure_timed_due(engine, record, measure));
    }
    eng_assert(due > record->partner->as_of);
    return due;
}

int32_t eng_slack_fall_due(const struct eng_engine *engine, const struct eng_record *record,
                           const struct eng_alert *alert, bool *ret_low)
{
    const struct eng_score_layout *place = &engine->layout->scores[alert->score];
    int32_t due = timed_score_due(engine, record, alert->score);
    eng_assert(alert->kind == ENG_FALLS_TO);
    if (place->dwell != 0 && eng_load_i64(eng_record_fixed(record, place->dwell)) != 0)
        return record->partner->as_of + 1; /* another band is wanted already */
    if (place->decay != NULL)
        due = earlier(due, eng_decay_due(engine, record, alert->score));
    struct leeway leeway = {fall_slack(engine, record, alert, ret_low), UINT32_MAX};
    if (leeway.slack == INT64_MAX)
        return due;
    if (engine->layout->list_cells != ENG_NO_INDEX) {
        struct eng_cells cells = eng_cells_of(record);
        if (cells.count > 0)
            due = earlier(due, cells_due(engine, record, &cells, alert->score, leeway));
    }
    if (place->sinces != 0)
        due = earlier(due, sinces_due(engine, record, alert->score, leeway));
    eng_assert(due > record->partner->as_of);
    return due;
}
