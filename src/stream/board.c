/* Showing statistics. See board.h. */
#include "stream/board.h"

#include "base/assert.h"
#include "base/memory.h"
#include <string.h>

const uint32_t eng_latency_bounds_ms[ENG_LATENCY_BUCKETS - 1] = {
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000};

void eng_board_init(struct eng_board *board)
{
    eng_assert(board != NULL);
    *board = (struct eng_board){.partition_count = 0};
    pthread_mutex_init(&board->lock, NULL);
}

void eng_board_done(struct eng_board *board)
{
    eng_assert(board != NULL);
    eng_free(board->partitions);
    pthread_mutex_destroy(&board->lock);
}

/* Room for `count` partitions; what there is when memory runs out. */
static uint32_t make_room(struct eng_board *board, uint32_t count)
{
    eng_assert(board != NULL);
    eng_assert(board->partition_count <= board->partition_capacity);
    if (count <= board->partition_capacity)
        return count;
    void *partitions = eng_realloc(board->partitions, count * sizeof *board->partitions);
    if (partitions == NULL)
        return board->partition_capacity;
    board->partitions = partitions;
    board->partition_capacity = count;
    return count;
}

void eng_board_show(struct eng_board *board, const struct eng_worker_stats *worker,
                    const struct eng_partition_stats *partitions, uint32_t count)
{
    eng_assert(worker != NULL);
    eng_assert(partitions != NULL || count == 0);
    pthread_mutex_lock(&board->lock);
    board->worker = *worker;
    board->partition_count = make_room(board, count);
    if (board->partition_count > 0)
        memcpy(board->partitions, partitions, board->partition_count * sizeof *partitions);
    pthread_mutex_unlock(&board->lock);
}

void eng_stats_count_latency(struct eng_worker_stats *worker, int64_t took_us)
{
    eng_assert(took_us >= 0);
    int bucket = 0;
    while (bucket < ENG_LATENCY_BUCKETS - 1 &&
           took_us > (int64_t)eng_latency_bounds_ms[bucket] * 1000)
        bucket++;
    eng_assert(bucket < ENG_LATENCY_BUCKETS);
    worker->commit_latency[bucket]++;
    worker->commit_latency_sum_us += (uint64_t)took_us;
}
