/* The group's coordinator and its clients. See group.h. */
#include "group.h"

#include "base/assert.h"
#include "sim.h"
#include <inttypes.h>
#include <string.h>

#define MS INT64_C(1000)

enum { SESSION_US = 5000000, JOIN_US = 6000000, HEARTBEAT_US = 600000 };

_Static_assert(BROKER_PARTITIONS == sizeof((struct group){0}.target) / sizeof(uint32_t),
               "a target for each partition");

void group_init(struct group *group, struct sim *sim, int32_t partitions)
{
    *group = (struct group){.sim = sim, .partitions = partitions, .retarget = true};
}

/* For the trace. */
static const char *whose(const struct group *group)
{
    return group == &group->sim->mergers ? " of the mergers" : "";
}

static struct group_member *find(struct group *group, uint32_t number)
{
    for (int i = 0; number != 0 && i < GROUP_MEMBERS; i++)
        if (group->members[i].number == number)
            return &group->members[i];
    return NULL;
}

bool group_accepts(const struct group *group, uint32_t member, int32_t generation)
{
    for (int i = 0; member != 0 && i < GROUP_MEMBERS; i++)
        if (group->members[i].number == member)
            return generation == group->generation;
    return false;
}

/* ---- What is said to clients: later, and not while they are deaf. ---- */

/* Sends a message that `run` handles; event.who is the process, b its life. */
static void tell(struct sim *sim, struct process *process, event_function *run, int64_t a)
{
    sim_after(sim, sim_between(sim, MS, sim_percent(sim, 30) ? HEARTBEAT_US : 5 * MS),
              (struct event){.run = run, .who = process, .a = a, .b = (int64_t)process->life});
}

/* Does the process that a message is for live on, and hear it? If it is deaf, the message waits. */
static bool hears(struct sim *sim, const struct event *event)
{
    struct process *process = event->who;
    if (process->state != PROCESS_ALIVE || (int64_t)process->life != event->b)
        return false;
    if (process->deaf_until_us <= sim->now_us)
        return true;
    sim_after(sim, process->deaf_until_us - sim->now_us + sim_between(sim, 0, 50 * MS), *event);
    return false;
}

static void join_if_told(struct process *process);

static void queue_change(struct process *process, struct group_change change)
{
    struct group_client *client = &process->client;
    eng_assert(client->change_count < GROUP_CHANGES);
    client->changes[client->change_count++] = change;
}

/* "A rebalance is on." */
static void notice_comes(struct sim *sim, const struct event *event)
{
    struct process *process = event->who;
    struct group_client *client = &process->client;
    if (!hears(sim, event) || client->member != (uint32_t)event->a || client->joining ||
        client->wants_to_join)
        return;
    client->wants_to_join = true;
    if (sim->manner.eager && client->owned != 0)
        queue_change(process, (struct group_change){GROUP_REVOKED, client->owned});
    join_if_told(process);
}

/* "You are no member": all it has is lost. */
static void unknown_comes(struct sim *sim, const struct event *event)
{
    struct process *process = event->who;
    struct group_client *client = &process->client;
    if (!hears(sim, event) || client->member != (uint32_t)event->a)
        return;
    uint32_t lost = client->owned;
    client->member = 0;
    client->generation = -1;
    client->joining = false;
    for (uint32_t i = 0; i < client->change_count; i++)
        if (client->changes[i].kind != GROUP_ASSIGNED) {
            client->changes[i].kind = GROUP_LOST;
            lost &= ~client->changes[i].mask;
        }
    sim_say(sim, "process %u hears that it is no member", process->slot);
    if (lost != 0)
        queue_change(process, (struct group_change){GROUP_LOST, lost});
    client->wants_to_join = true;
    join_if_told(process);
}

