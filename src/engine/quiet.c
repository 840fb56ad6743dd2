/* Quiet times: see quiet.h. */
#include "engine/quiet.h"

#include "base/assert.h"

uint32_t eng_quiet_alerts(const struct eng_model *model, int64_t pane)
{
    uint32_t alerts = 0;
    eng_assert(model->quiet_count <= ENG_QUIETS_MAX);
    eng_assert(pane >= -1);
    if (model->quiet_count == 0)
        return 0;
    struct eng_local local = eng_calendar_local(model->calendar, pane);
    for (uint32_t i = 0; i < model->quiet_count; i++) {
        const struct eng_quiet *quiet = &model->quiets[i];
        if (quiet->days >> (local.weekday - 1) & 1 || quiet->hours >> local.hour & 1)
            alerts |= quiet->alerts;
    }
    return alerts;
}
