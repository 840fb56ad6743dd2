/* bench_decode: what decoding one record costs, ours and avro-c's.
 *
 * 4,096 records of our own schema as the other benchmarks produce them (bench/synth.h), decoded
 * over and over: by the whole decoder (framing, plan, rules of the fields), by the plan alone, and
 * by avro-c into a generic value of which the same six fields are taken. Measured is the CPU time
 * of this thread; each is the best of seven rounds. Prints one JSON line: bytes a record,
 * nanoseconds a record of each. */
#include "synth.h"

#include "codec/decode.h"
#include "codec/encode.h"
#include "codec/plan.h"
#include "codec/schemas.h"
#include "model/config.h"
#include <avro.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RECORDS = 4096, RECORD_BYTES = 128, ROUNDS = 7, REPEATS = 64, AVRO_REPEATS = 8 };

struct records {
    uint8_t bytes[RECORDS][RECORD_BYTES];
    size_t lengths[RECORDS];
    size_t total;
};

struct subject {
    struct eng_decoder *decoder;
    struct eng_plan *plan;
    struct eng_mapping mapping;
    struct eng_arena arena;
    avro_schema_t schema;
    avro_value_iface_t *class;
    avro_value_t value;
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench_decode: %s\n", what);
    exit(1);
}

static double cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* this clock is always there */
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t by_decoder(const struct records *records, struct subject *subject)
{
    uint64_t sum = 0;
    for (int i = 0; i < RECORDS; i++) {
        struct eng_record record = {.value = records->bytes[i], .value_bytes = records->lengths[i]};
        struct eng_event event;
        (void)eng_decoder_decode(subject->decoder, &record, &event); /* all are good: see the sum */
        sum += (uint64_t)event.time_ms + event.partner.length;
    }
    return sum;
}

static uint64_t by_plan(const struct records *records, struct subject *subject)
{
    uint64_t sum = 0;
    for (int i = 0; i < RECORDS; i++) {
        struct eng_fields fields;
        (void)eng_plan_read(subject->plan, &subject->arena, records->bytes[i], records->lengths[i],
                            &fields); /* all are good: see the sum */
        sum += (uint64_t)fields.time_ms + fields.text[ENG_FIELD_PARTNER].length;
    }
    return sum;
}

static uint64_t by_avro_c(const struct records *records, struct subject *subject)
{
    uint64_t sum = 0;
    avro_reader_t reader = avro_reader_memory("", 0);
    for (int i = 0; i < RECORDS; i++) {
        avro_value_t field;
        const char *text = NULL;
        size_t size = 0;
        int64_t time = 0;
        avro_reader_memory_set_source(reader, (const char *)records->bytes[i],
                                      (int64_t)records->lengths[i]);
        must(avro_value_read(reader, &subject->value) == 0, "avro-c cannot read a record");
        avro_value_get_by_index(&subject->value, 3, &field, NULL);
        avro_value_get_long(&field, &time);
        avro_value_get_by_index(&subject->value, 1, &field, NULL);
        avro_value_get_string(&field, &text, &size);
        sum += (uint64_t)time + size - 1; /* avro-c counts its zero byte */
    }
    avro_reader_free(reader);
    return sum;
}

/* The best nanoseconds a record of ROUNDS; `want` is the sum that every pass has to give. */
static double measure(uint64_t (*decode)(const struct records *, struct subject *),
                      const struct records *records, struct subject *subject, int repeats)
{
    uint64_t want = by_plan(records, subject), sum = 0;
    double best = 1e30;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = cpu_ns();
        for (int i = 0; i < repeats; i++)
            sum += decode(records, subject);
        double ns = (cpu_ns() - begin) / repeats / RECORDS;
        best = ns < best ? ns : best;
    }
    must(sum == want * (uint64_t)repeats * ROUNDS, "the results differ");
    return best;
}

static void make_records(struct records *records)
{
    struct bench_stream stream = {.events = RECORDS, .partners = 100000, .days = 90, .state = 1};
    struct eng_bytes out = {0};
    for (int i = 0; i < RECORDS; i++) {
        struct bench_action action;
        char id[BENCH_ID_BYTES], partner[BENCH_PARTNER_BYTES];
        bench_stream_next(&stream, &action);
        bench_event_id(action.number, id);
        bench_partner_id(action.partner, partner);
        struct eng_event event = {
            .time_ms = action.time_ms,
            .value_e4 = action.has_value ? (int64_t)(action.value * 10000 + 0.5) : ENG_VALUE_NONE,
            .id = {id, sizeof id},
            .partner = {partner, sizeof partner},
            .action = {bench_action_names[action.action], bench_action_bytes[action.action]}};
        struct eng_action_record record = {.event = &event};
        eng_bytes_clear(&out);
        must(eng_encode_action_avro(&record, &out) == ENG_OK && out.used <= RECORD_BYTES,
             "a record cannot be written");
        memcpy(records->bytes[i], out.data, out.used);
        records->lengths[i] = out.used;
        records->total += out.used;
    }
    eng_bytes_done(&out);
}

static void make_subject(struct subject *subject)
{
    static char partner[] = "partner_id", action[] = "action", id[] = "event_id";
    static char time[] = "occurred_at", member[] = "member_id", value[] = "value";
    static struct eng_config config;
    const char *text = eng_schema_partner_action;
    config.input.fields = (struct eng_field_paths){.id = id,
                                                   .partner = partner,
                                                   .action = action,
                                                   .time = time,
                                                   .member = member,
                                                   .value = value};
    eng_arena_init(&subject->arena, 4096);
    must(eng_decoder_new_schema(&config, text, strlen(text), &subject->decoder, NULL) == ENG_OK &&
             eng_mapping_init(&subject->mapping, &config.input, NULL) == ENG_OK &&
             eng_plan_compile(text, strlen(text), &subject->mapping, &subject->plan, NULL) ==
                 ENG_OK,
         "the decoder cannot be made");
    must(avro_schema_from_json_length(text, strlen(text), &subject->schema) == 0,
         "avro-c refuses the schema");
    subject->class = avro_generic_class_from_schema(subject->schema);
    avro_generic_value_new(subject->class, &subject->value);
}

int main(void)
{
    static struct records records;
    struct subject subject;
    make_records(&records);
    make_subject(&subject);
    double decoder = measure(by_decoder, &records, &subject, REPEATS);
    double plan = measure(by_plan, &records, &subject, REPEATS);
    double avro_c = measure(by_avro_c, &records, &subject, AVRO_REPEATS);
    printf(
        "{\"bytes\":%.1f,\"decoder_ns\":%.1f,\"plan_ns\":%.1f,\"avro_c_ns\":%.1f,\"ratio\":%.1f}\n",
        (double)records.total / RECORDS, decoder, plan, avro_c, avro_c / decoder);
    avro_value_decref(&subject.value);
    avro_value_iface_decref(subject.class);
    (void)avro_schema_decref(subject.schema); /* the count that is left says nothing to us */
    eng_decoder_free(subject.decoder);
    eng_plan_free(subject.plan);
    eng_mapping_done(&subject.mapping);
    return 0;
}
