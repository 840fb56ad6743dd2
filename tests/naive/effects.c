/* Effects of the naive reference, laid out as include/engaged/effect.h says. See naive.h. */
#include "base/assert.h"
#include "base/sha256.h"
#include "inside.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct eng_effect naive_effect(enum eng_effect_kind kind, unsigned subject,
                               const struct occasion *why)
{
    struct eng_effect effect;
    memset(&effect, 0, sizeof effect);
    effect.kind = (uint8_t)kind;
    effect.subject = (uint16_t)subject;
    effect.cause = (uint8_t)why->cause;
    effect.origin_kind = (uint8_t)why->origin_kind;
    effect.origin = why->origin;
    effect.at_ms = why->at_ms;
    return effect;
}

/* Zeroed room of `bytes` behind the last record. */
static uint8_t *extend(struct eng_effects *effects, size_t bytes)
{
    if (effects->used + bytes > effects->capacity) {
        effects->capacity = 2 * effects->capacity + bytes;
        effects->data = realloc(effects->data, effects->capacity);
        eng_assert(effects->data != NULL);
    }
    uint8_t *place = effects->data + effects->used;
    memset(place, 0, bytes);
    effects->used += bytes;
    effects->count++;
    return place;
}

void naive_emit_sums(struct naive *naive, struct eng_effect *effect, const __int128 *sums)
{
    size_t bytes = sizeof *effect + effect->contribution_count * sizeof(__int128);
    uint8_t *place = extend(&naive->effects, bytes);
    effect->bytes = (uint32_t)bytes;
    memcpy(place, effect, sizeof *effect);
    /* Least significant bytes first, as on all machines that this runs on. */
    if (sums != NULL)
        memcpy(place + sizeof *effect, sums, effect->contribution_count * sizeof(__int128));
}

void naive_emit_entries(struct naive *naive, struct eng_effect *effect, const uint8_t *entries,
                        size_t bytes)
{
    size_t whole = (sizeof *effect + bytes + 7) / 8 * 8;
    uint8_t *place = extend(&naive->effects, whole);
    effect->bytes = (uint32_t)whole;
    effect->entries_bytes = (uint16_t)bytes;
    memset(place, 0, whole);
    memcpy(place, effect, sizeof *effect);
    memcpy(place + sizeof *effect, entries, bytes);
}

