/* The HTTP server over real sockets, with a service that does as the test says. */
#include "fake_service.h"

#include "serve/http.h"
#include "serve/metrics.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct eng_config *config;
static struct eng_http *http;

static void start(struct eng_http_options options)
{
    static const char text[] =
        "program: test\nmeasures: {m: {count: x, over: 30d}}\n"
        "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 1}}, "
        "bands: {low: 0}}}\ninput: {topic: in}\nhttp: {listen: 127.0.0.1:0}\n";
    struct eng_error err = {0};
    fake_reset();
    cr_assert_eq(eng_config_load_text(text, sizeof text - 1, "test.yaml", &config, &err), ENG_OK,
                 "%s", err.text);
    options.config = config;
    options.service = &fake;
    cr_assert_eq(eng_http_start(&options, &http, &err), ENG_OK, "%s", err.text);
}

static void start_default(void)
{
    start((struct eng_http_options){0});
}

static void stop(void)
{
    eng_http_stop(http);
    eng_config_free(config);
}

static int connect_to(void)
{
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(eng_http_port(http))};
    struct timeval limit = {.tv_sec = 20};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert(setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    cr_assert(connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0);
    return descriptor;
}

static void send_text(int descriptor, const char *text)
{
    cr_assert_eq(send(descriptor, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Everything until the other side closes; 0 bytes when it was cut. */
static size_t read_all(int descriptor, char *text, size_t size)
{
    size_t used = 0;
    ssize_t got = 0;
    while (used + 1 < size && (got = recv(descriptor, text + used, size - 1 - used, 0)) > 0)
        used += (size_t)got;
    cr_assert(got >= 0 || errno == ECONNRESET, "no answer in time");
    text[used] = '\0';
    close(descriptor);
    return used;
}

static char reply[1 << 18];

/* Sends one request and gives the code; the whole answer is in `reply`. */
static int ask(const char *method, const char *path)
{
    char request[2048];
    int descriptor = connect_to();
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
             method, path);
    send_text(descriptor, request);
    read_all(descriptor, reply, sizeof reply);
    cr_assert(strncmp(reply, "HTTP/1.1 ", 9) == 0, "%s %s: '%s'", method, path, reply);
    return atoi(reply + 9);
}

static const char *body(void)
{
    const char *end = strstr(reply, "\r\n\r\n");
    return end != NULL ? end + 4 : "";
}

static bool has_header(const char *line)
{
    return strstr(reply, line) != NULL;
}

Test(http, every_page_has_its_type_and_is_not_stored)
{
    static const struct {
        const char *path, *type, *in_body;
    } rows[] = {
        {"/", "Content-Type: text/html; charset=utf-8\r\n", "<title>engaged</title>"},
        {"/?x=1", "Content-Type: text/html; charset=utf-8\r\n", "<title>engaged</title>"},
        {"/healthz", "Content-Type: application/json\r\n", "{\"alive\":true}"},
        {"/readyz", "Content-Type: application/json\r\n", "{\"ready\":true"},
        {"/metrics", "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
         "\nengaged_ready 1\n"},
        {"/partners/acme", "Content-Type: application/json\r\n", "{\"partner_id\":\"acme\"}"},
    };
    start_default();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(ask("GET", rows[i].path), 200, "%s", rows[i].path);
        cr_expect(has_header(rows[i].type), "%s: %s", rows[i].path, reply);
        cr_expect(has_header("Cache-Control: no-store\r\n"), "%s", rows[i].path);
        cr_expect(has_header("X-Content-Type-Options: nosniff\r\n"), "%s", rows[i].path);
        cr_expect(strstr(body(), rows[i].in_body) != NULL, "%s: %s", rows[i].path, body());
    }
    stop();
}

Test(http, a_forecast_is_asked_for_with_how_far_to_look)
{
    static const struct {
        const char *path;
        int code;
        int64_t forecast_ms;
    } rows[] = {
        {"/partners/acme", 200, 0},
        {"/partners/acme?other=30d", 200, 0},
        {"/partners/acme?forecast=30d", 200, INT64_C(2592000000)},
        {"/partners/acme?x=1&forecast=12h", 200, 43200000},
        {"/partners/acme?forecast=400d", 200, INT64_C(34560000000)},
        {"/partners/acme?forecast=401d", 400, 0},
        {"/partners/acme?forecast=0", 400, 0},
        {"/partners/acme?forecast=-1d", 400, 0},
        {"/partners/acme?forecast=30", 400, 0},
        {"/partners/acme?forecast=30%64", 400, 0},
        {"/partners/acme?forecast=soon", 400, 0},
        {"/partners/acme?forecast=", 400, 0},
        {"/partners/acme?forecast", 400, 0},
    };
    start_default();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake.forecast_ms = 0;
        cr_expect_eq(ask("GET", rows[i].path), rows[i].code, "%s", rows[i].path);
        cr_expect_eq(fake.forecast_ms, rows[i].forecast_ms, "%s", rows[i].path);
        if (rows[i].code == 400)
            cr_expect(strstr(body(), "?forecast=30d") != NULL, "%s", body());
    }
    stop();
}

