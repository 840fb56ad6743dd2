/* The producer's side of the port. See port.h.
 *
 * The client has its own view of the transaction: begun, to be aborted, dead. What it has taken to
 * send goes out when it flushes, and now and then before. */
#include "port_inside.h"

#include "base/assert.h"
#include "base/rules.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MS INT64_C(1000)

enum { CALL_US = 5000000, BUSY_US = 20000, QUEUE_MOST = 40 };

static enum eng_status fail(struct port *port, enum eng_status status, const char *what,
                            struct eng_error *err)
{
    if (status == ENG_FATAL)
        port->fatal = true;
    if (status == ENG_TXN_ABORT)
        port->abortable = true;
    (void)port_leave(port, what, status); /* it is that */
    return eng_error_set(err, status, "%s: %s", what, eng_status_name(status));
}

/* ENG_OK, or what stands in the way of any call within a transaction. */
static enum eng_status standing(const struct port *port)
{
    eng_assert(port->opened);
    return port->fatal ? ENG_FATAL : port->abortable ? ENG_TXN_ABORT : ENG_OK;
}

static void forget_queue(struct port *port)
{
    port->queue_count = 0;
    port->begun = port->asked = port->abortable = false;
}

/* ---- Opening and closing. ---- */

enum eng_status port_producer_open(struct eng_port *port, struct eng_error *err)
{
    struct port *self = port_of(port);
    struct sim *sim = port_sim(self);
    int64_t deadline_us = sim->now_us + CALL_US;
    port_enter(self, "open");
    eng_assert(!self->opened);
    if (port_hiccup(self))
        return fail(self, ENG_UNAVAILABLE, "open", err);
    while (broker_open(&sim->broker, self->producer, &self->epoch) != BROKER_OK) {
        if (sim->now_us >= deadline_us)
            return fail(self, ENG_TIMED_OUT, "open", err);
        port_sleep(self, BUSY_US);
    }
    if (port_reply_lost(self))
        return fail(self, ENG_TIMED_OUT, "open (answer lost)", err);
    forget_queue(self);
    self->opened = true;
    sim->tally[TALLY_EPOCHS]++;
    self->fatal = false;
    sim_say(sim, "producer %u has epoch %d", self->producer, self->epoch);
    return port_leave(self, "open", ENG_OK);
}

void port_producer_close(struct eng_port *port)
{
    struct port *self = port_of(port);
    if (self->opened)
        sim_say(port_sim(self), "producer %u is closed", self->producer);
    forget_queue(self);
    self->opened = self->fatal = false;
}

bool port_producer_suspect(struct eng_port *port)
{
    return port_of(port)->suspect;
}

/* ---- Records. ---- */

enum eng_status port_begin(struct eng_port *port, struct eng_error *err)
{
    struct port *self = port_of(port);
    /* With a rule left out a client is used again that librdkafka would not let begin. */
    eng_assert(!self->begun || !ENG_RULE(ROTATE_IN_DOUBT));
    port_enter(self, "begin");
    if (self->fatal)
        return fail(self, ENG_FATAL, "begin", err);
    forget_queue(self);
    self->suspect = false;
    self->begun = true;
    return port_leave(self, "begin", ENG_OK);
}

static enum eng_status status_of(enum broker_answer answer)
{
    return answer == BROKER_OK ? ENG_OK : answer == BROKER_BUSY ? ENG_TIMED_OUT : ENG_FATAL;
}

/* Sends up to `most` records of the queue; waits while the last transaction has not ended. */
static enum eng_status transmit(struct port *port, uint32_t most)
{
    struct sim *sim = port_sim(port);
    int64_t deadline_us = sim->now_us + CALL_US;
    enum broker_answer answer = BROKER_OK;
    uint32_t sent = 0;
    while (sent < most && sent < port->queue_count &&
           (answer == BROKER_OK || answer == BROKER_BUSY) && sim->now_us < deadline_us) {
        const struct port_queued *one = &port->queue[sent];
        answer =
            broker_produce(&sim->broker, port->producer, port->epoch, one->place, &one->record);
        if (answer == BROKER_OK)
            sent++;
        if (answer == BROKER_BUSY || sim_percent(sim, 15))
            port_sleep(port, answer == BROKER_BUSY ? BUSY_US : manner_latency_us(sim));
    }
    port->asked |= sent > 0;
    port->queue_count -= sent;
    if (sent > 0)
        memmove(port->queue, port->queue + sent, port->queue_count * sizeof *port->queue);
    return status_of(answer);
}

