/* What the files of the port share. See port.h. */
#ifndef TESTS_SIM_PORT_INSIDE_H
#define TESTS_SIM_PORT_INSIDE_H

#include "port.h"
#include "sim.h"

/* How calls begin and end. Each may be the process's last: then it does not come back. */

/* Gives the call its number, and lets time pass on the way there. */
void port_enter(struct port *port, const char *what);

/* Lets time pass on the way back, and says what came of it. */
enum eng_status port_leave(struct port *port, const char *what, enum eng_status status);

/* In the middle of a call: time passes. */
void port_sleep(struct port *port, int64_t us);

/* Is a call lost on the way there (then it never happened) or back (then nobody hears of it)? */
bool port_hiccup(struct port *port);
bool port_reply_lost(struct port *port);

static inline struct port *port_of(struct eng_port *port)
{
    return (struct port *)(void *)port;
}

static inline struct sim *port_sim(const struct port *port)
{
    return port->process->sim;
}

/* The number that the broker keeps the offset of a partition of the input by. */
static inline int32_t port_number(const struct port *port, int32_t partition)
{
    return port->input == ENG_TOPIC_INPUT ? partition : BROKER_MERGERS;
}

/* port_producer.c */
enum eng_status port_producer_open(struct eng_port *port, struct eng_error *err);
void port_producer_close(struct eng_port *port);
bool port_producer_suspect(struct eng_port *port);
enum eng_status port_begin(struct eng_port *port, struct eng_error *err);
enum eng_status port_produce(struct eng_port *port, const struct eng_port_output *outputs,
                             uint32_t count, uint32_t *ret_taken, struct eng_error *err);
enum eng_status port_flush(struct eng_port *port, struct eng_error *err);
enum eng_status port_send_offsets(struct eng_port *port, const struct eng_port_offset *set,
                                  uint32_t count, struct eng_error *err);
enum eng_status port_commit(struct eng_port *port, struct eng_error *err);
enum eng_status port_abort(struct eng_port *port, struct eng_error *err);

#endif
