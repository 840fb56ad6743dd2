/* The port of a simulated process: src/stream/port.h over the model broker and the model group, as
 * librdkafka behaves where it matters.
 *
 * Every call takes time and has a number; the process can die in it before anything has happened,
 * or after everything has. What a call asks of the broker can be lost on the way there or back, and
 * requests that end transactions can come late. The client asks again by itself now and then, as
 * librdkafka does; it notes that there was trouble ("suspect").
 *
 * A merger's port is one whose input is the topic of sums, and whose group is the mergers'. */
#ifndef TESTS_SIM_PORT_H
#define TESTS_SIM_PORT_H

#include "broker.h"
#include "stream/port.h"

struct process;

/* Where a partition is fetched from. */
struct port_fetch {
    bool on;
    int64_t next;
    int64_t high;    /* of the last fetch; -1: none yet */
    int64_t from_us; /* nothing comes before */
};

/* A record that the producer has taken and not sent. Key and headers are copies, the value is lent.
 */
struct port_queued {
    uint32_t place;
    struct broker_record record;
};

struct port {
    struct eng_port port;
    struct process *process;
    enum eng_topic input; /* what ENG_TOPIC_INPUT is here, and how many partitions it has */
    int32_t partitions;
    const struct eng_port_handler *handler;
    struct port_fetch fetch[BROKER_PARTITIONS];
    bool paused;
    uint64_t scans; /* bits: places that are being read */
    void *batch;    /* bytes of the records of a poll, until they are released */

    uint32_t producer; /* number of our transactional id */
    int32_t epoch;
    bool opened, begun, asked; /* asked: the broker knows of the transaction */
    bool abortable, fatal;     /* it has to be aborted; the producer is of no use any more */
    bool suspect, refuse_next;
    int64_t cut_until_us; /* requests to end a transaction do not get through before */
    struct port_queued *queue;
    uint32_t queue_count, queue_capacity;
    int32_t cached_generation; /* for the canary FRESH_GENERATION; -1: none */
};

/* A port of a process that begins. */
void port_init(struct port *port, struct process *process);

/* Is it reading this log, and may it have been given records without the tombstones behind them? */
bool port_reads(const struct port *port, uint32_t place);

/* Frees what the simulation keeps for it; the process is dead or done. */
void port_done(struct port *port);

#endif
