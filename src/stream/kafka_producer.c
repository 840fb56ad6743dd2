/* The producer side of the Kafka adapter: one transactional producer at a time, on the commit
 * thread. */
#include "stream/kafka_internal.h"

#include "base/assert.h"
#include "base/log.h"
#include "stream/clock.h"
#include <stdlib.h>
#include <string.h>

enum {
    REPORT_MS = 5, /* how long a flush waits for reports before it looks again */
    WORD_STEP_MS = 20,
    WORD_MORE_MS = 1000, /* than the heartbeat's interval, for the answer to it */
    WORD_MS_MAX = 10000,
};

/* How long it takes until the consumer must have heard that it is no member any more. */
static int64_t word_ms(const struct eng_kafka *kafka)
{
    char text[24] = "";
    size_t size = sizeof text;
    eng_assert(kafka->consumer != NULL);
    if (rd_kafka_conf_get(rd_kafka_conf(kafka->consumer), "heartbeat.interval.ms", text, &size) !=
        RD_KAFKA_CONF_OK)
        return WORD_MS_MAX;
    int64_t ms = strtol(text, NULL, 10) + WORD_MORE_MS;
    eng_assert(ms > 0);
    return ms < WORD_MS_MAX ? ms : WORD_MS_MAX;
}

/* The broker has fenced us. Either another process runs with our kafka.instance, or a transaction
 * took longer than the broker waits for one. A new epoch is right in the second case only: in the
 * first it would fence the other process, which would open one too, and so on. Another process
 * joins the group before it opens its producer, so our consumer's next heartbeat tells which. */
static bool shut_out(struct eng_kafka *kafka)
{
    int64_t deadline_us = eng_clock_mono_us() + word_ms(kafka) * 1000;
    eng_assert(kafka->consumer != NULL);
    eng_assert(kafka->transactional_id[0] != '\0');
    if (kafka->instance[0] == '\0')
        return false; /* nobody has the same id */
    while (!eng_kafka_is_shut_out(kafka) && eng_clock_mono_us() < deadline_us)
        eng_clock_sleep_ms(WORD_STEP_MS);
    return eng_kafka_is_shut_out(kafka);
}

/* What can be done about a failed transactional call, asked in the order that librdkafka demands:
 * permission and sizes first, because no repetition helps there whatever the class; then fatal,
 * abortable, retriable; and what is none of these is fatal. Destroys the error. */
static enum eng_status classify(struct eng_kafka *kafka, rd_kafka_error_t *error, const char *what,
                                struct eng_error *err)
{
    if (error == NULL)
        return ENG_OK;
    enum eng_status by_code = eng_kafka_status(rd_kafka_error_code(error)), status = ENG_FATAL;
    eng_assert(what != NULL);
    eng_assert(by_code != ENG_OK);
    if (by_code == ENG_DENIED || by_code == ENG_LIMIT || by_code == ENG_BAD_CONFIG)
        status = by_code;
    else if (by_code == ENG_LOST && shut_out(kafka))
        status = eng_kafka_tell_shut_out(kafka, err);
    else if (rd_kafka_error_is_fatal(error))
        status = ENG_FATAL;
    else if (rd_kafka_error_txn_requires_abort(error))
        status = ENG_TXN_ABORT;
    else if (rd_kafka_error_is_retriable(error) ||
             rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__TIMED_OUT)
        status = ENG_TIMED_OUT;
    const char *thing =
        rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED
            ? "no permission to use the transactional id"
            : "transactional id";
    (void)eng_error_set(err, status, "%s (%s \"%s\"): %s", what, thing, kafka->transactional_id,
                        rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return status;
}

enum eng_status eng_kafka_producer_open(struct eng_port *port, struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    char text[256] = "";
    eng_assert(!kafka->initialised);
    if (eng_kafka_is_shut_out(kafka))
        return eng_kafka_tell_shut_out(kafka, err);
    if (kafka->producer == NULL) {
        rd_kafka_conf_t *conf;
        enum eng_status status = eng_kafka_conf(kafka, ENG_KAFKA_PRODUCER, &conf, err);
        if (status != ENG_OK)
            return status;
        eng_kafka_outlets_conf(kafka, conf);
        kafka->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
        if (kafka->producer == NULL) {
            rd_kafka_conf_destroy(conf);
            return eng_error_set(err, ENG_BAD_CONFIG, "librdkafka refuses the producer: %s", text);
        }
    }
    rd_kafka_error_t *error = rd_kafka_init_transactions(kafka->producer, ENG_KAFKA_ASK_MS);
    enum eng_status status = classify(kafka, error, "opening the producer", err);
    (void)rd_kafka_poll(kafka->producer, 0); /* its errors */
    kafka->initialised = status == ENG_OK;
    eng_assert(kafka->producer != NULL);
    return status;
}

void eng_kafka_producer_close(struct eng_port *port)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    eng_kafka_outlets_close(kafka);
    if (kafka->producer != NULL)
        rd_kafka_destroy(kafka->producer);
    eng_kafka_outlets_free(kafka);
    kafka->producer = NULL;
    kafka->unreported = 0; /* nobody is left to look at their bytes */
    kafka->initialised = false;
}

