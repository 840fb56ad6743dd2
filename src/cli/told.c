/* Reading and wording of what was told. See told.h. */
#include "cli/told.h"

#include "base/assert.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

/* The rest of a record. After a failure everything reads as 0 or empty. */
struct input {
    const uint8_t *at, *end;
    bool failed;
};

static uint8_t take_byte(struct input *in)
{
    if (in->at == in->end) {
        in->failed = true;
        return 0;
    }
    return *in->at++;
}

/* An Avro long, int, enum or union branch: zigzag, 7 bits a byte, lowest first. */
static int64_t take_long(struct input *in)
{
    uint64_t bits = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint8_t byte = take_byte(in);
        bits |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0)
            return (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
    }
    in->failed = true;
    return 0;
}

static double take_double(struct input *in)
{
    uint64_t bits = 0;
    double value;
    for (int i = 0; i < 8; i++)
        bits |= (uint64_t)take_byte(in) << (8 * i);
    memcpy(&value, &bits, sizeof value);
    return value;
}

static struct eng_slice take_string(struct input *in)
{
    int64_t length = take_long(in);
    if (in->failed || length < 0 || length > in->end - in->at) {
        in->failed = true;
        return (struct eng_slice){"", 0};
    }
    struct eng_slice slice = {(const char *)in->at, (uint32_t)length};
    in->at += length;
    return slice;
}

/* Whether a value of a union with null follows. */
static bool take_branch(struct input *in)
{
    int64_t branch = take_long(in);
    if (branch != 0 && branch != 1)
        in->failed = true;
    return branch == 1 && !in->failed;
}

static struct eng_slice take_optional_string(struct input *in)
{
    return take_branch(in) ? take_string(in) : (struct eng_slice){"", 0};
}

static double take_optional_double(struct input *in)
{
    return take_branch(in) ? take_double(in) : 0;
}

static int64_t take_optional_long(struct input *in)
{
    return take_branch(in) ? take_long(in) : 0;
}

/* How many items the next block of an array or a map has; 0: there are no more. */
static int64_t take_block(struct input *in)
{
    int64_t count = take_long(in);
    if (count < 0) { /* it says its size in bytes as well */
        count = count == INT64_MIN ? INT64_MAX : -count;
        (void)take_long(in);
    }
    return in->failed ? 0 : count;
}

static void take_shares(struct input *in, struct eng_told *told)
{
    int64_t count;
    while ((count = take_block(in)) > 0)
        for (; count > 0 && !in->failed; count--) {
            struct eng_told_share share = {.dimension = take_string(in)};
            share.value = take_double(in);
            share.delta = take_double(in);
            if (told->share_count == ENG_DIMENSIONS_MAX)
                in->failed = true;
            else
                told->shares[told->share_count++] = share;
        }
}

/* What facts have to do with it, which nobody here shows. */
static void pass_facts(struct input *in)
{
    (void)take_optional_string(in); /* the one that has changed */
    if (!take_branch(in))
        return;
    int64_t count;
    while ((count = take_block(in)) > 0)
        for (; count > 0 && !in->failed; count--) {
            (void)take_string(in);
            (void)take_string(in);
        }
}

static struct eng_told_nudge take_nudge(struct input *in)
{
    struct eng_told_nudge nudge = {0};
    if (!take_branch(in))
        return nudge;
    nudge.dimension = take_string(in);
    nudge.action = take_string(in);
    nudge.count = take_long(in);
    nudge.gain = take_double(in);
    nudge.to = take_optional_string(in);
    nudge.each = take_optional_double(in);
    return nudge;
}

bool eng_told_score_change(const void *data, size_t length, struct eng_told *ret_told)
{
    const uint8_t *bytes = data;
    struct input in = {bytes, bytes + length, data == NULL};
    *ret_told = (struct eng_told){.kind = ENG_TOLD_SCORE_CHANGE};
    (void)take_string(&in); /* id */
    (void)take_string(&in); /* program */
    ret_told->partner = take_string(&in);
    ret_told->name = ret_told->score = take_string(&in);
    (void)take_long(&in); /* model version */
    ret_told->value = take_double(&in);
    ret_told->previous_value = take_double(&in);
    ret_told->band = take_string(&in);
    ret_told->previous_band = take_string(&in);
    ret_told->up = take_long(&in) == 0;
    (void)take_long(&in); /* cause */
    ret_told->at_ms = take_long(&in);
    ret_told->provisional = take_byte(&in) != 0;
    take_shares(&in, ret_told);
    ret_told->description = take_optional_string(&in);
    pass_facts(&in);
    ret_told->nudge = take_nudge(&in);
    (void)take_optional_string(&in); /* trend */
    return !in.failed && in.at == in.end;
}

