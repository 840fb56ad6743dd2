/* bench_fill_topic BROKER TOPIC EVENTS PARTNERS DAYS: fills a topic with the stream of synth.h.
 *
 * Records are Avro by schemas/partner_action.avsc behind a five byte schema id, about 55 bytes,
 * lz4, keyed by partner, in the partition that the Java client would choose. The Avro is written by
 * hand, field by field in the schema's order: event_id, partner_id, action, occurred_at, member_id
 * (null), value, attributes (empty). */
#include "synth.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_BYTES_MAX = 128, POLL_EVERY = 4096, DEADLINE_MS = 60000 };

static uint8_t *put_long(uint8_t *at, int64_t value)
{
    uint64_t zigzag = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    while (zigzag > 127) {
        *at++ = (uint8_t)(zigzag | 128);
        zigzag >>= 7;
    }
    *at++ = (uint8_t)zigzag;
    return at;
}

static uint8_t *put_string(uint8_t *at, const char *data, uint32_t length)
{
    at = put_long(at, length);
    memcpy(at, data, length);
    return at + length;
}

/* A union's branch 1 and the double, little-endian as Avro wants it. */
static uint8_t *put_value(uint8_t *at, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    *at++ = 2;
    for (int i = 0; i < 8; i++) {
        *at++ = (uint8_t)(bits >> (8 * i));
    }
    return at;
}

static size_t encode(const struct bench_action *action, const char *partner, uint8_t *out)
{
    static const uint8_t framing[5] = {0, 0, 0, 0, 1};
    char id[BENCH_ID_BYTES];
    bench_event_id(action->number, id);
    memcpy(out, framing, sizeof framing);
    uint8_t *at = put_string(out + sizeof framing, id, sizeof id);
    at = put_string(at, partner, BENCH_PARTNER_BYTES);
    at = put_string(at, bench_action_names[action->action], bench_action_bytes[action->action]);
    at = put_long(at, action->time_ms);
    *at++ = 0;
    if (action->has_value) {
        at = put_value(at, action->value);
    } else {
        *at++ = 0;
    }
    *at++ = 0;
    return (size_t)(at - out);
}

static void on_delivery(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *context)
{
    (void)kafka;
    if (message->err) {
        fprintf(stderr, "bench_fill_topic: not delivered: %s\n", rd_kafka_err2str(message->err));
        ++*(uint64_t *)context;
    }
}

static rd_kafka_t *connect_producer(const char *broker, uint64_t *failures)
{
    static const char *const settings[][2] = {
        {"linger.ms", "50"},           {"batch.num.messages", "10000"},
        {"batch.size", "1000000"},     {"queue.buffering.max.messages", "1000000"},
        {"compression.type", "lz4"},   {"partitioner", "murmur2_random"},
        {"enable.idempotence", "true"}};
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", broker, text, sizeof text);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        rd_kafka_conf_set(conf, settings[i][0], settings[i][1], text, sizeof text);
    }
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_opaque(conf, failures);
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (!kafka) {
        fprintf(stderr, "bench_fill_topic: %s\n", text);
        exit(1);
    }
    return kafka;
}

static void send_action(rd_kafka_t *kafka, const char *topic, const struct bench_action *action)
{
    uint8_t record[RECORD_BYTES_MAX];
    char partner[BENCH_PARTNER_BYTES];
    bench_partner_id(action->partner, partner);
    size_t length = encode(action, partner, record);
    rd_kafka_resp_err_t failure;
    while ((failure = rd_kafka_producev(
                kafka, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY(partner, sizeof partner),
                RD_KAFKA_V_VALUE(record, length), RD_KAFKA_V_TIMESTAMP(action->time_ms),
                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END)) ==
           RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        rd_kafka_poll(kafka, 100);
    }
    if (failure) {
        fprintf(stderr, "bench_fill_topic: %s: %s\n", topic, rd_kafka_err2str(failure));
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: bench_fill_topic BROKER TOPIC EVENTS PARTNERS DAYS\n");
        return 2;
    }
    struct bench_stream stream = {.events = strtoull(argv[3], NULL, 10),
                                  .partners = (uint32_t)strtoul(argv[4], NULL, 10),
                                  .days = (uint32_t)strtoul(argv[5], NULL, 10),
                                  .state = 7};
    uint64_t failures = 0;
    rd_kafka_t *kafka = connect_producer(argv[1], &failures);
    while (stream.next < stream.events) {
        struct bench_action action;
        bench_stream_next(&stream, &action);
        send_action(kafka, argv[2], &action);
        if (stream.next % POLL_EVERY == 0) {
            rd_kafka_poll(kafka, 0);
        }
    }
    if (rd_kafka_flush(kafka, DEADLINE_MS)) {
        fprintf(stderr, "bench_fill_topic: the broker did not take everything in time\n");
        failures++;
    }
    rd_kafka_destroy(kafka);
    return failures ? 1 : 0;
}
