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

static const char *reason_of(const struct eng_effect *effect)
{
    static const char *const names[] = {
        [ENG_FLAG_PLAIN] = NULL,       [ENG_FLAG_FULL] = "full", [ENG_FLAG_DECIDED] = "decision",
        [ENG_FLAG_TIME] = "time",      [ENG_FLAG_LATE] = "late", [ENG_FLAG_UNKNOWN] = "program",
        [ENG_FLAG_UNCHECKED] = "check"};
    eng_assert(effect->reason < sizeof names / sizeof names[0]);
    return names[effect->reason];
}

/* What the check says, unless the model does not have it any more. Decisions are not about how
 * much there was. */
static void add_check(const struct eng_encode_context *context, const struct eng_effect *effect,
                      struct eng_flag *flag)
{
    const struct eng_check *check;
    flag->limit_e4 = ENG_VALUE_NONE;
    if (effect->subject == ENG_CHECK_GONE)
        return;
    check = eng_encode_check(context->model, effect);
    flag->check = eng_slice_of(check->name);
    if (effect->status != ENG_THEN_RELEASED && effect->status != ENG_THEN_DISCARDED)
        flag->limit_e4 = limit_of(check);
    if (check->description != NULL)
        flag->description = eng_slice_of(check->description);
}

void eng_flag_of(const struct eng_encode_context *context, const struct eng_effect *effect,
                 struct eng_flag *ret_flag)
{
    struct eng_flagged flagged;
    unsigned kind = effect->subject == ENG_CHECK_GONE
                        ? effect->check_kind
                        : (unsigned)eng_encode_check(context->model, effect)->kind;
    eng_assert(effect->origin_kind == ENG_ORIGIN_OFFSET);
    eng_effect_flagged(effect, &flagged);
    *ret_flag = (struct eng_flag){.program = eng_slice_of(context->model->program),
                                  .partner = eng_effect_partner(effect),
                                  .check = flagged.check,
                                  .action = flagged.action,
                                  .event_id = flagged.id,
                                  .text = flagged.text,
                                  .kind = eng_encode_check_kind_name(kind),
                                  .then = eng_encode_status_name(effect),
                                  .model_version = context->model->version,
                                  .at_ms = effect->at_ms,
                                  .occurred_ms = effect->occurred_at_ms,
                                  .value_e4 = effect->value_e4,
                                  .offset = effect->origin,
                                  .reason = reason_of(effect)};
    add_check(context, effect, ret_flag);
    if (effect->kind == ENG_EFFECT_ABUSE_FLAG)
        ret_flag->held_until_ms = effect->due_at_ms;
    if (context->source != NULL)
        ret_flag->source = eng_slice_of(context->source);
}
