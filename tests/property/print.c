/* Effects as lines for people. See print.h. */
#include "print.h"

#include <inttypes.h>

void effect_print(const struct eng_model *model, const struct eng_effect *effect, FILE *out)
{
    bool board = effect->kind == ENG_EFFECT_BOARD, digest = effect->kind == ENG_EFFECT_DIGEST;
    struct eng_slice partner = board || digest ? (struct eng_slice){0} : eng_effect_partner(effect);
    const struct eng_contribution *parts = eng_effect_contributions(effect);
    static const struct {
        const char *words;
        const char *(*name)(const struct eng_model *model, unsigned subject);
    } kinds[ENG_EFFECT_KINDS] = {
        [ENG_EFFECT_SCORE_CHANGE] = {"score change", eng_model_score_name},
        [ENG_EFFECT_CHURN_DROP] = {"churn drop", eng_model_alert_name},
        [ENG_EFFECT_CELL_CHANGE] = {"cell change", eng_model_matrix_name},
        [ENG_EFFECT_REPORT] = {"report", eng_model_report_name},
        [ENG_EFFECT_AWARD_BOOKING] = {"booking", eng_model_award_name},
        [ENG_EFFECT_GROUP] = {"group", eng_model_group_name},
        [ENG_EFFECT_BOARD] = {"board", eng_model_board_name},
        [ENG_EFFECT_SIGHTING] = {"sighting", eng_model_check_name},
        [ENG_EFFECT_PASSED] = {"passed", eng_model_check_name},
        [ENG_EFFECT_SOURCE_SILENCE] = {"source silence", eng_model_guard_name},
        [ENG_EFFECT_ABUSE_FLAG] = {"abuse flag", eng_model_check_name},
        [ENG_EFFECT_DIGEST] = {"digest", eng_model_budget_name},
    };
    const char *name = kinds[effect->kind].name(model, effect->subject);
    fprintf(out, "    %.*s %s %s: ", (int)partner.length, partner.data, kinds[effect->kind].words,
            name != NULL ? name : "?");
    fprintf(out, "score %u cause %u origin %u/%" PRIu64 " direction %u status %u band %u<-%u ",
            effect->score, effect->cause, effect->origin_kind, effect->origin, effect->direction,
            effect->status, effect->band, effect->previous_band);
    fprintf(out, "provisional %u risk %u at %" PRId64 " value %" PRId64 "<-%" PRId64,
            effect->provisional, effect->risk_e3, effect->at_ms, effect->value_e4,
            effect->previous_value_e4);
    fprintf(out, " baseline %" PRId64 " last action %" PRId64 " silent %" PRId64 " gap %" PRId64,
            effect->baseline_e4, effect->last_action_at_ms, effect->silent_for_ms,
            effect->usual_gap_ms);
    if (effect->will_drop_at_ms != 0)
        fprintf(out, " will drop %" PRId64 " to %u", effect->will_drop_at_ms, effect->will_drop_to);
    for (unsigned i = 0; i < effect->contribution_count; i++)
        fprintf(out, " [%" PRId64 " %+" PRId64 "]", parts[i].value_e4, parts[i].delta_e4);
    struct eng_slice rest = board ? eng_effect_entries(effect) : (struct eng_slice){0};
    struct eng_entry entry;
    while (eng_entry_take(&rest, &entry))
        fprintf(out, " %.*s %" PRId64, (int)entry.partner.length, entry.partner.data,
                entry.value_e4);
    rest = digest ? eng_effect_entries(effect) : (struct eng_slice){0};
    struct eng_left_out left;
    while (eng_left_out_take(&rest, &left))
        fprintf(out, " %.*s alert %u %s%" PRId64, (int)left.partner.length, left.partner.data,
                left.alert, left.missing ? "missing " : "", left.value_e4);
    fprintf(out, "\n");
}

void effects_print(const struct eng_model *model, const uint8_t *data, size_t bytes, FILE *out)
{
    for (size_t at = 0; at + sizeof(struct eng_effect) <= bytes;) {
        const struct eng_effect *effect = (const void *)(data + at);
        effect_print(model, effect, out);
        if (effect->bytes == 0)
            return;
        at += effect->bytes;
    }
}
