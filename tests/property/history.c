/* Makes, cuts and prints histories. See history.h. */
#include "history.h"
#include "base/assert.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000LL
#define HOUR_MS (60 * MINUTE_MS)

/* Where histories begin: at the epoch, an ordinary January, before clock changes in either
 * direction (also Lord Howe's of half an hour), before the day that Apia left out, at the end of a
 * leap February, and after the last change that zone files spell out. */
static const int64_t beginnings_ms[] = {
    0,
    86400000,
    1767225600000, /* 2026-01-01 */
    1767225600000,
    1774656000000, /* 2026-03-28 */
    1792800000000, /* 2026-10-24 */
    1775260800000, /* 2026-04-04 */
    1325116800000, /* 2011-12-29 */
    1709078400000, /* 2024-02-28 */
    1519862400000, /* 2018-03-01 */
    4102444800000, /* 2100-01-01 */
};

static const char *const partners[] = {"acme", "zenith", "p", "q", "b\xc3\xa4r", "northwind-03"};

static const char *const actions[] = {
    "platform.login",     "platform.login",
    "invoice.upload",     "training.start",
    "training.complete",  "training.quiz.pass",
    "training.quiz.fail", "training.",
    "trainings",          "x",
    "deal.close",         "social.connect",
    "social.disconnect",  "widget.install",
    "widget.off.now",     "unheard.of",
};

static const char *const attribute_names[HISTORY_ATTRIBUTES] = {"source", "region", "odd",
                                                                "reverses"};
/* Programs have them in the order in which they name them, and at these paths. */
static const char *const number_names[HISTORY_NUMBERS] = {"stock", "points", "quantity"};
static const char *const number_begins[HISTORY_NUMBERS] = {
    "\"stock\":", "\"points\":", "\"q\":{\"n\":"};
static const char *const number_ends[HISTORY_NUMBERS] = {"", "", "}"};
const struct eng_names history_names = {attribute_names, HISTORY_ATTRIBUTES, HISTORY_NUMBERS,
                                        number_names};

/* Texts that programs ask for, and some that none does. */
static const char *const attribute_texts[HISTORY_ATTRIBUTES - 1][8] = {
    {"web", "portal", "portal", "desk", "web", "portal", "app", "desk"},
    {"north", "south", "east", "northern", "north", "south", "east", "west"},
    {"1", "true", "", "x", "2.50", "-3.00005", "1e2", "-+1"},
};

/* What a history is like: some are orderly, some are not. */
struct manner {
    const char *program;
    int64_t pane_ms;
    unsigned partners, members, actions_from, actions_count;
    unsigned tie, edge, jump, leap, back, far_back, repeat, odd, tick;
    bool direct; /* steps of whole panes, values of whole numbers */
};

static struct eng_slice text(const char *data)
{
    return (struct eng_slice){data, (uint32_t)strlen(data)};
}

static int64_t forward(struct chance *chance, const struct manner *m, int64_t now)
{
    if (chance_percent(chance, m->tie))
        return now;
    if (m->direct)
        return now + (chance_percent(chance, 75) ? 1 : chance_between(chance, 1, 6)) * m->pane_ms +
               (chance_percent(chance, m->leap) ? chance_between(chance, 1, 20) * m->pane_ms : 0) +
               (chance_percent(chance, 20) ? chance_between(chance, 0, m->pane_ms) : 0);
    if (chance_percent(chance, m->edge)) {
        /* A pane's edge in UTC, or just before: often an edge of the zone's too. */
        int64_t unit = chance_percent(chance, 70) ? m->pane_ms : 30 * MINUTE_MS;
        int64_t edge = (now / unit + chance_between(chance, 1, 2)) * unit;
        return edge - chance_between(chance, 0, 1);
    }
    if (chance_percent(chance, m->jump))
        return now + chance_between(chance, 1, 5 * m->pane_ms);
    if (chance_percent(chance, m->leap) && chance_percent(chance, 4))
        return now + chance_between(chance, 200 * m->pane_ms, 3000 * m->pane_ms);
    if (chance_percent(chance, m->leap))
        return now + chance_between(chance, 5 * m->pane_ms, 60 * m->pane_ms);
    return now + chance_between(chance, 1, m->pane_ms);
}

static int64_t backward(struct chance *chance, const struct manner *m, int64_t now)
{
    int64_t back = 0;
    if (chance_percent(chance, m->back))
        back = chance_between(chance, 1, 4 * m->pane_ms);
    else if (chance_percent(chance, m->far_back))
        back = chance_between(chance, 1, 40 * m->pane_ms);
    return now > back ? now - back : 0;
}

