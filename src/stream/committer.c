/* The life of a transaction on the wire. See committer.h for the states.
 *
 * Rules, each a line of reliability that was learnt the hard way by others:
 *  1. Order: begin, produce, flush, offsets with the generation read just then, commit.
 *  2. A call that says "again" is repeated with the same arguments.
 *  3. "Abort" is obeyed, and the same bytes are sent again: as exact as dropping the state, and
 * cheaper.
 *  4. After any lost answer the next transaction gets a new epoch, whether or not the commit then
 * came through: a request still on its way must find nothing of ours to end.
 *  5. A commit in doubt is decided by the group's offset metadata, and by nothing else: ours is
 * done, the one before means send again, any other means that somebody else owns the partition. "No
 * offset" before and after is believed only when it is said for some seconds.
 *  6. A cancelled transaction is aborted; when its commit was asked for already it goes to DOUBT,
 * and the next producer's epoch ends it before anybody reads the committed offset.
 *  7. A commit that was asked for is asked for until it is answered, also when the worker is in a
 * hurry. A coordinator that dies may have written down the decision without anybody else knowing;
 * comes it back at once, it believes for a moment that it still leads and tells some partitions of
 * the commit, while the one that takes over knows of an open transaction only (docs/chaos.md). A
 * new epoch would have that one abort what is committed elsewhere already; the same question again
 * makes it whole.
 *  8. Whoever has lost its place to another process opens no new epoch: that would fence the other,
 * which would open one too. */
#include "stream/committer.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/rules.h"
#include <inttypes.h>
#include <string.h>

enum {
    PAUSE_MS_MIN = 20,
    PAUSE_MS_MAX = 1000,
    FATAL_MAX = 6,  /* producers in a row that die on the same transaction */
    BLANK_MAX = 20, /* times "no offset" is not believed: 15 s, as in recall.c */
    RESUME_MAX = 3, /* times a call that says "again" is repeated before the epoch is given up */
    ANSWER_US = 60000000, /* so long a commit is asked for, and ... */
    HURRY_US = 20000000,  /* ... so long in a hurry */
    SLOW_FACTOR = 20,     /* a commit so many times slower than usual, and ... */
    SLOW_US = 1000000,    /* ... slower than this, may have lost a request on the way */
};

static const char *const state_names[] = {"none", "ready", "open", "ending", "doubt"};

static bool may_follow(enum eng_committer_state from, enum eng_committer_state to)
{
    static const uint8_t next[] = {
        [ENG_COMMITTER_NONE] = 1u << ENG_COMMITTER_READY,
        [ENG_COMMITTER_READY] = 1u << ENG_COMMITTER_OPEN | 1u << ENG_COMMITTER_NONE,
        [ENG_COMMITTER_OPEN] =
            1u << ENG_COMMITTER_ENDING | 1u << ENG_COMMITTER_READY | 1u << ENG_COMMITTER_NONE,
        [ENG_COMMITTER_ENDING] = 1u << ENG_COMMITTER_READY | 1u << ENG_COMMITTER_DOUBT,
        [ENG_COMMITTER_DOUBT] = 1u << ENG_COMMITTER_READY,
    };
    return (next[from] >> to) & 1;
}

static void set_state(struct eng_committer *committer, enum eng_committer_state state)
{
    eng_assert(state <= ENG_COMMITTER_DOUBT);
    eng_assert(may_follow(committer->state, state));
    if (state == ENG_COMMITTER_DOUBT)
        eng_log(ENG_LOG_WARN, "stream", "producer %s -> %s", state_names[committer->state],
                state_names[state]);
    committer->state = state;
}

void eng_committer_init(struct eng_committer *committer, struct eng_port *port)
{
    eng_assert(committer != NULL);
    eng_assert(port != NULL);
    *committer = (struct eng_committer){.port = port};
}

void eng_committer_done(struct eng_committer *committer)
{
    eng_assert(committer != NULL);
    if (committer->port != NULL)
        committer->port->ops->producer_close(committer->port);
    eng_free(committer->set);
    *committer = (struct eng_committer){0};
}

