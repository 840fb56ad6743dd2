/* The questions about the group, when its coordinator is away: librdkafka aborts the process when
 * one has timed out inside it before the coordinator comes back (see kafka_group.c). */
#include "base/log.h"
#include "model/config.h"
#include "stream/clock.h"
#include "stream/kafka.h"
#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>

enum { NODES = 2, COORDINATOR = 2, SETTLE_MS = 1500 };

struct cluster {
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *mock;
};

static void set_up(struct cluster *cluster)
{
    char text[256] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL);
    eng_log_level_set(ENG_LOG_ERROR);
    cluster->host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    cr_assert_not_null(cluster->host, "%s", text);
    cluster->mock = rd_kafka_mock_cluster_new(cluster->host, NODES);
    cr_assert_not_null(cluster->mock);
    cr_assert_eq(rd_kafka_mock_coordinator_set(cluster->mock, "group", "g", COORDINATOR), 0);
}

static void take_member(void *context, const struct eng_port_member *member)
{
    (void)member; /* none is expected */
    *(bool *)context = true;
}

Test(stream_group, a_coordinator_that_comes_back_after_a_question_was_given_up_does_no_harm)
{
    struct cluster cluster;
    static char group[] = "g", changes[] = "changes";
    char brokers[256];
    bool told = false;
    const struct eng_port_census census = {&told, take_member};
    struct eng_error err = {0};
    struct eng_port *port;
    set_up(&cluster);
    (void)snprintf(brokers, sizeof brokers, "%s", rd_kafka_mock_cluster_bootstraps(cluster.mock));
    struct eng_config config = {.kafka = {.brokers = brokers, .group = group},
                                .output = {.score_changes = changes}};
    cr_assert_eq(rd_kafka_mock_broker_set_down(cluster.mock, COORDINATOR), 0);
    cr_assert_eq(eng_kafka_new(&config, 0, "u", &port, &err), ENG_OK, "%s", err.text);
    cr_expect_eq(port->ops->members(port, &census, &err), ENG_UNAVAILABLE);
    cr_assert_eq(rd_kafka_mock_broker_set_up(cluster.mock, COORDINATOR), 0);
    eng_clock_sleep_ms(SETTLE_MS); /* the abort came within 0.3 s of the node's return */
    cr_expect_not(told);
    port->ops->free(port);
    rd_kafka_mock_cluster_destroy(cluster.mock);
    rd_kafka_destroy(cluster.host);
}

Test(stream_group, offsets_of_one_that_is_no_member_are_not_even_sent)
{
    struct cluster cluster;
    static char group[] = "g", changes[] = "changes", input[] = "actions";
    char brokers[256];
    const struct eng_port_offset set = {.partition = 0, .next = 5};
    struct eng_error err = {0};
    struct eng_port *port;
    set_up(&cluster);
    cr_assert_eq(rd_kafka_mock_topic_create(cluster.mock, input, 1, 1), 0);
    (void)snprintf(brokers, sizeof brokers, "%s", rd_kafka_mock_cluster_bootstraps(cluster.mock));
    struct eng_config config = {.kafka = {.brokers = brokers, .group = group},
                                .input = {.topic = input},
                                .output = {.score_changes = changes}};
    cr_assert_eq(eng_kafka_new(&config, 0, "u", &port, &err), ENG_OK, "%s", err.text);
    cr_assert_eq(port->ops->producer_open(port, &err), ENG_OK, "%s", err.text);
    cr_assert_eq(port->ops->begin(port, &err), ENG_OK, "%s", err.text);
    cr_expect_eq(port->ops->send_offsets(port, &set, 1, &err), ENG_TXN_ABORT, "%s", err.text);
    cr_expect_eq(port->ops->abort(port, &err), ENG_OK, "%s", err.text);
    port->ops->producer_close(port);
    port->ops->free(port);
    rd_kafka_mock_cluster_destroy(cluster.mock);
    rd_kafka_destroy(cluster.host);
}
