/* Where made-up records go: JSON lines or an Avro container file, or a topic.
 *
 * The first failure is kept by the thing that failed and comes out of put or close. One thread. */
#ifndef ENG_CLI_GENERATE_SINK_H
#define ENG_CLI_GENERATE_SINK_H

#include "stream/sender.h"
#include <stdbool.h>

struct eng_sink;

struct eng_sink_options {
    bool avro;         /* Avro, else JSON */
    uint64_t seed;     /* of the marker between a container's blocks */
    const char *path;  /* a file; "-": standard output. Not used with a topic */
    int64_t schema_id; /* topic, Avro: the id in front of each body; -1: bodies alone */
    struct eng_sender_options topic; /* topic.topic NULL: a file */
};

/* Opens a file or connects. Borrows what the options point to. ENG_OK, ENG_IO, ENG_NO_MEMORY, or as
 * eng_sender_new. */
enum eng_status eng_sink_new(const struct eng_sink_options *options, struct eng_sink **ret_sink,
                             struct eng_error *err);

/* Appends a record (its key only matters for a topic). ENG_OK or the first failure. */
enum eng_status eng_sink_put(struct eng_sink *sink, const struct eng_sender_record *record,
                             struct eng_error *err);

/* Writes out what is left: everything is in the file, or taken over by the brokers. ENG_OK or the
 * first failure. */
enum eng_status eng_sink_finish(struct eng_sink *sink, struct eng_error *err);

/* NULL is fine. */
void eng_sink_free(struct eng_sink *sink);

#endif