/* The answer to a join: member, generation and assignment as of then. */
static void sync_comes(struct sim *sim, const struct event *event)
{
    struct process *process = event->who;
    struct group_client *client = &process->client;
    uint32_t member = (uint32_t)(event->a >> 40), mask = (uint32_t)(event->a >> 32 & 0xff);
    int32_t generation = (int32_t)(event->a & 0x7fffffff);
    if (!hears(sim, event) || !client->joining || client->member != member)
        return;
    client->joining = false;
    client->generation = generation;
    uint32_t added = mask & ~client->owned, gone = client->owned & ~mask;
    sim_say(sim, "process %u is member %u of generation %d with %x", process->slot, member,
            generation, mask);
    eng_assert(gone == 0 || !sim->manner.eager);
    client->owned |= added;
    if (gone != 0) {
        client->wants_to_join = true;
        queue_change(process, (struct group_change){GROUP_REVOKED, gone});
    }
    if (added != 0 || sim->manner.eager)
        queue_change(process, (struct group_change){GROUP_ASSIGNED, added});
    if (process->group->rebalancing)
        tell(sim, process, notice_comes, (int64_t)member);
}

/* ---- The coordinator. ---- */

static void complete_if_all(struct group *group);

static void deadline_comes(struct sim *sim, const struct event *event);

static void begin_rebalance(struct group *group)
{
    if (group->rebalancing)
        return;
    group->rebalancing = true;
    group->round++;
    sim_say(group->sim, "rebalance %" PRIu64 "%s begins", group->round, whose(group));
    for (int i = 0; i < GROUP_MEMBERS; i++)
        if (group->members[i].number != 0 && !group->members[i].joined &&
            group->members[i].process->life == group->members[i].life)
            tell(group->sim, group->members[i].process, notice_comes,
                 (int64_t)group->members[i].number);
    sim_after(group->sim, JOIN_US,
              (struct event){.run = deadline_comes, .who = group, .a = (int64_t)group->round});
}

static void throw_out(struct group *group, struct group_member *member, const char *why)
{
    sim_say(group->sim, "member %u (process %u) is thrown out: %s", member->number,
            member->process->slot, why);
    if (member->process->life == member->life)
        tell(group->sim, member->process, unknown_comes, (int64_t)member->number);
    member->number = 0;
    group->retarget = true;
}

/* Those that have not joined in time are out. */
static void deadline_comes(struct sim *sim, const struct event *event)
{
    struct group *group = event->who;
    (void)sim;
    if (!group->rebalancing || (int64_t)group->round != event->a)
        return;
    for (int i = 0; i < GROUP_MEMBERS; i++)
        if (group->members[i].number != 0 && !group->members[i].joined)
            throw_out(group, &group->members[i], "did not join in time");
    complete_if_all(group);
}

static uint32_t any_member(struct group *group)
{
    int64_t count = 0;
    for (int i = 0; i < GROUP_MEMBERS; i++)
        count += group->members[i].number != 0;
    int64_t pick = sim_between(group->sim, 0, count - 1);
    for (int i = 0; i < GROUP_MEMBERS; i++)
        if (group->members[i].number != 0 && pick-- == 0)
            return group->members[i].number;
    return 0;
}

static uint32_t claimant(const struct group *group, int32_t partition)
{
    for (int i = 0; i < GROUP_MEMBERS; i++)
        if (group->members[i].number != 0 && (group->members[i].claimed >> partition & 1))
            return group->members[i].number;
    return 0;
}

/* Whose each partition shall be: its owner's more often than not. */
static void choose_targets(struct group *group)
{
    for (int32_t p = 0; p < group->partitions; p++) {
        uint32_t owner = claimant(group, p);
        bool stays = owner != 0 && sim_percent(group->sim, group->sim->manner.sticky);
        group->target[p] = stays ? owner : any_member(group);
    }
    group->retarget = false;
}

/* A partition that another still has waits until that one has given it up. */
static void assign(struct group *group)
{
    for (int i = 0; i < GROUP_MEMBERS; i++)
        group->members[i].assigned = 0;
    for (int32_t p = 0; p < group->partitions; p++) {
        uint32_t owner = claimant(group, p);
        struct group_member *member = find(group, group->target[p]);
        eng_assert(member != NULL);
        if (owner == 0 || owner == member->number)
            member->assigned |= 1u << p;
    }
}

