/* How texts that partitions have seen are judged: which one is one too many, of whom it is told,
 * how long they are kept, and what becomes of them when a partner is erased. */
#include "base/memory.h"
#include "gathering.h"
#include <engaged/engine.h>

enum { PANE = 100, OVER = 1000, LATE = 200 }; /* ms, made up */

/* A text of a check, seen by a partition at a partner; of a hash that tells few texts apart. */
static struct eng_sums seen_of(uint32_t partition, int64_t clock, int64_t occurred,
                               const char *partner, const char *text)
{
    struct eng_sums sums = {.kind = ENG_SUMS_SEEN, .partition = partition};
    sums.result = (struct eng_group_result){.program = {"p", 1},
                                            .group = {"twice", 5},
                                            .at_ms = (clock / PANE + 1) * PANE,
                                            .model_version = 1};
    sums.seen = (struct eng_seen_text){
        .hash = (uint8_t)text[0] % 2, .over_ms = OVER, .needed_ms = occurred + OVER + LATE};
    sums.seen.flag = (struct eng_flag){.partner = eng_slice_of(partner),
                                       .action = {"a", 1},
                                       .text = eng_slice_of(text),
                                       .source = {"", 0},
                                       .occurred_ms = occurred,
                                       .offset = (uint64_t)clock};
    return sums;
}

static void see(struct bench *b, uint32_t partition, int64_t clock, const char *partner,
                const char *text)
{
    struct eng_sums sums = seen_of(partition, clock, clock, partner, text);
    take(b, &sums);
}

#define SLICE(slice) (int)(slice).length, (slice).data

/* All that can be given out, in one line; keys of records that are needed no more when `keys`. */
static const char *give(struct bench *b, bool keys)
{
    int64_t at_ms;
    b->out[0] = '\0';
    while ((at_ms = eng_gather_ready(b->gather)) >= 0) {
        const struct eng_twice *twice;
        struct eng_slice key;
        cr_assert_eq(eng_gather_open(b->gather, at_ms), ENG_OK);
        cr_assert_null(eng_gather_next(b->gather));
        while ((twice = eng_gather_twice(b->gather)) != NULL)
            add(b, "%d %u/%.*s %.*s after %.*s at %d; ", (int)twice->flag.at_ms, twice->partition,
                SLICE(twice->flag.partner), SLICE(twice->flag.text), SLICE(twice->flag.other),
                (int)twice->flag.other_ms);
        while (eng_gather_spent(b->gather, &key))
            if (keys)
                add(b, "-%.*s; ", SLICE(key));
    }
    return b->out;
}

Test(sightings, a_text_of_another_partner_is_told_when_all_have_passed_its_moment)
{
    struct bench b;
    begin(&b, 2, -1);
    see(&b, 1, 50, "bolt", "n1");
    see(&b, 0, 40, "acme", "n1");
    see(&b, 0, 45, "acme", "n1"); /* its own: a matter of the partition */
    see(&b, 0, 60, "acme", "n3"); /* of the same hash */
    take_none(&b, 0, 100);
    cr_expect_str_eq(give(&b, false), "");
    take_none(&b, 1, 200);
    cr_expect_str_eq(give(&b, false), "100 1/bolt n1 after acme at 40; ");
    see(&b, 0, 310, "acme", "n1"); /* acme has had it first, and now it is bolt that was before */
    take_none(&b, 0, 400);
    take_none(&b, 1, 400);
    cr_expect_str_eq(give(&b, false), "400 0/acme n1 after bolt at 50; ");
    end(&b);
}

Test(sightings, of_one_moment_the_time_decides_and_of_one_time_the_id)
{
    struct bench b;
    begin(&b, 1, -1);
    struct eng_sums late = seen_of(0, 90, 20, "zeta", "n1");
    see(&b, 0, 30, "bolt", "n1");
    take(&b, &late);
    struct eng_sums same = seen_of(0, 31, 30, "acme", "n1");
    take(&b, &same);
    take_none(&b, 0, 100);
    cr_expect_str_eq(give(&b, false),
                     "100 0/bolt n1 after zeta at 20; 100 0/acme n1 after zeta at 20; ");
    struct eng_sums older = seen_of(0, 150, 10, "dune", "n1"); /* it came in a later moment */
    take(&b, &older);
    take_none(&b, 0, 200);
    cr_expect_str_eq(give(&b, false), "200 0/dune n1 after zeta at 20; ");
    end(&b);
}