/* Notes what the port is asked for; NULL: it has come back. Its calls have time-outs, but not all
 * of librdkafka's keep them: rd_kafka_send_offsets_to_transaction waits for a coordinator that does
 * not answer as long as it does not (its issues 5456 and 5511). */
static void note_call(struct eng_committer *committer, const char *what)
{
    eng_assert(committer->port != NULL);
    atomic_store(&committer->call_since_us, committer->port->ops->mono_us(committer->port));
    atomic_store(&committer->call, what);
}

const char *eng_committer_stuck(const struct eng_committer *committer, int64_t now_us,
                                int64_t limit_us)
{
    eng_assert(committer != NULL);
    eng_assert(limit_us > 0);
    const char *what = atomic_load(&committer->call);
    return now_us - atomic_load(&committer->call_since_us) > limit_us ? what : NULL;
}

static bool cancelled(const struct eng_committer *committer)
{
    return atomic_load_explicit(&committer->cancel, memory_order_relaxed);
}

/* Waits before attempt number `attempt`, longer each time. False when cancelled. */
static bool pause_before(struct eng_committer *committer, uint32_t attempt)
{
    eng_assert(attempt > 0);
    int64_t ms = attempt > 6 ? PAUSE_MS_MAX : (int64_t)PAUSE_MS_MIN << (attempt - 1);
    for (int64_t waited = 0; waited < ms && !cancelled(committer); waited += PAUSE_MS_MIN)
        committer->port->ops->sleep_ms(committer->port, PAUSE_MS_MIN);
    return !cancelled(committer);
}

/* Gives the producer up. What was asked of it and not answered is in doubt. */
static void drop_producer(struct eng_committer *committer)
{
    eng_assert(committer->port != NULL);
    eng_assert(committer->state != ENG_COMMITTER_DOUBT);
    if (committer->state == ENG_COMMITTER_NONE)
        return;
    note_call(committer, "closing a producer");
    committer->port->ops->producer_close(committer->port);
    note_call(committer, NULL);
    atomic_fetch_add(&committer->rotations, 1);
    set_state(committer,
              committer->state == ENG_COMMITTER_ENDING ? ENG_COMMITTER_DOUBT : ENG_COMMITTER_NONE);
    committer->troubled = false;
}

/* Only a lost answer can be helped by asking again. */
static bool passes(enum eng_status status)
{
    return eng_status_class(status) == ENG_CLASS_RETRY;
}

enum eng_status eng_committer_ready(struct eng_committer *committer, struct eng_error *err)
{
    eng_assert(committer->state != ENG_COMMITTER_OPEN);
    eng_assert(committer->state != ENG_COMMITTER_ENDING);
    struct eng_port *port = committer->port;
    for (uint32_t attempt = 1; committer->state != ENG_COMMITTER_READY; attempt++) {
        struct eng_error cause = {0};
        note_call(committer, "opening a producer");
        enum eng_status status = port->ops->producer_open(port, &cause);
        note_call(committer, NULL);
        if (status == ENG_OK)
            set_state(committer, ENG_COMMITTER_READY);
        else if (passes(status) || (status == ENG_FATAL && attempt < FATAL_MAX))
            eng_log(ENG_LOG_DEBUG, "stream", "no transactional producer yet: %s", cause.text);
        else
            return eng_error_set(err, status, "%s", cause.text);
        if (status == ENG_FATAL)
            port->ops->producer_close(port);
        if (status != ENG_OK && !pause_before(committer, attempt))
            return ENG_STOPPED;
    }
    committer->troubled = false;
    return ENG_OK;
}

/* The next records, as many as there is room for. */
static uint32_t gather(struct eng_committer *committer, const struct eng_txn *txn,
                       struct eng_txn_place *place)
{
    uint32_t count = 0, headers = 0;
    eng_assert(txn != NULL);
    while (count < ENG_COMMITTER_OUTPUTS && headers <= ENG_COMMITTER_OUTPUTS * 2 &&
           eng_txn_next(txn, place, &committer->headers[headers], &committer->outputs[count]))
        headers += committer->outputs[count++].header_count;
    eng_assert(headers <= sizeof committer->headers / sizeof committer->headers[0]);
    return count;
}

