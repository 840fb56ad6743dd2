/* Alive, ready, and how long it will take. See health.h. */
#include "serve/health.h"

#include "base/assert.h"
#include <inttypes.h>
#include <string.h>

enum { SMOOTH_MS = 5000 }; /* rates are those of about so long */

static const char *const state_names[] = {
    [ENG_WORKER_STARTING] = "starting",   [ENG_WORKER_JOINING] = "joining",
    [ENG_WORKER_RESTORING] = "restoring", [ENG_WORKER_RUNNING] = "running",
    [ENG_WORKER_STOPPING] = "stopping",   [ENG_WORKER_STOPPED] = "stopped",
};

const char *eng_worker_state_name(enum eng_worker_state state)
{
    eng_assert(state <= ENG_WORKER_STOPPED);
    return state_names[state];
}

void eng_health_init(struct eng_health *health, int64_t heartbeat_ms_max)
{
    eng_assert(health != NULL && heartbeat_ms_max >= 0);
    *health = (struct eng_health){
        .heartbeat_ms_max = heartbeat_ms_max > 0 ? heartbeat_ms_max : ENG_HEARTBEAT_MS_MAX,
        .main_loop_ms = -1,
        .read_rate = -1,
        .told_rate = -1,
    };
}

static struct eng_restore *find_restore(struct eng_health *health, int32_t partition)
{
    for (uint32_t i = 0; i < health->restore_count; i++)
        if (health->restores[i].partition == partition)
            return &health->restores[i];
    return NULL;
}

/* Remembers where restores began, forgets those that are over. */
static void observe_restores(struct eng_health *health, const struct eng_stats *stats,
                             int64_t now_ms)
{
    uint32_t kept = 0;
    struct eng_restore restores[ENG_RESTORES_MAX];
    for (uint32_t i = 0; i < stats->partition_count && kept < ENG_RESTORES_MAX; i++) {
        const struct eng_partition_stats *partition = &stats->partitions[i];
        if (!partition->restoring)
            continue;
        const struct eng_restore *known = find_restore(health, partition->partition);
        if (known != NULL && known->phase == partition->phase &&
            known->from_offset <= partition->restored_offset)
            restores[kept++] = *known;
        else
            restores[kept++] = (struct eng_restore){.partition = partition->partition,
                                                    .phase = partition->phase,
                                                    .from_offset = partition->restored_offset,
                                                    .from_ms = now_ms};
    }
    memcpy(health->restores, restores, kept * sizeof restores[0]);
    health->restore_count = kept;
}

/* The rate since the last look, blended into the one before; less than before (a partition has
 * left) says nothing. */
static void blend(double *rate, uint64_t before, uint64_t now, int64_t elapsed_ms)
{
    if (now < before)
        return;
    double fresh = (double)(now - before) * 1000 / (double)elapsed_ms;
    double share = elapsed_ms >= SMOOTH_MS ? 1 : (double)elapsed_ms / SMOOTH_MS;
    *rate = *rate < 0 ? fresh : *rate + (fresh - *rate) * share;
}

void eng_health_observe(struct eng_health *health, const struct eng_stats *stats, int64_t now_ms)
{
    eng_assert(health != NULL && stats != NULL);
    uint64_t read = 0;
    uint64_t told = 0;
    for (uint32_t i = 0; i < stats->partition_count; i++) {
        const struct eng_counters *counters = &stats->partitions[i].counters;
        read += counters->read;
        told += counters->score_changes + counters->churn_drops + counters->cell_changes +
                counters->reports + counters->award_bookings + counters->abuse_flags +
                counters->digests;
    }
    if (health->observed_ms > 0 && now_ms > health->observed_ms) {
        blend(&health->read_rate, health->read, read, now_ms - health->observed_ms);
        blend(&health->told_rate, health->told, told, now_ms - health->observed_ms);
    }
    health->read = read;
    health->told = told;
    health->observed_ms = now_ms;
    observe_restores(health, stats, now_ms);
}

bool eng_health_alive(const struct eng_health *health, const struct eng_stats *stats,
                      int *ret_worker)
{
    *ret_worker = -1;
    if (health->main_loop_ms > health->heartbeat_ms_max)
        return false;
    for (uint32_t i = 0; i < stats->worker_count; i++) {
        const struct eng_worker_stats *worker = &stats->workers[i];
        if (worker->state == ENG_WORKER_STOPPED || worker->heartbeat_ms <= health->heartbeat_ms_max)
            continue;
        *ret_worker = (int)i;
        return false;
    }
    return true;
}