/* False: a kind that nobody tells. */
static bool kind_of(struct eng_slice name, enum eng_told_kind *ret_kind)
{
    static const struct {
        const char *name;
        enum eng_told_kind kind;
    } kinds[] = {{"falls_to", ENG_TOLD_FALLS_TO}, {"drop", ENG_TOLD_DROP},
                 {"silence", ENG_TOLD_SILENCE},   {"rises_to", ENG_TOLD_RISES_TO},
                 {"below", ENG_TOLD_BELOW},       {"above", ENG_TOLD_ABOVE},
                 {"deadline", ENG_TOLD_DEADLINE}, {"near", ENG_TOLD_NEAR}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strlen(kinds[i].name) != name.length ||
            memcmp(kinds[i].name, name.data, name.length) != 0)
            continue;
        *ret_kind = kinds[i].kind;
        return true;
    }
    return false;
}

bool eng_told_churn_drop(const void *data, size_t length, struct eng_told *ret_told)
{
    const uint8_t *bytes = data;
    struct input in = {bytes, bytes + length, data == NULL};
    *ret_told = (struct eng_told){.kind = ENG_TOLD_FALLS_TO};
    (void)take_string(&in); /* id */
    (void)take_string(&in); /* program */
    ret_told->partner = take_string(&in);
    ret_told->name = take_string(&in);
    ret_told->resolved = take_long(&in) == 1;
    ret_told->at_ms = take_long(&in);
    ret_told->score = take_optional_string(&in);
    ret_told->value = take_optional_double(&in);
    ret_told->band = take_optional_string(&in);
    ret_told->baseline = take_optional_double(&in);
    ret_told->drop = take_optional_double(&in);
    ret_told->last_action_at_ms = take_optional_long(&in);
    ret_told->silent_for_ms = take_optional_long(&in);
    ret_told->usual_gap_ms = take_optional_long(&in);
    ret_told->risk = take_optional_double(&in);
    if (take_branch(&in))
        take_shares(&in, ret_told);
    bool known = kind_of(take_optional_string(&in), &ret_told->kind);
    ret_told->threshold = take_optional_double(&in);
    ret_told->description = take_optional_string(&in);
    ret_told->anchor_at_ms = take_optional_long(&in);
    ret_told->due_at_ms = take_optional_long(&in);
    ret_told->will_drop_at_ms = take_optional_long(&in);
    ret_told->will_drop_to = take_optional_string(&in);
    pass_facts(&in);
    ret_told->nudge = take_nudge(&in);
    ret_told->near = take_optional_string(&in);
    ret_told->held_out = take_branch(&in) && take_byte(&in) != 0;
    (void)take_optional_string(&in); /* trend */
    return known && !in.failed && in.at == in.end;
}

static void take_figures(struct input *in, struct eng_told_group *told)
{
    int64_t count;
    while ((count = take_block(in)) > 0)
        for (; count > 0 && !in->failed; count--) {
            struct eng_told_figure figure = {.name = take_string(in)};
            figure.value = take_double(in);
            if (told->figure_count == ENG_FIGURES_MAX)
                in->failed = true;
            else
                told->figures[told->figure_count++] = figure;
        }
}

bool eng_told_group_result(const void *data, size_t length, struct eng_told_group *ret_told)
{
    struct input in = {.at = data, .end = (const uint8_t *)data + length};
    *ret_told = (struct eng_told_group){0};
    (void)take_string(&in); /* id */
    (void)take_string(&in); /* program */
    ret_told->group = take_string(&in);
    (void)take_long(&in); /* version of the model */
    ret_told->at_ms = take_long(&in);
    ret_told->everybody = take_optional_string(&in).length == 0;
    (void)take_optional_string(&in); /* segment */
    (void)take_long(&in);            /* partitions */
    ret_told->partners = take_long(&in);
    take_figures(&in, ret_told);
    (void)take_optional_string(&in); /* description */
    return !in.failed && in.at == in.end;
}

static void take_places(struct input *in, struct eng_told_board *told)
{
    int64_t count;
    while ((count = take_block(in)) > 0)
        for (; count > 0 && !in->failed; count--) {
            struct eng_told_place place = {.rank = take_long(in)};
            place.partner = take_string(in);
            place.value = take_double(in);
            place.previous_rank = take_optional_long(in);
            (void)take_optional_double(in);
            if (told->place_count < ENG_TOLD_PLACES)
                told->places[told->place_count++] = place;
        }
}

static void pass_left(struct input *in)
{
    int64_t count;
    while ((count = take_block(in)) > 0)
        for (; count > 0 && !in->failed; count--) {
            (void)take_string(in);
            (void)take_long(in);
            (void)take_double(in);
        }
}

