/* A worker's statistics as others may read them: a copy behind a lock, renewed by the worker a few
 * times a second. The heartbeat alone is an atomic, so that a stuck worker is seen. */
#ifndef ENG_STREAM_BOARD_H
#define ENG_STREAM_BOARD_H

#include "stream/service.h"
#include <pthread.h>
#include <stdatomic.h>

struct eng_board {
    pthread_mutex_t lock;
    struct eng_worker_stats worker;
    struct eng_partition_stats *partitions;
    uint32_t partition_count, partition_capacity;
    _Atomic int64_t beat_us;       /* monotonic time of the loop's last turn */
    _Atomic uint64_t memory_bytes; /* of all its engines */
};

void eng_board_init(struct eng_board *board);
void eng_board_done(struct eng_board *board);

/* Worker: shows these; partitions beyond what memory there is for are left out. */
void eng_board_show(struct eng_board *board, const struct eng_worker_stats *worker,
                    const struct eng_partition_stats *partitions, uint32_t count);

/* Counts a commit into a histogram. */
void eng_stats_count_latency(struct eng_worker_stats *worker, int64_t took_us);

#endif
