/* The consumer's side of the port, and questions. See port.h. */
#include "port.h"

#include "base/assert.h"
#include "base/rules.h"
#include "port_inside.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MS INT64_C(1000)

enum {
    ASK_US = 5000000, /* how long a question may take */
    ASK_AGAIN_US = 50000,
    SCAN_STEP_US = 100000,
};

static const char *const call_ends[] = {"before", "after"};

/* ---- Calls. ---- */

/* Does the process die here? Then this does not come back. */
static void risk_death(struct port *port, const char *what, int which)
{
    struct sim *sim = port_sim(port);
    bool dies = which == 0 && sim->calls == sim->crash_at;
    if (!dies && !manner_strikes(sim, sim->manner.crash))
        return;
    if (!process_may_die(port->process))
        return;
    sim_say(sim, "call %" PRIu64 " is the last, %s it was done: %s", sim->calls, call_ends[which],
            what);
    process_kill(port->process, "in a call");
}

void port_enter(struct port *port, const char *what)
{
    struct sim *sim = port_sim(port);
    sim->calls++;
    risk_death(port, what, 0);
    process_sleep(port->process, manner_latency_us(sim));
}

enum eng_status port_leave(struct port *port, const char *what, enum eng_status status)
{
    struct sim *sim = port_sim(port);
    sim_say(sim, "%s: %s", what, eng_status_name(status));
    risk_death(port, what, 1);
    process_sleep(port->process, manner_latency_us(sim));
    return status;
}

void port_sleep(struct port *port, int64_t us)
{
    process_sleep(port->process, us);
}

/* The answer to a question may be an old one when it comes. */
static enum eng_status answer(struct port *port, const char *what)
{
    struct sim *sim = port_sim(port);
    if (manner_strikes(sim, sim->manner.late_answers * 100))
        port_sleep(port, sim_between(sim, 100 * MS, 6000 * MS));
    return port_leave(port, what, ENG_OK);
}

bool port_hiccup(struct port *port)
{
    return manner_strikes(port_sim(port), port_sim(port)->manner.hiccup);
}

bool port_reply_lost(struct port *port)
{
    return manner_strikes(port_sim(port), port_sim(port)->manner.replies_lost * 100);
}

/* ---- Consumer. ---- */

static enum eng_status join(struct eng_port *port, const struct eng_port_handler *handler,
                            struct eng_error *err)
{
    struct port *self = port_of(port);
    (void)err;
    port_enter(self, "join");
    self->handler = handler;
    group_subscribe(self->process);
    return port_leave(self, "join", ENG_OK);
}

/* Tells the worker of one change of its partitions. */
static void tell_change(struct port *port, const struct group_change *change)
{
    int32_t partitions[BROKER_PARTITIONS];
    uint32_t count = 0;
    struct sim *sim = port_sim(port);
    for (int32_t p = 0; p < BROKER_PARTITIONS; p++)
        if (change->mask >> p & 1)
            partitions[count++] = p;
    sim_say(sim, "partitions %x %s", change->mask,
            change->kind == GROUP_ASSIGNED  ? "come"
            : change->kind == GROUP_REVOKED ? "have to be given up"
                                            : "are lost");
    if (change->kind == GROUP_ASSIGNED)
        port->handler->assigned(port->handler->context, partitions, count);
    else
        port->handler->revoked(port->handler->context, partitions, count,
                               change->kind == GROUP_LOST);
    if (change->kind != GROUP_ASSIGNED)
        sim->tally[change->kind == GROUP_LOST ? TALLY_LOST : TALLY_REVOKED] += count;
    for (uint32_t i = 0; change->kind != GROUP_ASSIGNED && i < count; i++)
        port->fetch[partitions[i]].on = false;
    sim->changes++;
    sim_say(sim, "partitions %x: told", change->mask);
}

static void tell_changes(struct port *port)
{
    struct group_change change;
    while (group_next_change(port->process, &change)) {
        tell_change(port, &change);
        group_told(port->process, &change);
    }
}

