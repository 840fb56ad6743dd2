/* Programs and records. See input.h. */
#include "input.h"

#include "../property/program.h"
#include "base/assert.h"
#include "model/differ.h"
#include "sim.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MS INT64_C(1000)

#define WEEK_MS INT64_C(604800000)

enum { PROGRAM_TRIES = 50, DIRECTED = 75, OLD = 3 };

static const char *const actions[] = {
    "platform.login", "invoice.upload", "training.start",    "training.complete",  "x",
    "deal.close",     "social.connect", "social.disconnect", "training.quiz.pass", "widget.install",
    "widget.off.now",
};

static const char *const attribute_names[INPUT_ATTRIBUTES] = {"source", "region", "odd",
                                                              "reverses"};
static const char *const number_names[INPUT_NUMBERS] = {"quantity", "points"};
const struct eng_names input_names = {attribute_names, INPUT_ATTRIBUTES, INPUT_NUMBERS,
                                      number_names};

/* Texts that programs ask for, and some that none does. */
static const char *const attribute_texts[INPUT_ATTRIBUTES - 1][5] = {
    {"web", "portal", "portal", "desk", "app"},
    {"north", "south", "east", "north", "west"},
    {"1", "true", "x", "2.50", "-3.00005"},
};

/* ---- Programs. ---- */

/* The program with what the daemon needs beside it. */
static char *complete(struct sim *sim, const char *program, const char *on_change)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    const char *time = strstr(program, "time:\n");
    eng_assert(out != NULL && time != NULL);
    time += strlen("time:\n");
    fprintf(out, "input: {topic: in, format: json, fields: {numbers: {quantity: quantity, points: "
                 "points, stock: stock}}}\n");
    fprintf(
        out,
        "output: {score_changes: changes, churn_drops: drops, cell_changes: cells, reports: cards, "
        "groups: figures, group_sums: sums, dead_letters: dead, erasures: erased, state: state}\n");
    fprintf(out,
            "run: {commit_interval: %" PRId64 "ms, stop_deadline: 8s, on_change: %s, "
            "standbys: %u}\n",
            sim_between(sim, 10, sim_percent(sim, 50) ? 40 : 300), on_change, sim->manner.standbys);
    if (sim_percent(sim, 90)) /* else pages are written at the end only */
        fprintf(out, "recovery: {records: %" PRId64 ", seconds: %" PRId64 "}\n",
                sim_between(sim, 1, sim_percent(sim, 50) ? 8 : 60), sim_between(sim, 1, 30));
    const char *input = strstr(program, "input:"), *rest = program;
    if (input != NULL) { /* that of the program is of other records */
        rest = strchr(input, '\n') + 1;
        fprintf(out, "%.*s", (int)(input - program), program);
    }
    fprintf(out, "%.*s", (int)(time - rest), rest);
    fprintf(out, "  idle_after: %" PRId64 "ms\n", sim_between(sim, 300, 3000));
    if (strstr(program, "future_skew") == NULL)
        fprintf(out, "  future_skew: %" PRId64 "m\n",
                sim->input.pane_ms / 60000 * sim_between(sim, 1, 3) / 4);
    fputs(time, out);
    fclose(out);
    return text;
}

/* The actions that the program names, or a family of; all when it names none. And does it ask for
 * attributes? */
static void note_actions(struct input *input)
{
    static const char *const keys[] = {"where:", "from:", "reference:", "reverses:"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        input->attributed |= strstr(input->text, keys[i]) != NULL;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        char family[32];
        snprintf(family, sizeof family, "%.*s.*", (int)strcspn(actions[i], "."), actions[i]);
        if (strstr(input->text, actions[i]) != NULL || strstr(input->text, family) != NULL)
            input->actions[input->action_count++] = actions[i];
    }
    if (input->action_count == 0)
        input->actions[input->action_count++] = actions[0];
}

