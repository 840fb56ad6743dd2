/* Who stands by for which partition. See standby_plan.h. */
#include "stream/standby_plan.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/memory.h"
#include <string.h>

enum { COUNT_MIN = 8, PARTITIONS_MAX = 1 << 20 };

void eng_standby_plan_done(struct eng_standby_plan *plan)
{
    eng_assert(plan != NULL);
    eng_assert(plan->process_count <= plan->process_capacity);
    eng_free(plan->processes);
    eng_free(plan->owners);
    *plan = (struct eng_standby_plan){0};
}

void eng_standby_plan_clear(struct eng_standby_plan *plan)
{
    eng_assert(plan != NULL);
    eng_assert(plan->partition_count <= plan->partition_capacity);
    plan->process_count = plan->partition_count = 0;
}

/* Place of a process, or where it would be. */
static uint32_t place_of(const struct eng_standby_plan *plan, uint64_t number)
{
    uint32_t place = 0;
    eng_assert(number > 0);
    while (place < plan->process_count && plan->processes[place].number < number)
        place++;
    eng_assert(place <= plan->process_count);
    return place;
}

static bool is_there(const struct eng_standby_plan *plan, uint32_t place, uint64_t number)
{
    eng_assert(place <= plan->process_count);
    eng_assert(number > 0);
    return place < plan->process_count && plan->processes[place].number == number;
}

/* Room for one more process. */
static enum eng_status reserve_process(struct eng_standby_plan *plan)
{
    eng_assert(plan->process_count <= plan->process_capacity);
    if (plan->process_count < plan->process_capacity)
        return ENG_OK;
    void *processes = eng_grow(plan->processes, &plan->process_capacity, sizeof *plan->processes);
    if (processes == NULL)
        return ENG_NO_MEMORY;
    plan->processes = processes;
    eng_assert(plan->process_count < plan->process_capacity);
    return ENG_OK;
}

/* Room for partitions up to this one; those that nobody has named are nobody's. */
static enum eng_status reserve_partition(struct eng_standby_plan *plan, uint32_t partition)
{
    eng_assert(partition < PARTITIONS_MAX);
    eng_assert(plan->partition_count <= plan->partition_capacity);
    if (partition >= plan->partition_capacity) {
        uint32_t capacity = partition * 2 + COUNT_MIN;
        void *owners = eng_realloc(plan->owners, capacity * sizeof *plan->owners);
        if (owners == NULL)
            return ENG_NO_MEMORY;
        plan->owners = owners;
        plan->partition_capacity = capacity;
    }
    while (plan->partition_count <= partition)
        plan->owners[plan->partition_count++] = 0;
    return ENG_OK;
}

enum eng_status eng_standby_plan_add(struct eng_standby_plan *plan,
                                     const struct eng_port_member *member)
{
    uint32_t place = place_of(plan, member->process);
    eng_assert(member->partitions != NULL || member->count == 0);
    if (!is_there(plan, place, member->process)) {
        if (reserve_process(plan) != ENG_OK)
            return ENG_NO_MEMORY;
        memmove(plan->processes + place + 1, plan->processes + place,
                (plan->process_count - place) * sizeof *plan->processes);
        plan->processes[place] = (struct eng_standby_process){.number = member->process};
        plan->process_count++;
    }
    eng_assert(is_there(plan, place, member->process));
    for (uint32_t i = 0; i < member->count; i++) {
        int32_t partition = member->partitions[i];
        if (partition < 0 || partition >= PARTITIONS_MAX)
            continue; /* of no topic that we could read */
        if (reserve_partition(plan, (uint32_t)partition) != ENG_OK)
            return ENG_NO_MEMORY;
        plan->owners[partition] = member->process;
        plan->processes[place].partitions++;
    }
    return ENG_OK;
}

uint64_t eng_standby_plan_owner(const struct eng_standby_plan *plan, int32_t partition)
{
    eng_assert(partition >= 0);
    eng_assert(plan->owners != NULL || plan->partition_count == 0);
    return (uint32_t)partition < plan->partition_count ? plan->owners[partition] : 0;
}

/* How many places behind the owner, going round. */
static uint32_t distance(const struct eng_standby_plan *plan, uint32_t owner, uint32_t place)
{
    eng_assert(owner < plan->process_count);
    eng_assert(place < plan->process_count);
    return (place + plan->process_count - owner) % plan->process_count;
}

bool eng_standby_plan_follows(const struct eng_standby_plan *plan, uint64_t process,
                              int32_t partition, uint32_t standbys)
{
    uint64_t number = eng_standby_plan_owner(plan, partition);
    uint32_t own = place_of(plan, process), before = 0;
    eng_assert(standbys <= ENG_STANDBYS_MAX);
    if (number == 0 || number == process || !is_there(plan, own, process))
        return false;
    uint32_t owner = place_of(plan, number), has = plan->processes[own].partitions;
    eng_assert(is_there(plan, owner, number));
    for (uint32_t i = 0; i < plan->process_count; i++) {
        uint32_t its = plan->processes[i].partitions;
        if (i != own && i != owner)
            before +=
                its < has || (its == has && distance(plan, owner, i) < distance(plan, owner, own));
    }
    return before < standbys;
}
