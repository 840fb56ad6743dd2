/* The main loop: signals, the end of the service, what cannot start. */
#include "fake_service.h"

#include "base/log.h"
#include "serve/daemon.h"
#include "serve/listen.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct eng_config *config;
static char text[1024];
static enum eng_status read_status; /* what reading it again gives */

static void begin(const char *listen)
{
    struct eng_error err = {0};
    int length = snprintf(text, sizeof text,
                          "program: test\nmeasures: {m: {count: x, over: 30d}}\n"
                          "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 1}}, "
                          "bands: {low: 0}}}\ninput: {topic: in}\nhttp: {listen: %s}\n"
                          "run: {stop_deadline: 1s}\n",
                          listen);
    fake_reset();
    eng_log_level_set(ENG_LOG_ERROR);
    cr_assert_eq(eng_config_load_text(text, (size_t)length, "t.yaml", &config, &err), ENG_OK, "%s",
                 err.text);
}

static enum eng_status read_again(void *context, struct eng_config **ret_config,
                                  struct eng_error *err)
{
    if (read_status != ENG_OK)
        return eng_error_set(err, read_status, "it cannot be read");
    return eng_config_load_text(context, strlen(context), "t.yaml", ret_config, err);
}

static enum eng_status run_daemon(bool *ret_abrupt, struct eng_error *err)
{
    const struct eng_daemon_options options = {config, {read_again, text}};
    return eng_daemon_run(&options, ret_abrupt, err);
}

/* Sends itself signals, each `after_ms` after the one before. */
struct plan {
    int numbers[4];
    int count;
    int after_ms;
    bool then_fail; /* the service fails at the end */
};

/* A signal that comes while one like it is waiting is the same signal: so each waits for its own
 * reading. */
static void await_reading(int count)
{
    for (int i = 0; i < 1000 && fake.reload_calls < count; i++)
        usleep(10000);
}

static void *follow(void *context)
{
    struct plan *plan = context;
    int hangups = 0;
    for (int i = 0; i < plan->count; i++) {
        usleep((useconds_t)plan->after_ms * 1000);
        kill(getpid(), plan->numbers[i]);
        if (plan->numbers[i] == SIGHUP)
            await_reading(++hangups);
    }
    usleep((useconds_t)plan->after_ms * 1000);
    if (plan->then_fail)
        fake.has_ended = true;
    return NULL;
}

static enum eng_status run(struct plan plan, bool *ret_abrupt, struct eng_error *err)
{
    pthread_t thread;
    pthread_create(&thread, NULL, follow, &plan);
    *ret_abrupt = false;
    enum eng_status status = run_daemon(ret_abrupt, err);
    pthread_join(thread, NULL);
    return status;
}

Test(daemon, a_signal_asks_the_service_to_stop_and_waits_for_it)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    for (int i = 0; i < 2; i++) {
        struct eng_error err = {0};
        bool abrupt = true;
        begin("127.0.0.1:0");
        fake.stopped_status = ENG_STOPPED;
        cr_expect_eq(run((struct plan){{numbers[i]}, 1, 200, false}, &abrupt, &err), ENG_OK, "%s",
                     err.text);
        cr_expect(!abrupt);
        cr_expect_eq(fake.stop_calls, 1);
        cr_expect_eq(fake.free_calls, 1);
        eng_config_free(config);
    }
}

Test(daemon, a_second_signal_ends_at_once_and_leaves_the_service)
{
    struct eng_error err = {0};
    bool abrupt = false;
    begin("off");
    fake.stops_when_asked = false;
    cr_expect_eq(run((struct plan){{SIGTERM, SIGINT}, 2, 100, false}, &abrupt, &err),
                 ENG_TIMED_OUT);
    cr_expect(abrupt);
    cr_expect_eq(fake.free_calls, 0);
    cr_expect(strstr(err.text, "second signal") != NULL, "%s", err.text);
    eng_config_free(config);
}