Test(http, head_is_get_without_its_body)
{
    static const char *const paths[] = {"/", "/healthz", "/readyz", "/metrics", "/partners/acme"};
    start_default();
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        cr_expect_eq(ask("HEAD", paths[i]), 200, "%s", paths[i]);
        cr_expect_str_eq(body(), "", "%s", paths[i]);
        cr_expect(!has_header("Content-Length: 0\r\n"), "%s", paths[i]);
    }
    stop();
}

Test(http, other_methods_are_refused_with_those_allowed)
{
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"};
    start_default();
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        cr_expect_eq(ask(methods[i], "/metrics"), 405, "%s", methods[i]);
        cr_expect(has_header("Allow: GET, HEAD\r\n"), "%s", methods[i]);
    }
    stop();
}

/* Sends a DELETE with this header line ("": none). */
static int ask_erase(const char *path, const char *header)
{
    char request[2048];
    int descriptor = connect_to();
    snprintf(request, sizeof request,
             "DELETE %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", path, header);
    send_text(descriptor, request);
    read_all(descriptor, reply, sizeof reply);
    return atoi(reply + 9);
}

#define TOKEN "0123456789abcdef"

static void start_with_token(void)
{
    start_default();
    config->http.erase_token = eng_strndup(TOKEN, strlen(TOKEN));
}

Test(http, without_a_token_nobody_may_erase)
{
    start_default();
    cr_expect_eq(ask_erase("/partners/acme", ""), 403);
    cr_expect(strstr(body(), "http.erase_token") != NULL, "%s", body());
    cr_expect_eq(ask_erase("/partners/acme", "Authorization: Bearer \r\n"), 403);
    cr_expect_eq(atomic_load(&fake.erase_calls), 0);
    stop();
}

Test(http, a_partner_is_erased_for_whoever_has_the_token)
{
    static const struct {
        const char *path, *header;
        int code;
    } rows[] = {
        {"/partners/acme", "Authorization: Bearer " TOKEN "\r\n", 202},
        {"/partners/acme", "authorization: bearer " TOKEN "\r\n", 202},
        {"/partners/acme", "", 401},
        {"/partners/acme", "Authorization: Bearer 0123456789abcdeF\r\n", 401},
        {"/partners/acme", "Authorization: Bearer 0123456789abcde\r\n", 401},
        {"/partners/acme", "Authorization: Bearer " TOKEN "0\r\n", 401},
        {"/partners/acme", "Authorization: Bearer\r\n", 401},
        {"/partners/acme", "Authorization: Basic " TOKEN "\r\n", 401},
        {"/partners/%zz", "Authorization: Bearer " TOKEN "\r\n", 400},
        {"/metrics", "Authorization: Bearer " TOKEN "\r\n", 405},
    };
    int erased = 0;
    start_with_token();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(ask_erase(rows[i].path, rows[i].header), rows[i].code, "%s %s: %s",
                     rows[i].path, rows[i].header, reply);
        cr_expect(strstr(reply, TOKEN) == NULL, "the token is never told");
        erased += rows[i].code == 202;
        cr_expect_eq(atomic_load(&fake.erase_calls), erased);
        cr_expect_eq(has_header("WWW-Authenticate: Bearer\r\n"), rows[i].code == 401);
    }
    cr_expect_eq(ask("PUT", "/partners/acme"), 405);
    cr_expect(has_header("Allow: GET, HEAD, DELETE\r\n"), "%s", reply);
    stop();
}