static void tell_assignment(struct group *group, const struct group_member *member)
{
    tell(group->sim, member->process, sync_comes,
         (int64_t)member->number << 40 | (int64_t)member->assigned << 32 | group->generation);
}

static void complete_if_all(struct group *group)
{
    struct sim *sim = group->sim;
    uint32_t count = 0;
    for (int i = 0; i < GROUP_MEMBERS; i++) {
        if (group->members[i].number != 0 && !group->members[i].joined)
            return;
        count += group->members[i].number != 0;
    }
    group->rebalancing = false;
    group->generation++;
    sim_say(sim, "generation %d%s: %u members", group->generation, whose(group), count);
    if (count == 0)
        return;
    if (group->retarget)
        choose_targets(group);
    assign(group);
    for (int i = 0; i < GROUP_MEMBERS; i++) {
        struct group_member *member = &group->members[i];
        member->joined = false;
        if (member->number != 0 && member->process->life == member->life)
            tell_assignment(group, member);
    }
}

static struct group_member *add_member(struct group *group, struct process *process)
{
    for (int i = 0; i < GROUP_MEMBERS; i++) {
        struct group_member *member = &group->members[i];
        if (member->number != 0)
            continue;
        *member = (struct group_member){
            .number = ++group->numbers, .process = process, .life = process->life};
        group->retarget = true;
        return member;
    }
    eng_assert(!"more members than places");
    return NULL;
}

/* A static member that is back takes the place that it had; NULL: there is none. */
static struct group_member *replace_member(struct group *group, struct process *process)
{
    for (int i = 0; group->static_members && i < GROUP_MEMBERS; i++) {
        struct group_member *member = &group->members[i];
        if (member->number == 0 || member->process != process)
            continue;
        uint32_t number = ++group->numbers;
        for (int32_t p = 0; p < group->partitions; p++)
            if (group->target[p] == member->number)
                group->target[p] = number;
        member->number = number;
        member->life = process->life;
        group->sim->tally[TALLY_RETURNS]++;
        return member;
    }
    return NULL;
}

/* Has everything been given to somebody? If not, whoever has to give something up first died before
 * it could ask for the rebalance that follows. A real coordinator leaves that to the next
 * rebalance, whenever it may be. */
static bool all_given(const struct group *group)
{
    uint32_t given = 0;
    for (int i = 0; i < GROUP_MEMBERS; i++)
        given |= group->members[i].number != 0 ? group->members[i].assigned : 0;
    return given == (1u << group->partitions) - 1;
}

/* Nothing has changed for the others: it is told what it has. */
static void welcome_back(struct group *group, const struct group_member *member)
{
    sim_say(group->sim, "process %u is back as member %u", member->process->slot, member->number);
    member->process->client.member = member->number;
    tell_assignment(group, member);
}

static void join_comes(struct sim *sim, const struct event *event)
{
    struct process *process = event->who;
    struct group *group = process->group;
    if (!hears(sim, event) || !process->client.joining)
        return;
    struct group_member *member = find(group, (uint32_t)event->a);
    if (event->a != 0 && member == NULL)
        return; /* thrown out meanwhile; it will hear of that */
    bool back = member == NULL && (member = replace_member(group, process)) != NULL;
    if (back && !group->rebalancing && all_given(group)) {
        welcome_back(group, member);
        return;
    }
    if (member == NULL)
        member = add_member(group, process);
    process->client.member = member->number;
    member->joined = true;
    member->claimed = process->client.owned;
    sim_say(sim, "member %u (process %u) joins with %x", member->number, process->slot,
            member->claimed);
    begin_rebalance(group);
    complete_if_all(group);
}

/* ---- Clients. ---- */

static void join_if_told(struct process *process)
{
    struct sim *sim = process->sim;
    struct group_client *client = &process->client;
    if (!client->wants_to_join || client->joining || client->telling || client->change_count > 0)
        return;
    client->wants_to_join = false;
    client->joining = true;
    sim_after(sim, manner_join_us(sim),
              (struct event){.run = join_comes,
                             .who = process,
                             .a = (int64_t)client->member,
                             .b = (int64_t)process->life});
}