/* Takes one record: its key and headers are copied, its value is lent. */
static void take(struct port *port, const struct eng_port_output *output)
{
    struct broker *broker = &port_sim(port)->broker;
    if (port->queue_count == port->queue_capacity) {
        port->queue_capacity = port->queue_capacity == 0 ? 64 : port->queue_capacity * 2;
        port->queue = realloc(port->queue, port->queue_capacity * sizeof *port->queue);
        eng_assert(port->queue != NULL);
    }
    struct port_queued *to = &port->queue[port->queue_count++];
    to->place = broker_place(output->topic, output->partition);
    to->record = broker_record_of(broker, output);
    to->record.key = broker_copy(broker, output->key, output->key_bytes);
}

enum eng_status port_produce(struct eng_port *port, const struct eng_port_output *outputs,
                             uint32_t count, uint32_t *ret_taken, struct eng_error *err)
{
    struct port *self = port_of(port);
    struct sim *sim = port_sim(self);
    *ret_taken = 0;
    port_enter(self, "produce");
    eng_assert(self->begun);
    if (standing(self) != ENG_OK)
        return fail(self, standing(self), "produce", err);
    if (self->refuse_next) {
        self->refuse_next = false;
        return fail(self, ENG_LIMIT, "produce (record too large)", err);
    }
    while (*ret_taken < count && self->queue_count < QUEUE_MOST)
        take(self, &outputs[(*ret_taken)++]);
    bool early = *ret_taken < count || sim_percent(sim, 40);
    enum eng_status status =
        early ? transmit(self, (uint32_t)sim_between(sim, 1, QUEUE_MOST)) : ENG_OK;
    if (status != ENG_FATAL && manner_strikes(sim, sim->manner.refuse))
        status = ENG_TXN_ABORT;
    if (status == ENG_FATAL || status == ENG_TXN_ABORT)
        return fail(self, status, "produce", err);
    return port_leave(self, "produce", *ret_taken < count ? ENG_AGAIN : ENG_OK);
}

enum eng_status port_flush(struct eng_port *port, struct eng_error *err)
{
    struct port *self = port_of(port);
    struct sim *sim = port_sim(self);
    port_enter(self, "flush");
    if (standing(self) != ENG_OK)
        return fail(self, standing(self), "flush", err);
    uint32_t most = port_hiccup(self) ? self->queue_count / 2 : self->queue_count;
    enum eng_status status = transmit(self, most);
    if (status == ENG_OK && manner_strikes(sim, sim->manner.refuse))
        status = ENG_TXN_ABORT;
    if (status == ENG_OK && self->queue_count > 0)
        status = ENG_TIMED_OUT;
    return status == ENG_OK ? port_leave(self, "flush", ENG_OK) : fail(self, status, "flush", err);
}

/* ---- Offsets. ---- */

/* A request to the group's coordinator on its way: it may arrive late. */
struct late_offsets {
    struct group *group;
    uint32_t producer, member, count;
    int32_t epoch, generation;
    struct eng_port_offset set[BROKER_PARTITIONS]; /* their partitions: as the broker counts them */
};

static enum eng_status offsets_arrive(struct sim *sim, const struct late_offsets *request)
{
    bool accepted = group_accepts(request->group, request->member, request->generation);
    enum eng_status status =
        status_of(broker_offsets(&sim->broker, request->producer, request->epoch, request->set,
                                 accepted ? request->count : 0));
    if (accepted || status != ENG_OK)
        return status;
    sim->tally[TALLY_FENCED]++;
    return ENG_TXN_ABORT;
}