Test(http, who_cannot_be_erased_is_told_why)
{
    static const struct {
        enum eng_status status;
        int code;
    } rows[] = {{ENG_NOT_FOUND, 404}, {ENG_UNAVAILABLE, 503}, {ENG_NO_MEMORY, 500}};
    start_with_token();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake.answer_status = rows[i].status;
        fake.answer_text = "";
        cr_expect_eq(ask_erase("/partners/acme", "Authorization: Bearer " TOKEN "\r\n"),
                     rows[i].code);
    }
    stop();
}

Test(http, a_body_of_a_get_is_read_and_ignored)
{
    start_default();
    int descriptor = connect_to();
    send_text(descriptor, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                          "Content-Length: 5\r\n\r\nhello");
    read_all(descriptor, reply, sizeof reply);
    cr_expect(strncmp(reply, "HTTP/1.1 200", 12) == 0, "%s", reply);
    stop();
}

Test(http, an_unknown_page_is_404_and_names_those_there_are)
{
    static const char *const paths[] = {"/x", "/metrics/", "/partners", "//", "/%2e%2e/etc/passwd"};
    start_default();
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        cr_expect_eq(ask("GET", paths[i]), 404, "%s", paths[i]);
    cr_expect(strstr(body(), "/healthz") != NULL, "%s", body());
    stop();
}

Test(http, a_partner_id_is_percent_decoded_and_checked)
{
    char path[1024] = "/partners/";
    memset(path + 10, 'a', 256);
    char fits[1024] = "/partners/";
    memset(fits + 10, 'a', 255);
    const struct {
        const char *path;
        int code;
        const char *in_body;
    } rows[] = {
        {"/partners/a%2Fb", 200, "\"a/b\""},
        {"/partners/a%2fb?x=y", 200, "\"a/b\""},
        {"/partners/M%C3%BCller%20%26%20Co", 200, "\"M\xC3\xBCller & Co\""},
        {"/partners/a+b", 200, "\"a+b\""},
        {"/partners/", 400, "missing"},
        {"/partners/a/b", 400, "%2F"},
        {"/partners/a%", 400, "%25"},
        {"/partners/a%2", 400, "%25"},
        {"/partners/a%zz", 400, "%25"},
        {"/partners/%ff", 400, "UTF-8"},
        {path, 414, "255"},
        {fits, 200, "aaa"},
    };
    start_default();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(ask("GET", rows[i].path), rows[i].code, "%s", rows[i].path);
        cr_expect(strstr(body(), rows[i].in_body) != NULL, "%s: %s", rows[i].path, body());
    }
    stop();
}

Test(http, what_the_worker_says_decides_the_code)
{
    static const struct {
        enum eng_status status;
        const char *text;
        int code;
        const char *body;
    } rows[] = {
        {ENG_OK, "{\"a\":1}", 200, "{\"a\":1}\n"},
        {ENG_NOT_FOUND, "", 404,
         "{\"error\":\"no counted event of this partner here; it may be in a partition of another "
         "process\"}\n"},
        {ENG_UNAVAILABLE, "restoring, 40 %", 503, "{\"error\":\"restoring, 40 %\"}\n"},
        {ENG_NO_MEMORY, "", 500, "{\"error\":\"out of memory\"}\n"},
    };
    start_default();
    for (int mode = FAKE_AT_ONCE; mode <= FAKE_THREAD; mode++)
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            fake.mode = (enum fake_mode)mode;
            fake.answer_status = rows[i].status;
            fake.answer_text = rows[i].text;
            cr_expect_eq(ask("GET", "/partners/p"), rows[i].code, "row %zu", i);
            cr_expect_str_eq(body(), rows[i].body, "row %zu: %s", i, body());
            cr_expect_eq(has_header("Retry-After: "), rows[i].code == 503);
            fake_join();
        }
    stop();
}

Test(http, a_worker_that_takes_too_long_is_a_504_and_may_answer_later)
{
    start((struct eng_http_options){.question_ms_max = 100});
    fake.mode = FAKE_HOLD;
    cr_expect_eq(ask("GET", "/partners/p"), 504);
    cr_expect(has_header("Retry-After: 1\r\n"));
    fake_answer_held();
    fake.mode = FAKE_AT_ONCE;
    cr_expect_eq(ask("GET", "/partners/p"), 200);
    stop();
}

