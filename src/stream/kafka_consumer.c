/* The consumer side of the Kafka adapter: group, records, positions.
 *
 * A rebalance comes as a callback inside poll. New partitions are not fetched from at once: the
 * callback completes the rebalance with what was assigned before, and eng_kafka_assign adds
 * partitions when their positions are known. With a cooperative protocol that is one more
 * incremental assignment, with an eager one the whole set anew. */
#include "stream/kafka_internal.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "stream/clock.h"
#include <stdio.h>
#include <string.h>

enum { SEEK_MS = 500, TELL_US = 20000 };

static rd_kafka_topic_partition_list_t *new_list(int size)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(size);
    eng_assert(list != NULL);
    return list;
}

static bool has(const rd_kafka_topic_partition_list_t *list, const char *topic, int32_t partition)
{
    return rd_kafka_topic_partition_list_find(list, topic, partition) != NULL;
}

/* ---- Rebalance. ---- */

/* The consumer can do no more. When it is shut out, that is why. */
static void fail_fatally(struct eng_kafka *kafka, const char *what, const char *why)
{
    struct eng_error error = {0};
    eng_assert(kafka->handler != NULL);
    eng_assert(what != NULL && why != NULL);
    if (eng_kafka_is_shut_out(kafka))
        (void)eng_kafka_tell_shut_out(kafka, &error);
    else
        (void)eng_error_set(&error, ENG_FATAL, "%s: %s", what, why);
    kafka->handler->failed(kafka->handler->context, -1, error.status, error.text);
}

