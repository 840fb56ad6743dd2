/* The worker with its threads: commits and questions happen beside the loop. Run under the thread
 * sanitizer too. */
#include "stage.h"
#include "stream/clock.h"
#include <string.h>

enum { EVENTS = 600, PARTNERS = 7, PATIENCE = 200000 };

static uint32_t told(const struct stage *s)
{
    pthread_mutex_lock(&s->fake->lock);
    uint32_t count = fake_count(s->fake, ENG_TOPIC_SCORE_CHANGES);
    pthread_mutex_unlock(&s->fake->lock);
    return count;
}

static int64_t committed(const struct stage *s, int32_t partition)
{
    pthread_mutex_lock(&s->fake->lock);
    int64_t next = s->fake->partitions[partition].committed.next;
    pthread_mutex_unlock(&s->fake->lock);
    return next;
}

/* Turns until both partitions are committed up to their ends. */
static void turn_to_the_end(struct stage *s)
{
    for (int i = 0; i < PATIENCE; i++) {
        stage_turn(s, 1);
        if (committed(s, 0) == s->fake->partitions[0].end &&
            committed(s, 1) == s->fake->partitions[1].end)
            return;
        eng_clock_sleep_ms(0);
    }
    cr_assert(false, "it does not come to an end: %s", s->worker->error.text);
}

static void put_event(struct stage *s, int number)
{
    char partner[16];
    (void)snprintf(partner, sizeof partner, "p%d", number % PARTNERS);
    stage_login(s, number % 2, partner, 1767225600000 - (EVENTS - number) * (int64_t)60000);
}

static uint32_t expected(void)
{
    struct stage s;
    stage_init(&s, 2);
    for (int i = 0; i < EVENTS; i++)
        put_event(&s, i);
    stage_start(&s);
    turn_to_the_end(&s);
    uint32_t count = told(&s);
    stage_done(&s);
    return count;
}

Test(threads, commits_beside_the_loop_tell_what_commits_in_it_tell)
{
    struct stage s;
    uint32_t wanted = expected();
    cr_assert_gt(wanted, 20);
    stage_init(&s, 2);
    s.threaded = true;
    stage_start(&s);
    for (int i = 0; i < EVENTS; i++) {
        put_event(&s, i);
        stage_turn(&s, 1);
    }
    turn_to_the_end(&s);
    cr_expect_eq(told(&s), wanted);
    stage_done(&s);
}

Test(threads, partitions_that_come_and_go_under_faults_lose_and_repeat_nothing)
{
    static const char moves[] = "rlrlrl";
    struct stage s;
    uint32_t wanted = expected();
    stage_init(&s, 2);
    s.threaded = true;
    fake_fault(s.fake, (struct fake_fault){'c', 2, 1, ENG_TIMED_OUT, true});
    fake_fault(s.fake, (struct fake_fault){'c', 4, 1, ENG_FATAL, true});
    fake_fault(s.fake, (struct fake_fault){'c', 6, 1, ENG_FATAL, false});
    fake_fault(s.fake, (struct fake_fault){'s', 5, 2, ENG_TXN_ABORT, false});
    fake_fault(s.fake, (struct fake_fault){'o', 2, 1, ENG_UNAVAILABLE, false});
    stage_start(&s);
    for (int i = 0; i < EVENTS; i++) {
        put_event(&s, i);
        stage_turn(&s, 1);
        if (i % 50 == 20 && s.worker->task_count == 2) {
            s.fake->rebalance = moves[i / 50 % 6];
            s.fake->moved_count = 2;
            s.fake->moved[0] = 0;
            s.fake->moved[1] = 1;
        }
        if (i % 50 == 30 && s.worker->task_count == 0)
            s.fake->rebalance = 'a';
    }
    if (s.worker->task_count == 0)
        s.fake->rebalance = 'a';
    turn_to_the_end(&s);
    cr_expect_eq(told(&s), wanted);
    cr_expect_eq(s.worker->error.status, ENG_OK);
    stage_done(&s);
}

struct asker {
    struct stage *stage;
    _Atomic int answers;
    _Atomic bool stop;
    pthread_t thread;
};

static void hear(void *context, enum eng_status status, const char *json, size_t length)
{
    struct asker *asker = context;
    (void)status;
    cr_assert(json != NULL || length == 0);
    atomic_fetch_add(&asker->answers, 1);
}

/* Another thread asks and looks, as the HTTP server does. */
static void *ask_on(void *argument)
{
    struct asker *asker = argument;
    struct eng_worker *worker = asker->stage->worker;
    while (!atomic_load(&asker->stop)) {
        struct eng_query *query = eng_query_new("p1", 2, hear, asker);
        if (!eng_inbox_put(&worker->inbox, query))
            eng_free(query);
        pthread_mutex_lock(&worker->board.lock);
        cr_assert_leq(worker->board.partition_count, 2);
        pthread_mutex_unlock(&worker->board.lock);
        eng_clock_sleep_ms(1);
    }
    return NULL;
}

Test(threads, questions_from_outside_do_not_touch_the_engines)
{
    struct stage s;
    stage_init(&s, 2);
    s.threaded = true;
    stage_start(&s);
    struct asker asker = {.stage = &s};
    cr_assert_eq(pthread_create(&asker.thread, NULL, ask_on, &asker), 0);
    for (int i = 0; i < EVENTS; i++) {
        put_event(&s, i);
        stage_turn(&s, 1);
    }
    turn_to_the_end(&s);
    while (atomic_load(&asker.answers) < 5)
        stage_turn(&s, 1);
    atomic_store(&asker.stop, true);
    pthread_join(asker.thread, NULL);
    cr_expect_geq(atomic_load(&asker.answers), 5);
    stage_done(&s);
}

enum { VERSIONS = 8 };

static struct eng_config *load_version(int version)
{
    char text[2 * sizeof stage_config];
    struct eng_config *config = NULL;
    (void)snprintf(text, sizeof text, "version: %d\n%s", version, stage_config);
    cr_assert_eq(eng_config_load_text(text, strlen(text), "stage.yaml", &config, NULL), ENG_OK);
    return config;
}

/* Another thread reads the configuration again and again, as the main loop does on SIGHUP. */
static void *reload_on(void *argument)
{
    struct eng_worker *worker = argument;
    for (int version = 2; version <= VERSIONS; version++) {
        struct eng_edition *edition = eng_edition_new(load_version(version));
        cr_assert_not_null(edition);
        eng_worker_reload(worker, edition);
        eng_edition_release(edition);
        eng_clock_sleep_ms(3);
    }
    return NULL;
}

Test(threads, another_model_reaches_the_loop_from_outside)
{
    struct stage s;
    pthread_t thread;
    stage_init(&s, 2);
    s.threaded = true;
    stage_start(&s);
    cr_assert_eq(pthread_create(&thread, NULL, reload_on, s.worker), 0);
    for (int i = 0; i < EVENTS; i++) {
        put_event(&s, i);
        stage_turn(&s, 1);
    }
    turn_to_the_end(&s);
    pthread_join(thread, NULL);
    while (eng_model_version(eng_engine_model(eng_worker_task(s.worker, 1)->engine)) < VERSIONS)
        stage_turn(&s, 1);
    turn_to_the_end(&s);
    cr_expect_eq(s.worker->error.status, ENG_OK, "%s", s.worker->error.text);
    cr_expect_eq(stage_counters(&s, 0).read + stage_counters(&s, 1).read, (uint64_t)EVENTS);
    stage_done(&s);
}
