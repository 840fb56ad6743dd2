/* Abuse flags, taken out of effects. See flag.h. */
#include "codec/flag.h"

#include "base/assert.h"
#include "codec/names.h"
#include "codec/writer.h"

static int64_t limit_of(const struct eng_check *check)
{
    if (check->kind == ENG_MORE_THAN)
        return (int64_t)check->most * 10000;
    return check->kind == ENG_OUTLIER ? check->above_e4 : ENG_VALUE_NONE;
}

void eng_flag_of(const struct eng_encode_context *context, const struct eng_effect *effect,
                 struct eng_flag *ret_flag)
{
    const struct eng_check *check = eng_encode_check(context->model, effect);
    struct eng_flagged flagged;
    eng_assert(effect->origin_kind == ENG_ORIGIN_OFFSET);
    eng_effect_flagged(effect, &flagged);
    *ret_flag = (struct eng_flag){.program = eng_slice_of(context->model->program),
                                  .partner = eng_effect_partner(effect),
                                  .check = eng_slice_of(check->name),
                                  .action = flagged.action,
                                  .event_id = flagged.id,
                                  .text = flagged.text,
                                  .kind = eng_encode_check_kind_name(check),
                                  .then = eng_encode_status_name(effect),
                                  .model_version = context->model->version,
                                  .at_ms = effect->at_ms,
                                  .occurred_ms = effect->occurred_at_ms,
                                  .value_e4 = effect->value_e4,
                                  .limit_e4 = limit_of(check),
                                  .offset = effect->origin};
    if (check->description != NULL)
        ret_flag->description = eng_slice_of(check->description);
    if (context->source != NULL)
        ret_flag->source = eng_slice_of(context->source);
}