/* Another version that can follow on the ones there are; false: this one cannot. */
static bool add_change(struct sim *sim, char **program, const struct program_traits *traits)
{
    struct input *input = &sim->input;
    const struct eng_config *before = input_release(input, input->changes);
    char *next = program_vary(&sim->chance, *program, traits, eng_model_version(before->model) + 1);
    char *text = complete(sim, next, sim_percent(sim, 30) ? "silent" : "tell");
    struct eng_config *config = NULL;
    bool fits = eng_config_load_text(text, strlen(text), "sim.yaml", &config, NULL) == ENG_OK &&
                eng_config_takes_up(before, config, NULL) == ENG_OK;
    if (fits) {
        input->changed[input->changes++] = config;
        size_t used = strlen(input->text), more = strlen(text) + 1;
        input->text = realloc(input->text, used + more);
        eng_assert(input->text != NULL);
        memcpy(input->text + used, text, more);
    } else {
        eng_config_free(config);
    }
    free(text);
    free(fits ? *program : next);
    *program = fits ? next : *program;
    return fits;
}

/* Later versions, and when they are released, by a chance of their own: the rest of the history is
 * what it would be without them. */
static void draw_changes(struct sim *sim, char **program, const struct program_traits *traits)
{
    struct input *input = &sim->input;
    struct chance chance = sim->chance;
    sim->chance.state = chance.state * 0x2545F4914F6CDD1Du + 1;
    int64_t wanted = sim_percent(sim, 40) ? sim_between(sim, 1, INPUT_CHANGES) : 0, at_us = 0;
    for (int i = 0; i < PROGRAM_TRIES && (int64_t)input->changes < wanted; i++)
        (void)add_change(sim, program, traits); /* one that is refused is not used */
    for (uint32_t i = 0; i < input->changes; i++) {
        at_us += sim_between(sim, 0, sim->manner.calm_us / input->changes);
        input->released_us[i] = at_us;
    }
    sim->chance = chance;
}

bool input_init(struct sim *sim)
{
    struct input *input = &sim->input;
    for (int i = 0; i < PROGRAM_TRIES && input->config == NULL; i++) {
        struct program_traits traits;
        char *program = program_write(&sim->chance, DIRECTED, &traits);
        input->pane_ms = traits.pane_ms;
        free(input->text);
        input->text = complete(sim, program, "tell");
        (void)eng_config_load_text(input->text, strlen(input->text), "sim.yaml", &input->config,
                                   NULL); /* one that is refused is not used */
        if (input->config != NULL)
            draw_changes(sim, &program, &traits);
        free(program);
    }
    if (input->config == NULL)
        return false;
    note_actions(input);
    return true;
}

void input_done(struct input *input)
{
    eng_config_free(input->config);
    for (uint32_t i = 0; i < input->changes; i++)
        eng_config_free(input->changed[i]);
    free(input->text);
}

const struct eng_config *input_release(const struct input *input, uint32_t release)
{
    eng_assert(release <= input->changes);
    return release == 0 ? input->config : input->changed[release - 1];
}

const struct eng_config *input_version(const struct input *input, int64_t version)
{
    for (uint32_t i = 0; i <= input->changes; i++)
        if (eng_model_version(input_release(input, i)->model) == version)
            return input_release(input, i);
    return NULL;
}

/* ---- Records. ---- */

void input_partner(int32_t partition, int64_t partner, char ret_name[16])
{
    snprintf(ret_name, 16, "p%" PRId32 "-%" PRId64, partition, partner);
}

static struct eng_slice slice(const char *text)
{
    return (struct eng_slice){text, (uint32_t)strlen(text)};
}

/* Does the partition have no input at first? The first records of it are older than others then. */
static bool begins_late(const struct sim *sim, int32_t partition)
{
    return sim->manner.empty_us > 0 && partition >= sim->manner.empty;
}

/* When it happened: mostly just now. */
static int64_t draw_time(struct sim *sim)
{
    int64_t pane_ms = sim->input.pane_ms, now_ms = sim_wall_ms(sim);
    int64_t kind = sim_between(sim, 0, 99);
    if (kind < 45)
        return now_ms;
    if (kind < 70)
        return now_ms - sim_between(sim, 0, pane_ms);
    if (kind < 82)
        return now_ms - sim_between(sim, 0, 6 * pane_ms);
    if (kind < 87)
        return now_ms - sim_between(sim, 0, 60 * pane_ms);
    if (kind < 90)
        return now_ms / pane_ms * pane_ms;
    return now_ms + sim_between(sim, 0, kind < 96 ? pane_ms : 4 * pane_ms);
}

