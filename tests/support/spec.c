/* Runs tables of rows through the engine and the reference. See spec.h. */
#include "spec.h"
#include "base/assert.h"
#include "engine/model.h"
#include "naive.h"
#include <criterion/criterion.h>
#include <engaged/engine.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_MS 86400000LL
#define DAY_0_MS 1767225600000LL /* 2026-01-01 00:00 UTC */

enum { WORDS_MAX = 16, LINE_MAX_BYTES = 512, MODELS_MAX = 8 };

/* The engine or the reference, and what it is asked to show. */
struct subject {
    struct eng_model *const *models; /* by version, less 1 */
    uint32_t model_count;
    const struct eng_model *model; /* in force */
    struct eng_engine *engine;     /* NULL: the reference is asked */
    struct naive *naive;
    unsigned show;
    uint64_t offset;
    FILE *out;
};

/* The left side of a row, in words. */
struct row {
    char text[LINE_MAX_BYTES];
    char *words[WORDS_MAX];
    unsigned count;
};

static void split(struct row *row, const char *text, size_t length)
{
    eng_assert(length < sizeof row->text);
    memcpy(row->text, text, length);
    row->text[length] = '\0';
    row->count = 0;
    for (char *word = strtok(row->text, " "); word != NULL; word = strtok(NULL, " ")) {
        eng_assert(row->count < WORDS_MAX);
        row->words[row->count++] = word;
    }
}

static int64_t clock_of(const char *text)
{
    int hours = 0, minutes = 0;
    double seconds = 0;
    int found = sscanf(text, "%d:%d:%lf", &hours, &minutes, &seconds);
    cr_assert(found >= 2, "not a time of day: %s", text);
    return (hours * 60LL + minutes) * 60000 + llround(seconds * 1000);
}

static int64_t date_of(const char *text)
{
    struct tm date;
    memset(&date, 0, sizeof date);
    cr_assert(sscanf(text, "%d-%d-%d", &date.tm_year, &date.tm_mon, &date.tm_mday) == 3,
              "not a date: %s", text);
    date.tm_year -= 1900;
    date.tm_mon -= 1;
    return (int64_t)timegm(&date) * 1000;
}

/* Reads `day D [HH:MM]` or `UTC DATE HH:MM` from the row's start; returns the number of words. */
static unsigned time_of(const struct row *row, int64_t *ret_ms)
{
    cr_assert(row->count >= 2, "a row without a time: %s", row->text);
    if (strcmp(row->words[0], "UTC") == 0) {
        *ret_ms = date_of(row->words[1]) + clock_of(row->words[2]);
        return 3;
    }
    cr_assert(strcmp(row->words[0], "day") == 0, "a row begins with day or UTC: %s", row->text);
    *ret_ms = DAY_0_MS + strtoll(row->words[1], NULL, 10) * DAY_MS;
    if (row->count > 2 && strchr(row->words[2], ':') != NULL) {
        *ret_ms += clock_of(row->words[2]);
        return 3;
    }
    return 2;
}

static void print_time(int64_t time_ms, FILE *out)
{
    int64_t day = (time_ms - DAY_0_MS) / DAY_MS, rest = (time_ms - DAY_0_MS) % DAY_MS;
    if (time_ms < 0) {
        fprintf(out, "never");
        return;
    }
    if (rest < 0) {
        day--;
        rest += DAY_MS;
    }
    fprintf(out, "day %" PRId64, day);
    if (rest != 0)
        fprintf(out, " %02d:%02d", (int)(rest / 3600000), (int)(rest / 60000 % 60));
    if (rest % 60000 != 0)
        fprintf(out, ":%02d.%03d", (int)(rest / 1000 % 60), (int)(rest % 1000));
}

