/* Before a worker joins: are the topics there, do they fit, and may we use them? */
#ifndef ENG_STREAM_START_H
#define ENG_STREAM_START_H

#include "stream/port.h"

struct eng_config;

/* The names of a program's topics. Borrowed from the config. */
const char *eng_start_topic(const struct eng_config *config, enum eng_topic topic);

/* Looks at every topic and makes those outputs that are missing, if it may. *ret_info is the
 * input's. ENG_OK, ENG_TOPIC, ENG_DENIED, ENG_BAD_CONFIG, or ENG_UNAVAILABLE (worth a repetition).
 */
enum eng_status eng_start_check(struct eng_port *port, const struct eng_config *config,
                                struct eng_topic_info *ret_info, struct eng_error *err);

#endif