/* Mostly what some filter or fact asks for, and of what may be reversed an event not long ago. */
static void draw_attributes(struct sim *sim, struct input_record *record)
{
    const struct input_record *paid = NULL;
    for (int i = 0; i < INPUT_ATTRIBUTES - 1; i++)
        if (!sim_percent(sim, 15))
            record->attributes[i] = slice(attribute_texts[i][sim_between(sim, 0, 4)]);
    for (int tries = 0; tries < 8 && paid == NULL; tries++) {
        paid = sim->input.recent[sim_between(sim, 0, 15)];
        if (paid != NULL && (paid->event.id.data == NULL ||
                             strcmp(paid->event.partner.data, record->event.partner.data) != 0))
            paid = NULL;
    }
    if (paid != NULL)
        record->attributes[INPUT_ATTRIBUTES - 1] = paid->event.id;
    record->event.attributes = record->attributes;
}

static void draw_event(struct sim *sim, int32_t partition, struct input_record *record)
{
    struct input *input = &sim->input;
    struct eng_event *event = &record->event;
    char partner[16];
    event->time_ms = draw_time(sim);
    if (begins_late(sim, partition) &&
        sim->broker.logs[broker_place(ENG_TOPIC_INPUT, partition)].end < OLD &&
        sim_percent(sim, 60))
        event->time_ms -= sim_between(sim, 0, 4 * WEEK_MS); /* as whoever catches up has them */
    event->value_e4 = sim_percent(sim, 30) ? ENG_VALUE_NONE : sim_between(sim, -3, 9) * 10000;
    event->action =
        slice(sim_percent(sim, 6) ? "unheard.of"
                                  : input->actions[sim_between(sim, 0, input->action_count - 1)]);
    input_partner(partition, sim_between(sim, 0, sim_between(sim, 0, INPUT_PARTNERS - 1)), partner);
    event->partner.length = (uint32_t)strlen(partner);
    event->partner.data = (const char *)broker_copy(&sim->broker, partner, sizeof partner);
    snprintf(record->id, sizeof record->id, "e%u", input->made);
    if (sim_percent(sim, 85))
        event->id = slice(record->id);
    snprintf(record->member, sizeof record->member, "m%" PRId64, sim_between(sim, 0, 4));
    if (sim_percent(sim, 70))
        event->member = slice(record->member);
    for (int i = 0; i < INPUT_NUMBERS; i++) /* without a draw of their own */
        record->numbers[i] = event->value_e4 == ENG_VALUE_NONE || (input->made + i) % 3 == 0
                                 ? ENG_VALUE_NONE
                                 : event->value_e4 + (int64_t)(input->made % 5) * 10000;
    event->numbers = record->numbers;
    if (input->attributed && !sim_percent(sim, 5))
        draw_attributes(sim, record);
}

static int write_attributes(const struct input_record *record, char *text, size_t room)
{
    int used = snprintf(text, room, ",\"attributes\":{");
    const char *between = "";
    for (int i = 0; i < INPUT_ATTRIBUTES; i++) {
        if (record->attributes[i].data == NULL)
            continue;
        used += snprintf(text + used, room - (size_t)used, "%s\"%s\":\"%s\"", between,
                         attribute_names[i], record->attributes[i].data);
        between = ",";
    }
    return used + snprintf(text + used, room - (size_t)used, "}");
}

static void write_text(struct input_record *record)
{
    const struct eng_event *event = &record->event;
    int used = snprintf(record->text, sizeof record->text,
                        "{\"partner_id\":\"%s\",\"action\":\"%s\",\"occurred_at\":%" PRId64,
                        event->partner.data, event->action.data, event->time_ms);
    if (event->id.data != NULL)
        used += snprintf(record->text + used, sizeof record->text - (size_t)used,
                         ",\"event_id\":\"%s\"", event->id.data);
    if (event->member.data != NULL)
        used += snprintf(record->text + used, sizeof record->text - (size_t)used,
                         ",\"member_id\":\"%s\"", event->member.data);
    if (event->value_e4 != ENG_VALUE_NONE)
        used += snprintf(record->text + used, sizeof record->text - (size_t)used,
                         ",\"value\":%" PRId64, event->value_e4 / 10000);
    for (int i = 0; i < INPUT_NUMBERS; i++)
        if (event->numbers[i] != ENG_VALUE_NONE)
            used += snprintf(record->text + used, sizeof record->text - (size_t)used,
                             ",\"%s\":%" PRId64, number_names[i], event->numbers[i] / 10000);
    if (event->attributes != NULL)
        used += write_attributes(record, record->text + used, sizeof record->text - (size_t)used);
    snprintf(record->text + used, sizeof record->text - (size_t)used, "}");
}