static int64_t amount_e4(struct chance *chance)
{
    switch (chance_between(chance, 0, 9)) {
    case 0:
    case 1:
        return ENG_VALUE_NONE;
    case 2:
        return -chance_between(chance, 1, 60000);
    case 3:
        return chance_between(chance, -1, 1);
    case 4:
        return chance_percent(chance, 5) ? 1000000000000000 : 0;
    case 5:
        return chance_between(chance, 1, 200000);
    default:
        return chance_between(chance, 1, 9) * 10000;
    }
}

/* Ids from a pool of about as many as there are events, so that some repeat; empty ones too. */
static void name_event(struct chance *chance, const struct manner *m, uint32_t index,
                       struct step *step)
{
    if (chance_percent(chance, 80)) {
        uint64_t id = chance_percent(chance, m->repeat) ? chance_next(chance) % 6 : index + 100;
        snprintf(step->id, sizeof step->id, "e%" PRIu64, id);
        step->id[0] = chance_percent(chance, 2) ? '\0' : 'e';
        step->event.id = text(step->id);
    }
    if (chance_percent(chance, 70)) {
        snprintf(step->member, sizeof step->member, "m%" PRIu64, chance_next(chance) % m->members);
        step->event.member = text(step->member);
    }
}

/* Does the program name the action, or a family of it? */
static bool is_named(const char *program, const char *action)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "%s\"", action);
    if (strstr(program, quoted) != NULL)
        return true;
    if (strncmp(action, "social.", 7) == 0)
        return strstr(program, "social.") != NULL;
    for (const char *dot = strchr(action, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        snprintf(quoted, sizeof quoted, "\"%.*s*\"", (int)(dot + 1 - action), action);
        if (strstr(program, quoted) != NULL)
            return true;
    }
    return false;
}

static const char *draw_action(struct chance *chance, const struct manner *m)
{
    enum { TRIES = 40, ACTIONS = sizeof actions / sizeof actions[0] };
    const char *action = NULL;
    if (strstr(m->program, "reverses:") != NULL && chance_percent(chance, 15))
        return "unheard.of"; /* undoes, in these programs */
    for (int i = 0; i < TRIES; i++) {
        uint64_t place = m->actions_from + chance_next(chance) % m->actions_count;
        action = actions[place % ACTIONS];
        if (is_named(m->program, action) || chance_percent(chance, m->direct ? 1 : 10))
            break;
    }
    return action;
}

/* The id of an event before, most often one of the same partner and not long ago. */
static struct eng_slice earlier_id(struct chance *chance, uint32_t index, const struct step *step)
{
    enum { IDS = 2048 };
    static char ids[IDS][8]; /* steps move */
    uint32_t reach = (uint32_t)chance_between(chance, 1, 24), found = 0;
    for (uint32_t back = 1; back <= reach && back <= index; back++) {
        const struct eng_event *event = &step[-(int64_t)back].event;
        if (event->id.data != NULL &&
            (event->partner.data == step->event.partner.data || chance_percent(chance, 3)))
            found = (uint32_t)strtoul(event->id.data + 1, NULL, 10) % IDS;
    }
    snprintf(ids[found], sizeof ids[found], "e%u", found);
    return text(ids[found]);
}

static void attach(struct chance *chance, const struct manner *m, uint32_t index, struct step *step)
{
    bool asked = strstr(m->program, "where:") != NULL || strstr(m->program, "from:") != NULL ||
                 strstr(m->program, "reference:") != NULL ||
                 strstr(m->program, "reverses:") != NULL;
    if (!asked || chance_percent(chance, 5))
        return; /* none at all */
    for (int i = 0; i < HISTORY_ATTRIBUTES - 1; i++)
        step->attributes[i] = chance_percent(chance, 15)
                                  ? (struct eng_slice){NULL, 0}
                                  : text(CHANCE_ONE_OF(chance, attribute_texts[i]));
    if (strstr(m->program, "reverses:") != NULL && chance_percent(chance, 90))
        step->attributes[HISTORY_ATTRIBUTES - 1] = earlier_id(chance, index, step);
    step->event.attributes = step->attributes;
}

/* By a chance of its own: the rest of the history is drawn as it would be without numbers. */
static void number(const struct chance *chance, const struct manner *m, struct step *step)
{
    struct chance own = *chance;
    own.state = own.state * 0x2545F4914F6CDD1Du + 7;
    if (chance_percent(&own, 5))
        return; /* none at all */
    for (int i = 0; i < HISTORY_NUMBERS; i++)
        step->numbers[i] = m->direct && chance_percent(&own, 80)
                               ? chance_between(&own, -4, 9) * 10000
                               : amount_e4(&own);
    step->event.numbers = step->numbers;
}