/* 1/10,000 without the zeros behind. */
static void print_number(int64_t e4, FILE *out)
{
    uint64_t size = e4 < 0 ? 0 - (uint64_t)e4 : (uint64_t)e4;
    char decimals[8];
    fprintf(out, "%s%" PRIu64, e4 < 0 ? "-" : "", size / 10000);
    snprintf(decimals, sizeof decimals, "%04d", (int)(size % 10000));
    for (size_t i = 4; i > 0 && decimals[i - 1] == '0'; i--)
        decimals[i - 1] = '\0';
    if (decimals[0] != '\0')
        fprintf(out, ".%s", decimals);
}

static void print_score_change(const struct subject *s, const struct eng_effect *effect)
{
    const struct eng_score *score = &s->model->scores[effect->subject];
    static const char *const causes[] = {"", " (correction)", " (expiry)", " (config)"};
    bool up = effect->band != effect->previous_band ? effect->band > effect->previous_band
                                                    : effect->value_e4 > effect->previous_value_e4;
    fprintf(s->out, "%s ", score->name);
    print_number(effect->previous_value_e4, s->out);
    fprintf(s->out, " -> ");
    print_number(effect->value_e4, s->out);
    if (effect->band == effect->previous_band)
        fprintf(s->out, ", %s", score->bands[effect->band].name);
    else
        fprintf(s->out, ", %s -> %s", score->bands[effect->previous_band].name,
                score->bands[effect->band].name);
    if (effect->direction != (up ? ENG_UP : ENG_DOWN))
        fprintf(s->out, ", in the wrong direction");
    fprintf(s->out, "%s", causes[effect->cause]);
    if ((s->show & SPEC_PROVISIONAL) != 0 && effect->provisional)
        fprintf(s->out, ", provisional");
}

/* `, falls TIME to BAND`, or `, falls not`: of an alert that looks ahead. */
static void print_fall(const struct subject *s, const struct eng_effect *effect)
{
    const struct eng_alert *alert = &s->model->alerts[effect->subject];
    if (alert->forecast == 0 || effect->status != ENG_OPENED)
        return;
    fprintf(s->out, ", falls ");
    if (effect->will_drop_at_ms == 0) {
        fprintf(s->out, "not");
        return;
    }
    print_time(effect->will_drop_at_ms, s->out);
    fprintf(s->out, " to %s", s->model->scores[alert->score].bands[effect->will_drop_to].name);
}

static void print_churn_drop(const struct subject *s, const struct eng_effect *effect)
{
    const struct eng_alert *alert = &s->model->alerts[effect->subject];
    bool opened = effect->status == ENG_OPENED;
    fprintf(s->out, "%s %s", alert->name, opened ? "opened" : "resolved");
    if (alert->kind == ENG_DEADLINE) {
        fprintf(s->out, ", from ");
        print_time(effect->anchor_at_ms, s->out);
        fprintf(s->out, ", due ");
        print_time(effect->due_at_ms, s->out);
    } else if (eng_alert_has_edge(alert)) {
        fprintf(s->out, " at ");
        print_number(effect->value_e4, s->out);
    } else if (alert->kind == ENG_FALLS_TO || alert->kind == ENG_RISES_TO) {
        fprintf(s->out, " at ");
        print_number(effect->value_e4, s->out);
        fprintf(s->out, ", %s", s->model->scores[alert->score].bands[effect->band].name);
    } else if (alert->kind == ENG_DROP) {
        fprintf(s->out, ", ");
        print_number(effect->value_e4, s->out);
        fprintf(s->out, " from ");
        print_number(effect->baseline_e4, s->out);
    } else {
        fprintf(s->out, ", last ");
        print_time(effect->last_action_at_ms, s->out);
        if (opened)
            fprintf(s->out, ", gap %" PRId64 "h, risk %u.%03u", effect->usual_gap_ms / 3600000,
                    effect->risk_e3 / 1000, effect->risk_e3 % 1000);
    }
    print_fall(s, effect);
    if (effect->held_out)
        fprintf(s->out, ", held out");
}