Test(sightings, those_that_are_far_apart_are_none_and_go_when_nothing_can_be_near)
{
    struct bench b;
    begin(&b, 1, -1);
    see(&b, 0, 50, "acme", "n1");
    see(&b, 0, 1049, "bolt", "n1");
    see(&b, 0, 1050, "cora", "n1"); /* 1,000 after acme's, 1 after bolt's */
    take_none(&b, 0, 1100);
    cr_expect_str_eq(give(&b, true), "1100 0/bolt n1 after acme at 50; "
                                     "1100 0/cora n1 after bolt at 1049; ");
    cr_expect_eq(eng_gather_low_water(b.gather, b.offset), 0);
    see(&b, 0, 1260, "dune", "n9");
    take_none(&b, 0, 1300);
    cr_expect_str_eq(give(&b, true), "-seen/0000000000000000/100/0/50/0; ");
    cr_expect_eq(eng_gather_low_water(b.gather, b.offset), 1);
    end(&b);
}

Test(sightings, what_comes_late_is_not_judged_but_others_are_held_against_it)
{
    struct bench b;
    begin(&b, 2, -1);
    see(&b, 0, 50, "acme", "n1");
    take_none(&b, 0, 100);
    take_none(&b, 1, 100);
    (void)give(&b, false);
    see(&b, 1, 60, "bolt", "n1");
    see(&b, 1, 70, "bolt", "n5");
    cr_expect_str_eq(give(&b, false), "");
    see(&b, 0, 150, "cora", "n5");
    take_none(&b, 0, 200);
    take_none(&b, 1, 200);
    cr_expect_str_eq(give(&b, false), "200 0/cora n5 after bolt at 70; ");
    end(&b);
}

Test(sightings, G11_those_of_a_partner_who_is_erased_go_at_once)
{
    struct bench b;
    struct eng_slice key;
    begin(&b, 1, -1);
    see(&b, 0, 50, "acme", "n1");
    see(&b, 0, 51, "cora", "n2");
    take_none(&b, 0, 100);
    (void)give(&b, false);
    struct eng_sums gone = {.kind = ENG_SUMS_GONE, .gone = eng_partner_hash(eng_slice_of("acme"))};
    take(&b, &gone);
    cr_assert(eng_gather_has_gone(b.gather));
    cr_expect_null(eng_gather_changed(b.gather));
    while (eng_gather_gone(b.gather, &key))
        add(&b, "-%.*s; ", 5, key.data);
    cr_expect_str_eq(b.out, "-gone/; -seen/; ");
    see(&b, 0, 150, "bolt", "n1");
    take_none(&b, 0, 200);
    cr_expect_str_eq(give(&b, false), "", "nobody has had it");
    end(&b);
}

/* A log, cut everywhere, with its tombstones in it: gathered again from low water on it gives out
 * what one that was never stopped does. */
Test(sightings, G16_they_can_be_made_again_from_low_water)
{
    static const struct {
        uint32_t partition;
        int64_t clock;
        const char *partner, *text; /* NULL: passed the clock */
    } log[] = {{0, 50, "acme", "n1"},   {1, 60, "bolt", "n1"},  {0, 100, NULL, NULL},
               {1, 100, NULL, NULL},    {0, 150, "cora", "n2"}, {0, 200, NULL, NULL},
               {1, 210, "dune", "n2"},  {1, 300, NULL, NULL},   {0, 300, NULL, NULL},
               {0, 1310, "eros", "n9"}, {0, 1400, NULL, NULL},  {1, 1400, NULL, NULL},
               {1, 1420, "flux", "n9"}, {1, 1500, NULL, NULL},  {0, 1500, NULL, NULL}};
    enum { RECORDS = sizeof log / sizeof log[0] };
    static const char want[] = "100 1/bolt n1 after acme at 50; 300 1/dune n2 after cora at 150; "
                               "1500 1/flux n9 after eros at 1310; ";
    for (int cut = 0; cut <= RECORDS; cut++) {
        struct bench first, second;
        char told[1024] = "";
        begin(&first, 2, -1);
        for (int i = 0; i < cut; i++) {
            if (log[i].text != NULL)
                see(&first, log[i].partition, log[i].clock, log[i].partner, log[i].text);
            else
                take_none(&first, log[i].partition, log[i].clock);
            strcat(told, give(&first, false));
        }
        int64_t low = eng_gather_low_water(first.gather, cut);
        begin(&second, 2, eng_gather_given(first.gather));
        second.offset = low;
        for (int i = (int)low; i < RECORDS; i++) {
            if (log[i].text != NULL)
                see(&second, log[i].partition, log[i].clock, log[i].partner, log[i].text);
            else
                take_none(&second, log[i].partition, log[i].clock);
            if (i + 1 >= cut) /* it has read to the end again before it gives out */
                strcat(told, give(&second, false));
        }
        cr_expect_str_eq(told, want, "cut at %d", cut);
        end(&first);
        end(&second);
    }
}