static void make_event(struct chance *chance, const struct manner *m, uint32_t index,
                       struct step *step)
{
    struct eng_event *event = &step->event;
    event->value_e4 = m->direct ? chance_between(chance, -4, 9) * 10000 : amount_e4(chance);
    event->offset = index;
    event->partner = text(partners[chance_next(chance) % m->partners]);
    event->action = text(draw_action(chance, m));
    name_event(chance, m, index, step);
    attach(chance, m, index, step);
    number(chance, m, step);
    if (chance_percent(chance, m->odd))
        event->verdict = chance_percent(chance, 50) ? ENG_VERDICT_BAD : ENG_VERDICT_FUTURE;
}

static struct manner make_manner(struct chance *chance, const struct program_traits *traits)
{
    static const unsigned shares[] = {0, 5, 20, 50};
    struct manner m = {.program = traits->text, .pane_ms = traits->pane_ms};
    m.partners = chance_percent(chance, 30) ? 1 : (unsigned)chance_between(chance, 1, 6);
    m.members = chance_percent(chance, 20) ? 300 : 4;
    m.actions_from = (unsigned)chance_between(chance, 0, 15);
    m.actions_count = (unsigned)chance_between(chance, 4, 16);
    m.tie = CHANCE_ONE_OF(chance, shares) / 2;
    m.edge = CHANCE_ONE_OF(chance, shares) / 2;
    m.jump = CHANCE_ONE_OF(chance, shares);
    m.leap = (unsigned)chance_between(chance, 0, 8);
    m.back = CHANCE_ONE_OF(chance, shares);
    m.far_back = CHANCE_ONE_OF(chance, shares) / 2;
    m.repeat = CHANCE_ONE_OF(chance, shares);
    m.odd = chance_percent(chance, 20) ? 10 : 0;
    m.tick = chance_percent(chance, 40) ? 10 : 0;
    return m;
}

/* For small programs: one or two partners, a step or a burst a pane, few that are out of order. */
static void make_direct(struct chance *chance, struct manner *m)
{
    static const unsigned shares[] = {0, 0, 3, 20};
    m->direct = true;
    m->partners = chance_percent(chance, 70) ? 1 : 2;
    m->tie = chance_percent(chance, 10) ? 98 : (unsigned)chance_between(chance, 0, 9) * 10;
    m->leap = CHANCE_ONE_OF(chance, shares);
    m->back = CHANCE_ONE_OF(chance, shares);
    m->far_back = CHANCE_ONE_OF(chance, shares) / 2;
    m->repeat = CHANCE_ONE_OF(chance, shares) / 2;
    m->tick = CHANCE_ONE_OF(chance, shares);
    m->odd = 0;
    m->actions_from = 0;
    m->actions_count = 16;
}

struct history history_make(struct chance *chance, const struct program_traits *traits,
                            uint32_t steps_max)
{
    struct manner m = make_manner(chance, traits);
    if (traits->directed)
        make_direct(chance, &m);
    struct history history = {NULL, (uint32_t)chance_between(chance, 3, steps_max)};
    int64_t now = CHANCE_ONE_OF(chance, beginnings_ms) + chance_between(chance, 0, 86400000);
    if (chance_percent(chance, 20))
        now = now / HOUR_MS * HOUR_MS;
    history.steps = calloc(history.count, sizeof *history.steps);
    eng_assert(history.steps != NULL);
    for (uint32_t i = 0; i < history.count; i++) {
        struct step *step = &history.steps[i];
        now = forward(chance, &m, now);
        step->tick = chance_percent(chance, m.tick) || i + 1 == history.count;
        step->event.time_ms = step->tick ? now : backward(chance, &m, now);
        if (i + 1 == history.count)
            step->event.time_ms = now + chance_between(chance, 0, 45) * m.pane_ms;
        if (!step->tick)
            make_event(chance, &m, i, step);
        step->erase = traits->erases && !step->tick && chance_percent(chance, 6);
        if (step->erase)
            step->event.verdict = ENG_VERDICT_GOOD;
    }
    for (unsigned i = 1; i <= traits->variants; i++) {
        uint32_t at = (uint32_t)chance_between(chance, 0, history.count - 2);
        history.steps[at] = (struct step){
            .model = 1, .silent = chance_percent(chance, 20), .event = {.time_ms = now}};
    }
    uint32_t model = 0; /* one after the other */
    for (uint32_t i = 0; i < history.count; i++)
        if (history.steps[i].model > 0)
            history.steps[i].model = ++model;
    return history;
}

/* Ids and members lie in the step itself, so a moved step has to be pointed at itself again. */
static void settle(struct step *step)
{
    if (step->event.id.data != NULL)
        step->event.id.data = step->id;
    if (step->event.member.data != NULL)
        step->event.member.data = step->member;
    if (step->event.attributes != NULL)
        step->event.attributes = step->attributes;
    if (step->event.numbers != NULL)
        step->event.numbers = step->numbers;
}