/* A copy of a record that lives until it is released; *at is where the copy goes. */
static void hand_over(const struct broker_entry *entry, int64_t offset, int32_t partition,
                      struct eng_port_batch *batch, uint8_t **at)
{
    const struct broker_record *record = &entry->record;
    struct eng_port_record *to = &batch->records[batch->count++];
    *to = (struct eng_port_record){.value_bytes = record->value_bytes,
                                   .key_bytes = record->key_bytes,
                                   .offset = offset,
                                   .timestamp_ms = entry->timestamp_ms,
                                   .partition = partition};
    if (record->key != NULL)
        to->key = memcpy(*at, record->key, record->key_bytes);
    *at += record->key_bytes;
    if (record->value != NULL)
        to->value = memcpy(*at, record->value, record->value_bytes);
    *at += record->value_bytes;
}

enum { BATCH_BYTES = 1 << 16, BATCH_RECORDS = 64 };

/* Reads committed records of one partition, as many as come by chance. */
static void fetch(struct port *port, int32_t partition, struct eng_port_batch *batch, uint8_t **at)
{
    struct sim *sim = port_sim(port);
    struct port_fetch *from = &port->fetch[partition];
    uint32_t place = broker_place(port->input, partition);
    const struct broker_log *log = &sim->broker.logs[place];
    int64_t stable = broker_last_stable(&sim->broker, place);
    uint32_t most = batch->count + (uint32_t)sim_between(sim, 1, 24);
    if (from->next < log->low) {
        from->on = false;
        port->handler->failed(port->handler->context, partition, ENG_NOT_FOUND,
                              "the position lies before the log");
        return;
    }
    from->high = log->end;
    for (; from->next < stable && batch->count < most && batch->count < BATCH_RECORDS;
         from->next = broker_next(log, from->next)) {
        const struct broker_entry *entry = &log->entries[from->next];
        if (broker_is_visible(entry))
            hand_over(entry, from->next, partition, batch, at);
    }
}

static void fetch_all(struct port *port, struct eng_port_batch *batch)
{
    struct sim *sim = port_sim(port);
    eng_assert(port->batch == NULL);
    port->batch = malloc(BATCH_BYTES);
    eng_assert(port->batch != NULL);
    uint8_t *at = port->batch;
    for (int32_t p = 0; p < port->partitions; p++)
        if (port->fetch[p].on && port->fetch[p].from_us <= sim->now_us && !port->paused &&
            sim_percent(sim, 80))
            fetch(port, p, batch, &at);
    eng_assert(at <= (uint8_t *)port->batch + BATCH_BYTES);
}

/* How far each partition has been handed over. */
static void tell_ends(struct port *port)
{
    for (int32_t p = 0; p < BROKER_PARTITIONS; p++) {
        const struct port_fetch *from = &port->fetch[p];
        if (from->on && from->from_us <= port_sim(port)->now_us)
            port->handler->ended(port->handler->context, p, from->next,
                                 from->high >= 0 && from->next >= from->high);
    }
}

/* Idle polls are longer than asked for now and then: it saves turns. */
static void poll_waits(struct port *port, int64_t timeout_ms)
{
    struct sim *sim = port_sim(port);
    bool lazy = timeout_ms > 0 && sim_percent(sim, 70);
    port_sleep(port,
               lazy ? sim_between(sim, 20 * MS, 250 * MS) : sim_between(sim, 0, timeout_ms * MS));
}

static void poll(struct eng_port *port, struct eng_port_batch *batch, int64_t timeout_ms)
{
    struct port *self = port_of(port);
    struct sim *sim = port_sim(self);
    sim->calls++;
    risk_death(self, "poll", 0);
    poll_waits(self, timeout_ms);
    bool records_first = sim_percent(sim, 50);
    if (records_first)
        fetch_all(self, batch);
    tell_changes(self);
    if (!records_first)
        fetch_all(self, batch);
    if (port_hiccup(self))
        self->handler->failed(self->handler->context, -1, ENG_UNAVAILABLE, "no broker answers");
    if (batch->count > 0)
        sim_say(sim, "poll: %u records, the first %d/%" PRId64, batch->count,
                batch->records[0].partition, batch->records[0].offset);
    if (sim_percent(sim, 70))
        tell_ends(self);
    risk_death(self, "poll", 1);
}

static void release(struct eng_port *port, struct eng_port_batch *batch)
{
    struct port *self = port_of(port);
    free(self->batch);
    self->batch = NULL;
    batch->count = 0;
}

static bool header(struct eng_port *port, const struct eng_port_record *record, uint32_t index,
                   struct eng_port_header *ret_header)
{
    (void)port;
    (void)record;
    (void)index;
    (void)ret_header;
    return false;
}

