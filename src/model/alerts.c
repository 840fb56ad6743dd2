/* Alerts: what each kind needs, its defaults, and whether it can ever fire. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include "model/text.h"

struct kind {
    enum eng_alert_kind kind;
    const char *name; /* its key */
    const char *what; /* for errors */
    const char *keys; /* that may stand beside each other */
    enum eng_status (*load)(struct eng_load *load, const struct eng_node *node,
                            const struct eng_alert_draft *draft, struct eng_alert *alert);
};

static enum eng_status fail_alert(struct eng_load *load, const struct eng_node *node,
                                  const char *what)
{
    return eng_source_fail(&load->source, node->key->mark, "the alert \"%s\" %s",
                           eng_node_shown(&load->source, node->key), what);
}

enum eng_status eng_load_find_score(struct eng_load *load, const struct eng_node *name,
                                    uint16_t *ret_index)
{
    const struct eng_named named = eng_named_scores(load->model);
    return eng_load_find(load, name, &named, "add it under \"scores\", or name another", ret_index);
}

static enum eng_status find_score(struct eng_load *load, const struct eng_node *node,
                                  const struct eng_node *name, uint16_t *ret_index)
{
    if (name == NULL)
        return fail_alert(load, node, "needs a score to look at; write \"score: NAME\"");
    return eng_load_find_score(load, name, ret_index);
}

enum eng_status eng_load_find_band(struct eng_load *load, const struct eng_node *name,
                                   const struct eng_score *score, uint16_t *ret_index)
{
    struct eng_nearest nearest = {.text = name->text, .length = name->length};
    for (uint32_t i = 0; i < score->band_count; i++) {
        if (eng_node_is(name, score->bands[i].name)) {
            *ret_index = (uint16_t)i;
            return ENG_OK;
        }
        eng_nearest_offer(&nearest, score->bands[i].name);
    }
    return eng_source_fail(&load->source, name->mark, "the score \"%s\" has no band \"%s\"; %s",
                           score->name, eng_node_shown(&load->source, name),
                           eng_load_hint(load, &nearest, "name one of its bands"));
}

/* What holds for alerts on a score that falls: there is something to fall from. */
static enum eng_status check_can_fall(struct eng_load *load, const struct eng_node *node,
                                      const struct eng_score *score)
{
    if (eng_score_span(score).max_e4 <= 0)
        return fail_alert(load, node,
                          "can never fire: its score is never above 0, and churn needs "
                          "former activity; take another score");
    if (!eng_score_can_fall(load->model, score))
        return fail_alert(load, node,
                          "can never fire: its score only counts since the first event and "
                          "never falls; give a measure a window");
    return ENG_OK;
}

static enum eng_status refuse_tiers(struct eng_load *load, const struct eng_node *node,
                                    const struct eng_score *score)
{
    return eng_source_fail(&load->source, eng_node_get(node, "forecast")->mark,
                           "the score \"%s\" has tiers, which are lost where a period or its grace "
                           "is over and at no other time; leave \"forecast\" out",
                           score->name);
}

/* How far ahead an alert looks for a fall of its score, if it does; the score has to be one that
 * can fall into a lower band. */
static enum eng_status load_forecast(struct eng_load *load, const struct eng_node *node,
                                     const struct eng_alert_draft *draft, struct eng_alert *alert)
{
    const struct eng_score *score = &load->model->scores[alert->score];
    alert->forecast = draft->forecast;
    if (draft->forecast > 0 && score->tiers)
        return refuse_tiers(load, node, score);
    if (draft->forecast == 0 || (score->band_count > 1 && eng_score_can_fall(load->model, score)))
        return ENG_OK;
    return eng_source_fail(&load->source, eng_node_get(node, "forecast")->mark,
                           "there is no fall to foretell: the score \"%s\" %s; leave \"forecast\" "
                           "out",
                           score->name, score->band_count > 1 ? "never falls" : "has one band");
}

