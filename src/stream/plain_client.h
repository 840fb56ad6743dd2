/* What the plain clients (sender, tail) have in common: settings, failures by class, topics.
 *
 * A header of librdkafka's types, so for this room only. */
#ifndef ENG_STREAM_PLAIN_CLIENT_H
#define ENG_STREAM_PLAIN_CLIENT_H

#include <engaged/status.h>
#include <librdkafka/rdkafka.h>
#include <stddef.h>

struct eng_properties;

struct eng_setting {
    const char *name, *value;
};

/* A configuration with the brokers, a list of settings (ends with a NULL name) and then the user's
 * properties, which win. Logs go to eng_log at level debug. ENG_OK, ENG_BAD_CONFIG (names the
 * property and what librdkafka says). The caller hands *ret_conf to a client or destroys it. */
enum eng_status eng_plain_conf_new(const char *brokers, const struct eng_setting *settings,
                                   const struct eng_properties *properties,
                                   rd_kafka_conf_t **ret_conf, struct eng_error *err);

/* Sets the user's properties; NULL: none. */
enum eng_status eng_plain_conf_properties(rd_kafka_conf_t *conf,
                                          const struct eng_properties *properties,
                                          struct eng_error *err);

/* What can be done about a code of librdkafka. */
enum eng_status eng_plain_status(rd_kafka_resp_err_t code);

/* The number of partitions of a topic, 0 when there is none, without making the broker create it.
 * Waits up to 15 seconds for an answer. ENG_OK, ENG_UNAVAILABLE, ENG_DENIED. */
enum eng_status eng_plain_partitions(rd_kafka_t *client, const char *topic, int32_t *ret_count,
                                     struct eng_error *err);

#endif