bool eng_kafka_producer_suspect(struct eng_port *port)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    eng_assert(kafka->producer != NULL);
    (void)rd_kafka_poll(kafka->producer, 0); /* lets its errors come in */
    return atomic_load(&kafka->suspect);
}

enum eng_status eng_kafka_begin(struct eng_port *port, struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    eng_assert(kafka->producer != NULL);
    eng_assert(kafka->initialised);
    eng_kafka_window_begin(kafka);
    (void)rd_kafka_poll(kafka->producer, 0); /* errors of the idle time are of no concern */
    atomic_store(&kafka->suspect, false);
    return classify(kafka, rd_kafka_begin_transaction(kafka->producer), "beginning a transaction",
                    err);
}

enum eng_status eng_kafka_flush(struct eng_port *port, struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    eng_assert(kafka->producer != NULL);
    eng_assert(kafka->initialised);
    int64_t deadline_us = eng_clock_mono_us() + (int64_t)ENG_KAFKA_TXN_MS * 1000;
    rd_kafka_resp_err_t code = eng_kafka_send_now(kafka);
    while (code == RD_KAFKA_RESP_ERR__TIMED_OUT && eng_clock_mono_us() < deadline_us) {
        (void)rd_kafka_poll(kafka->producer, REPORT_MS); /* more can be sent when some are in */
        code = eng_kafka_send_now(kafka);
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return ENG_OK;
    return eng_error_set(err, ENG_TIMED_OUT, "sending the outputs: %s", rd_kafka_err2str(code));
}

static rd_kafka_topic_partition_list_t *
offsets_of(struct eng_kafka *kafka, const struct eng_port_offset *set, uint32_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    eng_assert(list != NULL);
    for (uint32_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_t *one = rd_kafka_topic_partition_list_add(
            list, eng_kafka_topic(kafka, ENG_TOPIC_INPUT), set[i].partition);
        size_t length = strlen(set[i].meta);
        eng_assert(set[i].next >= 0);
        one->offset = set[i].next;
        one->metadata = rd_kafka_mem_malloc(kafka->producer, length + 1); /* freed with the list */
        eng_assert(one->metadata != NULL);
        memcpy(one->metadata, set[i].meta, length + 1);
        one->metadata_size = length;
    }
    return list;
}

/* A broker takes the offsets of a transaction that come without generation and member from anybody
 * (ClassicGroup.validateOffsetCommit: clients of old have none). librdkafka resets both of a member
 * that the group has shut out, one after the other and before our callback hears of it, so nothing
 * would keep such a one from committing what somebody else is at work on. */
static bool is_member(const rd_kafka_consumer_group_metadata_t *group)
{
    const char *member = rd_kafka_consumer_group_metadata_member_id(group);
    eng_assert(group != NULL);
    eng_assert(member != NULL);
    return rd_kafka_consumer_group_metadata_generation_id(group) >= 0 && member[0] != '\0';
}

enum eng_status eng_kafka_send_offsets(struct eng_port *port, const struct eng_port_offset *set,
                                       uint32_t count, struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    eng_assert(kafka->initialised);
    eng_assert(count > 0);
    rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(kafka->consumer);
    if (group == NULL || !is_member(group)) {
        if (group != NULL)
            rd_kafka_consumer_group_metadata_destroy(group);
        return eng_error_set(err, ENG_TXN_ABORT, "the consumer has no generation now");
    }
    rd_kafka_topic_partition_list_t *list = offsets_of(kafka, set, count);
    rd_kafka_error_t *error =
        rd_kafka_send_offsets_to_transaction(kafka->producer, list, group, ENG_KAFKA_TXN_MS);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_consumer_group_metadata_destroy(group);
    return classify(kafka, error, "sending the offsets", err);
}

enum eng_status eng_kafka_commit(struct eng_port *port, struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    eng_assert(kafka->initialised);
    return classify(kafka, rd_kafka_commit_transaction(kafka->producer, ENG_KAFKA_TXN_MS),
                    "committing", err);
}

enum eng_status eng_kafka_abort(struct eng_port *port, struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    eng_assert(kafka->initialised);
    return classify(kafka, rd_kafka_abort_transaction(kafka->producer, ENG_KAFKA_TXN_MS),
                    "aborting", err);
}