Test(daemon, a_stop_that_takes_too_long_ends_at_once)
{
    struct eng_error err = {0};
    bool abrupt = false;
    begin("off");
    fake.stops_when_asked = false;
    cr_expect_eq(run((struct plan){{SIGTERM}, 1, 50, false}, &abrupt, &err), ENG_TIMED_OUT);
    cr_expect(abrupt);
    cr_expect(strstr(err.text, "deadline") != NULL, "%s", err.text);
    eng_config_free(config);
}

Test(daemon, a_call_that_hangs_ends_it_and_leaves_the_service)
{
    struct eng_error err = {0};
    bool abrupt = false;
    begin("off");
    fake.watch_status = ENG_UNAVAILABLE;
    cr_expect_eq(run((struct plan){{0}, 0, 50, false}, &abrupt, &err), ENG_UNAVAILABLE);
    cr_expect(abrupt, "what the call uses has to stay");
    cr_expect_eq(fake.free_calls, 0);
    cr_expect(strstr(err.text, "hangs") != NULL, "%s", err.text);
    eng_config_free(config);
}

Test(daemon, a_hangup_has_the_configuration_read_again_and_nothing_ends_whatever_comes_of_it)
{
    static const enum eng_status statuses[] = {ENG_OK, ENG_BAD_CONFIG, ENG_IO};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct eng_error err = {0};
        bool abrupt = false;
        begin("off");
        read_status = statuses[i];
        cr_expect_eq(run((struct plan){{SIGHUP, SIGHUP, SIGTERM}, 3, 50, false}, &abrupt, &err),
                     ENG_OK);
        cr_expect_eq(fake.stop_calls, 1);
        cr_expect_eq(fake.reload_calls, 2);
        eng_config_free(config);
    }
}

Test(daemon, a_partition_that_asks_for_a_newer_configuration_has_it_read_again)
{
    struct eng_error err = {0};
    bool abrupt = false;
    begin("off");
    fake.outdated = true;
    cr_expect_eq(run((struct plan){{SIGTERM}, 1, 500, false}, &abrupt, &err), ENG_OK);
    cr_expect_eq(fake.reload_calls, 1);
    eng_config_free(config);
}

Test(daemon, the_failure_of_the_service_is_the_result)
{
    static const enum eng_status statuses[] = {ENG_TOPIC, ENG_DENIED, ENG_LOST, ENG_NO_MEMORY,
                                               ENG_FATAL};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct eng_error err = {0};
        bool abrupt = false;
        begin("127.0.0.1:0");
        fake.stopped_status = statuses[i];
        cr_expect_eq(run((struct plan){{0}, 0, 50, true}, &abrupt, &err), statuses[i]);
        cr_expect_str_eq(err.text, "the fake has failed");
        cr_expect_eq(fake.free_calls, 1);
        eng_config_free(config);
    }
}

Test(daemon, what_cannot_start_is_told_and_cleaned_up)
{
    struct eng_error err = {0};
    bool abrupt = false;
    begin("127.0.0.1:0");
    fake.new_status = ENG_BAD_CONFIG;
    cr_expect_eq(run_daemon(&abrupt, &err), ENG_BAD_CONFIG);
    cr_expect_eq(fake.free_calls, 0);
    fake.new_status = ENG_OK;
    fake.start_status = ENG_NO_MEMORY;
    err = (struct eng_error){0};
    cr_expect_eq(run_daemon(&abrupt, &err), ENG_NO_MEMORY);
    cr_expect_eq(fake.free_calls, 1);
    eng_config_free(config);
}

Test(daemon, a_port_in_use_ends_the_start)
{
    struct eng_error err = {0};
    bool abrupt = false;
    char listen[64];
    int descriptor = -1;
    uint16_t port = 0;
    cr_assert_eq(eng_listen("127.0.0.1", 0, &descriptor, &port, &err), ENG_OK);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", port);
    begin(listen);
    cr_expect_eq(run_daemon(&abrupt, &err), ENG_UNAVAILABLE);
    cr_expect(strstr(err.text, listen) != NULL, "%s", err.text);
    cr_expect_eq(fake.free_calls, 1);
    close(descriptor);
    eng_config_free(config);
}
