/* Records through librdkafka, to the broker inside the process and back: what is used again from
 * one record to the next must never show. */
#include "base/log.h"
#include "model/config.h"
#include "stream/kafka.h"
#include "stream/mock.h"
#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

/* More records in a transaction than may be under way. */
enum { PARTITIONS = 2, RECORDS = 10000, CHUNK = 100 };

static const struct eng_port_header fixed[] = {{"kind", "test", 4}, {"other", "x", 1}};
static const char *const own[] = {"id", "time"};
static const struct eng_port_family family = {
    .fixed = fixed, .fixed_count = 2, .own = own, .own_count = 2};

struct stage {
    struct eng_mock *mock;
    struct eng_config config;
    struct eng_port *port;
    char brokers[64];
};

static void set_up(struct stage *stage)
{
    static char group[] = "g", changes[] = "changes", dead[] = "dead";
    const struct eng_mock_topic topics[] = {{"changes", PARTITIONS}, {"dead", PARTITIONS}};
    struct eng_error err = {0};
    eng_log_level_set(ENG_LOG_ERROR);
    cr_assert_eq(eng_mock_new(topics, 2, &stage->mock, &err), ENG_OK, "%s", err.text);
    (void)snprintf(stage->brokers, sizeof stage->brokers, "%s", eng_mock_brokers(stage->mock));
    stage->config = (struct eng_config){.kafka = {.brokers = stage->brokers, .group = group},
                                        .output = {.score_changes = changes, .dead_letters = dead}};
    cr_assert_eq(eng_kafka_new(&stage->config, 0, "u", &stage->port, &err), ENG_OK, "%s", err.text);
    cr_assert_eq(stage->port->ops->producer_open(stage->port, &err), ENG_OK, "%s", err.text);
}

static void tear_down(struct stage *stage)
{
    stage->port->ops->producer_close(stage->port);
    stage->port->ops->free(stage->port);
    eng_mock_free(stage->mock);
}

/* Record `number`: its value is its id, whose length goes up and down, up to more than is piled. */
static size_t write_id(int number, char id[400])
{
    int length = snprintf(id, 400, "%d/", number);
    int more = number % 100 == 99 ? 300 : number % 40;
    memset(id + length, 'a' + number % 26, (size_t)more);
    return (size_t)(length + more);
}

/* What has to stay until the flush. */
static char values[RECORDS][400];

static void produce(struct stage *stage, int from)
{
    for (int i = 0; i < RECORDS; i += CHUNK) {
        struct eng_port_output outputs[CHUNK];
        struct eng_port_header headers[CHUNK][2];
        char times[CHUNK][8];
        uint32_t taken = 0;
        struct eng_error err = {0};
        for (int k = 0; k < CHUNK; k++) {
            char *value = values[i + k];
            size_t length = write_id(from + i + k, value);
            bool plain = k % 10 == 9;
            (void)snprintf(times[k], sizeof times[k], "%07d", from + i + k);
            headers[k][0] = (struct eng_port_header){"id", value, length};
            headers[k][1] = (struct eng_port_header){"time", times[k], 7};
            outputs[k] = (struct eng_port_output){.topic = plain ? ENG_TOPIC_DEAD_LETTERS
                                                                 : ENG_TOPIC_SCORE_CHANGES,
                                                  .partition = k / 20 % PARTITIONS,
                                                  .key = times[k],
                                                  .key_bytes = 7,
                                                  .value = value,
                                                  .value_bytes = length,
                                                  .family = plain ? NULL : &family,
                                                  .headers = headers[k],
                                                  .header_count = 2};
        }
        cr_assert_eq(stage->port->ops->produce(stage->port, outputs, CHUNK, &taken, &err), ENG_OK,
                     "%s", err.text);
        cr_assert_eq(taken, CHUNK);
    }
}

static bool same(const rd_kafka_headers_t *headers, size_t index, const char *name,
                 const void *value, size_t bytes)
{
    const char *there;
    const void *found;
    size_t found_bytes;
    return rd_kafka_header_get_all(headers, index, &there, &found, &found_bytes) ==
               RD_KAFKA_RESP_ERR_NO_ERROR &&
           strcmp(there, name) == 0 && found_bytes == bytes && memcmp(found, value, bytes) == 0;
}

/* A record against what was put into it; true when it has the fixed headers. */
static void check(const rd_kafka_message_t *message, bool plain)
{
    rd_kafka_headers_t *headers = NULL;
    size_t at = plain ? 0 : 2;
    cr_assert_eq(rd_kafka_message_headers(message, &headers), RD_KAFKA_RESP_ERR_NO_ERROR);
    cr_assert_eq(rd_kafka_header_cnt(headers), at + 2);
    cr_assert(same(headers, at, "id", message->payload, message->len), "offset %d",
              (int)message->offset);
    cr_assert(same(headers, at + 1, "time", message->key, message->key_len));
    if (!plain) {
        cr_assert(same(headers, 0, "kind", "test", 4));
        cr_assert(same(headers, 1, "other", "x", 1));
    }
}

