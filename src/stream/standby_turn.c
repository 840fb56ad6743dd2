/* The standbys' thread: asks the group, begins and ends followers, reads on with them. See
 * standby.h. */
#include "stream/standby_inside.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "model/config.h"
#include <engaged/checkpoint.h>
#include <inttypes.h>
#include <string.h>

enum {
    TURN_MS = 500,
    DOZE_MS = 50,
    ASK_US = 5000000,         /* the group is asked this often */
    NOTHING_YET_US = 5000000, /* until a partition without a commit is looked at again */
    ANEW_US = 2000000,        /* until what was outdated begins anew */
    BROKEN_US = 60000000,
    TOO_LARGE_US = 600000000,
};

static int64_t now_us(const struct eng_standbys *standbys)
{
    return standbys->port->ops->mono_us(standbys->port);
}

/* ---- the end of a follower ---- */

/* Unless a worker has just had it. */
static void drop(struct eng_standbys *standbys, struct eng_standby *standby,
                 enum eng_follower_fate fate)
{
    eng_assert(fate > ENG_FOLLOWER_WAITS);
    eng_assert(standby->partition >= 0);
    pthread_mutex_lock(&standbys->lock);
    struct eng_follower *follower = eng_standbys_take_out(standby);
    standbys->fates[fate] += follower != NULL;
    pthread_mutex_unlock(&standbys->lock);
    eng_follower_free(follower);
}

/* ---- the group ---- */

static void take_member(void *context, const struct eng_port_member *member)
{
    struct eng_standbys *standbys = context;
    eng_assert(member->process > 0);
    eng_assert(member->partitions != NULL || member->count == 0);
    if (standbys->plan_status == ENG_OK)
        standbys->plan_status = eng_standby_plan_add(&standbys->plan, member);
}

/* Does the plan, asked for as number `asked`, leave the standby its follower? With the lock held.
 */
static bool may_stay(struct eng_standbys *standbys, struct eng_standby *standby, uint64_t asked)
{
    const struct eng_standbys_options *options = &standbys->options;
    uint64_t owner = eng_standby_plan_owner(&standbys->plan, standby->partition);
    eng_assert(asked > 0);
    if (owner == 0 || (standby->taken && standby->taken_at >= asked))
        return true; /* nobody's for a moment, or ours since */
    if (owner == options->process) {
        standby->wished = false;
        return !standby->taken; /* it waits for its worker, or the worker has gone without */
    }
    standby->taken = false;
    standby->wished =
        eng_standby_plan_follows(&standbys->plan, options->process, standby->partition,
                                 standbys->edition->config->run.standbys);
    eng_assert(!standby->wished || owner != options->process);
    return standby->wished;
}

/* Places for all that we are to stand by for. */
static void make_places(struct eng_standbys *standbys)
{
    const struct eng_standby_plan *plan = &standbys->plan;
    eng_assert(plan->partition_count <= INT32_MAX);
    eng_assert(standbys->edition->config->run.standbys > 0);
    for (uint32_t i = 0; i < plan->partition_count; i++) {
        if (!eng_standby_plan_follows(plan, standbys->options.process, (int32_t)i,
                                      standbys->edition->config->run.standbys))
            continue;
        pthread_mutex_lock(&standbys->lock);
        (void)eng_standbys_place(standbys, (int32_t)i); /* without memory: at the next answer */
        pthread_mutex_unlock(&standbys->lock);
    }
}

static void follow_plan(struct eng_standbys *standbys, uint64_t asked)
{
    make_places(standbys);
    eng_assert(standbys->plan_status == ENG_OK);
    eng_assert(asked > 0);
    for (uint32_t i = 0;; i++) {
        struct eng_follower *follower = NULL;
        pthread_mutex_lock(&standbys->lock);
        bool more = i < standbys->count;
        if (more && !may_stay(standbys, standbys->items[i], asked))
            follower = eng_standbys_take_out(standbys->items[i]);
        pthread_mutex_unlock(&standbys->lock);
        eng_follower_free(follower);
        if (!more)
            return;
    }
}

/* Why there is no answer, and what can be done about it. */
static void complain(struct eng_standbys *standbys, const struct eng_error *cause)
{
    struct eng_error text = {0};
    const char *group = standbys->edition->config->kafka.group;
    eng_assert(cause->status != ENG_OK);
    eng_assert(group != NULL);
    (void)eng_error_set(&text, cause->status,
                        "the members of group \"%s\" are not known, so no "
                        "standby begins: %s%s",
                        group, cause->text,
                        cause->status == ENG_DENIED
                            ? ": allow DESCRIBE on the group, or set run.standbys to 0"
                            : "");
    eng_standbys_say(standbys->said, text.text);
}