static enum eng_status assign(struct eng_port *port, const struct eng_port_offset *set,
                              uint32_t count, struct eng_error *err)
{
    struct port *self = port_of(port);
    struct sim *sim = port_sim(self);
    bool wanted[BROKER_PARTITIONS] = {false};
    (void)err;
    port_enter(self, "assign");
    for (uint32_t i = 0; i < count; i++) {
        struct port_fetch *to = &self->fetch[set[i].partition];
        wanted[set[i].partition] = true;
        sim_say(sim, "fetch of %d from %" PRId64 "%s", set[i].partition, set[i].next,
                to->on && !sim->manner.eager ? " goes on" : "");
        if (!to->on || sim->manner.eager)
            *to = (struct port_fetch){true, set[i].next, -1, sim->now_us + manner_latency_us(sim)};
    }
    for (int32_t p = 0; p < BROKER_PARTITIONS; p++)
        self->fetch[p].on &= wanted[p];
    return port_leave(self, "assign", ENG_OK);
}

static void pause(struct eng_port *port, bool paused)
{
    port_of(port)->paused = paused;
}

static bool leave(struct eng_port *port, int64_t timeout_ms)
{
    struct port *self = port_of(port);
    struct group_client *client = &self->process->client;
    (void)timeout_ms;
    port_enter(self, "leave");
    tell_changes(self);
    if (client->owned != 0)
        tell_change(self, &(struct group_change){GROUP_REVOKED, client->owned});
    group_leave(self->process);
    (void)port_leave(self, "leave", ENG_OK); /* always well */
    return true;
}

static int64_t high_watermark(struct eng_port *port, int32_t partition)
{
    return port_of(port)->fetch[partition].high;
}

/* ---- Questions. ---- */

static enum eng_status fail(struct eng_error *err, enum eng_status status, const char *what)
{
    return eng_error_set(err, status, "%s: %s", what, eng_status_name(status));
}

/* The coordinator is new and has not read its offsets. Asked only where the state topic has records
 * that could betray it: a group that has never kept anything there cannot be told from a new one.
 */
static bool forgets(const struct port *port, int32_t partition)
{
    const struct sim *sim = port_sim(port);
    enum eng_topic topic = port->input == ENG_TOPIC_INPUT ? ENG_TOPIC_STATE : port->input;
    const struct broker_log *log = &sim->broker.logs[broker_place(topic, partition)];
    bool past = false;
    for (int64_t i = log->low; i < log->end && !past; i++)
        past = broker_is_visible(&log->entries[i]);
    return past && sim->now_us < sim->broker.forgets_until_us;
}

/* One answer for all; false: unstable. */
static bool look_up(const struct port *port, struct eng_port_offset *set, uint32_t count)
{
    const struct sim *sim = port_sim(port);
    bool stable = true;
    for (uint32_t i = 0; i < count; i++) {
        int32_t partition = set[i].partition;
        stable &= broker_committed(&sim->broker, port_number(port, partition),
                                   ENG_RULE(STABLE_OFFSETS), &set[i]);
        if (forgets(port, partition))
            set[i].next = -1, set[i].meta[0] = '\0';
        set[i].partition = partition;
    }
    return stable;
}

static enum eng_status committed(struct eng_port *port, struct eng_port_offset *set, uint32_t count,
                                 struct eng_error *err)
{
    struct port *self = port_of(port);
    struct sim *sim = port_sim(self);
    int64_t deadline_us = sim->now_us + ASK_US;
    port_enter(self, "committed?");
    if (port_hiccup(self) || sim->now_us < sim->broker.away_until_us)
        return fail(err, port_leave(self, "committed?", ENG_UNAVAILABLE), "committed offsets");
    while (!look_up(self, set, count)) {
        if (sim->now_us >= deadline_us)
            return fail(err, port_leave(self, "committed? unstable", ENG_TIMED_OUT),
                        "committed offsets");
        sim->tally[TALLY_UNSTABLE]++;
        port_sleep(self, ASK_AGAIN_US);
    }
    for (uint32_t i = 0; i < count; i++)
        sim_say(sim, "committed of %d: %" PRId64 " %.60s", set[i].partition, set[i].next,
                set[i].meta);
    return answer(self, "committed?");
}