/* Gives records to the port, waiting where its queue is full. */
static enum eng_status produce(struct eng_committer *committer, uint32_t count,
                               struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    struct eng_port *port = committer->port;
    eng_assert(committer->state == ENG_COMMITTER_OPEN);
    for (uint32_t done = 0, taken = 0; status == ENG_OK && done < count; done += taken) {
        status = port->ops->produce(port, &committer->outputs[done], count - done, &taken, err);
        eng_assert(taken <= count - done);
        if (status != ENG_AGAIN)
            continue;
        port->ops->sleep_ms(port, 5);
        status = cancelled(committer) ? ENG_STOPPED : ENG_OK;
    }
    return status;
}

static enum eng_status produce_all(struct eng_committer *committer, const struct eng_txn *txn,
                                   struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    struct eng_txn_place place = {0};
    uint32_t sum = 0, count = gather(committer, txn, &place);
    while (status == ENG_OK && count > 0) {
        status = produce(committer, count, err);
        sum += count;
        count = gather(committer, txn, &place);
    }
    eng_assert(status != ENG_OK || sum == txn->record_count);
    eng_assert(sum <= txn->record_count);
    return status;
}

struct call {
    enum eng_status (*function)(struct eng_committer *committer, uint32_t count,
                                struct eng_error *err);
    const char *what;
};

static enum eng_status call_flush(struct eng_committer *committer, uint32_t count,
                                  struct eng_error *err)
{
    (void)count; /* only offsets have one */
    return committer->port->ops->flush(committer->port, err);
}

static enum eng_status call_offsets(struct eng_committer *committer, uint32_t count,
                                    struct eng_error *err)
{
    return committer->port->ops->send_offsets(committer->port, committer->set, count, err);
}

static enum eng_status call_commit(struct eng_committer *committer, uint32_t count,
                                   struct eng_error *err)
{
    (void)count; /* only offsets have one */
    return committer->port->ops->commit(committer->port, err);
}

static const struct call flush_call = {call_flush, "sending the outputs"};
static const struct call offsets_call = {call_offsets, "sending the offsets"};
static const struct call commit_call = {call_commit, "committing"};

/* Waits before a call that said "again" is repeated: a few times, but a commit for as long as rule
 * 7 has it. False: enough. */
static bool wait_to_repeat(struct eng_committer *committer, uint32_t attempt, int64_t since_us)
{
    struct eng_port *port = committer->port;
    eng_assert(attempt > 0);
    eng_assert(since_us <= port->ops->mono_us(port));
    if (committer->state != ENG_COMMITTER_ENDING || !ENG_RULE(ASK_TO_THE_END))
        return attempt <= RESUME_MAX && pause_before(committer, attempt);
    if (!pause_before(committer, attempt))
        port->ops->sleep_ms(port, PAUSE_MS_MIN);
    return port->ops->mono_us(port) - since_us < (cancelled(committer) ? HURRY_US : ANSWER_US);
}

/* Rule 2: repeats a call while it says "again"; each time leaves a mark (rule 4). */
static enum eng_status persist(struct eng_committer *committer, const struct call *call,
                               uint32_t count, struct eng_error *err)
{
    int64_t since_us = committer->port->ops->mono_us(committer->port);
    eng_assert(committer->state == ENG_COMMITTER_OPEN || committer->state == ENG_COMMITTER_ENDING);
    eng_assert(call->function != NULL);
    for (uint32_t attempt = 1;; attempt++) {
        struct eng_error cause = {0};
        note_call(committer, call->what);
        enum eng_status status = call->function(committer, count, &cause);
        note_call(committer, NULL);
        if (status == ENG_OK)
            return ENG_OK;
        committer->troubled = true;
        if (passes(status) && wait_to_repeat(committer, attempt, since_us))
            continue;
        return passes(status) && cancelled(committer)
                   ? ENG_STOPPED
                   : eng_error_set(err, status, "%s", cause.text);
    }
}