bool eng_told_board(const void *data, size_t length, struct eng_told_board *ret_told)
{
    struct input in = {.at = data, .end = (const uint8_t *)data + length};
    *ret_told = (struct eng_told_board){0};
    (void)take_string(&in); /* id */
    (void)take_string(&in); /* program */
    ret_told->board = take_string(&in);
    (void)take_long(&in); /* version of the model */
    ret_told->at_ms = take_long(&in);
    (void)take_optional_long(&in); /* the one before */
    ret_told->everybody = take_optional_string(&in).length == 0;
    (void)take_optional_string(&in); /* segment */
    (void)take_long(&in);            /* partitions */
    (void)take_long(&in);            /* partners */
    take_places(&in, ret_told);
    pass_left(&in);
    (void)take_optional_string(&in); /* description */
    return !in.failed && in.at == in.end;
}

/* Points with one decimal, rounded half away from zero. */
static void add_points(struct eng_text *text, double points)
{
    int64_t e4 = llround(points * 10000);
    int64_t tenths = (e4 + (e4 < 0 ? -500 : 500)) / 1000;
    eng_text_add(text, "%s%d.%d", tenths < 0 ? "-" : "", (int)(llabs(tenths) / 10),
                 (int)(llabs(tenths) % 10));
}

static void add_slice(struct eng_text *text, struct eng_slice slice)
{
    eng_text_add_bytes(text, slice.data, slice.length);
}

void eng_told_figures(const struct eng_told_group *told, struct eng_text *text)
{
    add_slice(text, told->group);
    for (uint32_t i = 0; i < told->figure_count; i++) {
        eng_text_add(text, i > 0 ? ", " : ": ");
        add_slice(text, told->figures[i].name);
        eng_text_add(text, " %.*f", fabs(told->figures[i].value) < 10 ? 2 : 0,
                     told->figures[i].value);
    }
}

void eng_told_places(const struct eng_told_board *told, struct eng_text *text)
{
    add_slice(text, told->board);
    for (uint32_t i = 0; i < told->place_count; i++) {
        const struct eng_told_place *place = &told->places[i];
        eng_text_add(text, "%s %d ", i > 0 ? "," : ":", (int)place->rank);
        add_slice(text, place->partner);
        eng_text_add(text, " ");
        add_points(text, place->value);
        if (place->previous_rank == 0)
            eng_text_add(text, " (new)");
        else if (place->previous_rank != place->rank)
            eng_text_add(text, " (was %d)", (int)place->previous_rank);
    }
}

static void add_duration(struct eng_text *text, int64_t ms)
{
    bool days = ms >= 2 * DAY_MS;
    int64_t unit_ms = days ? DAY_MS : HOUR_MS;
    int64_t count = (ms + unit_ms / 2) / unit_ms;
    eng_text_add(text, "%d %s%s", (int)count, days ? "day" : "hour", count == 1 ? "" : "s");
}

/* The two dimensions that took, or gave, the most. */
static void add_reasons(struct eng_text *text, const struct eng_told *told, bool up)
{
    const struct eng_told_share *first = NULL, *second = NULL;
    for (uint32_t i = 0; i < told->share_count; i++) {
        const struct eng_told_share *share = &told->shares[i];
        double size = up ? share->delta : -share->delta;
        if (size <= 0)
            continue;
        if (first == NULL || size > fabs(first->delta)) {
            second = first;
            first = share;
        } else if (second == NULL || size > fabs(second->delta)) {
            second = share;
        }
    }
    for (int i = 0; i < 2; i++) {
        const struct eng_told_share *share = i == 0 ? first : second;
        if (share == NULL)
            return;
        eng_text_add(text, i == 0 ? ": " : ", ");
        add_slice(text, share->dimension);
        eng_text_add(text, " %s", share->delta > 0 ? "+" : "");
        add_points(text, share->delta);
    }
}

static void add_score_change(struct eng_text *text, const struct eng_told *told)
{
    add_slice(text, told->score);
    eng_text_add(text, " ");
    add_points(text, told->previous_value);
    eng_text_add(text, " -> ");
    add_points(text, told->value);
    eng_text_add(text, ", ");
    bool same = told->band.length == told->previous_band.length &&
                memcmp(told->band.data, told->previous_band.data, told->band.length) == 0;
    if (!same) {
        add_slice(text, told->previous_band);
        eng_text_add(text, " -> ");
    }
    add_slice(text, told->band);
    add_reasons(text, told, told->value >= told->previous_value);
}