static void offsets_come_late(struct sim *sim, const struct event *event)
{
    struct late_offsets request;
    memcpy(&request, event->who, sizeof request); /* it may lie anywhere */
    if (sim->calm || !broker_is_open(&sim->broker, request.producer))
        return;
    enum eng_status status = offsets_arrive(sim, &request);
    sim_say(sim, "offsets of producer %u come late: %s", request.producer, eng_status_name(status));
}

/* The generation as of now; as of some time before, for the canary. */
static int32_t generation_of(struct port *port)
{
    if (port->cached_generation < 0)
        port->cached_generation = port->process->client.generation;
    return ENG_RULE(FRESH_GENERATION) ? port->process->client.generation : port->cached_generation;
}

/* Sends the request a second time, to arrive later. */
static void delay_offsets(struct port *port, const struct late_offsets *request)
{
    struct sim *sim = port_sim(port);
    port->suspect = true;
    sim_after(sim, sim_between(sim, MS, 6000 * MS),
              (struct event){.run = offsets_come_late,
                             .who = broker_copy(&sim->broker, request, sizeof *request)});
}

enum eng_status port_send_offsets(struct eng_port *port, const struct eng_port_offset *set,
                                  uint32_t count, struct eng_error *err)
{
    struct port *self = port_of(port);
    struct sim *sim = port_sim(self);
    struct late_offsets request = {
        .group = self->process->group, .producer = self->producer, .count = count};
    eng_assert(count <= BROKER_PARTITIONS);
    request.member = self->process->client.member;
    request.generation = generation_of(self);
    request.epoch = self->epoch;
    memcpy(request.set, set, count * sizeof *set);
    for (uint32_t i = 0; i < count; i++)
        request.set[i].partition = port_number(self, set[i].partition);
    port_enter(self, "offsets");
    if (standing(self) != ENG_OK)
        return fail(self, standing(self), "offsets", err);
    if (request.member == 0)
        return fail(self, ENG_TXN_ABORT, "offsets (no member)", err);
    if (port_hiccup(self) || sim->now_us < sim->broker.away_until_us)
        return fail(self, ENG_TIMED_OUT, "offsets", err);
    if (port_reply_lost(self) && sim_percent(sim, 30))
        delay_offsets(self, &request);
    enum eng_status status = offsets_arrive(sim, &request);
    self->asked |= status == ENG_OK || status == ENG_TXN_ABORT; /* refused by the group only */
    if (status == ENG_OK && port_reply_lost(self))
        status = ENG_TIMED_OUT;
    return status == ENG_OK ? port_leave(self, "offsets", ENG_OK)
                            : fail(self, status, "offsets", err);
}

/* ---- Ends. ---- */

static void end_comes_late(struct sim *sim, const struct event *event)
{
    uint32_t producer = (uint32_t)(event->a >> 1);
    bool commit = event->a & 1;
    if (!broker_is_open(&sim->broker, producer))
        return;
    enum broker_answer answer = broker_end(&sim->broker, producer, (int32_t)event->b, commit);
    sim_say(sim, "%s of producer %u comes late: %s", commit ? "commit" : "abort", producer,
            answer == BROKER_OK ? "done" : "fenced");
    sim->tally[TALLY_LATE_ENDS] += answer == BROKER_OK;
    if (answer == BROKER_OK)
        manner_spite(sim, producer);
}

static void end_later(struct port *port, bool commit, int64_t least_us)
{
    struct sim *sim = port_sim(port);
    static const int64_t most_us[] = {60 * MS, 60 * MS, 800 * MS, 800 * MS, 9000 * MS};
    int64_t delay_us = least_us + sim_between(sim, MS, CHANCE_ONE_OF(&sim->chance, most_us));
    sim_after(sim, delay_us,
              (struct event){.run = end_comes_late,
                             .a = (int64_t)port->producer << 1 | commit,
                             .b = port->epoch});
}

/* The network breaks: commits are still on their way somewhere, nothing else gets through for a
 * while; the group may have given the member up too. */