void group_subscribe(struct process *process)
{
    process->client = (struct group_client){.generation = -1, .wants_to_join = true};
    join_if_told(process);
}

bool group_next_change(struct process *process, struct group_change *ret_change)
{
    struct group_client *client = &process->client;
    if (client->change_count == 0)
        return false;
    eng_assert(!client->telling);
    client->telling = true;
    *ret_change = client->changes[0];
    return true;
}

void group_told(struct process *process, const struct group_change *change)
{
    struct group_client *client = &process->client;
    eng_assert(client->telling && client->change_count > 0);
    client->telling = false;
    memmove(&client->changes[0], &client->changes[1],
            --client->change_count * sizeof client->changes[0]);
    if (change->kind != GROUP_ASSIGNED)
        client->owned &= ~change->mask;
    join_if_told(process);
}

void group_leave(struct process *process)
{
    struct group *group = process->group;
    struct group_member *member = find(group, process->client.member);
    process->client = (struct group_client){.generation = -1};
    if (member == NULL || group->static_members)
        return; /* a static one says nothing, and may be back in time */
    sim_say(group->sim, "member %u%s leaves", member->number, whose(group));
    member->number = 0;
    group->retarget = true;
    begin_rebalance(group);
    complete_if_all(group);
}

/* ---- Those that are not heard of. ---- */

static void session_ends(struct sim *sim, const struct event *event)
{
    struct group *group = event->who;
    struct group_member *member = find(group, (uint32_t)event->a);
    if (member == NULL)
        return;
    struct process *process = member->process;
    bool heard = process->state == PROCESS_ALIVE && process->life == member->life &&
                 process->deaf_until_us <= sim->now_us;
    if (heard)
        return;
    throw_out(group, member, "was not heard of");
    begin_rebalance(group);
    complete_if_all(group);
}

/* If it is a member, its session ends. */
static void let_session_end(struct group *group, const struct process *process)
{
    for (int i = 0; i < GROUP_MEMBERS; i++) {
        const struct group_member *member = &group->members[i];
        if (member->number != 0 && member->process == process && member->life == process->life)
            sim_after(
                group->sim, SESSION_US,
                (struct event){.run = session_ends, .who = group, .a = (int64_t)member->number});
    }
}

void group_died(struct process *process)
{
    let_session_end(process->group, process);
}

void group_deafen(struct process *process, int64_t us)
{
    process->deaf_until_us = process->sim->now_us + us;
    sim_say(process->sim, "process %u is not heard of for %" PRId64 " ms", process->slot, us / MS);
    if (us > SESSION_US)
        let_session_end(process->group, process);
}

void group_expel(struct process *process)
{
    struct group *group = process->group;
    struct group_member *member = find(group, process->client.member);
    if (member == NULL)
        return;
    throw_out(group, member, "a fault");
    begin_rebalance(group);
    complete_if_all(group);
}

void group_bump(struct group *group, bool move)
{
    group->retarget |= move;
    begin_rebalance(group);
}

/* Is the process a member, as far as both know, with nothing to tell or to ask? */
static bool is_settled(struct group *group, const struct process *process)
{
    const struct group_client *client = &process->client;
    const struct group_member *member = find(group, client->member);
    return process->state == PROCESS_ALIVE && member != NULL && member->process == process &&
           member->life == process->life && !client->joining && !client->wants_to_join &&
           client->change_count == 0;
}

bool group_is_settled(struct group *group)
{
    struct sim *sim = group->sim;
    uint32_t owned = 0, members = 0, wanted = 0;
    if (group->rebalancing)
        return false;
    for (uint32_t i = 0; i < SIM_MEMBERS; i++) {
        const struct process *process = &sim->processes[i];
        if (process->group != group || !process_is_wanted(process))
            continue;
        if (!is_settled(group, process))
            return false;
        owned |= process->client.owned;
        wanted++;
    }
    for (int i = 0; i < GROUP_MEMBERS; i++)
        members += group->members[i].number != 0;
    return members == wanted && (wanted == 0 || owned == (1u << group->partitions) - 1);
}