static enum eng_status load_falls_to(struct eng_load *load, const struct eng_node *node,
                                     const struct eng_alert_draft *draft, struct eng_alert *alert)
{
    enum eng_status status = find_score(load, node, draft->score, &alert->score);
    if (status != ENG_OK)
        return status;
    const struct eng_score *score = &load->model->scores[alert->score];
    if (draft->forecast > 0 && score->tiers)
        return refuse_tiers(load, node, score);
    status = eng_load_find_band(load, draft->falls_to, score, &alert->band);
    if (status == ENG_OK)
        status = check_can_fall(load, node, score);
    if (status != ENG_OK)
        return status;
    if (alert->band + 1u == score->band_count)
        return fail_alert(load, node,
                          "can never fire: nothing falls into the highest band; name a "
                          "lower one");
    if (!eng_score_can_fall_to(score, eng_score_span(score), alert->band))
        return fail_alert(load, node,
                          "can never fire: the margin keeps the score from falling into "
                          "this band; take a smaller margin");
    alert->forecast = draft->forecast;
    return ENG_OK;
}

static enum eng_status load_rises_to(struct eng_load *load, const struct eng_node *node,
                                     const struct eng_alert_draft *draft, struct eng_alert *alert)
{
    enum eng_status status = find_score(load, node, draft->score, &alert->score);
    if (status != ENG_OK)
        return status;
    const struct eng_score *score = &load->model->scores[alert->score];
    status = eng_load_find_band(load, draft->rises_to, score, &alert->band);
    if (status != ENG_OK)
        return status;
    if (alert->band == 0)
        return fail_alert(load, node,
                          "can never fire: nothing rises into the lowest band; name a "
                          "higher one");
    if (!eng_score_can_rise_to(score, eng_score_span(score), alert->band))
        return fail_alert(load, node,
                          "can never fire: the margin keeps the score from rising into "
                          "this band; take a smaller margin");
    return ENG_OK;
}

/* Refuses an edge that the score cannot cross, and a margin that it cannot get behind. */
static enum eng_status check_edge(struct eng_load *load, const struct eng_node *node,
                                  const struct eng_alert *alert)
{
    struct eng_span span = eng_score_span(&load->model->scores[alert->score]);
    bool below = alert->kind == ENG_BELOW;
    char low[ENG_TEXT_SHOWN_BYTES], high[ENG_TEXT_SHOWN_BYTES];
    eng_text_show_number(low, sizeof low, span.min_e4, 4);
    eng_text_show_number(high, sizeof high, span.max_e4, 4);
    if (span.min_e4 >= alert->edge_e4 || span.max_e4 < alert->edge_e4)
        return eng_source_fail(
            &load->source, eng_node_get(node, below ? "below" : "above")->mark,
            "the alert can never fire: its score is never %s this value; it is from %s to %s",
            span.min_e4 >= alert->edge_e4 ? below ? "below" : "at or below"
            : below                       ? "at or above"
                                          : "above",
            span.min_e4 < -ENG_EDGE_MAX_E4 ? "anything" : low,
            span.max_e4 > ENG_EDGE_MAX_E4 ? "anything" : high);
    if (below ? alert->edge_e4 + alert->margin_e4 > span.max_e4
              : span.min_e4 >= alert->edge_e4 - alert->margin_e4)
        return eng_source_fail(
            &load->source, eng_node_get(node, "margin")->mark,
            "the alert could never be resolved: its score never gets so far back; take a smaller "
            "margin");
    return ENG_OK;
}

/* `above: x` begins right behind x, 1/10,000 being the least step. */
static enum eng_status load_edge(struct eng_load *load, const struct eng_node *node,
                                 const struct eng_alert_draft *draft, struct eng_alert *alert)
{
    enum eng_status status = find_score(load, node, draft->score, &alert->score);
    if (status != ENG_OK)
        return status;
    alert->edge_e4 = alert->kind == ENG_BELOW ? draft->below_e4 : draft->above_e4 + 1;
    alert->margin_e4 = draft->margin_e4;
    if (alert->kind == ENG_BELOW)
        status = check_can_fall(load, node, &load->model->scores[alert->score]);
    return status == ENG_OK ? check_edge(load, node, alert) : status;
}

