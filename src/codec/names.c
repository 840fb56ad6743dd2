/* The words for what an effect holds as numbers. See names.h. */
#include "codec/names.h"

#include "base/assert.h"

const struct eng_score *eng_encode_score(const struct eng_model *model,
                                         const struct eng_effect *effect)
{
    eng_assert(effect->score < model->score_count);
    return &model->scores[effect->score];
}

const struct eng_alert *eng_encode_alert(const struct eng_model *model,
                                         const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_CHURN_DROP);
    eng_assert(effect->subject < model->alert_count);
    return &model->alerts[effect->subject];
}

const struct eng_guard *eng_encode_guard(const struct eng_model *model,
                                         const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_SOURCE_SILENCE);
    eng_assert(effect->subject < model->guard_count);
    return &model->guards[effect->subject];
}

const struct eng_award *eng_encode_award(const struct eng_model *model,
                                         const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_AWARD_BOOKING);
    eng_assert(effect->subject < model->award_count);
    return &model->awards[effect->subject];
}

const struct eng_ledger *eng_encode_ledger(const struct eng_model *model,
                                           const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_AWARD_BOOKING);
    eng_assert(effect->ledger < model->ledger_count);
    return &model->ledgers[effect->ledger];
}

const char *eng_encode_subject_name(const struct eng_model *model, const struct eng_effect *effect)
{
    if (effect->kind == ENG_EFFECT_SOURCE_SILENCE)
        return eng_encode_guard(model, effect)->name;
    if (effect->kind == ENG_EFFECT_AWARD_BOOKING)
        return eng_encode_award(model, effect)->name;
    return effect->kind == ENG_EFFECT_SCORE_CHANGE ? eng_encode_score(model, effect)->name
                                                   : eng_encode_alert(model, effect)->name;
}

struct eng_slice eng_encode_key(const struct eng_model *model, const struct eng_effect *effect)
{
    return effect->kind == ENG_EFFECT_SOURCE_SILENCE
               ? eng_slice_of(eng_encode_guard(model, effect)->name)
               : eng_effect_partner(effect);
}

const char *eng_encode_status_name(const struct eng_effect *effect)
{
    static const char *const bookings[] = {[ENG_BOOKED] = "booked",
                                           [ENG_PENDING] = "pending",
                                           [ENG_DROPPED] = "dropped",
                                           [ENG_REVERSED] = "reversed"};
    if (effect->kind == ENG_EFFECT_SCORE_CHANGE)
        return "changed";
    if (effect->kind == ENG_EFFECT_SOURCE_SILENCE)
        return effect->status == ENG_OPENED ? "began" : "ended";
    if (effect->kind == ENG_EFFECT_AWARD_BOOKING)
        return bookings[effect->status];
    return effect->status == ENG_OPENED ? "opened" : "resolved";
}

const char *eng_encode_direction_name(const struct eng_effect *effect)
{
    return effect->direction == ENG_UP ? "up" : "down";
}

const char *eng_encode_cause_name(const struct eng_effect *effect)
{
    static const char *const names[] = {[ENG_CAUSE_EVENT] = "event",
                                        [ENG_CAUSE_CORRECTION] = "correction",
                                        [ENG_CAUSE_EXPIRY] = "expiry",
                                        [ENG_CAUSE_CONFIG] = "config"};
    eng_assert(effect->cause < sizeof names / sizeof *names);
    return names[effect->cause];
}

const char *eng_encode_kind_name(const struct eng_alert *alert)
{
    static const char *const names[ENG_ALERT_KINDS] = {
        [ENG_FALLS_TO] = "falls_to", [ENG_DROP] = "drop",   [ENG_SILENCE] = "silence",
        [ENG_RISES_TO] = "rises_to", [ENG_BELOW] = "below", [ENG_ABOVE] = "above",
        [ENG_DEADLINE] = "deadline"};
    eng_assert(alert->kind < ENG_ALERT_KINDS);
    return names[alert->kind];
}

const char *eng_encode_fall_name(const struct eng_model *model, const struct eng_effect *effect)
{
    const struct eng_alert *alert = eng_encode_alert(model, effect);
    eng_assert(effect->will_drop_at_ms > 0);
    eng_assert(alert->forecast > 0 && alert->score < model->score_count);
    return eng_encode_band_name(&model->scores[alert->score], effect->will_drop_to);
}

const char *eng_encode_band_name(const struct eng_score *score, unsigned band)
{
    eng_assert(band < score->band_count);
    return score->bands[band].name;
}