/* A new record, or one of the last ones again. */
static struct input_record *draw_record(struct sim *sim, int32_t partition)
{
    struct input *input = &sim->input;
    struct input_record blank = {.text = ""};
    struct input_record *record = (void *)broker_copy(&sim->broker, &blank, sizeof blank);
    const struct input_record *again = input->recent[sim_between(sim, 0, 15)];
    input->made++;
    draw_event(sim, partition, record);
    if (again != NULL && sim_percent(sim, 12) && again->event.id.data != NULL &&
        again->event.verdict == ENG_VERDICT_GOOD) {
        record->event.id = again->event.id;
        record->event.partner = again->event.partner;
    }
    write_text(record);
    if (sim_percent(sim, 4)) {
        record->event.verdict = ENG_VERDICT_BAD;
        snprintf(record->text, sizeof record->text, "{\"partner_id\": %u", input->made);
    }
    input->recent[input->made % 16] = record;
    return record;
}

/* Which partition a partner's records go to is in its name. */
void input_put(struct sim *sim, int32_t partition)
{
    struct broker *broker = &sim->broker;
    struct input *input = &sim->input;
    struct input_record *record = draw_record(sim, partition);
    partition = record->event.partner.data[1] - '0';
    if (begins_late(sim, partition) && sim->now_us < sim->manner.empty_us)
        return;
    uint32_t place = broker_place(ENG_TOPIC_INPUT, partition);
    bool in_txn = sim_percent(sim, 8) && !sim->calm;
    struct broker_record raw = {.key = (const uint8_t *)record->event.partner.data,
                                .value = (const uint8_t *)record->text,
                                .key_bytes = record->event.partner.length,
                                .value_bytes = (uint32_t)strlen(record->text),
                                .input = record};
    record->event.offset = (uint64_t)broker->logs[place].end;
    sim_say(sim, "input %d/%" PRIu64 ": %s", partition, record->event.offset, record->text);
    if (!in_txn)
        (void)broker_append(broker, place, &raw, sim_wall_ms(sim)); /* the offset is known */
    else if (broker_produce(broker, input->upstream, input->upstream_epoch, place, &raw) ==
             BROKER_FENCED)
        (void)broker_open(broker, input->upstream, &input->upstream_epoch); /* for the next one */
}

/* The transactions of whoever writes the input. */
static void upstream_ends(struct sim *sim)
{
    struct input *input = &sim->input;
    if (!broker_is_open(&sim->broker, input->upstream))
        return;
    (void)broker_end(&sim->broker, input->upstream, input->upstream_epoch,
                     sim_percent(sim, 70)); /* fenced when it had timed out */
}

static void record_comes(struct sim *sim, const struct event *event)
{
    struct input *input = &sim->input;
    struct manner *manner = &sim->manner;
    if (sim->calm)
        return;
    if (sim_percent(sim, 4))
        input->quiet = !input->quiet;
    if (sim_percent(sim, 30))
        upstream_ends(sim);
    if (!input->quiet || sim_percent(sim, 3))
        for (int64_t i = sim_between(sim, 1, sim_percent(sim, 10) ? 12 : 1); i > 0; i--)
            input_put(sim, (int32_t)sim_between(sim, 0, manner->partitions - 1));
    sim_after(sim, sim_about(sim, manner->calm_us / manner->records), *event);
}

/* Processes that start from now on have the next version; those that are there are restarted one
 * by one, some of them never. */
static void release(struct sim *sim, const struct event *event)
{
    (void)event;
    sim->input.released++;
    sim_say(sim, "release %u of the program", sim->input.released);
    for (uint32_t i = 0; i < sim->manner.processes; i++)
        manner_replace(sim, &sim->processes[i]);
}

void input_begin_upstream(struct sim *sim)
{
    struct input *input = &sim->input;
    input->upstream = broker_producer_new(&sim->broker);
    eng_assert(broker_open(&sim->broker, input->upstream, &input->upstream_epoch) == BROKER_OK);
}

void input_begin(struct sim *sim)
{
    struct input *input = &sim->input;
    input_begin_upstream(sim);
    sim_after(sim, 0, (struct event){.run = record_comes});
    for (uint32_t i = 0; i < input->changes; i++)
        sim_after(sim, input->released_us[i], (struct event){.run = release});
}