/* Refuses what everybody is near to, and what nobody who was near gets away from. */
static enum eng_status check_near(struct eng_load *load, const struct eng_node *node,
                                  const struct eng_score *score, const struct eng_alert *alert)
{
    struct eng_span span = eng_score_span(score);
    int64_t least = alert->band > 1 ? score->bands[alert->band - 1].edge_e4 : span.min_e4;
    char text[ENG_TEXT_SHOWN_BYTES];
    if (alert->edge_e4 <= least) {
        int64_t most = eng_score_entry_e4(score, alert->band) - least;
        eng_text_show_number(text, sizeof text, most, 4);
        return eng_source_fail(&load->source, eng_node_get(node, "by")->mark,
                               "\"by\" is %s, so all of the band below is near; write less than "
                               "%s",
                               eng_node_shown(&load->source, eng_node_get(node, "by")), text);
    }
    if (alert->edge_e4 - alert->margin_e4 > span.min_e4)
        return ENG_OK;
    return eng_source_fail(&load->source, eng_node_get(node, "margin")->mark,
                           "the alert could never be resolved by a fall: the score never gets so "
                           "far back; take a smaller margin");
}

static enum eng_status load_near(struct eng_load *load, const struct eng_node *node,
                                 const struct eng_alert_draft *draft, struct eng_alert *alert)
{
    enum eng_status status = find_score(load, node, draft->score, &alert->score);
    if (status != ENG_OK)
        return status;
    const struct eng_score *score = &load->model->scores[alert->score];
    status = eng_load_find_band(load, draft->near, score, &alert->band);
    if (status != ENG_OK)
        return status;
    if (alert->band == 0)
        return fail_alert(load, node,
                          "can never fire: nothing is below the lowest band; name a higher one");
    if (draft->by_e4 == 0)
        return fail_alert(load, node, "needs to know how near; write \"by: 0.5\"");
    if (!eng_score_can_rise_to(score, eng_score_span(score), alert->band))
        return fail_alert(load, node,
                          "can never be followed by what it promises: the margin keeps the score "
                          "from rising into this band; take a smaller margin");
    alert->margin_e4 = draft->margin_e4;
    alert->edge_e4 = eng_score_entry_e4(score, alert->band) - draft->by_e4;
    return check_near(load, node, score, alert);
}

static enum eng_status load_drop(struct eng_load *load, const struct eng_node *node,
                                 const struct eng_alert_draft *draft, struct eng_alert *alert)
{
    char text[ENG_TEXT_SHOWN_BYTES];
    enum eng_status status = find_score(load, node, draft->score, &alert->score);
    if (status == ENG_OK)
        status = check_can_fall(load, node, &load->model->scores[alert->score]);
    if (status == ENG_OK)
        status = load_forecast(load, node, draft, alert);
    if (status != ENG_OK)
        return status;
    struct eng_span span = eng_score_span(&load->model->scores[alert->score]);
    alert->drop_e4 = draft->drop.number_e4;
    alert->drop_share_e4 = draft->drop.share_e4;
    alert->within = draft->within;
    if (draft->within == 0)
        return fail_alert(load, node, "needs a time to look back; write \"within: 14d\"");
    if (draft->drop.number_e4 <= span.max_e4 - span.min_e4) /* any share of what is above 0 is */
        return ENG_OK;
    eng_text_show_number(text, sizeof text, span.max_e4 - span.min_e4, 4);
    return eng_source_fail(
        &load->source, eng_node_get(node, "drop")->mark,
        "the alert can never fire: its score never falls by more than %s; write a "
        "smaller drop",
        text);
}

static uint32_t part_of(uint32_t panes, uint32_t parts)
{
    return (panes + parts - 1) / parts;
}

/* A silence has a score to foretell a fall of, or to suggest what would raise it, and only for
 * that. */
static enum eng_status load_silence_forecast(struct eng_load *load, const struct eng_node *node,
                                             const struct eng_alert_draft *draft,
                                             struct eng_alert *alert)
{
    if (draft->forecast == 0 && draft->score == NULL)
        return ENG_OK;
    enum eng_status status = find_score(load, node, draft->score, &alert->score);
    if (status == ENG_OK && draft->forecast == 0 && !load->model->scores[alert->score].nudges)
        return eng_source_fail(&load->source, draft->score->mark,
                               "a silence alert looks at a score only to foretell its fall, or to "
                               "suggest what would raise it; write \"forecast: 60d\" beside it, "
                               "give dimensions of the score an \"effort\", or leave it out");
    alert->nudges = status == ENG_OK && load->model->scores[alert->score].nudges;
    return status == ENG_OK ? load_forecast(load, node, draft, alert) : status;
}