static enum eng_status bounds(struct eng_port *port, enum eng_topic topic, int32_t partition,
                              int64_t ret_bounds[2], struct eng_error *err)
{
    struct port *self = port_of(port);
    struct sim *sim = port_sim(self);
    uint32_t place = broker_place(topic == ENG_TOPIC_INPUT ? self->input : topic, partition);
    port_enter(self, "bounds?");
    if (port_hiccup(self))
        return fail(err, port_leave(self, "bounds?", ENG_UNAVAILABLE), "ends of a partition");
    ret_bounds[0] = sim->broker.logs[place].low;
    ret_bounds[1] = broker_last_stable(&sim->broker, place);
    return answer(self, "bounds?");
}

static bool is_cancelled(const struct eng_port_scan *scan)
{
    return scan->cancel != NULL && atomic_load(scan->cancel);
}

/* Hands over what is stable from *at on. False: it is enough. */
static bool scan_stable(struct port *port, uint32_t place, const struct eng_port_scan *scan,
                        int64_t *at)
{
    struct sim *sim = port_sim(port);
    const struct broker_log *log = &sim->broker.logs[place];
    for (; *at < broker_last_stable(&sim->broker, place); *at = broker_next(log, *at)) {
        const struct broker_entry *entry = &log->entries[*at];
        struct eng_port_record record = {.value = entry->record.value,
                                         .key = entry->record.key,
                                         .value_bytes = entry->record.value_bytes,
                                         .key_bytes = entry->record.key_bytes,
                                         .offset = *at,
                                         .timestamp_ms = -1,
                                         .partition = scan->partition};
        if (is_cancelled(scan) ||
            (broker_is_visible(entry) && !scan->record(scan->context, &record)))
            return false;
        if (sim_percent(sim, 10))
            port_sleep(port, manner_latency_us(sim));
    }
    return !is_cancelled(scan);
}

static enum eng_status scan_state(struct eng_port *port, const struct eng_port_scan *scan,
                                  struct eng_error *err)
{
    struct port *self = port_of(port);
    struct sim *sim = port_sim(self);
    uint32_t place = broker_place(ENG_TOPIC_STATE, scan->partition);
    int64_t at = scan->from, before = at, progress_us = sim->now_us;
    port_enter(self, "scan");
    if (port_hiccup(self))
        return fail(err, port_leave(self, "scan", ENG_UNAVAILABLE), "state topic");
    self->scans |= (uint64_t)1 << place;
    bool stalls = false, more = true;
    while (!stalls && (more = scan_stable(self, place, scan, &at)) && !scan->stable &&
           at < sim->broker.logs[place].end) {
        if (at > before)
            progress_us = sim->now_us;
        before = at;
        stalls = sim->now_us - progress_us > scan->stall_ms * MS;
        if (!stalls)
            port_sleep(self, SCAN_STEP_US);
    }
    self->scans &= ~((uint64_t)1 << place);
    if (stalls)
        return fail(err, port_leave(self, "scan stalls", ENG_TIMED_OUT), "state topic");
    if (more && scan->ret_end != NULL)
        *scan->ret_end = at;
    sim_say(sim, "scan of %d from %" PRId64 " up to %" PRId64, scan->partition, scan->from, at);
    return answer(self, "scan");
}

/* Who is in the group, as of now; when it is heard is another matter. */
static enum eng_status members(struct eng_port *port, const struct eng_port_census *census,
                               struct eng_error *err)
{
    struct port *self = port_of(port);
    struct sim *sim = port_sim(self);
    port_enter(self, "members?");
    if (port_hiccup(self) || sim->now_us < sim->broker.away_until_us)
        return fail(err, port_leave(self, "members?", ENG_UNAVAILABLE), "the group");
    if (sim->group.rebalancing)
        return port_leave(self, "members?", ENG_AGAIN);
    for (int i = 0; i < GROUP_MEMBERS; i++) {
        const struct group_member *member = &sim->group.members[i];
        int32_t partitions[BROKER_PARTITIONS];
        struct eng_port_member told = {.partitions = partitions};
        for (int32_t p = 0; p < BROKER_PARTITIONS; p++)
            if (member->assigned >> p & 1)
                partitions[told.count++] = p;
        if (member->number == 0)
            continue;
        told.process = process_number(member->process);
        census->member(census->context, &told);
    }
    return answer(self, "members?");
}