static void ask_group(struct eng_standbys *standbys)
{
    struct eng_error cause = {0};
    const struct eng_port_census census = {standbys, take_member};
    atomic_store(&standbys->stirred, false);
    pthread_mutex_lock(&standbys->lock);
    uint64_t asked = ++standbys->asked;
    pthread_mutex_unlock(&standbys->lock);
    eng_standby_plan_clear(&standbys->plan);
    standbys->plan_status = ENG_OK;
    enum eng_status status = standbys->port->ops->members(standbys->port, &census, &cause);
    eng_assert(status == ENG_OK || status == ENG_AGAIN || cause.status != ENG_OK);
    standbys->ask_due_us = now_us(standbys) + (status == ENG_AGAIN ? 0 : ASK_US);
    if (status == ENG_AGAIN)
        return;
    if (status != ENG_OK)
        complain(standbys, &cause);
    else if (standbys->plan_status == ENG_OK)
        follow_plan(standbys, asked);
    if (status == ENG_OK)
        eng_standbys_say(standbys->said, "");
    eng_assert(asked > 0);
}

/* ---- beginning ---- */

/* What the group names just now; false: nothing, or it cannot be asked. */
static bool find_base(struct eng_standbys *standbys, struct eng_standby *standby, int64_t *ret_next)
{
    struct eng_port_offset committed = {.partition = standby->partition};
    struct eng_error cause = {0};
    eng_assert(standby->partition >= 0);
    eng_assert(ret_next != NULL);
    standby->retry_us = now_us(standbys) + NOTHING_YET_US;
    if (standbys->port->ops->committed(standbys->port, &committed, 1, &cause) != ENG_OK ||
        committed.next < 0 || committed.meta[0] == '\0')
        return false;
    *ret_next = committed.next;
    if (eng_meta_read(committed.meta, &standby->meta, &cause) == ENG_OK)
        return true;
    eng_standbys_say(standby->said, cause.text);
    return false;
}

static void begin(struct eng_standbys *standbys, struct eng_standby *standby)
{
    struct eng_restore_request request = {
        .port = standbys->port,
        .edition = standbys->edition,
        .partition = standby->partition,
        .meta = &standby->meta,
        .memory_bytes_max = standbys->edition->config->run.memory_bytes_max,
        .cancel = &standby->cancel,
        .progress = &standby->progress,
    };
    struct eng_follower *follower = NULL;
    struct eng_error cause = {0};
    eng_assert(!standby->busy);
    if (!find_base(standbys, standby, &request.next))
        return;
    if (eng_follower_new(&request, &follower, &cause) != ENG_OK) {
        standby->retry_us = now_us(standbys) + BROKEN_US;
        eng_standbys_say(standby->said, cause.text);
        return;
    }
    pthread_mutex_lock(&standbys->lock);
    if (standby->wished && !standby->taken && standby->follower == NULL) {
        standby->follower = follower; /* nobody has given one back meanwhile */
        follower = NULL;
    }
    pthread_mutex_unlock(&standbys->lock);
    eng_assert(standby->partition == request.partition);
    eng_standbys_say(standby->said, "");
    eng_follower_free(follower);
}

/* ---- reading on ---- */

enum { NOTHING_TO_DO, READS_ON, BEGINS_ANEW };

/* Takes the follower up when there is more to be read. A state topic that is shorter than what was
 * read is another one. */
static int take_up(struct eng_standbys *standbys, struct eng_standby *standby, int64_t end)
{
    int what = NOTHING_TO_DO;
    pthread_mutex_lock(&standbys->lock);
    bool there = standby->follower != NULL && !standby->taken && !atomic_load(&standbys->stop);
    eng_assert(!standby->busy);
    eng_assert(end >= 0);
    if (there) {
        standby->end = end;
        what = end < standby->view.next   ? BEGINS_ANEW
               : end > standby->view.next ? READS_ON
                                          : NOTHING_TO_DO;
        standby->busy = what == READS_ON;
        atomic_store(&standby->cancel, false);
    }
    pthread_mutex_unlock(&standbys->lock);
    return what;
}

/* And down. */
static void put_down(struct eng_standbys *standbys, struct eng_standby *standby)
{
    pthread_mutex_lock(&standbys->lock);
    eng_assert(standby->busy);
    eng_assert(standby->follower != NULL);
    eng_follower_view(standby->follower, &standby->view);
    standby->busy = false;
    pthread_mutex_unlock(&standbys->lock);
}

/* Ends a follower that is of no more use, and says why. */
static void give_up(struct eng_standbys *standbys, struct eng_standby *standby,
                    const struct eng_error *cause)
{
    struct eng_error text = {0};
    bool large = cause->status == ENG_LIMIT || cause->status == ENG_NO_MEMORY;
    eng_assert(cause->status != ENG_OK);
    eng_assert(!standby->busy);
    (void)eng_error_set(&text, cause->status, "partition %" PRId32 " has no standby here: %s",
                        standby->partition, cause->text);
    eng_standbys_say(standby->said, text.text);
    standby->retry_us = now_us(standbys) + (large ? TOO_LARGE_US : BROKEN_US);
    drop(standbys, standby, ENG_FOLLOWER_BROKEN);
}

