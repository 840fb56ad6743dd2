/* Whether the counts under one model can go on under another, and what they cannot answer at once
 * (S14). Pure. */
#include "base/assert.h"
#include "engine/internal.h"

static enum eng_status refuse(struct eng_error *err, const char *key, const char *old,
                              const char *new)
{
    return eng_error_set(
        err, ENG_BAD_CONFIG,
        "`%s` is %s and cannot become %s with the counts that there are; keep %s, or "
        "begin anew with another `kafka.group` and state topic",
        key, old, new, old);
}

enum eng_status eng_model_carries(const struct eng_model *before, const struct eng_model *after,
                                  struct eng_error *err)
{
    static const char *const panes[] = {[ENG_PANE_HOUR] = "1h", [ENG_PANE_DAY] = "1d"};
    eng_assert(before != NULL && after != NULL);
    if (strcmp(before->program, after->program) != 0)
        return refuse(err, "program", before->program, after->program);
    if (before->pane_unit != after->pane_unit)
        return refuse(err, "time.pane", panes[before->pane_unit], panes[after->pane_unit]);
    if (strcmp(before->zone, after->zone) != 0)
        return refuse(err, "time.zone", before->zone, after->zone);
    if (!eng_calendar_equal(before->calendar, after->calendar))
        return eng_error_set(
            err, ENG_BAD_CONFIG,
            "the system's data of `time.zone` %s have changed, and with them where "
            "days begin; restart with the data of before, or begin anew",
            before->zone);
    if (after->version <= before->version)
        return eng_error_set(err, ENG_BAD_CONFIG,
                             "`version` is %u and was %u: a changed model needs a greater one; "
                             "write %u or more",
                             after->version, before->version, before->version + 1);
    return ENG_OK;
}

/* Adds a row for each dimension that looks further back than what is known at the moment. */
static uint32_t list_starts(const struct eng_known *known, const struct eng_model *model,
                            int32_t pane, struct eng_start *ret_starts, uint32_t most)
{
    uint32_t count = 0;
    eng_assert(model->score_count <= ENG_SCORES_MAX);
    for (uint32_t i = 0; i < model->score_count; i++)
        for (uint32_t j = 0; j < model->scores[i].dimension_count; j++) {
            int32_t full = eng_known_dimension_full(known, model, i, j);
            if (full <= pane)
                continue;
            if (count < most)
                ret_starts[count] =
                    (struct eng_start){model->scores[i].name, model->scores[i].dimensions[j].name,
                                       (uint32_t)(full - pane)};
            count++;
        }
    return count;
}

enum eng_status eng_model_starts(const struct eng_model *before, const struct eng_model *after,
                                 struct eng_start *ret_starts, uint32_t most, uint32_t *ret_count)
{
    /* Noon of 1 January 2028: wherever that is, calendar windows have begun a short while ago. */
    const int64_t some_time_ms = 1830340800000;
    struct eng_layout *layout = NULL;
    struct eng_moment now = {.clock_ms = -1};
    struct eng_change change;
    struct eng_known known;
    eng_assert(before != NULL && after != NULL);
    eng_assert(ret_starts != NULL || most == 0);
    if (eng_layout_new(before, &layout, NULL) != ENG_OK)
        return ENG_NO_MEMORY;
    eng_moment_set(&now, before, some_time_ms);
    eng_change_init(&change, before, after);
    eng_known_init(&known);
    eng_known_change(&known, &change, layout, &now);
    *ret_count = list_starts(&known, after, now.pane, ret_starts, most);
    eng_layout_free(layout);
    return ENG_OK;
}
