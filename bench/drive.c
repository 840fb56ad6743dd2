/* Blocks of events. See drive.h. */
#include "drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK = 16384, BATCH = 4096, EFFECTS_BYTES = 1 << 20, ATTRIBUTES = 4, TEXT_BYTES = 24 };

struct block {
    struct eng_event events[BLOCK];
    struct eng_slice attributes[BLOCK][ATTRIBUTES];
    char texts[BLOCK][ATTRIBUTES][TEXT_BYTES];
    char partners[BLOCK][BENCH_PARTNER_BYTES];
    char members[BLOCK][BENCH_PARTNER_BYTES];
    char ids[BLOCK][BENCH_ID_BYTES];
    uint8_t outcomes[BLOCK];
    uint32_t count;
};

/* What is driven. */
struct drive {
    struct eng_engine *engine;
    struct block *block;
    struct eng_effects effects;
    const char *names[ATTRIBUTES]; /* of the attributes that the model asks for; NULL: no more */
    uint64_t *invoices;            /* number of each partner's newest upload; NULL: none asks */
};

void bench_fail(const char *what, const struct eng_error *err)
{
    fprintf(stderr, "bench: %s: %s\n", what, err->text);
    exit(1);
}

double bench_cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The text of an attribute: `source`, `tier` and `grade` differ from event to event, `email` and
 * `claim` from partner to partner, and `reverses` is the id of the partner's newest upload. */
static uint32_t write_attribute(const struct drive *drive, const char *name,
                                const struct bench_action *action, char text[TEXT_BYTES])
{
    static const char *const sources[] = {"portal", "web", "desk", "app"};
    static const char *const tiers[] = {"bronze", "silver", "gold"};
    if (strcmp(name, "reverses") == 0) {
        bench_event_id(drive->invoices[action->partner], text);
        return BENCH_ID_BYTES;
    }
    uint64_t mixed = (action->number + 1) * 0x9E3779B97F4A7C15u >> 33;
    const char *said = strcmp(name, "source") == 0 ? sources[mixed % 4] : tiers[mixed % 3];
    int length = strcmp(name, "email") == 0 || strcmp(name, "claim") == 0
                     ? snprintf(text, TEXT_BYTES, "p%u@example.com", action->partner % 10000000)
                 : strcmp(name, "grade") == 0
                     ? snprintf(text, TEXT_BYTES, "%u", (unsigned)mixed % 11)
                     : snprintf(text, TEXT_BYTES, "%s", said);
    return (uint32_t)length;
}

/* What the model asks for. */
static void attach(struct drive *drive, uint32_t index, const struct bench_action *action)
{
    struct block *block = drive->block;
    uint32_t i = 0;
    for (; i < ATTRIBUTES && drive->names[i]; i++) {
        char *text = block->texts[index][i];
        block->attributes[index][i] =
            (struct eng_slice){text, write_attribute(drive, drive->names[i], action, text)};
    }
    block->events[index].attributes = i > 0 ? block->attributes[index] : NULL;
    if (drive->invoices && action->has_value) {
        drive->invoices[action->partner] = action->number;
    }
}

/* The next events of the stream, decoded; their strings stay in the block. Each partner has three
 * members. */
static void fill(struct drive *drive, struct bench_stream *stream)
{
    struct block *block = drive->block;
    uint64_t left = stream->events - stream->next;
    block->count = left < BLOCK ? (uint32_t)left : BLOCK;
    for (uint32_t i = 0; i < block->count; i++) {
        struct bench_action action;
        bench_stream_next(stream, &action);
        bench_partner_id(action.partner, block->partners[i]);
        bench_partner_id((uint32_t)(action.number % 3), block->members[i]);
        bench_event_id(action.number, block->ids[i]);
        block->events[i] = (struct eng_event){
            .time_ms = action.time_ms,
            .value_e4 = action.has_value ? (int64_t)(action.value * 10000 + 0.5) : ENG_VALUE_NONE,
            .offset = action.number,
            .partner = {block->partners[i], BENCH_PARTNER_BYTES},
            .member = {block->members[i], BENCH_PARTNER_BYTES},
            .action = {bench_action_names[action.action], bench_action_bytes[action.action]},
            .id = {block->ids[i], BENCH_ID_BYTES},
            .verdict = ENG_VERDICT_GOOD};
        attach(drive, i, &action);
    }
}

static void apply(struct drive *drive)
{
    struct block *block = drive->block;
    struct eng_error err = {0};
    for (uint32_t from = 0; from < block->count; from += BATCH) {
        uint32_t left = block->count - from;
        struct eng_batch batch = {.events = block->events + from,
                                  .outcomes = block->outcomes + from,
                                  .count = left < BATCH ? left : BATCH};
        enum eng_status status;
        do {
            drive->effects.used = drive->effects.count = 0;
            status = eng_engine_apply(drive->engine, &batch, &drive->effects, &err);
        } while (status == ENG_AGAIN);
        if (status != ENG_OK) {
            bench_fail("apply", &err);
        }
    }
}

/* The names that the model asks for. */
static void ask(struct drive *drive, const struct eng_model *model,
                const struct bench_stream *stream)
{
    for (uint32_t i = 0; i < ATTRIBUTES; i++) {
        drive->names[i] = eng_model_attribute_name(model, i);
        if (!drive->names[i]) {
            return;
        }
        if (strcmp(drive->names[i], "reverses") == 0) {
            drive->invoices = calloc(stream->partners + 1, sizeof *drive->invoices);
            if (!drive->invoices) {
                abort();
            }
        }
    }
}

double bench_drive(struct eng_engine *engine, const struct eng_model *model,
                   struct bench_stream *stream)
{
    struct drive drive = {.engine = engine,
                          .block = calloc(1, sizeof *drive.block),
                          .effects.capacity = EFFECTS_BYTES};
    if (drive.effects.capacity < eng_engine_effects_bytes_min(engine)) {
        drive.effects.capacity = eng_engine_effects_bytes_min(engine);
    }
    drive.effects.data = malloc(drive.effects.capacity);
    if (!drive.block || !drive.effects.data) {
        abort();
    }
    ask(&drive, model, stream);
    double seconds = 0;
    while (stream->next < stream->events) {
        fill(&drive, stream);
        double began = bench_cpu_s();
        apply(&drive);
        seconds += bench_cpu_s() - began;
    }
    free(drive.invoices);
    free(drive.effects.data);
    free(drive.block);
    return seconds;
}