static void add_silence(struct eng_text *text, const struct eng_told *told)
{
    if (told->resolved) {
        eng_text_add(text, "is active again");
        return;
    }
    eng_text_add(text, "silent for ");
    add_duration(text, told->silent_for_ms);
    if (told->usual_gap_ms > 0) {
        eng_text_add(text, ", usual gap ");
        add_duration(text, told->usual_gap_ms);
    }
    eng_text_add(text, "; %d %% likely to stay away", (int)lround(told->risk * 100));
}

static void add_fall(struct eng_text *text, const struct eng_told *told)
{
    add_slice(text, told->score);
    if (told->resolved) {
        eng_text_add(text, " has recovered to ");
        add_points(text, told->value);
        return;
    }
    if (told->kind == ENG_TOLD_FALLS_TO && told->will_drop_at_ms > 0) {
        eng_text_add(text, " is ");
        add_points(text, told->value);
        eng_text_add(text, ", ");
        add_slice(text, told->band);
        return;
    }
    eng_text_add(text, " fell ");
    if (told->kind == ENG_TOLD_DROP) {
        eng_text_add(text, "by ");
        add_points(text, told->drop);
        eng_text_add(text, " ");
    }
    eng_text_add(text, "to ");
    add_points(text, told->value);
    if (told->kind == ENG_TOLD_FALLS_TO) {
        eng_text_add(text, ", ");
        add_slice(text, told->band);
    }
    if (told->kind == ENG_TOLD_BELOW) {
        eng_text_add(text, ", below ");
        add_points(text, told->threshold);
    }
    add_reasons(text, told, false);
}

static void add_rise(struct eng_text *text, const struct eng_told *told)
{
    add_slice(text, told->score);
    eng_text_add(text, told->resolved ? " is back at " : " rose to ");
    add_points(text, told->value);
    if (told->resolved)
        return;
    eng_text_add(text, ", ");
    if (told->kind == ENG_TOLD_RISES_TO) {
        add_slice(text, told->band);
    } else {
        eng_text_add(text, "above ");
        add_points(text, told->threshold);
    }
    add_reasons(text, told, true);
}

static void add_deadline(struct eng_text *text, const struct eng_told *told)
{
    if (told->resolved) {
        eng_text_add(text, "has done what was expected");
    } else if (told->at_ms < told->due_at_ms) {
        eng_text_add(text, "what is expected is due in ");
        add_duration(text, told->due_at_ms - told->at_ms);
    } else {
        eng_text_add(text, "has not done what was expected in time");
    }
}

static void add_near(struct eng_text *text, const struct eng_told *told)
{
    add_slice(text, told->score);
    eng_text_add(text, " is ");
    add_points(text, told->value);
    if (told->resolved)
        return;
    eng_text_add(text, ", almost ");
    add_slice(text, told->near);
}

/* What would raise the score. */
static void add_nudge(struct eng_text *text, const struct eng_told_nudge *nudge)
{
    if (nudge->count == 0)
        return;
    eng_text_add(text, "; %d more ", (int)nudge->count);
    add_slice(text, nudge->action);
    eng_text_add(text, ": +");
    add_points(text, nudge->gain);
    if (nudge->to.length == 0)
        return;
    eng_text_add(text, ", ");
    add_slice(text, nudge->to);
}

/* What nobody has to wait for. */
static void add_forecast(struct eng_text *text, const struct eng_told *told)
{
    if (told->will_drop_at_ms <= told->at_ms)
        return;
    eng_text_add(text, "; will fall to ");
    add_slice(text, told->will_drop_to);
    eng_text_add(text, " in ");
    add_duration(text, told->will_drop_at_ms - told->at_ms);
}

static void add_words(const struct eng_told *told, struct eng_text *text)
{
    switch (told->kind) {
    case ENG_TOLD_SCORE_CHANGE:
        add_score_change(text, told);
        return;
    case ENG_TOLD_SILENCE:
        add_silence(text, told);
        return;
    case ENG_TOLD_FALLS_TO:
    case ENG_TOLD_DROP:
    case ENG_TOLD_BELOW:
        add_fall(text, told);
        return;
    case ENG_TOLD_RISES_TO:
    case ENG_TOLD_ABOVE:
        add_rise(text, told);
        return;
    case ENG_TOLD_DEADLINE:
        add_deadline(text, told);
        return;
    case ENG_TOLD_NEAR:
        add_near(text, told);
        return;
    }
    eng_assert(!"a kind that nobody tells");
}

void eng_told_words(const struct eng_told *told, struct eng_text *text)
{
    add_words(told, text);
    add_forecast(text, told);
    add_nudge(text, &told->nudge);
    if (told->held_out)
        eng_text_add(text, "; held out");
}