/* By the digest as people write it: fifteen hexadecimal digits are 60 bits. */
bool naive_holds_out(const struct naive *naive, const struct partner *partner, unsigned alert)
{
    const struct eng_alert *rule = &naive->model->alerts[alert];
    const char *salt = rule->salt != NULL ? rule->salt : rule->name;
    size_t salt_bytes = strlen(salt), bytes = salt_bytes + 1 + partner->name_bytes;
    uint8_t digest[ENG_SHA256_BYTES];
    struct eng_sha256 sum;
    char text[17], *whole = malloc(bytes);
    eng_assert(whole != NULL);
    memcpy(whole, salt, salt_bytes);
    whole[salt_bytes] = '\n';
    memcpy(whole + salt_bytes + 1, partner->name, partner->name_bytes);
    eng_sha256_init(&sum);
    eng_sha256_add(&sum, whole, (uint32_t)bytes);
    eng_sha256_end(&sum, digest);
    free(whole);
    for (int i = 0; i < 8; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", digest[i]); /* fits */
    text[15] = '\0';
    return strtoull(text, NULL, 16) % 10000 < rule->hold_out_e4;
}

void naive_emit(struct naive *naive, const struct partner *partner, struct eng_effect *effect,
                const int64_t *parts, const int64_t *told)
{
    if (naive_guards_swallow(naive, partner, effect))
        return;
    size_t parts_bytes = effect->contribution_count * sizeof(struct eng_contribution);
    uint8_t facts[ENG_FACTS_MAX * (2 + ENG_FACT_TEXT_BYTES_MAX)];
    bool telling = effect->kind != ENG_EFFECT_AWARD_BOOKING; /* of all that is of a partner */
    size_t facts_bytes = telling ? naive_tell_facts(naive, partner, naive->pane, facts) : 0;
    size_t bytes = (sizeof *effect + parts_bytes + partner->name_bytes + facts_bytes + 7) / 8 * 8;
    uint8_t *place = extend(&naive->effects, bytes);
    const struct eng_alert *alert = &naive->model->alerts[effect->subject];
    if (effect->kind == ENG_EFFECT_CHURN_DROP)
        effect->held_out = partner->alerts[effect->subject].held_out;
    if (effect->kind == ENG_EFFECT_CHURN_DROP)
        effect->fact = naive_reason(
            naive->model, naive->said,
            eng_alert_is_scored(alert) ? &naive->model->scores[alert->score] : NULL, alert);
    if (effect->kind == ENG_EFFECT_SCORE_CHANGE)
        effect->trend = naive_trend(naive, partner, effect->subject);
    else if (effect->kind == ENG_EFFECT_CHURN_DROP && eng_alert_is_scored(alert))
        effect->trend = naive_trend(naive, partner, alert->score);
    effect->bytes = (uint32_t)bytes;
    effect->facts_bytes = (uint16_t)facts_bytes;
    effect->partner_bytes = (uint16_t)partner->name_bytes;
    memcpy(place, effect, sizeof *effect);
    for (unsigned i = 0; i < effect->contribution_count; i++) {
        struct eng_contribution part = {parts[i], parts[i] - told[i]};
        memcpy(place + sizeof *effect + i * sizeof part, &part, sizeof part);
    }
    memcpy(place + sizeof *effect + parts_bytes, partner->name, partner->name_bytes);
    memcpy(place + sizeof *effect + parts_bytes + partner->name_bytes, facts, facts_bytes);
    if (effect->kind == ENG_EFFECT_SCORE_CHANGE)
        naive->counters.score_changes++;
    else if (effect->kind == ENG_EFFECT_CELL_CHANGE)
        naive->counters.cell_changes++;
    else if (effect->kind == ENG_EFFECT_REPORT)
        naive->counters.reports++;
    else if (effect->kind == ENG_EFFECT_CHURN_DROP)
        naive->counters.churn_drops++, naive->counters.held_out += effect->held_out;
    else if (effect->kind == ENG_EFFECT_AWARD_BOOKING)
        naive->counters.award_bookings++;
}

/* Lengths are 1 more than they are, in two bytes, the least significant first; 0: none. */
static size_t put_part(uint8_t *to, struct eng_slice part)
{
    uint32_t length = part.data != NULL ? part.length + 1 : 0;
    to[0] = (uint8_t)length;
    to[1] = (uint8_t)(length >> 8);
    if (length > 1)
        memcpy(to + 2, part.data, part.length);
    return 2 + (length > 0 ? part.length : 0);
}

void naive_emit_flag(struct naive *naive, const struct eng_event *event, struct eng_effect *effect,
                     struct eng_slice text, struct eng_slice check)
{
    uint8_t said[4 * 2 + ENG_ACTION_BYTES_MAX + ENG_CHECK_ID_BYTES_MAX + ENG_ATTRIBUTE_BYTES_MAX +
                 ENG_NAME_BYTES_MAX];
    struct eng_slice id =
        event->id.length <= ENG_CHECK_ID_BYTES_MAX ? event->id : (struct eng_slice){0};
    size_t said_bytes = put_part(said, event->action);
    said_bytes += put_part(said + said_bytes, id);
    said_bytes += put_part(said + said_bytes, text);
    said_bytes += put_part(said + said_bytes, check);
    effect->partner_bytes = (uint16_t)event->partner.length;
    effect->facts_bytes = (uint16_t)said_bytes;
    effect->bytes = (uint32_t)((sizeof *effect + event->partner.length + said_bytes + 7) / 8 * 8);
    uint8_t *place = extend(&naive->effects, effect->bytes);
    memcpy(place, effect, sizeof *effect);
    memcpy(place + sizeof *effect, event->partner.data, event->partner.length);
    memcpy(place + sizeof *effect + event->partner.length, said, said_bytes);
}

void naive_emit_passed(struct naive *naive, int64_t pane)
{
    int64_t at_ms = eng_calendar_start_ms(naive->model->calendar, pane);
    struct occasion why = {ENG_CAUSE_EXPIRY, ENG_ORIGIN_BOUNDARY, (uint64_t)at_ms, at_ms, pane, 0};
    struct eng_effect effect = naive_effect(ENG_EFFECT_PASSED, 0, &why);
    naive_emit_sums(naive, &effect, NULL);
}
