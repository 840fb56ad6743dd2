/* Questions of the Kafka adapter: committed offsets, ends of partitions, the state topic. They
 * wait, so they are asked by the aide, a reader or the commit thread. */
#include "stream/kafka_internal.h"

#include "base/assert.h"
#include "stream/clock.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One partition's answer into ours. */
static enum eng_status take_committed(struct eng_kafka *kafka,
                                      const rd_kafka_topic_partition_t *from,
                                      struct eng_port_offset *to, struct eng_error *err)
{
    eng_assert(from->partition == to->partition);
    if (from->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return eng_kafka_fail(kafka, from->err, "the committed offsets of group",
                              kafka->config->kafka.group, err);
    if (from->metadata_size >= ENG_META_TEXT_BYTES)
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32 ": the offset of group \"%s\" has %zu bytes of "
                             "metadata: somebody else has committed it; use another kafka.group",
                             from->partition, kafka->config->kafka.group, from->metadata_size);
    to->next = from->offset >= 0 ? from->offset : -1;
    memset(to->meta, 0, sizeof to->meta);
    if (to->next >= 0 && from->metadata_size > 0)
        memcpy(to->meta, from->metadata, from->metadata_size);
    eng_assert(to->meta[ENG_META_TEXT_BYTES - 1] == '\0');
    return ENG_OK;
}

enum eng_status eng_kafka_committed(struct eng_port *port, struct eng_port_offset *set,
                                    uint32_t count, struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    eng_assert(count > 0);
    for (uint32_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, eng_kafka_topic(kafka, ENG_TOPIC_INPUT),
                                          set[i].partition);
    rd_kafka_resp_err_t code = rd_kafka_committed(kafka->consumer, list, ENG_KAFKA_ASK_MS);
    enum eng_status status = ENG_OK;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        status = eng_kafka_fail(kafka, code, "the committed offsets of group",
                                kafka->config->kafka.group, err);
    for (uint32_t i = 0; status == ENG_OK && i < count; i++)
        status = take_committed(kafka, &list->elems[i], &set[i], err);
    eng_assert(list->cnt == (int)count);
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}

enum eng_status eng_kafka_set_offsets(struct eng_port *port, const struct eng_port_offset *set,
                                      uint32_t count, struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    const char *group = kafka->config->kafka.group;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    eng_assert(count > 0);
    for (uint32_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, eng_kafka_topic(kafka, ENG_TOPIC_INPUT),
                                          set[i].partition)
            ->offset = set[i].next;
    eng_assert(list->cnt == (int)count);
    rd_kafka_resp_err_t code = rd_kafka_commit(kafka->consumer, list, 0);
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++)
        code = list->elems[i].err;
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return ENG_OK;
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
        code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
        code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS)
        return eng_error_set(err, ENG_UNAVAILABLE,
                             "group \"%s\" has members: stop the daemons that run with it first "
                             "(one that was killed, or has a kafka.instance, is a member until its "
                             "session times out)",
                             group);
    return eng_kafka_fail(kafka, code, "setting the offsets of group", group, err);
}

enum eng_status eng_kafka_bounds(struct eng_port *port, enum eng_topic topic, int32_t partition,
                                 int64_t ret_bounds[2], struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    int64_t low = -1, high = -1;
    eng_assert(partition >= 0);
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
        kafka->consumer, eng_kafka_topic(kafka, topic), partition, &low, &high, ENG_KAFKA_ASK_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return eng_kafka_fail(kafka, code, "the ends of topic", eng_kafka_topic(kafka, topic), err);
    eng_assert(low >= 0 && high >= low);
    ret_bounds[0] = low;
    ret_bounds[1] = high;
    return ENG_OK;
}

/* ---- The state topic. ---- */

/* A reading of one partition. */
struct reading {
    struct eng_kafka *kafka;
    struct eng_kafka_reader *reader;
    rd_kafka_queue_t *queue;
    int32_t partition;
    int64_t from; /* 0: the beginning */
    bool started;
};

void eng_kafka_reader_close(struct eng_kafka_reader *reader)
{
    eng_assert(reader != NULL);
    eng_assert(reader->topic == NULL || reader->client != NULL);
    if (reader->topic != NULL)
        rd_kafka_topic_destroy(reader->topic);
    if (reader->client != NULL)
        rd_kafka_destroy(reader->client);
    *reader = (struct eng_kafka_reader){0};
}

/* Makes the client, which stays for the next reading, and has it look for the topic now: by itself
 * it would do so a second later. */
static enum eng_status make_reader(struct eng_kafka *kafka, struct eng_kafka_reader *reader,
                                   struct eng_error *err)
{
    const struct rd_kafka_metadata *found = NULL;
    eng_assert(reader->client == NULL);
    enum eng_status status =
        eng_kafka_plain_client(kafka, "read the state topic", &reader->client, err);
    if (status != ENG_OK)
        return status;
    const char *name = eng_kafka_topic(kafka, ENG_TOPIC_STATE);
    reader->topic = rd_kafka_topic_new(reader->client, name, NULL);
    eng_assert(reader->topic != NULL);
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(reader->client, 0, reader->topic, &found, ENG_KAFKA_ASK_MS);
    if (found != NULL)
        rd_kafka_metadata_destroy(found);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR
               ? ENG_OK
               : eng_kafka_fail(kafka, code, "reading the state topic", name, err);
}