/* ---- Topics, clocks. ---- */

static enum eng_status topic_info(struct eng_port *port, const char *topic,
                                  struct eng_topic_info *ret_info, struct eng_error *err)
{
    struct port *self = port_of(port);
    bool single = strcmp(topic, "sums") == 0; /* as input.c names that of groups */
    port_enter(self, "topic?");
    if (port_hiccup(self))
        return fail(err, port_leave(self, "topic?", ENG_UNAVAILABLE), "a topic");
    *ret_info =
        (struct eng_topic_info){.exists = true,
                                .partition_count = single ? 1 : port_sim(self)->manner.partitions,
                                .id = "T"};
    return port_leave(self, "topic?", ENG_OK);
}

static enum eng_status input_id(struct eng_port *port, char ret_id[ENG_TOPIC_ID_BYTES],
                                struct eng_error *err)
{
    struct port *self = port_of(port);
    port_enter(self, "input id?");
    if (port_hiccup(self))
        return fail(err, port_leave(self, "input id?", ENG_UNAVAILABLE), "a topic");
    memcpy(ret_id, "T", 2);
    return port_leave(self, "input id?", ENG_OK);
}

/* Whoever is shut out has somebody in its place: no two processes share an identity by mistake. */
static enum eng_status rejoin(struct eng_port *port, struct eng_error *err)
{
    (void)port;
    return fail(err, ENG_LOST, "another process is in its place");
}

static enum eng_status topic_create(struct eng_port *port, enum eng_topic topic,
                                    int32_t partition_count, struct eng_error *err)
{
    (void)port;
    (void)topic;
    (void)partition_count;
    return fail(err, ENG_DENIED, "all topics are there");
}

static int64_t wall_ms(struct eng_port *port)
{
    struct port *self = port_of(port);
    return sim_wall_ms(port_sim(self)) + self->process->wall_error_ms;
}

static int64_t mono_us(struct eng_port *port)
{
    return port_sim(port_of(port))->now_us;
}

static void sleep_ms(struct eng_port *port, int64_t ms)
{
    process_sleep(port_of(port)->process, ms * MS);
}

/* It belongs to the process. */
static void free_port(struct eng_port *port)
{
    (void)port;
}

static const struct eng_port_ops ops = {
    .join = join,
    .poll = poll,
    .release = release,
    .header = header,
    .assign = assign,
    .pause = pause,
    .leave = leave,
    .rejoin = rejoin,
    .high_watermark = high_watermark,
    .committed = committed,
    .bounds = bounds,
    .scan_state = scan_state,
    .members = members,
    .input_id = input_id,
    .producer_open = port_producer_open,
    .producer_close = port_producer_close,
    .producer_suspect = port_producer_suspect,
    .begin = port_begin,
    .produce = port_produce,
    .flush = port_flush,
    .send_offsets = port_send_offsets,
    .commit = port_commit,
    .abort = port_abort,
    .topic_info = topic_info,
    .topic_create = topic_create,
    .wall_ms = wall_ms,
    .mono_us = mono_us,
    .sleep_ms = sleep_ms,
    .free = free_port,
};

void port_init(struct port *port, struct process *process)
{
    struct sim *sim = process->sim;
    uint32_t producer = port->producer;
    if (producer == UINT32_MAX || !sim->manner.stable_ids)
        producer = broker_producer_new(&sim->broker);
    bool merges = process->group == &sim->mergers;
    *port = (struct port){.port = {&ops},
                          .process = process,
                          .input = merges ? ENG_TOPIC_GROUP_SUMS : ENG_TOPIC_INPUT,
                          .partitions = process->group->partitions,
                          .producer = producer,
                          .cached_generation = -1};
    for (int32_t p = 0; p < BROKER_PARTITIONS; p++)
        port->fetch[p].high = -1;
}

bool port_reads(const struct port *port, uint32_t place)
{
    bool fetched = false;
    for (int32_t p = 0; p < port->partitions; p++)
        fetched |= port->fetch[p].on && broker_place(port->input, p) == place;
    return fetched || (port->scans >> place & 1);
}

void port_done(struct port *port)
{
    free(port->batch);
    free(port->queue);
    port->batch = NULL;
    port->queue = NULL;
    port->queue_count = port->queue_capacity = 0;
}