/* Copies the offsets of a transaction into the scratch set: what is now, or what was before. */
static enum eng_status fill_set(struct eng_committer *committer, const struct eng_txn *txn)
{
    eng_assert(txn->offset_count > 0);
    if (committer->set_capacity < txn->offset_count) {
        void *set = eng_realloc(committer->set, txn->offset_count * sizeof *committer->set);
        if (set == NULL)
            return ENG_NO_MEMORY;
        committer->set = set;
        committer->set_capacity = txn->offset_count;
    }
    eng_assert(committer->set_capacity >= txn->offset_count);
    for (uint32_t i = 0; i < txn->offset_count; i++)
        committer->set[i] = txn->offsets[i].now;
    return ENG_OK;
}

/* Does it take any task on, or did only timers fire? */
static bool moves(const struct eng_txn *txn)
{
    bool any = false;
    eng_assert(txn->offset_count > 0);
    for (uint32_t i = 0; i < txn->offset_count; i++)
        any |= txn->offsets[i].now.next != txn->offsets[i].before.next;
    eng_assert(any || txn->offsets[0].now.next == txn->offsets[0].before.next);
    return any;
}

/* One attempt, from begin to commit (rule 1). */
static enum eng_status attempt_once(struct eng_committer *committer, const struct eng_txn *txn,
                                    bool again, struct eng_error *err)
{
    eng_assert(committer->state == ENG_COMMITTER_READY);
    struct eng_port *port = committer->port;
    enum eng_status status = fill_set(committer, txn);
    if (status != ENG_OK)
        return eng_error_set(err, status, "no memory for the offsets of a transaction");
    status = port->ops->begin(port, err);
    if (status != ENG_OK)
        return status;
    set_state(committer, ENG_COMMITTER_OPEN);
    if (ENG_RULE(RESEND_SAME_BYTES) || !again)
        status = produce_all(committer, txn, err);
    if (status == ENG_OK)
        status = persist(committer, &flush_call, 0, err);
    if (status == ENG_OK && (ENG_RULE(OFFSETS_OF_TIMERS) || moves(txn)))
        status = persist(committer, &offsets_call, txn->offset_count, err);
    if (status == ENG_OK && cancelled(committer))
        status = ENG_STOPPED;
    if (status != ENG_OK)
        return status;
    set_state(committer, ENG_COMMITTER_ENDING);
    status = persist(committer, &commit_call, 0, err);
    if (status == ENG_OK)
        set_state(committer, ENG_COMMITTER_READY);
    eng_assert(committer->state == ENG_COMMITTER_READY || status != ENG_OK);
    return status;
}

/* Rule 4: was anything lost on the producer's wire since begin? An abort that was asked for twice
 * counts too: the first request may yet abort the next transaction. */
static bool is_suspect(const struct eng_committer *committer)
{
    struct eng_port *port = committer->port;
    eng_assert(committer->state != ENG_COMMITTER_NONE && committer->state != ENG_COMMITTER_DOUBT);
    eng_assert(port != NULL);
    return ENG_RULE(ROTATE_WHEN_SUSPECT) &&
           (committer->troubled || port->ops->producer_suspect(port));
}

/* Rule 4: may something be on its way to the broker that would end a later transaction? */
static bool must_rotate(const struct eng_committer *committer, enum eng_status status)
{
    eng_assert(status != ENG_OK);
    eng_assert(committer->state != ENG_COMMITTER_NONE && committer->state != ENG_COMMITTER_DOUBT);
    if (status == ENG_FATAL || status == ENG_LOST)
        return true;
    if (committer->state == ENG_COMMITTER_ENDING)
        return ENG_RULE(ROTATE_IN_DOUBT);
    return committer->state != ENG_COMMITTER_READY;
}

/* Brings a failed attempt to an end: aborts what is open (rule 3), drops a producer that cannot be
 * trusted any more. A commit that was answered "abort" was not done. */