static void cut_off(struct port *port, bool expelled)
{
    struct sim *sim = port_sim(port);
    int64_t us = sim_between(sim, 200 * MS, 2000 * MS);
    sim_say(sim, "producer %u is cut off for %" PRId64 " ms", port->producer, us / MS);
    port->cut_until_us = sim->now_us + us;
    for (int64_t i = sim_between(sim, 1, 3); i > 0; i--)
        end_later(port, true, sim_between(sim, us / 2, us + 6000 * MS));
    if (expelled)
        group_expel(port->process);
}

/* One request to end the transaction; ENG_TIMED_OUT: no answer. */
static enum eng_status request_end(struct port *port, bool commit)
{
    struct broker *broker = &port_sim(port)->broker;
    bool cut = port_sim(port)->now_us < port->cut_until_us;
    enum fate fate = cut ? FATE_REQUEST_LOST : manner_fate(port_sim(port));
    if (commit && !cut && manner_halves(port_sim(port))) {
        int64_t places = sim_between(port_sim(port), 1, (INT64_C(2) << BROKER_GROUP) - 1);
        broker_half_commit(broker, port->producer, port->epoch, (uint64_t)places);
        fate = FATE_REQUEST_LOST;
    }
    if (fate == FATE_REFUSED && broker_is_half(broker, port->producer))
        fate = FATE_FINE;
    if (fate == FATE_REFUSED)
        return commit ? ENG_TXN_ABORT : ENG_TIMED_OUT;
    if (fate == FATE_DELAYED || fate == FATE_DOUBLED)
        end_later(port, commit, 0);
    if (fate == FATE_DELAYED && sim_percent(port_sim(port), 50))
        end_later(port, commit, 0); /* asked for twice before either arrives */
    bool expelled = commit && fate != FATE_FINE && !cut && manner_expels(port_sim(port));
    if (expelled || (commit && fate != FATE_FINE && !cut && manner_cuts(port_sim(port))))
        cut_off(port, expelled);
    if (fate != FATE_FINE) {
        port->suspect = true;
        port_sim(port)->tally[TALLY_DOUBTS]++;
    }
    if (fate == FATE_REQUEST_LOST || fate == FATE_DELAYED)
        return ENG_TIMED_OUT;
    enum broker_answer answer = broker_end(broker, port->producer, port->epoch, commit);
    if (answer != BROKER_OK)
        return ENG_FATAL;
    return fate == FATE_FINE ? ENG_OK : ENG_TIMED_OUT;
}

/* Asks to end the transaction; the client asks again by itself now and then. */
static enum eng_status end(struct port *port, bool commit)
{
    struct sim *sim = port_sim(port);
    enum eng_status status = request_end(port, commit);
    while (status == ENG_TIMED_OUT && sim_percent(sim, 50)) {
        port_sleep(port, sim_between(sim, MS, 300 * MS));
        status = request_end(port, commit);
    }
    return status;
}

enum eng_status port_commit(struct eng_port *port, struct eng_error *err)
{
    struct port *self = port_of(port);
    port_enter(self, "commit");
    eng_assert(self->begun);
    enum eng_status status = standing(self);
    if (status == ENG_OK)
        status = transmit(self, self->queue_count);
    if (status == ENG_OK && self->queue_count > 0)
        status = ENG_TIMED_OUT;
    if (status == ENG_OK && self->asked)
        status = end(self, true);
    if (status != ENG_OK)
        return fail(self, status, "commit", err);
    forget_queue(self);
    port_sim(self)->tally[TALLY_COMMITS]++;
    return port_leave(self, "commit", ENG_OK);
}

enum eng_status port_abort(struct eng_port *port, struct eng_error *err)
{
    struct port *self = port_of(port);
    port_enter(self, "abort");
    eng_assert(self->begun);
    enum eng_status status = self->fatal ? ENG_FATAL : ENG_OK;
    if (status == ENG_OK && self->asked)
        status = end(self, false);
    if (status != ENG_OK)
        return fail(self, status, "abort", err);
    forget_queue(self);
    port_sim(self)->tally[TALLY_ABORTS]++;
    return port_leave(self, "abort", ENG_OK);
}