/* Ends a call that must not fail; if it does the consumer is of no more use. */
static void must(struct eng_kafka *kafka, rd_kafka_error_t *error, const char *what)
{
    if (error == NULL)
        return;
    eng_assert(kafka->consumer != NULL);
    eng_assert(what != NULL);
    fail_fatally(kafka, what, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

/* Takes partitions out of what is fetched, at the consumer and in our list. */
static void drop_fetched(struct eng_kafka *kafka, const rd_kafka_topic_partition_list_t *leaving)
{
    rd_kafka_topic_partition_list_t *gone = new_list(leaving->cnt);
    for (int i = 0; i < leaving->cnt; i++) {
        const rd_kafka_topic_partition_t *one = &leaving->elems[i];
        if (!rd_kafka_topic_partition_list_del(kafka->fetched, one->topic, one->partition))
            continue;
        rd_kafka_topic_partition_list_add(gone, one->topic, one->partition);
        kafka->places[one->partition] = (struct eng_kafka_place){0};
    }
    eng_assert(!kafka->eager);
    eng_assert(gone->cnt <= leaving->cnt);
    must(kafka, rd_kafka_incremental_unassign(kafka->consumer, gone), "incremental unassign");
    rd_kafka_topic_partition_list_destroy(gone);
}

static void assign_eager(struct eng_kafka *kafka, const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t code = rd_kafka_assign(kafka->consumer, list);
    eng_assert(kafka->eager);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail_fatally(kafka, "assign", rd_kafka_err2str(code));
}

/* The callback's answer to the group, after the worker has dealt with it. */
static void answer_group(struct eng_kafka *kafka, bool assigned,
                         const rd_kafka_topic_partition_list_t *partitions)
{
    eng_assert(kafka->fetched != NULL);
    eng_assert(partitions != NULL);
    if (kafka->eager) {
        rd_kafka_topic_partition_list_t *empty = new_list(1);
        rd_kafka_topic_partition_list_destroy(kafka->fetched);
        kafka->fetched = empty;
        for (int32_t i = 0; i < kafka->place_count; i++)
            kafka->places[i] = (struct eng_kafka_place){0};
        assign_eager(kafka, assigned ? empty : NULL);
    } else if (assigned) {
        rd_kafka_topic_partition_list_t *empty = new_list(1);
        must(kafka, rd_kafka_incremental_assign(kafka->consumer, empty), "incremental assign");
        rd_kafka_topic_partition_list_destroy(empty);
    } else {
        drop_fetched(kafka, partitions);
    }
}

void eng_kafka_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct eng_kafka *kafka = opaque;
    int32_t numbers[1024];
    eng_assert(client == kafka->consumer);
    eng_assert(kafka->handler != NULL);
    bool assigned = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    bool lost = !assigned && rd_kafka_assignment_lost(client) != 0;
    for (int from = 0; from == 0 || from < partitions->cnt; from += 1024) {
        uint32_t count = 0;
        for (int i = from; i < partitions->cnt && count < 1024; i++)
            numbers[count++] = partitions->elems[i].partition;
        if (assigned)
            kafka->handler->assigned(kafka->handler->context, numbers, count);
        else
            kafka->handler->revoked(kafka->handler->context, numbers, count, lost);
    }
    answer_group(kafka, assigned, partitions);
}

enum eng_status eng_kafka_join(struct eng_port *port, const struct eng_port_handler *handler,
                               struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    const char *topic = eng_kafka_topic(kafka, ENG_TOPIC_INPUT);
    eng_assert(kafka->queue == NULL);
    eng_assert(handler != NULL);
    kafka->handler = handler;
    rd_kafka_poll_set_consumer(kafka->consumer);
    kafka->queue = rd_kafka_queue_get_consumer(kafka->consumer);
    rd_kafka_topic_partition_list_t *topics = new_list(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(kafka->consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return ENG_OK;
    return eng_error_set(err, ENG_FATAL, "cannot subscribe to \"%s\": %s", topic,
                         rd_kafka_err2str(code));
}

/* ---- Records. ---- */

/* Which thing a permission is missing for. */
static void fail_with(struct eng_kafka *kafka, const rd_kafka_message_t *message)
{
    char text[500];
    enum eng_status status = eng_kafka_status(message->err);
    bool group = message->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    eng_assert(message->err != RD_KAFKA_RESP_ERR_NO_ERROR);
    eng_assert(kafka->handler != NULL);
    (void)snprintf(text, sizeof text, "%s \"%s\": %s", group ? "group" : "input topic",
                   group ? kafka->config->kafka.group : eng_kafka_topic(kafka, ENG_TOPIC_INPUT),
                   rd_kafka_message_errstr(message));
    kafka->handler->failed(kafka->handler->context, message->rkt != NULL ? message->partition : -1,
                           status, text);
}

/* A message that is no record. */
static void serve_event(struct eng_kafka *kafka, const rd_kafka_message_t *message)
{
    eng_assert(message->err != RD_KAFKA_RESP_ERR_NO_ERROR);
    eng_assert(kafka->handler != NULL);
    if (message->err == RD_KAFKA_RESP_ERR__FATAL)
        fail_fatally(kafka, "the consumer has failed", rd_kafka_message_errstr(message));
    else
        fail_with(kafka, message);
}

/* Seeks partitions that have just been assigned; those that are not being fetched from yet are
 * tried again. */
static void place_all(struct eng_kafka *kafka)
{
    bool all = true;
    for (int i = 0; i < kafka->fetched->cnt; i++)
        all &= kafka->places[kafka->fetched->elems[i].partition].placed;
    if (all)
        return;
    rd_kafka_topic_partition_list_t *list = new_list(8);
    for (int i = 0; i < kafka->fetched->cnt; i++) {
        const rd_kafka_topic_partition_t *one = &kafka->fetched->elems[i];
        const struct eng_kafka_place *place = &kafka->places[one->partition];
        if (!place->placed)
            rd_kafka_topic_partition_list_add(list, one->topic, one->partition)->offset =
                place->next;
    }
    eng_assert(list->cnt <= kafka->fetched->cnt);
    rd_kafka_error_t *error =
        list->cnt > 0 ? rd_kafka_seek_partitions(kafka->consumer, list, SEEK_MS) : NULL;
    for (int i = 0; error == NULL && i < list->cnt; i++)
        if (list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR)
            kafka->places[list->elems[i].partition].placed = true;
    if (error != NULL)
        rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(list);
}

/* Tells how far each partition has been handed over, marks of transactions included. */
static void tell_ends(struct eng_kafka *kafka)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(kafka->fetched);
    eng_assert(list != NULL);
    eng_assert(kafka->handler != NULL);
    (void)rd_kafka_position(kafka->consumer, list); /* a partition it does not know has none */
    for (int i = 0; i < list->cnt; i++) {
        struct eng_kafka_place *place = &kafka->places[list->elems[i].partition];
        int64_t high = eng_kafka_high_watermark(&kafka->port, list->elems[i].partition);
        if (!place->placed)
            continue;
        if (list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR && list->elems[i].offset > place->next)
            place->next = list->elems[i].offset;
        kafka->handler->ended(kafka->handler->context, list->elems[i].partition, place->next,
                              high >= 0 && place->next >= high);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

static void fill_record(struct eng_port_record *record, rd_kafka_message_t *message)
{
    *record = (struct eng_port_record){.value = message->payload,
                                       .key = message->key,
                                       .value_bytes = message->len,
                                       .key_bytes = message->key_len,
                                       .offset = message->offset,
                                       .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
                                       .partition = message->partition,
                                       .handle = message};
}

/* Hands over one message, if it is a record that is due. */
static void take_message(struct eng_kafka *kafka, struct eng_port_batch *batch,
                         rd_kafka_message_t *message)
{
    eng_assert(batch->count < batch->capacity);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->partition < kafka->place_count) {
        struct eng_kafka_place *place = &kafka->places[message->partition];
        if (place->placed && message->offset >= place->next) {
            place->next = message->offset + 1;
            fill_record(&batch->records[batch->count++], message);
            return;
        }
    } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        serve_event(kafka, message);
    }
    eng_assert(kafka->handler != NULL);
    rd_kafka_message_destroy(message);
}

void eng_kafka_poll(struct eng_port *port, struct eng_port_batch *batch, int64_t timeout_ms)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    uint32_t most = batch->capacity < ENG_KAFKA_BATCH_MAX ? batch->capacity : ENG_KAFKA_BATCH_MAX;
    eng_assert(batch->count == 0);
    eng_assert(kafka->queue != NULL);
    place_all(kafka);
    ssize_t got =
        rd_kafka_consume_batch_queue(kafka->queue, (int)timeout_ms, kafka->messages, most);
    for (ssize_t i = 0; i < got; i++)
        take_message(kafka, batch, kafka->messages[i]);
    if (got < (ssize_t)most && eng_clock_mono_us() - kafka->told_us >= TELL_US) {
        kafka->told_us = eng_clock_mono_us();
        tell_ends(kafka);
    }
}

void eng_kafka_release(struct eng_port *port, struct eng_port_batch *batch)
{
    eng_assert(port != NULL);
    for (uint32_t i = 0; i < batch->count; i++)
        rd_kafka_message_destroy(batch->records[i].handle);
    batch->count = 0;
}

bool eng_kafka_header(struct eng_port *port, const struct eng_port_record *record, uint32_t index,
                      struct eng_port_header *ret_header)
{
    rd_kafka_headers_t *headers;
    (void)port; /* the message knows */
    eng_assert(record->handle != NULL);
    if (rd_kafka_message_headers(record->handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    return rd_kafka_header_get_all(headers, index, &ret_header->name, &ret_header->value,
                                   &ret_header->value_bytes) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* ---- Positions. ---- */

static rd_kafka_topic_partition_list_t *list_of(const struct eng_kafka *kafka,
                                                const struct eng_port_offset *set, uint32_t count)
{
    rd_kafka_topic_partition_list_t *list = new_list((int)count + 1);
    eng_assert(set != NULL || count == 0);
    for (uint32_t i = 0; i < count; i++) {
        eng_assert(set[i].next >= 0);
        rd_kafka_topic_partition_list_add(list, eng_kafka_topic(kafka, ENG_TOPIC_INPUT),
                                          set[i].partition)
            ->offset = set[i].next;
    }
    return list;
}

/* Those of `list` that are not in `other`, with their offsets. */
static rd_kafka_topic_partition_list_t *difference(const rd_kafka_topic_partition_list_t *list,
                                                   const rd_kafka_topic_partition_list_t *other)
{
    rd_kafka_topic_partition_list_t *rest = new_list(list->cnt + 1);
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *one = &list->elems[i];
        if (!has(other, one->topic, one->partition))
            rd_kafka_topic_partition_list_add(rest, one->topic, one->partition)->offset =
                one->offset;
    }
    eng_assert(list != NULL && other != NULL);
    eng_assert(rest->cnt <= list->cnt);
    return rest;
}

static void assign_cooperatively(struct eng_kafka *kafka,
                                 const rd_kafka_topic_partition_list_t *wanted)
{
    rd_kafka_topic_partition_list_t *gone = difference(kafka->fetched, wanted);
    rd_kafka_topic_partition_list_t *added = difference(wanted, kafka->fetched);
    eng_assert(wanted != NULL);
    eng_assert(!kafka->eager);
    if (gone->cnt > 0)
        must(kafka, rd_kafka_incremental_unassign(kafka->consumer, gone), "incremental unassign");
    if (added->cnt > 0)
        must(kafka, rd_kafka_incremental_assign(kafka->consumer, added), "incremental assign");
    rd_kafka_topic_partition_list_destroy(gone);
    rd_kafka_topic_partition_list_destroy(added);
}

/* Room for the places of these partitions. */
static bool make_places(struct eng_kafka *kafka, const struct eng_port_offset *set, uint32_t count)
{
    int32_t most = kafka->place_count;
    for (uint32_t i = 0; i < count; i++)
        most = set[i].partition >= most ? set[i].partition + 1 : most;
    if (most == kafka->place_count)
        return true;
    void *places = eng_realloc(kafka->places, (size_t)most * sizeof *kafka->places);
    if (places == NULL)
        return false;
    kafka->places = places;
    memset(kafka->places + kafka->place_count, 0,
           (size_t)(most - kafka->place_count) * sizeof *kafka->places);
    kafka->place_count = most;
    eng_assert(kafka->places != NULL);
    eng_assert(count > 0);
    return true;
}

/* Notes what is fetched from now on; what is new has to be placed. */
static void note_places(struct eng_kafka *kafka, const struct eng_port_offset *set, uint32_t count)
{
    for (int i = 0; i < kafka->fetched->cnt; i++)
        kafka->places[kafka->fetched->elems[i].partition].fetched = false;
    for (uint32_t i = 0; i < count; i++) {
        struct eng_kafka_place *place = &kafka->places[set[i].partition];
        bool goes_on = place->placed && !kafka->eager;
        eng_assert(set[i].partition < kafka->place_count);
        *place = (struct eng_kafka_place){
            .next = goes_on ? place->next : set[i].next, .fetched = true, .placed = goes_on};
    }
    for (int i = 0; i < kafka->fetched->cnt; i++) {
        struct eng_kafka_place *place = &kafka->places[kafka->fetched->elems[i].partition];
        if (!place->fetched)
            *place = (struct eng_kafka_place){0};
    }
    eng_assert(count <= (uint32_t)kafka->place_count);
}

enum eng_status eng_kafka_assign(struct eng_port *port, const struct eng_port_offset *set,
                                 uint32_t count, struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    eng_assert(kafka->queue != NULL);
    if (!make_places(kafka, set, count))
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for the positions of partitions");
    rd_kafka_topic_partition_list_t *wanted = list_of(kafka, set, count);
    eng_assert(wanted->cnt == (int)count);
    note_places(kafka, set, count);
    if (kafka->eager)
        assign_eager(kafka, wanted);
    else
        assign_cooperatively(kafka, wanted);
    rd_kafka_topic_partition_list_destroy(kafka->fetched);
    kafka->fetched = wanted;
    if (kafka->paused)
        eng_kafka_pause(port, true);
    return ENG_OK;
}

void eng_kafka_pause(struct eng_port *port, bool paused)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    eng_assert(kafka->queue != NULL);
    eng_assert(kafka->fetched != NULL);
    kafka->paused = paused;
    if (paused)
        (void)rd_kafka_pause_partitions(kafka->consumer, kafka->fetched); /* those it knows */
    else
        (void)rd_kafka_resume_partitions(kafka->consumer, kafka->fetched); /* as above */
}

int64_t eng_kafka_high_watermark(struct eng_port *port, int32_t partition)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    int64_t low = -1, high = -1;
    eng_assert(kafka->consumer != NULL);
    eng_assert(partition >= 0);
    if (rd_kafka_get_watermark_offsets(kafka->consumer, eng_kafka_topic(kafka, ENG_TOPIC_INPUT),
                                       partition, &low, &high) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return -1;
    return high >= 0 ? high : -1;
}

bool eng_kafka_leave(struct eng_port *port, int64_t timeout_ms)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    int64_t deadline_us = eng_clock_mono_us() + timeout_ms * 1000;
    eng_assert(!kafka->closed);
    eng_assert(kafka->queue != NULL);
    if (eng_kafka_is_shut_out(kafka)) {
        kafka->closed = true; /* the member that it was is somebody else */
        return true;
    }
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(kafka->consumer, kafka->queue);
    if (error != NULL) {
        eng_log(ENG_LOG_WARN, "kafka", "close: %s", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        return false;
    }
    while (!rd_kafka_consumer_closed(kafka->consumer)) {
        if (eng_clock_mono_us() > deadline_us)
            return false;
        ssize_t got = rd_kafka_consume_batch_queue(kafka->queue, 50, kafka->messages, 256);
        for (ssize_t i = 0; i < got; i++)
            rd_kafka_message_destroy(kafka->messages[i]);
    }
    kafka->closed = true;
    return true;
}
