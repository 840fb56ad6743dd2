/* Is the daemon alive, is it ready, and how long will it take: what /healthz and /readyz answer.
 *
 * Alive means that the loops turn, nothing else: a broker that is down, lag, a rebalance or a long
 * restore is no reason to kill the process, since starting it again only costs more of the same.
 * Ready means that every worker has joined and no partition is being restored.
 *
 * One thread (that of the HTTP server) feeds it with statistics now and then; rates and estimates
 * come from how they change. */
#ifndef ENG_SERVE_HEALTH_H
#define ENG_SERVE_HEALTH_H

#include "serve/text.h"
#include "stream/service.h"

enum {
    ENG_RESTORES_MAX = 256, /* partitions whose restore is timed; others get no estimate */
    ENG_HEARTBEAT_MS_MAX = 60 * 1000, /* default: longer than any legal step of a loop */
};

/* A restore as first seen. */
struct eng_restore {
    int32_t partition;
    enum eng_restore_phase phase;
    int64_t from_offset, from_ms; /* where and when (monotonic) */
};

struct eng_health {
    int64_t heartbeat_ms_max;
    int64_t main_loop_ms; /* age of the main loop's last turn; -1: nobody watches it */
    struct eng_restore restores[ENG_RESTORES_MAX];
    uint32_t restore_count;
    uint64_t read;       /* records of all partitions at the last observation */
    uint64_t told;       /* score changes and all other outputs, the same */
    int64_t observed_ms; /* monotonic; 0: never */
    double read_rate;    /* a second, smoothed over some seconds; -1: not known */
    double told_rate;
};

/* How far a restore is. */
struct eng_restore_view {
    int64_t done, total;  /* records, since it was first seen */
    int64_t seconds_left; /* -1: not known yet */
};

/* heartbeat_ms_max: 0 takes ENG_HEARTBEAT_MS_MAX. */
void eng_health_init(struct eng_health *health, int64_t heartbeat_ms_max);

/* Takes note of statistics; now_ms is monotonic. About once a second. */
void eng_health_observe(struct eng_health *health, const struct eng_stats *stats, int64_t now_ms);

/* "starting", "joining", "restoring", "running", "stopping" or "stopped". */
const char *eng_worker_state_name(enum eng_worker_state state);

/* True when every loop has turned lately. Else *ret_worker is the one that has not, or -1 for the
 * main loop. */
bool eng_health_alive(const struct eng_health *health, const struct eng_stats *stats,
                      int *ret_worker);

bool eng_health_ready(const struct eng_stats *stats);

/* How far the restore of a partition is. */
void eng_health_restore(const struct eng_health *health,
                        const struct eng_partition_stats *partition, int64_t now_ms,
                        struct eng_restore_view *ret_view);

/* Append the bodies of /healthz and /readyz. */
void eng_health_write_alive(struct eng_text *out, const struct eng_health *health,
                            const struct eng_stats *stats);
void eng_health_write_ready(struct eng_text *out, const struct eng_health *health,
                            const struct eng_stats *stats, int64_t now_ms);

#endif