bool eng_health_ready(const struct eng_stats *stats)
{
    for (uint32_t i = 0; i < stats->worker_count; i++)
        if (stats->workers[i].state != ENG_WORKER_RUNNING)
            return false;
    for (uint32_t i = 0; i < stats->partition_count; i++)
        if (stats->partitions[i].restoring)
            return false;
    return stats->worker_count > 0;
}

void eng_health_restore(const struct eng_health *health,
                        const struct eng_partition_stats *partition, int64_t now_ms,
                        struct eng_restore_view *ret_view)
{
    int64_t from = partition->restored_offset;
    int64_t from_ms = now_ms;
    for (uint32_t i = 0; i < health->restore_count; i++)
        if (health->restores[i].partition == partition->partition &&
            health->restores[i].phase == partition->phase) {
            from = health->restores[i].from_offset;
            from_ms = health->restores[i].from_ms;
        }
    int64_t done = partition->restored_offset - from;
    int64_t left = partition->restore_target - partition->restored_offset;
    left = left > 0 ? left : 0;
    *ret_view = (struct eng_restore_view){
        .done = done > 0 ? done : 0, .total = (done > 0 ? done : 0) + left, .seconds_left = -1};
    if (left == 0)
        ret_view->seconds_left = 0;
    else if (done > 0 && now_ms > from_ms)
        ret_view->seconds_left =
            (int64_t)((double)left * (double)(now_ms - from_ms) / (double)done / 1000 + 1);
}

void eng_health_write_alive(struct eng_text *out, const struct eng_health *health,
                            const struct eng_stats *stats)
{
    int worker = -1;
    if (eng_health_alive(health, stats, &worker)) {
        eng_text_add(out, "{\"alive\":true}\n");
        return;
    }
    int64_t age_ms = worker < 0 ? health->main_loop_ms : stats->workers[worker].heartbeat_ms;
    eng_text_add(out, "{\"alive\":false,\"loop\":\"");
    if (worker < 0)
        eng_text_add(out, "main");
    else
        eng_text_add(out, "worker %d", worker);
    eng_text_add(out, "\",\"seconds_since_last_turn\":%" PRId64 ",\"limit_seconds\":%" PRId64 "}\n",
                 age_ms / 1000, health->heartbeat_ms_max / 1000);
}

static void write_worker(struct eng_text *out, const struct eng_worker_stats *worker,
                         uint32_t index)
{
    eng_text_add(out, "%s{\"worker\":%" PRIu32 ",\"state\":\"%s\"", index ? "," : "", index,
                 eng_worker_state_name(worker->state));
    if (worker->text[0] != '\0') {
        eng_text_add(out, ",\"text\":");
        eng_text_add_json(out, worker->text, strlen(worker->text));
    }
    eng_text_add(out, "}");
}

static void write_partition(struct eng_text *out, const struct eng_health *health,
                            const struct eng_partition_stats *partition, int64_t now_ms)
{
    static const char *const phases[] = {"live", "asking", "state", "input", "outdated"};
    struct eng_restore_view view;
    eng_text_add(out, "{\"partition\":%" PRId32 ",\"worker\":%" PRIu32 ",\"restoring\":%s",
                 partition->partition, partition->worker, partition->restoring ? "true" : "false");
    if (partition->restoring) {
        eng_health_restore(health, partition, now_ms, &view);
        int64_t ratio_e4 = view.total > 0 ? view.done * 10000 / view.total : 0;
        eng_text_add(out, ",\"phase\":\"%s\"", phases[partition->phase]);
        eng_text_add(out, ",\"restored_offset\":%" PRId64 ",\"restore_target\":%" PRId64,
                     partition->restored_offset, partition->restore_target);
        eng_text_add(out, ",\"progress\":");
        eng_text_add_decimal(out, ratio_e4, 10000);
        if (view.seconds_left >= 0)
            eng_text_add(out, ",\"seconds_left\":%" PRId64, view.seconds_left);
    }
    eng_text_add(out, "}");
}

void eng_health_write_ready(struct eng_text *out, const struct eng_health *health,
                            const struct eng_stats *stats, int64_t now_ms)
{
    eng_text_add(out, "{\"ready\":%s,\"workers\":[", eng_health_ready(stats) ? "true" : "false");
    for (uint32_t i = 0; i < stats->worker_count; i++)
        write_worker(out, &stats->workers[i], i);
    eng_text_add(out, "],\"partitions\":[");
    for (uint32_t i = 0; i < stats->partition_count; i++) {
        eng_text_add(out, i ? "," : "");
        write_partition(out, health, &stats->partitions[i], now_ms);
    }
    eng_text_add(out, "]}\n");
}