/* What it has read leads nowhere. */
static void begin_anew(struct eng_standbys *standbys, struct eng_standby *standby)
{
    eng_assert(!standby->busy);
    eng_assert(standby->partition >= 0);
    eng_log(ENG_LOG_INFO, "stream",
            "partition=%" PRId32 " the standby begins anew: the model at low water is another one, "
            "or the state is made anew",
            standby->partition);
    standby->retry_us = now_us(standbys) + ANEW_US;
    drop(standbys, standby, ENG_FOLLOWER_OUTDATED);
}

static void read_on(struct eng_standbys *standbys, struct eng_standby *standby)
{
    struct eng_error cause = {0};
    eng_assert(standby->busy);
    enum eng_status status = eng_follower_read(standby->follower, &cause);
    put_down(standbys, standby);
    if (status == ENG_AGAIN || status == ENG_NOT_FOUND)
        begin_anew(standbys, standby);
    else if (status != ENG_OK && eng_status_class(status) != ENG_CLASS_RETRY)
        give_up(standbys, standby, &cause);
    eng_assert(!standby->busy);
}

/* Tasks and standbys share run.memory; the tasks come first. */
static void check_memory(struct eng_standbys *standbys, struct eng_standby *standby)
{
    uint64_t most = standbys->edition->config->run.memory_bytes_max, sum = 0;
    struct eng_error cause = {0};
    eng_assert(standbys->options.memory_bytes != NULL);
    if (most == 0)
        return;
    pthread_mutex_lock(&standbys->lock);
    bool there = standby->follower != NULL;
    for (uint32_t i = 0; i < standbys->count; i++)
        sum += standbys->items[i]->view.memory_bytes;
    pthread_mutex_unlock(&standbys->lock);
    uint64_t tasks = atomic_load_explicit(standbys->options.memory_bytes, memory_order_relaxed);
    if (!there || tasks + sum <= most)
        return;
    (void)eng_error_set(&cause, ENG_LIMIT,
                        "the engines hold %" PRIu64 " bytes and the standbys %" PRIu64
                        ", more than run.memory (%" PRIu64 "): raise it, or lower run.standbys",
                        tasks, sum, most);
    eng_assert(cause.status == ENG_LIMIT);
    give_up(standbys, standby, &cause);
}

static void follow(struct eng_standbys *standbys, struct eng_standby *standby)
{
    int64_t bounds[2];
    pthread_mutex_lock(&standbys->lock);
    bool there = standby->follower != NULL, wished = standby->wished && !standby->taken;
    pthread_mutex_unlock(&standbys->lock);
    eng_assert(!standby->busy);
    if (!wished)
        return;
    if (!there && standby->retry_us <= now_us(standbys))
        begin(standbys, standby);
    if (standbys->port->ops->bounds(standbys->port, ENG_TOPIC_STATE, standby->partition, bounds,
                                    NULL) != ENG_OK)
        return; /* at the next turn */
    int what = take_up(standbys, standby, bounds[1]);
    if (what == READS_ON)
        read_on(standbys, standby);
    else if (what == BEGINS_ANEW)
        begin_anew(standbys, standby);
    check_memory(standbys, standby);
    eng_assert(!standby->busy);
}

/* Followers that there are go on under the edition that they began with. */
static void take_edition(struct eng_standbys *standbys)
{
    eng_assert(standbys->edition != NULL);
    pthread_mutex_lock(&standbys->lock);
    struct eng_edition *next = standbys->next;
    standbys->next = NULL;
    pthread_mutex_unlock(&standbys->lock);
    if (next == NULL)
        return;
    eng_edition_release(standbys->edition);
    standbys->edition = next;
    eng_assert(standbys->edition->config->run.standbys > 0);
}

void eng_standbys_turn(struct eng_standbys *standbys)
{
    take_edition(standbys);
    if (atomic_load(&standbys->stirred) || standbys->ask_due_us <= now_us(standbys))
        ask_group(standbys);
    eng_assert(standbys->ask_due_us >= 0);
    for (uint32_t i = 0; !atomic_load(&standbys->stop); i++) {
        pthread_mutex_lock(&standbys->lock);
        struct eng_standby *standby = i < standbys->count ? standbys->items[i] : NULL;
        pthread_mutex_unlock(&standbys->lock);
        if (standby == NULL)
            break;
        follow(standbys, standby);
    }
    eng_assert(standbys->plan_status == ENG_OK || standbys->plan_status == ENG_NO_MEMORY);
}

void eng_standbys_run(void *context)
{
    struct eng_standbys *standbys = context;
    eng_assert(standbys->port != NULL);
    eng_assert(standbys->started);
    while (!atomic_load(&standbys->stop)) {
        eng_standbys_turn(standbys);
        for (int dozed = 0; dozed < TURN_MS && !atomic_load(&standbys->stop); dozed += DOZE_MS)
            standbys->port->ops->sleep_ms(standbys->port, DOZE_MS);
    }
}