static void wind_up(struct eng_committer *committer, enum eng_status status)
{
    eng_assert(status != ENG_OK);
    struct eng_port *port = committer->port;
    bool was_open = committer->state == ENG_COMMITTER_OPEN;
    bool refused = committer->state == ENG_COMMITTER_ENDING && status == ENG_TXN_ABORT;
    bool dead = status == ENG_FATAL || status == ENG_LOST;
    if ((was_open && !dead) || refused) {
        struct eng_error cause = {0};
        atomic_fetch_add(&committer->aborts, 1);
        note_call(committer, "aborting");
        bool aborted = port->ops->abort(port, &cause) == ENG_OK;
        note_call(committer, NULL);
        if (aborted && !is_suspect(committer))
            set_state(committer, ENG_COMMITTER_READY);
        else
            eng_log(ENG_LOG_DEBUG, "stream", "new producer after an abort: %s", cause.text);
    }
    if (must_rotate(committer, status))
        drop_producer(committer);
    else if (committer->state == ENG_COMMITTER_ENDING)
        set_state(committer, ENG_COMMITTER_READY);
    eng_assert(committer->state != ENG_COMMITTER_OPEN && committer->state != ENG_COMMITTER_ENDING);
}

static bool same_place(const struct eng_port_offset *a, const struct eng_port_offset *b)
{
    return a->next == b->next && (!ENG_RULE(OUTCOME_BY_META) || strcmp(a->meta, b->meta) == 0);
}

/* Rule 5, once the broker has answered. ENG_TXN_NONE: nothing of it happened, send (again). */
static enum eng_txn_outcome judge(const struct eng_committer *committer, const struct eng_txn *txn,
                                  struct eng_error *err)
{
    uint32_t ours = 0, before = 0;
    for (uint32_t i = 0; i < txn->offset_count; i++) {
        const struct eng_port_offset *there = &committer->set[i];
        eng_assert(there->partition == txn->offsets[i].now.partition);
        if (same_place(there, &txn->offsets[i].now))
            ours++;
        else if (same_place(there, &txn->offsets[i].before))
            before++;
    }
    if (ours == txn->offset_count)
        return ENG_TXN_DONE;
    if (before == txn->offset_count)
        return ENG_TXN_NONE;
    eng_assert(ours + before < txn->offset_count || (ours > 0 && before > 0));
    if (ours > 0 && ours + before == txn->offset_count) {
        (void)eng_error_set(err, ENG_CORRUPT,
                            "a transaction was torn: the group has %" PRIu32 " of its %" PRIu32
                            " offsets; stop all workers and restart",
                            ours, txn->offset_count);
        return ENG_TXN_FAILED;
    }
    return ENG_TXN_TAKEN;
}

static enum eng_status ask_offsets(struct eng_committer *committer, uint32_t count,
                                   struct eng_error *err)
{
    note_call(committer, "asking for the committed offsets");
    enum eng_status status =
        committer->port->ops->committed(committer->port, committer->set, count, err);
    note_call(committer, NULL);
    return status;
}

/* "No offset" where there was none before: nothing was committed, or the coordinator is one that
 * has just taken over. */
static bool is_blank(const struct eng_committer *committer, const struct eng_txn *txn)
{
    bool blank = false;
    eng_assert(txn->offset_count > 0);
    eng_assert(committer->set_capacity >= txn->offset_count);
    for (uint32_t i = 0; i < txn->offset_count; i++)
        blank |= committer->set[i].next < 0 && txn->offsets[i].before.next < 0;
    return blank;
}

/* Asks the group what became of the transaction. Waits for an answer, and asks again for some
 * seconds when it is blank. */
static enum eng_txn_outcome look_up(struct eng_committer *committer, struct eng_txn *txn)
{
    eng_assert(committer->state == ENG_COMMITTER_READY);
    eng_assert(txn->offset_count > 0);
    for (uint32_t attempt = 1;; attempt++) {
        struct eng_error cause = {0};
        enum eng_status status = fill_set(committer, txn);
        if (status == ENG_OK)
            status = ask_offsets(committer, txn->offset_count, &cause);
        bool blank = status == ENG_OK && attempt <= BLANK_MAX &&
                     ENG_RULE(NO_OFFSET_IS_ASKED_AGAIN) && is_blank(committer, txn);
        if (status == ENG_OK && !blank)
            return judge(committer, txn, &txn->error);
        if (!blank && !passes(status)) {
            (void)eng_error_set(&txn->error, status, "%s", cause.text);
            return ENG_TXN_FAILED;
        }
        if (!pause_before(committer, attempt))
            return ENG_TXN_CANCELLED;
    }
}

