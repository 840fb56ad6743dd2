/* Alive, ready and how long it will take, from statistics alone. */
#include "fake_service.h"

#include "serve/health.h"
#include <criterion/criterion.h>

static struct eng_health health;

/* What the fake says now. */
static struct eng_stats look(void)
{
    struct eng_stats stats = {0};
    cr_assert_eq(eng_service_stats(&fake, &stats), ENG_OK);
    return stats;
}

static void observe(int64_t now_ms)
{
    struct eng_stats stats = look();
    eng_health_observe(&health, &stats, now_ms);
    eng_stats_free(&stats);
}

static struct eng_restore_view restore_of(int partition, int64_t now_ms)
{
    struct eng_restore_view view;
    eng_health_restore(&health, &fake.partitions[partition], now_ms, &view);
    return view;
}

static void begin(void)
{
    fake_reset();
    eng_health_init(&health, 0);
}

Test(health, ready_means_joined_and_restored)
{
    static const struct {
        enum eng_worker_state state;
        bool restoring, ready;
    } rows[] = {
        {ENG_WORKER_RUNNING, false, true},   {ENG_WORKER_RUNNING, true, false},
        {ENG_WORKER_STARTING, false, false}, {ENG_WORKER_JOINING, false, false},
        {ENG_WORKER_RESTORING, true, false}, {ENG_WORKER_STOPPING, false, false},
        {ENG_WORKER_STOPPED, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        fake.workers[1].state = rows[i].state;
        fake.partitions[1].restoring = rows[i].restoring;
        struct eng_stats stats = look();
        cr_expect_eq(eng_health_ready(&stats), rows[i].ready, "row %zu", i);
        eng_stats_free(&stats);
    }
}

Test(health, a_member_without_partitions_is_ready)
{
    begin();
    struct eng_stats stats = look();
    stats.partition_count = 0;
    cr_expect(eng_health_ready(&stats));
    eng_stats_free(&stats);
}

Test(health, a_restore_is_estimated_from_its_own_pace)
{
    begin();
    fake.partitions[1].restoring = true;
    fake.partitions[1].restored_offset = 1000;
    fake.partitions[1].restore_target = 5000;
    observe(10000);
    cr_expect_eq(restore_of(1, 10000).seconds_left, -1);
    fake.partitions[1].restored_offset = 2000;
    observe(12000);
    struct eng_restore_view view = restore_of(1, 12000);
    cr_expect_eq(view.done, 1000);
    cr_expect_eq(view.total, 4000);
    cr_expect_eq(view.seconds_left, 7); /* 3,000 left at 500 a second, rounded up */
}

Test(health, a_restore_that_starts_over_is_timed_anew)
{
    begin();
    fake.partitions[1].restoring = true;
    fake.partitions[1].restored_offset = 3000;
    fake.partitions[1].restore_target = 5000;
    observe(10000);
    fake.partitions[1].restored_offset = 100;
    observe(20000);
    cr_expect_eq(restore_of(1, 20000).done, 0);
    cr_expect_eq(restore_of(1, 20000).seconds_left, -1);
    fake.partitions[1].restored_offset = 4100;
    observe(22000);
    cr_expect_eq(restore_of(1, 22000).done, 4000);
    cr_expect_eq(restore_of(1, 22000).seconds_left, 1);
}

Test(health, each_phase_of_a_restore_has_its_own_pace)
{
    begin();
    fake.partitions[1].restoring = true;
    fake.partitions[1].phase = ENG_RESTORE_STATE;
    fake.partitions[1].restored_offset = 100;
    fake.partitions[1].restore_target = 200;
    observe(10000);
    fake.partitions[1].phase = ENG_RESTORE_INPUT; /* offsets of another topic now */
    fake.partitions[1].restored_offset = 7000;
    fake.partitions[1].restore_target = 9000;
    observe(11000);
    cr_expect_eq(restore_of(1, 11000).done, 0);
    cr_expect_eq(restore_of(1, 11000).total, 2000);
    cr_expect_eq(restore_of(1, 11000).seconds_left, -1);
}

Test(health, a_finished_restore_is_forgotten)
{
    begin();
    fake.partitions[1].restoring = true;
    fake.partitions[1].restore_target = 10;
    observe(10000);
    cr_expect_eq(health.restore_count, 1);
    fake.partitions[1].restoring = false;
    observe(11000);
    cr_expect_eq(health.restore_count, 0);
}

Test(health, rates_follow_the_counters_and_ignore_a_partition_that_leaves)
{
    begin();
    observe(10000);
    cr_expect(health.read_rate < 0);
    fake.partitions[0].counters.read = 6000;
    observe(16000);
    cr_expect_float_eq(health.read_rate, 1000, 0.01);
    fake.partitions[0].counters.read = 0;
    observe(17000);
    cr_expect_float_eq(health.read_rate, 1000, 0.01);
    observe(23000);
    cr_expect_float_eq(health.read_rate, 0, 0.01);
}

Test(health, more_restores_than_are_timed_do_no_harm)
{
    enum { MANY = ENG_RESTORES_MAX + 10 };
    begin();
    struct eng_partition_stats *partitions = calloc(MANY, sizeof *partitions);
    for (int i = 0; i < MANY; i++)
        partitions[i] = (struct eng_partition_stats){
            .partition = i, .restoring = true, .restored_offset = 1, .restore_target = 9};
    struct eng_stats stats = {.partition_count = MANY, .partitions = partitions};
    eng_health_observe(&health, &stats, 1000);
    cr_expect_eq(health.restore_count, ENG_RESTORES_MAX);
    struct eng_restore_view view;
    eng_health_restore(&health, &partitions[MANY - 1], 2000, &view);
    cr_expect_eq(view.seconds_left, -1);
    free(partitions);
}