/* A number that says nothing, at everybody: each is told of the first one, and it takes no longer
 * than others. */
Test(sightings, a_text_that_everybody_has_is_no_trap)
{
    enum { PARTNERS = 20000 };
    struct bench b;
    char name[16];
    int told = 0;
    begin(&b, 1, -1);
    for (int i = 0; i < PARTNERS; i++) {
        (void)snprintf(name, sizeof name, "p%05d", i);
        see(&b, 0, i, name, "0");
    }
    take_none(&b, 0, PARTNERS);
    int64_t at_ms;
    while ((at_ms = eng_gather_ready(b.gather)) >= 0) {
        struct eng_slice key;
        cr_assert_eq(eng_gather_open(b.gather, at_ms), ENG_OK);
        while (eng_gather_twice(b.gather) != NULL)
            told++;
        while (eng_gather_spent(b.gather, &key))
            continue;
    }
    cr_expect_eq(told, PARTNERS - 1);
    end(&b);
}

Test(sightings, records_that_are_none_are_refused_by_name)
{
    struct bench b;
    char key[ENG_SUMS_KEY_BYTES];
    begin(&b, 1, -1);
    for (int fault = 0; fault < 3; fault++) {
        struct eng_sums sums = seen_of(0, 50, 50, "acme", "n1");
        struct eng_error err = {0};
        if (fault == 0)
            sums.seen.flag.partner = (struct eng_slice){0};
        else if (fault == 1)
            sums.seen.flag.text = (struct eng_slice){0};
        else
            sums.seen.flag.action = (struct eng_slice){0};
        eng_bytes_clear(&b.bytes);
        cr_assert_eq(eng_sums_write(&sums, &b.bytes), ENG_OK);
        const struct eng_gather_record record = {key, b.bytes.data, eng_sums_key(&sums, key),
                                                 b.bytes.used, 0};
        cr_expect_eq(eng_gather_take(b.gather, &record, &err), ENG_CORRUPT, "fault %d", fault);
        cr_expect(strstr(err.text, "does not add up") != NULL, "%s", err.text);
    }
    const struct eng_gather_record strange = {.key = "seen/xyz", .key_bytes = 8, .offset = 1};
    cr_expect_eq(eng_gather_take(b.gather, &strange, NULL), ENG_OK, "a tombstone of nothing");
    end(&b);
}

/* A record of a text, or its tombstone, for which memory runs out at the nth piece; true when it
 * was enough. Whatever fails is said, and then nothing of it has been taken. */
static bool is_taken(struct bench *b, const struct eng_sums *sums, bool dead, uint64_t nth)
{
    char key[ENG_SUMS_KEY_BYTES];
    struct eng_error err = {0};
    eng_bytes_clear(&b->bytes);
    cr_assert_eq(eng_sums_write(sums, &b->bytes), ENG_OK);
    const struct eng_gather_record record = {key, dead ? NULL : b->bytes.data,
                                             eng_sums_key(sums, key), dead ? 0 : b->bytes.used,
                                             b->offset++};
    eng_memory_fail(nth, 1);
    enum eng_status status = eng_gather_take(b->gather, &record, &err);
    eng_memory_fail(0, 0);
    cr_assert_eq(err.status, status);
    cr_assert(status == ENG_OK || (status == ENG_NO_MEMORY && err.text[0] != '\0'));
    return status == ENG_OK;
}

Test(sightings, a_text_for_which_there_is_no_memory_is_not_lost_in_silence)
{
    const struct eng_sums one = seen_of(0, 110, 110, "acme", "n"),
                          two = seen_of(0, 120, 120, "zenith", "n");
    bool enough = false;
    uint64_t nth = 1;
    for (; !enough; nth++) {
        struct bench b;
        begin(&b, 1, -1);
        enough = is_taken(&b, &one, false, nth);
        if (!enough)
            cr_assert(is_taken(&b, &one, false, 0));
        take(&b, &two);
        take_none(&b, 0, 200);
        cr_expect_str_eq(give(&b, false), "200 0/zenith n after acme at 110; ");
        end(&b);
    }
    cr_expect_gt(nth, 3, "a list and a copy at least");
    struct bench b;
    begin(&b, 1, -1);
    cr_expect_not(is_taken(&b, &one, true, 1));
    end(&b);
}
