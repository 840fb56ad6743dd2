/* Slack: see slack.h.
 *
 * With windows of several lengths every cell leaves several times. Each length walks over the cells
 * on its own and gets an equal share of the slack, so together they cannot use up more. */
#include "engine/slack.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/cells.h"

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

/* Adds what a measure's window of this length moves when a cell leaves it. */
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

/* True when more of any count never makes the score smaller, and that is all that panes take away. */
static bool rises_only(const struct eng_layout *layout, uint32_t index)
{
    const struct eng_score *score = &layout->model->scores[index];
    const struct eng_score_layout *place = &layout->scores[index];
    for (uint32_t age = 0; age < layout->age_count; age++)
        for (uint32_t cell = 0; cell < layout->cell_count; cell++)
            if (layout->unit[(age * layout->model->score_count + index) * layout->cell_count +
                             cell] == ENG_UNIT_UNKNOWN)
                return false;
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        if (score->points && score->dimensions[i].points_e4 < 0)
            return false;
        for (uint32_t count = 1; count < place->table_counts; count++)
            if (place->table[(size_t)i * place->table_counts + count] <
                place->table[(size_t)i * place->table_counts + count - 1])
                return false;
    }
    return true;
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
                model->measures[i].panes == layout->ages[age])
                add_units(layout, age, i);
    for (uint32_t i = 0; i < model->score_count; i++)
        layout->scores[i].rises_only = rises_only(layout, i);
    for (uint32_t i = 0; i < model->alert_count; i++)
        if (model->alerts[i].kind == ENG_DROP)
            layout->scores[model->alerts[i].score].drops = true;
    return ENG_OK;
}

/* ---- slack ---- */

static int64_t smaller(int64_t one, int64_t two)
{
    return one < two ? one : two;
}

/* How far the score may move from its value without anything to tell; under 0: not at all. */
static int64_t slack_of(const struct eng_engine *engine, const struct eng_record *record,
                        unsigned index)
{
    const struct eng_score_layout *place = &engine->layout->scores[index];
    unsigned band = *eng_record_fixed(record, place->band) & ENG_BAND_MASK;
    int64_t value = eng_score_value(place, record);
    int64_t told = eng_score_told_value(place, record);
    int64_t tell_every = engine->model->scores[index].tell_every_e4;
    int64_t down = INT64_MAX, up = INT64_MAX;
    eng_assert(band < engine->model->scores[index].band_count);
    if (place->dwell != 0 && eng_load_i64(eng_record_fixed(record, place->dwell)) != 0)
        return -1; /* every evaluation has a say in whether another band is still wanted */
    if (place->leave_below[band] != INT64_MIN)
        down = value - place->leave_below[band];
    if (place->leave_from[band] != INT64_MAX)
        up = place->leave_from[band] - 1 - value;
    if (tell_every > 0) {
        down = smaller(down, tell_every - 1 - (told - value));
        up = smaller(up, tell_every - 1 - (value - told));
    }
    if (place->drops)
        down = smaller(down, eng_alert_drop_slack(engine, record, index));
    if (!place->rises_only)
        return smaller(down, up);
    return down >= value ? INT64_MAX : down; /* it cannot fall under 0 by counts that leave */
}

/* ---- the walk ---- */

struct walk {
    const struct eng_cells *cells;
    uint32_t age;        /* length of the window */
    const int64_t *unit; /* by cell */
    int64_t slack;
    uint32_t boundaries; /* that may be left for later */
};

/* The index of the first cell whose leaving uses up the slack; the number of cells when none does.
 */
static uint32_t walk_to(const struct walk *walk)
{
    const struct eng_cells *cells = walk->cells;
    uint32_t index = eng_cells_first(cells, walk->age - 1), boundaries = 0, last_age = UINT32_MAX;
    int64_t left = walk->slack;
    eng_assert(walk->age > 0);
    eng_assert(walk->unit != NULL);
    for (; index < cells->count; index++) {
        struct eng_cell cell = eng_cells_get(cells, index);
        int64_t unit = walk->unit[cell.action];
        if (unit == 0)
            continue;
        boundaries += cell.age != last_age;
        last_age = cell.age;
        if (left < 0 || boundaries > walk->boundaries || unit > left / (int64_t)cell.count)
            return index;
        left -= unit * (int64_t)cell.count;
    }
    return index;
}

int32_t eng_slack_due(const struct eng_engine *engine, const struct eng_record *record)
{
    const struct eng_layout *layout = engine->layout;
    struct eng_cells cells = eng_cells_of(record);
    eng_assert(layout->age_count > 0);
    if (cells.count == 0)
        return ENG_PANE_NEVER;
    uint32_t scores = engine->model->score_count;
    int32_t as_of = record->partner->as_of;
    int64_t due = as_of - (int64_t)eng_cells_age(&cells, cells.count - 1) +
                  layout->ages[layout->age_count - 1]; /* everything has left */
    for (uint32_t score = 0; score < scores; score++) {
        int64_t slack = slack_of(engine, record, score);
        if (slack == INT64_MAX)
            continue;
        for (uint32_t age = 0; age < layout->age_count; age++) {
            struct walk walk = {
                .cells = &cells,
                .age = layout->ages[age],
                .unit = layout->unit + ((size_t)age * scores + score) * layout->cell_count,
                .slack = slack < 0 ? slack : slack / layout->age_count,
                .boundaries = layout->scores[score].drops
                                  ? ENG_LAZY_BOUNDARIES / layout->age_count
                                  : UINT32_MAX,
            };
            uint32_t index = walk_to(&walk);
            if (index < cells.count) {
                int64_t leaves = as_of - (int64_t)eng_cells_age(&cells, index) + walk.age;
                due = leaves < due ? leaves : due;
            }
        }
    }
    eng_assert(due > as_of);
    return (int32_t)due;
}