static enum eng_status begin_reading(struct reading *reading, struct eng_error *err)
{
    struct eng_kafka_reader *reader = reading->reader;
    enum eng_status status = ENG_OK;
    eng_assert(!reading->started);
    if (reader->client == NULL)
        status = make_reader(reading->kafka, reader, err);
    if (status != ENG_OK)
        return status;
    reading->queue = rd_kafka_queue_new(reader->client);
    eng_assert(reading->queue != NULL);
    int64_t from = reading->from > 0 ? reading->from : RD_KAFKA_OFFSET_BEGINNING;
    reading->started =
        rd_kafka_consume_start_queue(reader->topic, reading->partition, from, reading->queue) == 0;
    return reading->started
               ? ENG_OK
               : eng_kafka_fail(reading->kafka, rd_kafka_last_error(), "reading the state topic",
                                eng_kafka_topic(reading->kafka, ENG_TOPIC_STATE), err);
}

/* A client that something went wrong with is not used again. */
static void end_reading(struct reading *reading, bool well)
{
    eng_assert(!reading->started || reading->reader->topic != NULL);
    eng_assert(reading->partition >= 0);
    if (reading->started)
        (void)rd_kafka_consume_stop(reading->reader->topic, reading->partition); /* it has begun */
    if (reading->queue != NULL)
        rd_kafka_queue_destroy(reading->queue);
    if (!well)
        eng_kafka_reader_close(reading->reader);
}

/* Everything committed below the high watermark has been read: nothing open hides behind this end.
 */
static bool is_whole_end(const struct reading *reading, const rd_kafka_message_t *message)
{
    int64_t low = -1, high = -1;
    eng_assert(reading->reader->client != NULL);
    eng_assert(message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF);
    (void)rd_kafka_get_watermark_offsets(
        reading->reader->client, eng_kafka_topic(reading->kafka, ENG_TOPIC_STATE),
        message->partition, &low, &high); /* -1 when not known, and then it is the end */
    return high <= message->offset;
}

enum step { STEP_MORE, STEP_ENOUGH, STEP_FAILED };

enum { SCAN_BATCH = 1000, SCAN_WAIT_MS = 100 };

/* The end of what is stable, which may be end enough. */
static enum step take_end(const struct reading *reading, const struct eng_port_scan *scan,
                          const rd_kafka_message_t *message)
{
    eng_assert(message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF);
    eng_assert(message->offset >= 0);
    if (!scan->stable && !is_whole_end(reading, message))
        return STEP_MORE;
    if (scan->ret_end != NULL)
        *scan->ret_end = message->offset;
    return STEP_ENOUGH;
}

static enum step take_message(const struct reading *reading, const struct eng_port_scan *scan,
                              const rd_kafka_message_t *message, struct eng_error *err)
{
    eng_assert(message != NULL);
    eng_assert(scan->record != NULL);
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        return take_end(reading, scan, message);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        enum eng_status status = eng_kafka_status(message->err);
        (void)eng_error_set(err, status, "reading the state topic \"%s\": %s",
                            eng_kafka_topic(reading->kafka, ENG_TOPIC_STATE),
                            rd_kafka_message_errstr(message));
        return STEP_FAILED;
    }
    struct eng_port_record record = {.value = message->payload,
                                     .key = message->key,
                                     .value_bytes = message->len,
                                     .key_bytes = message->key_len,
                                     .offset = message->offset,
                                     .timestamp_ms = -1,
                                     .partition = message->partition};
    return scan->record(scan->context, &record) ? STEP_MORE : STEP_ENOUGH;
}

/* Takes what has come, many messages at a time: state topics are long. */
static enum step take_some(const struct reading *reading, const struct eng_port_scan *scan,
                           int64_t *progress_us, struct eng_error *err)
{
    rd_kafka_message_t *messages[SCAN_BATCH];
    enum step step = STEP_MORE;
    bool progress = false;
    ssize_t count =
        rd_kafka_consume_batch_queue(reading->queue, SCAN_WAIT_MS, messages, SCAN_BATCH);
    (void)rd_kafka_poll(reading->reader->client, 0); /* its errors, for their text */
    eng_assert(count <= SCAN_BATCH);
    for (ssize_t i = 0; i < count; i++) {
        if (step == STEP_MORE)
            step = take_message(reading, scan, messages[i], err);
        progress |= messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR;
        rd_kafka_message_destroy(messages[i]);
    }
    if (progress)
        *progress_us = eng_clock_mono_us();
    eng_assert(step != STEP_FAILED || err->status != ENG_OK);
    return step;
}

static bool is_cancelled(const struct eng_port_scan *scan)
{
    eng_assert(scan->partition >= 0);
    eng_assert(scan->from >= 0);
    return scan->cancel != NULL && atomic_load_explicit(scan->cancel, memory_order_relaxed);
}

enum eng_status eng_kafka_scan_state(struct eng_port *port, const struct eng_port_scan *scan,
                                     struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    struct reading reading = {.kafka = kafka,
                              .reader = &kafka->readers[scan->reader],
                              .partition = scan->partition,
                              .from = scan->from};
    struct eng_error cause = {0};
    enum eng_status status = begin_reading(&reading, &cause);
    int64_t progress_us = eng_clock_mono_us();
    enum step step = STEP_MORE;
    eng_assert(scan->stall_ms > 0);
    eng_assert(scan->reader < ENG_PORT_READERS);
    while (status == ENG_OK && step == STEP_MORE && !is_cancelled(scan)) {
        step = take_some(&reading, scan, &progress_us, &cause);
        if (step == STEP_MORE && eng_clock_mono_us() - progress_us > scan->stall_ms * 1000)
            status = eng_error_set(&cause, ENG_TIMED_OUT,
                                   "partition %" PRId32 " of the state topic makes no progress: a "
                                   "transaction is open in it, or its broker is away",
                                   scan->partition);
    }
    if (step == STEP_FAILED)
        status = cause.status;
    end_reading(&reading, status == ENG_OK);
    eng_assert(status == ENG_OK || cause.status != ENG_OK);
    return status == ENG_OK ? ENG_OK : eng_error_set(err, status, "%s", cause.text);
}