/* `GUARD began, COUNT of USUAL`, or `GUARD ended, COUNT of USUAL, since TIME, held NUMBER`. */
static void print_source_silence(const struct subject *s, const struct eng_effect *effect)
{
    bool began = effect->status == ENG_OPENED;
    fprintf(s->out, "%s %s, ", s->model->guards[effect->subject].name, began ? "began" : "ended");
    print_number(effect->value_e4, s->out);
    if (effect->previous_value_e4 >= 0) {
        fprintf(s->out, " of ");
        print_number(effect->previous_value_e4, s->out);
    }
    if (began)
        return;
    fprintf(s->out, ", since ");
    print_time(effect->last_action_at_ms, s->out);
    fprintf(s->out, ", held ");
    print_number(effect->baseline_e4, s->out);
}

/* `BUDGET [SEGMENT] tells NUMBER, left out NUMBER: PARTNER ALERT VALUE, ...`. */
static void print_digest(const struct subject *s, const struct eng_effect *effect)
{
    const struct eng_budget *budget = &s->model->budgets[effect->subject];
    struct eng_slice rest = eng_effect_entries(effect);
    struct eng_left_out left;
    fprintf(s->out, "%s ", budget->name);
    if (budget->is_split)
        fprintf(s->out, "%u ", effect->segment);
    fprintf(s->out, "tells %" PRId64 ", left out %" PRId64, effect->value_e4, effect->baseline_e4);
    for (bool more = false; eng_left_out_take(&rest, &left); more = true) {
        fprintf(s->out, "%s %.*s %s ", more ? "," : ":", (int)left.partner.length,
                left.partner.data, s->model->alerts[left.alert].name);
        if (left.missing)
            fprintf(s->out, "none");
        else
            print_number(left.value_e4, s->out);
    }
}

static void print_award_booking(const struct subject *s, const struct eng_effect *effect)
{
    static const char *const words[] = {"pays", "pending", "dropped", "reversed"};
    fprintf(s->out, "%s %s ", s->model->awards[effect->subject].name, words[effect->status]);
    print_number(effect->amount_e4, s->out);
    fprintf(s->out, " %s %s, ", effect->status == ENG_BOOKED ? "to" : "in",
            s->model->ledgers[effect->ledger].name);
    if (effect->cut_e4 > 0) {
        fprintf(s->out, "cut by ");
        print_number(effect->cut_e4, s->out);
        fprintf(s->out, ", ");
    }
    fprintf(s->out, "balance ");
    print_number(effect->balance_e4, s->out);
}

static void print_abuse_flag(const struct subject *s, const struct eng_effect *effect)
{
    static const char *const thens[] = {"finds", "finds", "holds", "releases", "discards"};
    static const char *const reasons[] = {"",       ", full",    ", decision", ", time",
                                          ", late", ", program", ", check"};
    struct eng_flagged flagged;
    eng_effect_flagged(effect, &flagged);
    if (effect->subject == ENG_CHECK_GONE)
        fprintf(s->out, "%.*s", (int)flagged.check.length, flagged.check.data);
    else
        fprintf(s->out, "%s", s->model->checks[effect->subject].name);
    fprintf(s->out, " %s %.*s", thens[effect->status], (int)flagged.action.length,
            flagged.action.data);
    if (flagged.id.data != NULL)
        fprintf(s->out, " id=%.*s", (int)flagged.id.length, flagged.id.data);
    if (flagged.text.data != NULL)
        fprintf(s->out, " with \"%.*s\"", (int)flagged.text.length, flagged.text.data);
    if (effect->value_e4 != ENG_VALUE_NONE) {
        fprintf(s->out, " at ");
        print_number(effect->value_e4, s->out);
    }
    if (effect->occurred_at_ms != effect->at_ms) {
        fprintf(s->out, " of ");
        print_time(effect->occurred_at_ms, s->out);
    }
    if (effect->due_at_ms > 0) {
        fprintf(s->out, " until ");
        print_time(effect->due_at_ms, s->out);
    }
    fprintf(s->out, "%s", reasons[effect->reason]);
}