Test(http, an_answer_may_come_after_the_server_is_gone)
{
    start_default();
    fake.mode = FAKE_HOLD;
    int descriptor = connect_to();
    send_text(descriptor, "GET /partners/p HTTP/1.1\r\nHost: x\r\n\r\n");
    while (fake.query_count == 0)
        usleep(1000);
    stop();
    fake_answer_held();
    close(descriptor);
}

Test(http, other_pages_are_answered_while_a_worker_thinks)
{
    start_default();
    fake.mode = FAKE_HOLD;
    int waiting = connect_to();
    send_text(waiting, "GET /partners/p HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    while (fake.query_count == 0)
        usleep(1000);
    cr_expect_eq(ask("GET", "/healthz"), 200);
    fake_answer_held();
    read_all(waiting, reply, sizeof reply);
    cr_expect(strncmp(reply, "HTTP/1.1 200", 12) == 0, "%s", reply);
    stop();
}

Test(http, liveness_looks_at_heartbeats_and_nothing_else)
{
    start((struct eng_http_options){.heartbeat_ms_max = 1000});
    fake.workers[0].state = ENG_WORKER_STARTING;
    fake.workers[1].state = ENG_WORKER_RESTORING;
    fake.partitions[0].lag_records = 1000000;
    strcpy(fake.workers[0].text, "the broker does not answer");
    cr_expect_eq(ask("GET", "/healthz"), 200);
    fake.workers[1].heartbeat_ms = 1001;
    cr_expect_eq(ask("GET", "/healthz"), 503);
    cr_expect(strstr(body(), "\"loop\":\"worker 1\"") != NULL, "%s", body());
    fake.workers[1].state = ENG_WORKER_STOPPED;
    cr_expect_eq(ask("GET", "/healthz"), 200);
    stop();
}

Test(http, the_main_loop_is_watched_from_its_first_beat)
{
    start((struct eng_http_options){.heartbeat_ms_max = 200});
    cr_expect_eq(ask("GET", "/healthz"), 200);
    eng_http_beat(http);
    cr_expect_eq(ask("GET", "/healthz"), 200);
    usleep(300 * 1000);
    cr_expect_eq(ask("GET", "/healthz"), 503);
    cr_expect(strstr(body(), "\"loop\":\"main\"") != NULL, "%s", body());
    eng_http_beat(http);
    cr_expect_eq(ask("GET", "/healthz"), 200);
    stop();
}

Test(http, not_ready_says_what_it_waits_for)
{
    start_default();
    fake.workers[1].state = ENG_WORKER_RESTORING;
    strcpy(fake.workers[1].text, "re-reading \"in\"");
    fake.partitions[2].restoring = true;
    fake.partitions[2].restored_offset = 250;
    fake.partitions[2].restore_target = 1000;
    fake.partitions[2].phase = ENG_RESTORE_STATE;
    cr_expect_eq(ask("GET", "/readyz"), 503);
    cr_expect(strstr(body(), "\"ready\":false") != NULL, "%s", body());
    cr_expect(
        strstr(body(), "{\"worker\":1,\"state\":\"restoring\",\"text\":\"re-reading \\\"in\\\"\"}"),
        "%s", body());
    cr_expect(strstr(body(), "\"phase\":\"state\",\"restored_offset\":250,\"restore_target\":1000"),
              "%s", body());
    cr_expect_eq(ask("GET", "/metrics"), 200);
    cr_expect(strstr(body(), "\nengaged_ready 0\n"));
    cr_expect(strstr(body(), "partition=\"2\"} 750\n"), "%s", body());
    cr_expect_eq(ask("GET", "/"), 200);
    cr_expect(strstr(body(), "restoring, "), "%s", body());
    stop();
}

Test(http, a_client_that_trickles_is_cut_and_others_are_served)
{
    start((struct eng_http_options){.request_ms_max = 300, .connections_max = 4});
    int slow[4];
    int cut = 0;
    for (int i = 0; i < 4; i++) {
        slow[i] = connect_to();
        send_text(slow[i], "GET /healthz HTTP/1.1\r\nHo");
    }
    for (int turn = 0; turn < 160 && cut < 4; turn++) { /* 8 s: less than an idle client may take */
        usleep(50 * 1000);
        cut = 0;
        for (int i = 0; i < 4; i++)
            cut += send(slow[i], "s", 1, MSG_NOSIGNAL) != 1;
    }
    cr_expect_eq(cut, 4);
    cr_expect_eq(ask("GET", "/healthz"), 200);
    for (int i = 0; i < 4; i++)
        close(slow[i]);
    stop();
}

Test(http, connections_are_kept_alive_between_requests)
{
    start_default();
    int descriptor = connect_to();
    for (int i = 0; i < 3; i++) {
        send_text(descriptor, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        ssize_t got = recv(descriptor, reply, sizeof reply - 1, 0);
        cr_assert(got > 0);
        reply[got] = '\0';
        cr_expect(strncmp(reply, "HTTP/1.1 200", 12) == 0, "%s", reply);
    }
    close(descriptor);
    stop();
}

Test(http, requests_that_are_no_http_are_refused)
{
    static char big[40000] = "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ";
    static const char *const requests[] = {
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "GET\r\n\r\n",
        "GET /healthz HTTP/9.9\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n",
        big,
    };
    memset(big + strlen(big), 'x', sizeof big - strlen(big) - 1);
    start((struct eng_http_options){.request_ms_max = 300});
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        int descriptor = connect_to();
        (void)!send(descriptor, requests[i], strlen(requests[i]), MSG_NOSIGNAL);
        size_t got = read_all(descriptor, reply, sizeof reply);
        cr_expect(got == 0 || strncmp(reply, "HTTP/1.1 200", 12) != 0, "%zu: %s", i, reply);
    }
    cr_expect_eq(ask("GET", "/healthz"), 200);
    stop();
}

Test(http, answers_are_counted_by_code)
{
    start_default();
    ask("GET", "/nothing");
    ask("GET", "/nothing");
    ask("POST", "/");
    ask("GET", "/metrics");
    cr_expect(strstr(body(), "\nengaged_http_answers_total{code=\"404\"} 2\n"), "%s", body());
    cr_expect(strstr(body(), "\nengaged_http_answers_total{code=\"405\"} 1\n"));
    stop();
}

Test(http, a_port_in_use_is_an_error_with_the_way_out)
{
    start_default();
    struct eng_error err = {0};
    struct eng_http *second = NULL;
    struct eng_config copy = *config;
    copy.http.port = eng_http_port(http);
    struct eng_http_options options = {.config = &copy, .service = &fake};
    cr_expect_eq(eng_http_start(&options, &second, &err), ENG_UNAVAILABLE);
    cr_expect(strstr(err.text, "another process") && strstr(err.text, "http.listen"), "%s",
              err.text);
    stop();
}

Test(http, an_address_that_is_not_ours_is_an_error_with_the_way_out)
{
    start_default();
    static const char *const addresses[] = {"203.0.113.7", "not an address"};
    for (int i = 0; i < 2; i++) {
        struct eng_error err = {0};
        struct eng_http *second = NULL;
        char address[32];
        snprintf(address, sizeof address, "%s", addresses[i]);
        struct eng_config copy = *config;
        copy.http.address = address;
        struct eng_http_options options = {.config = &copy, .service = &fake};
        cr_expect_eq(eng_http_start(&options, &second, &err), ENG_BAD_CONFIG);
        cr_expect(strstr(err.text, addresses[i]) && strstr(err.text, "127.0.0.1"), "%s", err.text);
    }
    stop();
}

Test(http, running_out_of_memory_is_a_500_and_not_the_end)
{
    start_default();
    static const char *const paths[] = {"/", "/metrics", "/readyz", "/partners/p"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        int code = 0;
        for (uint64_t nth = 1; nth < 40 && code != 200; nth++) {
            int descriptor = connect_to();
            char request[256];
            usleep(2000); /* the server has taken the connection */
            snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", paths[i]);
            eng_memory_fail(nth, 0);
            send_text(descriptor, request);
            read_all(descriptor, reply, sizeof reply);
            code = reply[0] ? atoi(reply + 9) : 500;
            eng_memory_fail(0, 0);
            cr_expect(code == 500 || code == 200, "%s: %s", paths[i], reply);
        }
        cr_expect_eq(code, 200, "%s", paths[i]);
    }
    stop();
}