/* Reads a partition to its end: how many records, each in its order. */
static int read_partition(const struct stage *stage, const char *topic, int32_t partition)
{
    char text[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    cr_assert_eq(rd_kafka_conf_set(conf, "bootstrap.servers", stage->brokers, text, sizeof text),
                 RD_KAFKA_CONF_OK);
    cr_assert_eq(rd_kafka_conf_set(conf, "enable.partition.eof", "true", text, sizeof text),
                 RD_KAFKA_CONF_OK);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    rd_kafka_topic_t *from = rd_kafka_topic_new(client, topic, NULL);
    int count = 0, newest = -1;
    bool more = true;
    cr_assert_eq(rd_kafka_consume_start(from, partition, RD_KAFKA_OFFSET_BEGINNING), 0);
    while (more) {
        rd_kafka_message_t *message = rd_kafka_consume(from, partition, 10000);
        cr_assert_not_null(message, "nothing comes of %s", topic);
        more = message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            int number = 0;
            check(message, strcmp(topic, "dead") == 0);
            cr_assert_eq(sscanf(message->payload, "%d/", &number), 1);
            cr_assert_gt(number, newest);
            newest = number;
            count++;
        }
        rd_kafka_message_destroy(message);
    }
    (void)rd_kafka_consume_stop(from, partition);
    rd_kafka_topic_destroy(from);
    rd_kafka_destroy(client);
    return count;
}

static int read_topic(const struct stage *stage, const char *topic)
{
    int count = 0;
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        count += read_partition(stage, topic, partition);
    return count;
}

Test(outlet, headers_are_those_of_their_record_however_often_lists_are_used_again, .timeout = 120)
{
    enum { ROUNDS = 3 };
    struct stage s;
    struct eng_error err = {0};
    set_up(&s);
    for (int round = 0; round < ROUNDS; round++) {
        cr_assert_eq(s.port->ops->begin(s.port, &err), ENG_OK, "%s", err.text);
        produce(&s, round * RECORDS);
        cr_assert_eq(s.port->ops->flush(s.port, &err), ENG_OK, "%s", err.text);
        memset(values, 0, sizeof values); /* given back */
        cr_assert_eq(s.port->ops->commit(s.port, &err), ENG_OK, "%s", err.text);
    }
    cr_expect_eq(read_topic(&s, "changes"), ROUNDS * RECORDS * 9 / 10);
    cr_expect_eq(read_topic(&s, "dead"), ROUNDS * RECORDS / 10);
    tear_down(&s);
}

Test(outlet, an_abort_gives_all_values_back_and_the_next_transaction_is_whole, .timeout = 120)
{
    struct stage s;
    struct eng_error err = {0};
    set_up(&s);
    cr_assert_eq(s.port->ops->begin(s.port, &err), ENG_OK, "%s", err.text);
    produce(&s, 0);
    cr_assert_eq(s.port->ops->abort(s.port, &err), ENG_OK, "%s", err.text);
    memset(values, 0, sizeof values); /* given back */
    cr_assert_eq(s.port->ops->begin(s.port, &err), ENG_OK, "%s", err.text);
    produce(&s, RECORDS);
    cr_assert_eq(s.port->ops->flush(s.port, &err), ENG_OK, "%s", err.text);
    cr_assert_eq(s.port->ops->commit(s.port, &err), ENG_OK, "%s", err.text);
    cr_expect_geq(read_topic(&s, "changes"), RECORDS * 9 / 10); /* the mock shows aborted ones */
    tear_down(&s);
}

Test(outlet, a_producer_that_is_closed_with_records_under_way_lets_go_of_everything, .timeout = 120)
{
    struct stage s;
    struct eng_error err = {0};
    set_up(&s);
    cr_assert_eq(s.port->ops->begin(s.port, &err), ENG_OK, "%s", err.text);
    produce(&s, 0);
    s.port->ops->producer_close(s.port);
    cr_assert_eq(s.port->ops->producer_open(s.port, &err), ENG_OK, "%s", err.text);
    cr_assert_eq(s.port->ops->begin(s.port, &err), ENG_OK, "%s", err.text);
    produce(&s, RECORDS);
    cr_assert_eq(s.port->ops->flush(s.port, &err), ENG_OK, "%s", err.text);
    cr_assert_eq(s.port->ops->commit(s.port, &err), ENG_OK, "%s", err.text);
    tear_down(&s);
}