/* The first sums alone: of a count that is all there is. */
static void print_group(const struct subject *s, const struct eng_effect *effect)
{
    const struct eng_group *group = &s->model->groups[effect->subject];
    fprintf(s->out, "%s of %" PRId64 ":", group->name, effect->partners);
    for (unsigned i = 0; i < group->figure_count; i++)
        fprintf(s->out, "%s %s %" PRIu64, i > 0 ? "," : "", group->figures[i].name,
                eng_effect_sums(effect, i)[0].low);
}

static void print_contributions(const struct subject *s, const struct eng_effect *effect)
{
    const struct eng_contribution *parts = eng_effect_contributions(effect);
    fprintf(s->out, " {");
    for (unsigned i = 0; i < effect->contribution_count; i++) {
        fprintf(s->out, "%s%s ", i > 0 ? ", " : "",
                s->model->scores[effect->score].dimensions[i].name);
        print_number(parts[i].value_e4, s->out);
        fprintf(s->out, " %s", parts[i].delta_e4 < 0 ? "" : "+");
        print_number(parts[i].delta_e4, s->out);
    }
    fprintf(s->out, "}");
}

static void print_origin(const struct subject *s, const struct eng_effect *effect)
{
    if (effect->origin_kind == ENG_ORIGIN_OFFSET)
        fprintf(s->out, " #offset %" PRIu64, effect->origin);
    if (effect->origin_kind == ENG_ORIGIN_BOUNDARY) {
        fprintf(s->out, " #boundary ");
        print_time((int64_t)effect->origin, s->out);
    }
    if (effect->origin_kind == ENG_ORIGIN_MODEL)
        fprintf(s->out, " #model %" PRIu64, effect->origin);
}

static int64_t subject_clock(const struct subject *s)
{
    return s->engine != NULL ? eng_engine_clock_ms(s->engine) : naive_clock_ms(s->naive);
}

static void print_effect(const struct subject *s, const struct eng_effect *effect,
                         struct eng_slice partner)
{
    struct eng_slice name =
        effect->kind == ENG_EFFECT_DIGEST ? (struct eng_slice){"", 0} : eng_effect_partner(effect);
    fprintf(s->out, "-> ");
    if (effect->at_ms != subject_clock(s)) {
        print_time(effect->at_ms, s->out);
        fprintf(s->out, " ");
    }
    if (name.length > 0 &&
        (name.length != partner.length || memcmp(name.data, partner.data, name.length) != 0))
        fprintf(s->out, "%.*s ", (int)name.length, name.data);
    if (effect->kind == ENG_EFFECT_SCORE_CHANGE)
        print_score_change(s, effect);
    else if (effect->kind == ENG_EFFECT_GROUP)
        print_group(s, effect);
    else if (effect->kind == ENG_EFFECT_SOURCE_SILENCE)
        print_source_silence(s, effect);
    else if (effect->kind == ENG_EFFECT_DIGEST)
        print_digest(s, effect);
    else if (effect->kind == ENG_EFFECT_AWARD_BOOKING)
        print_award_booking(s, effect);
    else if (effect->kind == ENG_EFFECT_ABUSE_FLAG)
        print_abuse_flag(s, effect);
    else
        print_churn_drop(s, effect);
    if ((s->show & SPEC_CONTRIBUTIONS) != 0 && effect->contribution_count > 0)
        print_contributions(s, effect);
    if ((s->show & SPEC_ORIGIN) != 0)
        print_origin(s, effect);
    fprintf(s->out, "\n");
}

static void print_effects(const struct subject *s, const struct eng_effects *effects,
                          struct eng_slice partner)
{
    const struct eng_effect *effect = NULL;
    while ((effect = eng_effects_next(effects, effect)) != NULL)
        if (effect->kind != ENG_EFFECT_PASSED) /* for whoever merges, with every boundary */
            print_effect(s, effect, partner);
}