/* Rule 4: a producer on whose wire something was lost is not used again. */
static void rotate_when_suspect(struct eng_committer *committer, int64_t took_us)
{
    eng_assert(committer->state == ENG_COMMITTER_READY);
    eng_assert(took_us >= 0);
    bool slow =
        took_us > SLOW_US && committer->usual_us > 0 && took_us > SLOW_FACTOR * committer->usual_us;
    if (slow || is_suspect(committer))
        drop_producer(committer);
    committer->usual_us =
        committer->usual_us == 0 ? took_us : (committer->usual_us * 15 + took_us) / 16;
}

/* True when the failure may pass by itself, so that sending again makes sense. */
static bool worth_repeating(enum eng_status status, uint32_t dead)
{
    if (status == ENG_FATAL)
        return dead < FATAL_MAX;
    return passes(status) || status == ENG_TXN_ABORT;
}

/* One round: a producer, the question what happened before if that is open, then an attempt. */
static enum eng_txn_outcome send_round(struct eng_committer *committer, struct eng_txn *txn,
                                       bool *asked, uint32_t *dead)
{
    bool doubt = committer->state == ENG_COMMITTER_DOUBT || *asked;
    struct eng_error cause = {0};
    enum eng_status status = eng_committer_ready(committer, &cause);
    enum eng_txn_outcome outcome = ENG_TXN_NONE;
    eng_assert(asked != NULL && dead != NULL);
    eng_assert(status != ENG_OK || committer->state == ENG_COMMITTER_READY);
    if (status == ENG_OK && doubt)
        outcome = look_up(committer, txn);
    if (outcome != ENG_TXN_NONE)
        return outcome;
    if (status == ENG_OK)
        status = attempt_once(committer, txn, *asked, &cause);
    if (status == ENG_OK)
        return ENG_TXN_DONE;
    if (committer->state != ENG_COMMITTER_NONE && committer->state != ENG_COMMITTER_DOUBT)
        wind_up(committer, status);
    *asked = true;
    *dead += status == ENG_FATAL;
    if (cancelled(committer) || status == ENG_STOPPED)
        return ENG_TXN_CANCELLED;
    if (worth_repeating(status, *dead)) {
        eng_log(ENG_LOG_WARN, "stream", "transaction not committed yet: %s", cause.text);
        return ENG_TXN_NONE;
    }
    (void)eng_error_set(&txn->error, status, "%s", cause.text);
    return ENG_TXN_FAILED;
}

void eng_committer_send(struct eng_committer *committer, struct eng_txn *txn)
{
    eng_assert(txn->outcome == ENG_TXN_NONE);
    eng_assert(txn->offset_count > 0);
    struct eng_port *port = committer->port;
    int64_t began_us = port->ops->mono_us(port);
    enum eng_txn_outcome outcome = ENG_TXN_NONE;
    bool asked = false;
    uint32_t dead = 0;
    for (uint32_t attempt = 1; outcome == ENG_TXN_NONE; attempt++) {
        if (attempt > 1 && !pause_before(committer, attempt - 1))
            outcome = ENG_TXN_CANCELLED;
        else
            outcome = send_round(committer, txn, &asked, &dead);
    }
    txn->took_us = port->ops->mono_us(port) - began_us;
    if (outcome == ENG_TXN_DONE && committer->state == ENG_COMMITTER_READY)
        rotate_when_suspect(committer, txn->took_us);
    txn->outcome = outcome;
    eng_assert(committer->state != ENG_COMMITTER_OPEN && committer->state != ENG_COMMITTER_ENDING);
}
