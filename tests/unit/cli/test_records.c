/* Records of files: where lines end, what a batch may hold, when the window moves. */
#include "cli/records.h"

#include "base/memory.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct eng_config *config;
static struct eng_record_batch batch;
static char paths[4][64];
static int path_count;

static void begin(void)
{
    static const char text[] = "program: test\nmeasures: {m: {count: x, over: 30d}}\n"
                               "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 1}}, "
                               "bands: {low: 0}}}\n";
    struct eng_error err = {0};
    cr_assert_eq(eng_config_load_text(text, sizeof text - 1, "t.yaml", &config, &err), ENG_OK, "%s",
                 err.text);
    path_count = 0;
}

static void add_file(const char *text, size_t length)
{
    char *path = paths[path_count++];
    strcpy(path, "/tmp/engaged-records-XXXXXX");
    int descriptor = mkstemp(path);
    cr_assert(descriptor >= 0 && write(descriptor, text, length) == (ssize_t)length);
    close(descriptor);
}

static void end(void)
{
    for (int i = 0; i < path_count; i++)
        unlink(paths[i]);
    eng_config_free(config);
}

static enum eng_status open_all(struct eng_records *records, struct eng_error *err)
{
    static char *list[4];
    for (int i = 0; i < path_count; i++)
        list[i] = paths[i];
    return eng_records_init(records, config, list, path_count, err);
}

/* Reads everything; counts records, and of them the good ones. */
static enum eng_status read_all(uint64_t *ret_count, uint64_t *ret_good, struct eng_error *err)
{
    struct eng_records records;
    enum eng_status status = open_all(&records, err);
    *ret_count = 0;
    *ret_good = 0;
    do {
        if (status == ENG_OK)
            status = eng_records_fill(&records, &batch, err);
        for (uint32_t i = 0; status == ENG_OK && i < batch.count; i++)
            *ret_good += batch.entries[i].reason == ENG_REASON_NONE;
        *ret_count += status == ENG_OK ? batch.count : 0;
    } while (status == ENG_OK && batch.count > 0);
    eng_records_done(&records);
    return status;
}

#define LINE "{\"partner_id\":\"p\",\"action\":\"x\",\"occurred_at\":1}"

Test(records, lines_end_with_a_newline_or_the_file)
{
    static const struct {
        const char *text;
        uint64_t count, good;
    } rows[] = {
        {"", 0, 0},
        {"\n\n  \n\r\n", 0, 0},
        {LINE, 1, 1},
        {LINE "\n", 1, 1},
        {LINE "\r\n" LINE, 2, 2},
        {"\n" LINE "\n\n" LINE "\n \t", 2, 2},
        {"x", 1, 0},
        {"Ob", 1, 0},
        {LINE "\nx\n" LINE "\n", 3, 2},
        {LINE LINE "\n", 1, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct eng_error err = {0};
        uint64_t count = 0;
        uint64_t good = 0;
        begin();
        add_file(rows[i].text, strlen(rows[i].text));
        cr_expect_eq(read_all(&count, &good, &err), ENG_OK, "%s", err.text);
        cr_expect_eq(count, rows[i].count, "row %zu: %llu", i, (unsigned long long)count);
        cr_expect_eq(good, rows[i].good, "row %zu", i);
        end();
    }
}

Test(records, a_file_larger_than_the_window_loses_nothing)
{
    enum { LINES = 60000 };
    size_t length = 0;
    char *text = malloc((size_t)LINES * 80);
    for (int i = 0; i < LINES; i++)
        length += (size_t)sprintf(text + length,
                                  "{\"partner_id\":\"p%d\",\"action\":\"x\",\"occurred_at\":%d}\n",
                                  i % 7919, i);
    begin();
    add_file(text, length);
    free(text);
    struct eng_records records;
    struct eng_error err = {0};
    int64_t next = 0;
    cr_assert_eq(open_all(&records, &err), ENG_OK);
    do {
        cr_assert_eq(eng_records_fill(&records, &batch, &err), ENG_OK, "%s", err.text);
        for (uint32_t i = 0; i < batch.count; i++) {
            char partner[16];
            char line[80];
            snprintf(partner, sizeof partner, "p%d", (int)(next % 7919));
            int bytes = snprintf(line, sizeof line,
                                 "{\"partner_id\":\"%s\",\"action\":\"x\",\"occurred_at\":%d}",
                                 partner, (int)next);
            cr_assert_eq(batch.entries[i].value_bytes, (size_t)bytes);
            cr_assert_eq(memcmp(batch.entries[i].value, line, (size_t)bytes), 0);
            cr_assert_eq(batch.entries[i].event.time_ms, next++);
            cr_assert_eq(batch.entries[i].number, (uint64_t)next);
            cr_assert_eq(batch.entries[i].event.partner.length, strlen(partner));
            cr_assert_eq(memcmp(batch.entries[i].event.partner.data, partner, strlen(partner)), 0);
        }
    } while (batch.count > 0);
    cr_expect_eq(next, LINES);
    cr_expect_eq(records.reader.read_bytes, records.reader.total_bytes);
    eng_records_done(&records);
    end();
}

Test(records, files_are_numbered_on_their_own_and_named)
{
    struct eng_records records;
    struct eng_error err = {0};
    begin();
    add_file(LINE "\n" LINE "\n", sizeof LINE * 2);
    add_file("", 0);
    add_file(LINE, sizeof LINE - 1);
    cr_assert_eq(open_all(&records, &err), ENG_OK);
    cr_assert_eq(eng_records_fill(&records, &batch, &err), ENG_OK);
    cr_assert_eq(batch.count, 2);
    cr_expect_eq(batch.entries[1].number, 2);
    cr_expect_str_eq(batch.entries[1].file, paths[0]);
    cr_assert_eq(eng_records_fill(&records, &batch, &err), ENG_OK);
    cr_assert_eq(batch.count, 1);
    cr_expect_eq(batch.entries[0].number, 1);
    cr_expect_str_eq(batch.entries[0].file, paths[2]);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(eng_records_fill(&records, &batch, &err), ENG_OK);
        cr_expect_eq(batch.count, 0, "the end stays the end");
    }
    eng_records_done(&records);
    end();
}

Test(records, every_allocation_may_fail)
{
    uint64_t failures = 0;
    enum eng_status status = ENG_NO_MEMORY;
    begin();
    add_file(LINE "\n" LINE "\nx\n", sizeof LINE * 2 + 2);
    for (uint64_t nth = 1; status != ENG_OK; nth++) {
        struct eng_error err = {0};
        uint64_t count = 0;
        uint64_t good = 0;
        cr_assert_lt(nth, 1000);
        eng_memory_fail(nth, 0);
        status = read_all(&count, &good, &err);
        eng_memory_fail(0, 0);
        cr_expect(status == ENG_OK || status == ENG_NO_MEMORY, "%s", err.text);
        failures += status == ENG_NO_MEMORY;
    }
    cr_expect_gt(failures, 2);
    end();
}