static struct eng_slice slice(const char *text)
{
    return (struct eng_slice){text, (uint32_t)strlen(text)};
}

static const char *const attribute_names[] = {"region", "source", "tier"};
enum { ATTRIBUTES = sizeof attribute_names / sizeof attribute_names[0] };
static const struct eng_names names = {.attributes = attribute_names,
                                       .attribute_count = ATTRIBUTES};

/* Applies an event (or a tick: event NULL) and prints what comes of it. */
static void happen(struct subject *s, const struct eng_event *event, int64_t tick_ms)
{
    enum { ROOM = 1 << 20 };
    struct eng_slice partner = event != NULL ? event->partner : (struct eng_slice){"", 0};
    uint8_t outcome = ENG_OUTCOME_COUNTED;
    enum eng_outcome fate = ENG_OUTCOME_COUNTED;
    struct eng_effects effects = {calloc(1, ROOM), ROOM, 0, 0};
    struct eng_batch batch = {event, &outcome, 1, 0, &names};
    enum eng_status status = ENG_OK;
    eng_assert(effects.data != NULL);
    if (s->engine != NULL && event != NULL)
        status = eng_engine_apply(s->engine, &batch, &effects, NULL);
    else if (s->engine != NULL)
        status = eng_engine_tick(s->engine, tick_ms, &effects, NULL);
    else if (event != NULL)
        fate = naive_apply(s->naive, event);
    else
        naive_tick(s->naive, tick_ms);
    cr_assert(status == ENG_OK, "%s", eng_status_name(status));
    if (s->engine != NULL)
        eng_engine_check(s->engine);
    /* Effects of the boundaries come before the event's fate, which comes before its effects; a
     * fate other than `counted` has no effects of its own, but for what checks have found. */
    print_effects(s, s->engine != NULL ? &effects : naive_effects(s->naive), partner);
    if (s->engine != NULL)
        fate = (enum eng_outcome)outcome;
    if (fate != ENG_OUTCOME_COUNTED)
        fprintf(s->out, "-> %s\n", eng_outcome_name(fate));
    if (s->naive != NULL)
        naive_forget_effects(s->naive);
    free(effects.data);
}

/* `region=north`; false when it is none. */
static bool take_attribute(const char *text, struct eng_slice *attributes)
{
    for (int i = 0; i < ATTRIBUTES; i++) {
        size_t length = strlen(attribute_names[i]);
        if (strncmp(text, attribute_names[i], length) != 0 || text[length] != '=')
            continue;
        attributes[i] = slice(text + length + 1);
        return true;
    }
    return false;
}

static void run_event(struct subject *s, const struct row *row, unsigned word, int64_t time_ms)
{
    struct eng_slice attributes[ATTRIBUTES] = {{NULL, 0}};
    struct eng_event event = {.time_ms = time_ms,
                              .value_e4 = ENG_VALUE_NONE,
                              .offset = s->offset++,
                              .attributes = attributes};
    cr_assert(row->count >= word + 2, "an event has a partner and an action: %s", row->text);
    event.partner = slice(row->words[word]);
    event.action = slice(row->words[word + 1]);
    for (unsigned i = word + 2; i < row->count; i++) {
        const char *text = row->words[i];
        if (strncmp(text, "value=", 6) == 0)
            event.value_e4 = llround(strtod(text + 6, NULL) * 10000);
        else if (strncmp(text, "id=", 3) == 0)
            event.id = slice(text + 3);
        else if (strncmp(text, "member=", 7) == 0)
            event.member = slice(text + 7);
        else if (strcmp(text, "future") == 0)
            event.verdict = ENG_VERDICT_FUTURE;
        else if (!take_attribute(text, attributes))
            cr_assert_fail("not understood: %s", text);
    }
    happen(s, &event, 0);
}

