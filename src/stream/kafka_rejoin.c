/* Coming back after the broker has shut our consumer out.
 *
 * FENCED_INSTANCE_ID says that somebody else is our member of the group now. That may be another
 * process with our kafka.instance. It may be ourselves as well: a request to join whose answer was
 * lost makes a member that nobody is, and a coordinator that takes over may remember one that we
 * were before. Such a ghost sends no heartbeats, and neither do we any more, so within a session
 * time-out of a group that is settled the broker drops it; another process stays. Then our
 * consumer, which is dead for good, is made anew.
 *
 * Until this is known nothing is read and nothing is committed. */
#include "stream/kafka_internal.h"

#include "base/assert.h"
#include "base/log.h"
#include "stream/clock.h"
#include <stdlib.h>
#include <string.h>

enum { MARGIN_MS = 2000, SESSION_MS = 45000 };

static int64_t session_ms(const struct eng_kafka *kafka)
{
    char text[24] = "";
    size_t size = sizeof text;
    eng_assert(kafka->consumer != NULL);
    if (rd_kafka_conf_get(rd_kafka_conf(kafka->consumer), "session.timeout.ms", text, &size) !=
        RD_KAFKA_CONF_OK)
        return SESSION_MS;
    int64_t ms = strtol(text, NULL, 10);
    eng_assert(ms > 0);
    return ms;
}

/* Is a member with our instance there? */
static bool has_member(const struct eng_kafka *kafka,
                       const rd_kafka_ConsumerGroupDescription_t *group)
{
    size_t count = rd_kafka_ConsumerGroupDescription_member_count(group);
    eng_assert(kafka->instance[0] != '\0');
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_MemberDescription_t *member =
            rd_kafka_ConsumerGroupDescription_member(group, i);
        eng_assert(member != NULL);
        const char *instance = rd_kafka_MemberDescription_group_instance_id(member);
        if (instance != NULL && strcmp(instance, kafka->instance) == 0)
            return true;
    }
    return false;
}

enum place { PLACE_UNKNOWN, PLACE_FREE, PLACE_TAKEN, PLACE_MOVING };

/* Asks the broker who is in the group. */
static enum place ask_place(struct eng_kafka *kafka)
{
    const rd_kafka_ConsumerGroupDescription_t *group = NULL;
    rd_kafka_event_t *event;
    struct eng_error cause = {0}; /* the log tells it at debug; it is asked again */
    enum place place = PLACE_UNKNOWN;
    eng_assert(kafka->config->kafka.group != NULL);
    if (eng_kafka_describe_group(kafka, &event, &group, &cause) == ENG_OK)
        place =
            !has_member(kafka, group) ? PLACE_FREE
            : rd_kafka_ConsumerGroupDescription_state(group) == RD_KAFKA_CONSUMER_GROUP_STATE_STABLE
                ? PLACE_TAKEN
                : PLACE_MOVING;
    if (event != NULL)
        rd_kafka_event_destroy(event);
    eng_assert(place <= PLACE_MOVING);
    return place;
}

/* The dead consumer goes, a new one joins. */
static enum eng_status join_anew(struct eng_kafka *kafka, struct eng_error *err)
{
    const struct eng_port_handler *handler = kafka->handler;
    eng_assert(kafka->consumer != NULL);
    eng_assert(handler != NULL);
    eng_kafka_consumer_free(kafka);
    eng_kafka_asker_close(kafka);
    kafka->shut_out_us = 0;
    enum eng_status status = eng_kafka_consumer_new(kafka, err);
    return status == ENG_OK ? eng_kafka_join(&kafka->port, handler, err) : status;
}

enum eng_status eng_kafka_rejoin(struct eng_port *port, struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    int64_t now_us = eng_clock_mono_us();
    eng_assert(kafka->consumer != NULL);
    eng_assert(!kafka->closed);
    if (!eng_kafka_is_shut_out(kafka))
        return eng_error_set(err, ENG_LOST, "the broker has fenced the transactional id \"%s\"",
                             kafka->transactional_id);
    if (kafka->shut_out_us == 0)
        kafka->shut_out_us = now_us;
    enum place place = ask_place(kafka);
    if (place == PLACE_FREE) {
        eng_log(ENG_LOG_WARN, "kafka",
                "nobody else is kafka.instance \"%s\" in group \"%s\": joining again",
                kafka->config->kafka.instance, kafka->config->kafka.group);
        return join_anew(kafka, err);
    }
    if (place != PLACE_TAKEN)
        kafka->shut_out_us =
            now_us; /* a ghost lives until the group has been settled for a while */
    if (now_us - kafka->shut_out_us < (session_ms(kafka) + MARGIN_MS) * 1000)
        return ENG_AGAIN;
    return eng_kafka_tell_shut_out(kafka, err);
}