static enum eng_status load_silence(struct eng_load *load, const struct eng_node *node,
                                    const struct eng_alert_draft *draft, struct eng_alert *alert)
{
    if (draft->horizon == 0)
        return fail_alert(load, node, "needs a horizon; write \"horizon: 45d\"");
    alert->horizon = draft->horizon;
    alert->risk_e3 = draft->risk_e3;
    alert->min_active = draft->min_active;
    alert->typical_gap = draft->typical_gap ? draft->typical_gap : part_of(draft->horizon, 3);
    alert->min_silence = draft->min_silence ? draft->min_silence : part_of(draft->horizon, 6);
    if (alert->min_silence > alert->horizon)
        return eng_source_fail(&load->source, eng_node_get(node, "min_silence")->mark,
                               "\"min_silence\" is longer than the horizon, %s; write at most that",
                               eng_node_shown(&load->source, eng_node_get(node, "horizon")));
    struct eng_reference reference = {draft->silence, draft->where, &alert->where};
    enum eng_status status = load_silence_forecast(load, node, draft, alert);
    if (status == ENG_OK)
        status = eng_load_filter(load, draft->where, &alert->where);
    return status == ENG_OK ? eng_load_add_actions(load, &reference, &alert->actions) : status;
}

static enum eng_status load_deadline(struct eng_load *load, const struct eng_node *node,
                                     const struct eng_alert_draft *draft, struct eng_alert *alert)
{
    if (draft->expects == NULL)
        return fail_alert(load, node,
                          "needs the actions of which one has to come; write \"expects: "
                          "training.complete\"");
    if (draft->within == 0)
        return fail_alert(load, node, "needs the time that there is; write \"within: 7d\"");
    if (draft->remind > draft->within)
        return eng_source_fail(
            &load->source, eng_node_get(node, "remind")->mark,
            "\"remind\" is longer than the time that there is, %s; write at most "
            "that",
            eng_node_shown(&load->source, eng_node_get(node, "within")));
    alert->within = draft->within;
    alert->remind = draft->remind;
    alert->tell_met = draft->tell_met;
    static const struct eng_condition anything;
    struct eng_reference after = {draft->after, NULL, &anything};
    struct eng_reference expects = {draft->expects, draft->where, &alert->where};
    enum eng_status status = eng_load_filter(load, draft->where, &alert->where);
    if (status == ENG_OK)
        status = eng_load_add_actions(load, &after, &alert->anchors);
    return status == ENG_OK ? eng_load_add_actions(load, &expects, &alert->actions) : status;
}

enum eng_status eng_load_check_deadlines(struct eng_load *load)
{
    const struct eng_model *model = load->model;
    const struct eng_node *node = load->file.alerts ? load->file.alerts->first : NULL;
    for (uint32_t i = 0; i < model->alert_count; i++, node = node->next)
        for (uint32_t a = 0; a < model->action_count; a++)
            if (eng_action_set_has(&model->alerts[i].anchors, a) &&
                eng_action_set_has(&model->alerts[i].actions, a))
                return eng_source_fail(
                    &load->source, eng_node_get(node, "expects")->mark,
                    "\"%s%s\" both begins the time of the alert \"%s\" and is expected in it; an "
                    "action can do only one of them",
                    model->actions[a].text, model->actions[a].family ? "*" : "",
                    model->alerts[i].name);
    return ENG_OK;
}

