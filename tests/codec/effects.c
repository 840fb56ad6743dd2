/* codec_effects CONFIG EVENTS FOLDER [UNTIL]: replays JSON lines and writes what is told in both
 * formats.
 *
 * FOLDER/KIND.avro (container files, that of churn_drop packed) and FOLDER/effects.jsonl, one line
 * for each record in the order of the files. For tests/codec/test_formats.py, which reads the files
 * with another Avro library. */
#include "base/assert.h"
#include "codec/container.h"
#include "codec/result.h"
#include "codec/schemas.h"
#include "model/config.h"
#include <engaged/engine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KINDS = ENG_EFFECT_KINDS, LINE_BYTES = 1 << 16, EFFECTS_BYTES = 1 << 20 };

struct sink {
    struct eng_encode_context context;
    struct eng_container_writer *writers[KINDS]; /* by enum eng_effect_kind */
    struct eng_bytes files[KINDS], lines, record;
};

/* Ends the program when something fails that cannot fail here. */
static void must(enum eng_status status, const struct eng_error *err)
{
    if (status == ENG_OK)
        return;
    fprintf(stderr, "%s: %s\n", eng_status_name(status), err != NULL ? err->text : "");
    exit(1);
}

/* What was told of a board's segment before, for the places that the next one compares with. */
static struct before {
    uint32_t key;
    int64_t at_ms;
    size_t bytes;
    char entries[4096];
} befores[64];

static struct before *before_of(const struct eng_effect *effect)
{
    uint32_t key = 1u + (effect->subject * 256u + effect->band) * 256u + effect->segment;
    for (size_t i = 0; i < sizeof befores / sizeof befores[0]; i++)
        if (befores[i].key == key || befores[i].key == 0) {
            befores[i].key = key;
            return &befores[i];
        }
    exit(3);
}

static void write_board(struct sink *sink, const struct eng_effect *effect)
{
    struct before *before = before_of(effect);
    struct eng_group_result result;
    struct eng_places was = {0};
    struct eng_board_result board;
    eng_board_of(sink->context.model, effect, &result, &board);
    if (before->bytes > 0) {
        const struct eng_slice entries = {before->entries, (uint32_t)before->bytes};
        board.previous_ms = before->at_ms;
        eng_assert(eng_places_add(&was, result.top, entries));
        eng_places_rank(&was);
        eng_places_follow(&board.now, &was, &board.left);
    }
    must(eng_encode_board_avro(&board, &sink->record), NULL);
    must(eng_encode_board_json(&board, &sink->lines), NULL);
    eng_assert(result.entries.length <= sizeof before->entries);
    before->at_ms = effect->at_ms;
    before->bytes = result.entries.length;
    memcpy(before->entries, result.entries.data, before->bytes);
}

static void write_effects(struct sink *sink, struct eng_effects *effects)
{
    const struct eng_effect *effect = NULL;
    while ((effect = eng_effects_next(effects, effect)) != NULL) {
        if (effect->kind == ENG_EFFECT_SIGHTING || effect->kind == ENG_EFFECT_PASSED)
            continue; /* they are no output */
        eng_bytes_clear(&sink->record);
        if (effect->kind == ENG_EFFECT_BOARD)
            write_board(sink, effect);
        else
            must(eng_encode_avro(&sink->context, effect, &sink->record), NULL);
        must(eng_container_add(sink->writers[effect->kind], sink->record.data, sink->record.used,
                               &sink->files[effect->kind]),
             NULL);
        if (effect->kind != ENG_EFFECT_BOARD)
            must(eng_encode_json(&sink->context, effect, &sink->lines), NULL);
    }
    effects->used = 0;
    effects->count = 0;
}

static void apply(struct eng_engine *engine, const struct eng_event *event, struct sink *sink,
                  struct eng_effects *effects)
{
    struct eng_batch batch = {.events = event, .count = 1};
    struct eng_error err = {0};
    enum eng_status status = ENG_AGAIN;
    while (status == ENG_AGAIN) {
        status = eng_engine_apply(engine, &batch, effects, &err);
        write_effects(sink, effects);
    }
    must(status, &err);
}

static void tick(struct eng_engine *engine, int64_t until, struct sink *sink,
                 struct eng_effects *effects)
{
    struct eng_error err = {0};
    enum eng_status status = ENG_AGAIN;
    while (status == ENG_AGAIN) {
        status = eng_engine_tick(engine, until, effects, &err);
        write_effects(sink, effects);
    }
    must(status, &err);
}