/* Another model comes into force. */
static void become(struct subject *s, uint32_t version, bool silent)
{
    enum { ROOM = 1 << 20 };
    struct eng_slice nobody = {"", 0};
    struct eng_effects effects = {calloc(1, ROOM), ROOM, 0, 0};
    eng_assert(effects.data != NULL);
    cr_assert(version > 1 && version <= s->model_count, "there is no version %u", version);
    s->model = s->models[version - 1];
    if (s->engine != NULL) {
        cr_assert(eng_engine_activate(s->engine, s->model, silent, &effects, NULL) == ENG_OK);
        eng_engine_check(s->engine);
    } else {
        naive_activate(s->naive, s->model, silent);
    }
    print_effects(s, s->engine != NULL ? &effects : naive_effects(s->naive), nobody);
    if (s->naive != NULL)
        naive_forget_effects(s->naive);
    free(effects.data);
}

static void erase(struct subject *s, const char *partner)
{
    enum eng_status status = s->engine != NULL
                                 ? eng_engine_erase(s->engine, slice(partner), 0, NULL)
                                 : naive_erase(s->naive, slice(partner));
    if (status != ENG_OK)
        fprintf(s->out, "-> unknown\n");
    if (s->engine != NULL)
        eng_engine_check(s->engine);
}

static void show_counters(const struct subject *s)
{
    const struct eng_counters *counters =
        s->engine != NULL ? eng_engine_counters(s->engine) : naive_counters(s->naive);
    fprintf(s->out, "-> read %" PRIu64, counters->read);
    for (unsigned i = 0; i < ENG_OUTCOME_COUNT; i++)
        if (counters->outcome[i] > 0)
            fprintf(s->out, ", %s %" PRIu64, eng_outcome_name((enum eng_outcome)i),
                    counters->outcome[i]);
    fprintf(s->out, "\n");
}

static void show_view(const struct subject *s, const char *partner)
{
    static struct eng_view view;
    enum eng_status status = s->engine != NULL ? eng_engine_view(s->engine, slice(partner), &view)
                                               : naive_view(s->naive, slice(partner), &view);
    if (status != ENG_OK) {
        fprintf(s->out, "-> unknown\n");
        return;
    }
    for (unsigned i = 0; i < view.score_count; i++) {
        const struct eng_score *score = &s->model->scores[i];
        fprintf(s->out, "-> %s ", score->name);
        print_number(view.scores[i].value_e4, s->out);
        fprintf(s->out, ", %s%s\n", score->bands[view.scores[i].band].name,
                view.scores[i].provisional ? ", provisional" : "");
    }
}

static void run_row(struct subject *s, struct row *row)
{
    int64_t time_ms = 0;
    if (strcmp(row->words[0], "bad") == 0) {
        struct eng_event event = {.offset = s->offset++, .verdict = ENG_VERDICT_BAD};
        happen(s, &event, 0);
    } else if (strcmp(row->words[0], "counters") == 0) {
        show_counters(s);
    } else if (strcmp(row->words[0], "clock") == 0 || strcmp(row->words[0], "next") == 0) {
        bool clock = row->words[0][0] == 'c';
        int64_t next = s->engine != NULL ? eng_engine_next_boundary_ms(s->engine)
                                         : naive_next_boundary_ms(s->naive);
        fprintf(s->out, "-> ");
        print_time(clock ? subject_clock(s) : next, s->out);
        fprintf(s->out, "\n");
    } else if (strcmp(row->words[0], "becomes") == 0) {
        become(s, (uint32_t)strtoul(row->words[1], NULL, 10), row->count > 2);
    } else if (strcmp(row->words[0], "erase") == 0) {
        erase(s, row->words[1]);
    } else if (strcmp(row->words[0], "view") == 0) {
        show_view(s, row->words[1]);
    } else {
        unsigned word = time_of(row, &time_ms);
        if (row->count == word + 1 && strcmp(row->words[word], "tick") == 0)
            happen(s, NULL, time_ms);
        else
            run_event(s, row, word, time_ms);
    }
}