static const struct kind kinds[] = {
    {ENG_FALLS_TO, "falls_to", "a falls_to alert",
     "score falls_to forecast cooldown for while_provisional "
     "hold_out salt description",
     load_falls_to},
    {ENG_RISES_TO, "rises_to", "a rises_to alert",
     "score rises_to cooldown for while_provisional "
     "hold_out salt description",
     load_rises_to},
    {ENG_BELOW, "below", "a below alert",
     "score below margin cooldown for while_provisional "
     "hold_out salt description",
     load_edge},
    {ENG_ABOVE, "above", "an above alert",
     "score above margin cooldown for while_provisional "
     "hold_out salt description",
     load_edge},
    {ENG_NEAR, "near", "a near alert",
     "score near by margin cooldown for while_provisional "
     "hold_out salt description",
     load_near},
    {ENG_DROP, "drop", "a drop alert",
     "score drop within forecast cooldown for while_provisional "
     "hold_out salt description",
     load_drop},
    {ENG_SILENCE, "silence", "a silence alert",
     "silence where horizon risk typical_gap min_silence min_active score forecast cooldown for "
     "hold_out salt description",
     load_silence},
    {ENG_DEADLINE, "after", "a deadline",
     "after expects where within remind tell_met for hold_out salt description", load_deadline},
};

#define KIND_NAMES "falls_to, rises_to, below, above, near, drop, silence and after"

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static enum eng_status find_kind(struct eng_load *load, const struct eng_node *node,
                                 const struct kind **ret_kind)
{
    const struct kind *found = NULL;
    for (uint32_t i = 0; i < KINDS; i++) {
        if (eng_node_get(node, kinds[i].name) == NULL)
            continue;
        if (found != NULL)
            return fail_alert(load, node,
                              "has more than one of " KIND_NAMES "; make an alert of each");
        found = &kinds[i];
    }
    if (found == NULL)
        return fail_alert(load, node, "does not say when; write one of " KIND_NAMES);
    *ret_kind = found;
    return eng_section_allow(load, node, found->what, found->keys);
}

/* The control group: which part of the partners, and by what they are chosen. */
static enum eng_status load_control(struct eng_load *load, const struct eng_node *node,
                                    const struct eng_alert_draft *draft, struct eng_alert *alert)
{
    const struct eng_portion *part = &draft->hold_out;
    alert->hold_out_e4 = part->share_e4 > 0 ? part->share_e4 : (uint32_t)part->number_e4;
    if (draft->salt == NULL)
        return ENG_OK;
    if (alert->hold_out_e4 == 0)
        return eng_source_fail(&load->source, eng_node_get(node, "salt")->mark,
                               "\"salt\" chooses who is held out, and nobody is; write \"hold_out: "
                               "10%%\" beside it, or leave it out");
    enum eng_status status = eng_load_check_name(load, draft->salt, "a salt");
    return status == ENG_OK ? eng_load_copy(load, draft->salt, &alert->salt) : status;
}

static enum eng_status load_alert(struct eng_load *load, const struct eng_node *node)
{
    struct eng_alert_draft draft = {0};
    const struct kind *kind = NULL;
    enum eng_status status = eng_load_check_name(load, node->key, "the name of an alert");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_alert, node, &draft);
    if (status == ENG_OK)
        status = find_kind(load, node, &kind);
    if (status != ENG_OK)
        return status;
    struct eng_alert *alert = &load->model->alerts[load->model->alert_count++];
    alert->kind = kind->kind;
    alert->cooldown_ms = draft.cooldown_ms;
    alert->hold = draft.hold != 0;
    status = eng_load_copy(load, node->key, &alert->name);
    if (status != ENG_OK)
        return status;
    if (draft.description != NULL)
        status = eng_load_copy(load, draft.description, &alert->description);
    if (status == ENG_OK)
        status = eng_load_limits(load, draft.partners, alert);
    if (status == ENG_OK)
        status = load_control(load, node, &draft, alert);
    if (status == ENG_OK)
        status = kind->load(load, node, &draft, alert);
    if (status == ENG_OK && (alert->kind == ENG_FALLS_TO || alert->kind == ENG_BELOW ||
                             alert->kind == ENG_NEAR || alert->kind == ENG_DROP))
        alert->nudges = load->model->scores[alert->score].nudges;
    return status;
}

enum eng_status eng_load_alerts(struct eng_load *load)
{
    static const struct eng_things things = {"alerts", "ENG_ALERTS_MAX", ENG_ALERTS_MAX,
                                             sizeof *load->model->alerts, load_alert};
    eng_assert(load->model->alerts == NULL);
    return eng_load_things(load, load->file.alerts, &things, &load->model->alerts);
}