static void replay(const struct eng_config *config, const char *path, const char *until,
                   struct sink *sink)
{
    static char line[LINE_BYTES];
    struct eng_error err = {0};
    struct eng_decoder *decoder;
    struct eng_engine *engine;
    struct eng_effects effects = {.data = malloc(EFFECTS_BYTES), .capacity = EFFECTS_BYTES};
    FILE *events = fopen(path, "r");
    eng_assert(events != NULL && effects.data != NULL);
    must(eng_decoder_new(config, &decoder, &err), &err);
    must(eng_engine_new(config->model, NULL, &engine, &err), &err);
    for (uint64_t offset = 0; fgets(line, sizeof line, events) != NULL;) {
        struct eng_event event;
        size_t length = strcspn(line, "\n");
        if (length == 0)
            continue;
        struct eng_record record = {.value = line, .value_bytes = length, .offset = offset++};
        (void)eng_decoder_decode(decoder, &record, &event); /* the verdict is in the event */
        apply(engine, &event, sink, &effects);
        eng_decoder_reset(decoder);
    }
    if (until != NULL)
        tick(engine, strtoll(until, NULL, 10), sink, &effects);
    (void)fclose(events); /* only read from */
    free(effects.data);
    eng_engine_free(engine);
    eng_decoder_free(decoder);
}

static void save(const char *folder, const char *name, const struct eng_bytes *bytes)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    eng_assert(length > 0 && (size_t)length < sizeof path);
    FILE *file = fopen(path, "wb");
    eng_assert(file != NULL);
    size_t written = bytes->used > 0 ? fwrite(bytes->data, 1, bytes->used, file) : 0;
    eng_assert(written == bytes->used && fclose(file) == 0);
}

static const struct {
    const char *file, *schema;
    enum eng_container_codec codec;
} kinds[KINDS] = {
    [ENG_EFFECT_SCORE_CHANGE] = {"score_change.avro", eng_schema_score_change, ENG_CONTAINER_NULL},
    [ENG_EFFECT_CHURN_DROP] = {"churn_drop.avro", eng_schema_churn_drop, ENG_CONTAINER_DEFLATE},
    [ENG_EFFECT_CELL_CHANGE] = {"cell_change.avro", eng_schema_cell_change, ENG_CONTAINER_NULL},
    [ENG_EFFECT_REPORT] = {"report.avro", eng_schema_report, ENG_CONTAINER_NULL},
    [ENG_EFFECT_AWARD_BOOKING] = {"award_booking.avro", eng_schema_award_booking,
                                  ENG_CONTAINER_NULL},
    [ENG_EFFECT_GROUP] = {"group_result.avro", eng_schema_group_result, ENG_CONTAINER_DEFLATE},
    [ENG_EFFECT_BOARD] = {"board.avro", eng_schema_board, ENG_CONTAINER_NULL},
    [ENG_EFFECT_ABUSE_FLAG] = {"abuse_flag.avro", eng_schema_abuse_flag, ENG_CONTAINER_DEFLATE},
    [ENG_EFFECT_DIGEST] = {"digest.avro", eng_schema_digest, ENG_CONTAINER_NULL},
    [ENG_EFFECT_SOURCE_SILENCE] = {"source_silence.avro", eng_schema_source_silence,
                                   ENG_CONTAINER_NULL},
};

int main(int argc, char **argv)
{
    static const uint8_t marker[ENG_CONTAINER_MARKER_BYTES] = "sixteen-byte-end";
    struct sink sink = {.lines = {0}};
    struct eng_config *config;
    struct eng_error err = {0};
    if (argc < 4)
        return 2;
    must(eng_config_load_file(argv[1], &config, &err), &err);
    config->input.format = ENG_FORMAT_JSON;
    sink.context = (struct eng_encode_context){config->model, "a-topic", 0};
    for (int kind = 0; kind < KINDS; kind++)
        if (kinds[kind].file != NULL)
            must(eng_container_writer_new(kinds[kind].schema, kinds[kind].codec, marker,
                                          &sink.writers[kind], &err),
                 &err);
    replay(config, argv[2], argc > 4 ? argv[4] : NULL, &sink);
    for (int kind = 0; kind < KINDS; kind++) {
        if (kinds[kind].file == NULL)
            continue;
        must(eng_container_end(sink.writers[kind], &sink.files[kind]), NULL);
        eng_container_writer_free(sink.writers[kind]);
        save(argv[3], kinds[kind].file, &sink.files[kind]);
    }
    save(argv[3], "effects.jsonl", &sink.lines);
    for (int kind = 0; kind < KINDS; kind++)
        eng_bytes_done(&sink.files[kind]);
    eng_bytes_done(&sink.lines);
    eng_bytes_done(&sink.record);
    eng_config_free(config);
    return 0;
}