/* Copies a piece of a line with single blanks between words and none around. */
static void print_plain(const char *text, size_t length, FILE *out)
{
    bool gap = false, any = false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == ' ') {
            gap = any;
            continue;
        }
        if (gap)
            fputc(' ', out);
        fputc(text[i], out);
        gap = false;
        any = true;
    }
}

/* Walks the rows. Writes the left sides and the wanted right sides to `want`, the left sides and
 * what is told to the subject's out. */
static void run_rows(struct subject *s, const char *rows, FILE *want)
{
    for (const char *line = rows; *line != '\0';) {
        const char *end = strchr(line, '\n');
        eng_assert(end != NULL);
        const char *arrow = strstr(line, "->");
        if (arrow == NULL || arrow > end)
            arrow = end;
        struct row row;
        split(&row, line, (size_t)(arrow - line));
        if (row.count > 0) {
            print_plain(line, (size_t)(arrow - line), want);
            print_plain(line, (size_t)(arrow - line), s->out);
            fputc('\n', want);
            fputc('\n', s->out);
            run_row(s, &row);
        }
        if (arrow < end) {
            print_plain(arrow, (size_t)(end - arrow), want);
            fputc('\n', want);
        }
        line = end + 1;
    }
}

static void run_subject(struct subject *s, const char *guarantee, const char *rows)
{
    char *want = NULL, *got = NULL;
    size_t want_bytes = 0, got_bytes = 0;
    FILE *wanted = open_memstream(&want, &want_bytes);
    s->out = open_memstream(&got, &got_bytes);
    eng_assert(wanted != NULL && s->out != NULL);
    run_rows(s, rows, wanted);
    fclose(wanted);
    fclose(s->out);
    cr_expect(strcmp(want, got) == 0, "%s, %s\n--- wanted\n%s--- told\n%s", guarantee,
              s->engine != NULL ? "the engine" : "the reference", want, got);
    free(want);
    free(got);
}

void spec_changes(const char *guarantee, unsigned show, const char *const *models, const char *rows)
{
    struct eng_model *loaded[MODELS_MAX] = {NULL};
    struct eng_error err = {ENG_OK, ""};
    char text[8192];
    uint32_t count = 0;
    for (; models[count] != NULL; count++) {
        int length =
            snprintf(text, sizeof text, "program: spec\nversion: %u\n%s", count + 1, models[count]);
        eng_assert(count < MODELS_MAX && length > 0 && (size_t)length < sizeof text);
        enum eng_status status =
            eng_model_load_text(text, (size_t)length, "spec.yaml", &loaded[count], &err);
        cr_assert(status == ENG_OK, "%s", err.text);
    }
    struct subject reference = {.models = loaded, .model_count = count, .model = loaded[0]};
    reference.show = show;
    reference.naive = naive_new(loaded[0]);
    naive_call(reference.naive, &names);
    run_subject(&reference, guarantee, rows);
    naive_free(reference.naive);
    struct subject engine = {.models = loaded, .model_count = count, .model = loaded[0]};
    engine.show = show;
    cr_assert(eng_engine_new(loaded[0], NULL, &engine.engine, &err) == ENG_OK, "%s", err.text);
    run_subject(&engine, guarantee, rows);
    eng_engine_free(engine.engine);
    for (uint32_t i = 0; i < count; i++)
        eng_model_free(loaded[i]);
}

void spec_shows(const char *guarantee, unsigned show, const char *model, const char *rows)
{
    const char *const models[] = {model, NULL};
    spec_changes(guarantee, show, models, rows);
}

void spec_holds(const char *guarantee, const char *model, const char *rows)
{
    spec_shows(guarantee, 0, model, rows);
}