struct history history_copy(const struct history *history)
{
    struct history copy = {calloc(history->count + 1u, sizeof *copy.steps), history->count};
    eng_assert(copy.steps != NULL);
    for (uint32_t i = 0; i < copy.count; i++) {
        copy.steps[i] = history->steps[i];
        settle(&copy.steps[i]);
    }
    return copy;
}

void history_free(struct history *history)
{
    free(history->steps);
    history->steps = NULL;
    history->count = 0;
}

void history_cut(struct history *history, uint32_t from, uint32_t count)
{
    eng_assert(from <= history->count && count <= history->count - from);
    for (uint32_t i = from; i + count < history->count; i++) {
        history->steps[i] = history->steps[i + count];
        settle(&history->steps[i]);
    }
    history->count -= count;
}

static void print_value(int64_t value_e4, FILE *out)
{
    uint64_t size = value_e4 < 0 ? 0 - (uint64_t)value_e4 : (uint64_t)value_e4;
    fprintf(out, "%s%" PRIu64 ".%04" PRIu64, value_e4 < 0 ? "-" : "", size / 10000, size % 10000);
}

static void write_attributes(const struct eng_event *event, FILE *out)
{
    const char *before = "";
    fprintf(out, ",\"attributes\":{");
    for (int i = 0; i < HISTORY_ATTRIBUTES; i++) {
        if (event->attributes[i].data == NULL)
            continue;
        fprintf(out, "%s\"%s\":\"%s\"", before, attribute_names[i], event->attributes[i].data);
        before = ",";
    }
    fprintf(out, "}");
}

void history_write_jsonl(const struct history *history, FILE *out)
{
    for (uint32_t i = 0; i < history->count; i++) {
        const struct eng_event *event = &history->steps[i].event;
        if (!step_is_event(&history->steps[i]) || event->verdict == ENG_VERDICT_FUTURE)
            continue;
        if (event->verdict == ENG_VERDICT_BAD) {
            fprintf(out, "bad\n");
            continue;
        }
        fprintf(out, "{\"partner_id\":\"%.*s\",\"action\":\"%.*s\",\"occurred_at\":%" PRId64,
                (int)event->partner.length, event->partner.data, (int)event->action.length,
                event->action.data, event->time_ms);
        if (event->id.data != NULL)
            fprintf(out, ",\"event_id\":\"%s\"", event->id.data);
        if (event->member.data != NULL)
            fprintf(out, ",\"member_id\":\"%s\"", event->member.data);
        if (event->value_e4 != ENG_VALUE_NONE) {
            fprintf(out, ",\"value\":");
            print_value(event->value_e4, out);
        }
        for (int j = 0; event->numbers != NULL && j < HISTORY_NUMBERS; j++)
            if (event->numbers[j] != ENG_VALUE_NONE) {
                fprintf(out, ",%s", number_begins[j]);
                print_value(event->numbers[j], out);
                fprintf(out, "%s", number_ends[j]);
            }
        if (event->attributes != NULL)
            write_attributes(event, out);
        fprintf(out, "}\n");
    }
}

void step_print(const struct step *step, FILE *out)
{
    const struct eng_event *event = &step->event;
    if (step->tick) {
        fprintf(out, "%" PRId64 "  tick\n", event->time_ms);
        return;
    }
    if (step->model > 0) {
        fprintf(out, "activation of program %u%s\n", step->model, step->silent ? ", silent" : "");
        return;
    }
    if (step->erase) {
        fprintf(out, "erase %.*s\n", (int)event->partner.length, event->partner.data);
        return;
    }
    if (event->verdict != ENG_VERDICT_GOOD) {
        fprintf(out, "offset %" PRIu64 "  %s\n", event->offset,
                event->verdict == ENG_VERDICT_BAD ? "bad" : "future");
        return;
    }
    fprintf(out, "%" PRId64 "  %.*s  %.*s", event->time_ms, (int)event->partner.length,
            event->partner.data, (int)event->action.length, event->action.data);
    if (event->id.data != NULL)
        fprintf(out, "  id %s", event->id.data);
    if (event->member.data != NULL)
        fprintf(out, "  member %s", event->member.data);
    if (event->value_e4 != ENG_VALUE_NONE) {
        fprintf(out, "  value ");
        print_value(event->value_e4, out);
    }
    for (int i = 0; event->numbers != NULL && i < HISTORY_NUMBERS; i++)
        if (event->numbers[i] != ENG_VALUE_NONE) {
            fprintf(out, "  %s ", number_names[i]);
            print_value(event->numbers[i], out);
        }
    for (int i = 0; event->attributes != NULL && i < HISTORY_ATTRIBUTES; i++)
        if (event->attributes[i].data != NULL)
            fprintf(out, "  %s=%s", attribute_names[i], event->attributes[i].data);
    fprintf(out, "  offset %" PRIu64 "\n", event->offset);
}
