/* How what partitions tell of groups is gathered: when a moment is complete, what counts, what is
 * needed to begin again, and what is refused. */
#include "gathering.h"

/* The sums of everybody (segment -1) or of a segment. */
static struct eng_sums sums_of(uint32_t partition, int64_t at_ms, int segment, int64_t partners)
{
    struct eng_sums sums = {.partition = partition};
    sums.result = (struct eng_group_result){.program = {"p", 1},
                                            .group = {"g", 1},
                                            .at_ms = at_ms,
                                            .model_version = 1,
                                            .partitions = 1,
                                            .partners = partners,
                                            .figure_count = 1};
    sums.result.figures[0] =
        (struct eng_figure_sums){{"f", 1}, ENG_FIGURE_SUM, {{(uint64_t)partners * 100, 0}, {0, 0}}};
    if (segment >= 0) {
        sums.result.split = 1;
        sums.result.by = (struct eng_slice){"region", 6};
        sums.result.place = (uint8_t)segment;
        if (segment > 0)
            sums.result.segment = (struct eng_slice){"north", 5};
    }
    return sums;
}

/* One result and nothing else. */
static void tell(struct bench *b, uint32_t partition, int64_t at_ms, int64_t partners)
{
    struct eng_sums sums = sums_of(partition, at_ms, -1, partners);
    take(b, &sums);
}

static void forget(struct bench *b, const char *key)
{
    const struct eng_gather_record record = {
        .key = key, .key_bytes = strlen(key), .offset = b->offset++};
    cr_assert_eq(eng_gather_take(b->gather, &record, NULL), ENG_OK);
}

/* All that can be given out, in one line; keys of spent records when `keys`. */
static const char *give(struct bench *b, bool keys)
{
    size_t used = 0;
    int64_t at_ms;
    b->out[0] = '\0';
    while ((at_ms = eng_gather_ready(b->gather)) >= 0) {
        const struct eng_group_result *result;
        struct eng_slice key;
        cr_assert_eq(eng_gather_open(b->gather, at_ms), ENG_OK);
        while ((result = eng_gather_next(b->gather)) != NULL)
            used += (size_t)snprintf(
                b->out + used, sizeof b->out - used, "%d%s%.*s:%d/%u sum %d; ", (int)result->at_ms,
                result->split > 0 ? " " : "", (int)result->segment.length,
                result->segment.data != NULL ? result->segment.data : "", (int)result->partners,
                result->partitions, (int)result->figures[0].sums[0].low);
        while (eng_gather_spent(b->gather, &key))
            if (keys)
                used += (size_t)snprintf(b->out + used, sizeof b->out - used, "-%.*s; ",
                                         (int)key.length, key.data);
    }
    return b->out;
}

Test(gather, a_moment_is_given_out_when_all_partitions_have_told_it)
{
    struct bench b;
    begin(&b, 2, -1);
    cr_expect_str_eq(give(&b, false), "");
    tell(&b, 0, 10, 3);
    cr_expect_str_eq(give(&b, false), "");
    cr_expect_eq(eng_gather_oldest(b.gather), 10);
    cr_expect_eq(eng_gather_missing(b.gather, 10), 1);
    tell(&b, 0, 20, 4); /* it is ahead */
    tell(&b, 1, 10, 5);
    cr_expect_str_eq(give(&b, true), "10:8/2 sum 800; -sums/10/0/1/0/0/0; -sums/10/1/1/0/0/0; ");
    cr_expect_eq(eng_gather_given(b.gather), 10);
    tell(&b, 1, 20, 1);
    cr_expect_str_eq(give(&b, false), "20:5/2 sum 500; ");
    cr_expect_eq(eng_gather_oldest(b.gather), -1);
    end(&b);
}

Test(gather, a_partition_has_told_a_moment_with_the_last_of_its_results)
{
    struct bench b;
    begin(&b, 2, -1);
    struct eng_sums all = sums_of(0, 10, -1, 3), some = sums_of(0, 10, 1, 2);
    all.left = 2;
    some.left = 1;
    tell(&b, 1, 10, 5);
    take(&b, &all);
    cr_expect_str_eq(give(&b, false), "");
    take(&b, &some);
    cr_expect_str_eq(give(&b, false), "");
    struct eng_sums unknown = sums_of(0, 10, 0, 1);
    take(&b, &unknown);
    cr_expect_str_eq(give(&b, false), "10:8/2 sum 800; 10 :1/2 sum 100; 10 north:2/2 sum 200; ");
    end(&b);
}

Test(gather, a_partition_that_passes_a_moment_counts_as_nothing)
{
    struct bench b;
    begin(&b, 3, -1);
    tell(&b, 0, 10, 3);
    tell(&b, 1, 20, 4);
    cr_expect_str_eq(give(&b, false), "");
    tell(&b, 2, 20, 4);
    cr_expect_str_eq(give(&b, false), "10:3/1 sum 300; ");
    tell(&b, 0, 20, 1);
    cr_expect_str_eq(give(&b, false), "20:9/3 sum 900; ");
    end(&b);
}

Test(gather, a_partition_without_events_is_not_waited_for)
{
    struct bench b;
    begin(&b, 2, -1);
    tell(&b, 0, 10, 3);
    tell(&b, 0, 20, 3);
    take_none(&b, 1, 10);
    cr_expect_str_eq(give(&b, false), "10:3/1 sum 300; ");
    tell(&b, 1, 20, 2);
    cr_expect_str_eq(give(&b, false), "20:5/2 sum 500; ");
    end(&b);
}

/* Its first events were older than it had said, and it has told that since: also who never read the
 * first word, as it was compacted away, gives out the same. */
Test(gather, G16_the_last_word_of_a_partition_counts_also_when_it_is_of_an_earlier_time)
{
    for (int compacted = 0; compacted < 2; compacted++) {
        struct bench b;
        begin(&b, 2, -1);
        tell(&b, 0, 10, 3);
        if (!compacted)
            take_none(&b, 1, 40);
        take_none(&b, 1, 12);
        tell(&b, 0, 20, 3);
        tell(&b, 0, 30, 1);
        cr_expect_str_eq(give(&b, false), "10:3/1 sum 300; ");
        tell(&b, 1, 20, 2);
        cr_expect_str_eq(give(&b, false), "20:5/2 sum 500; ");
        end(&b);
    }
}

Test(gather, what_comes_after_a_moment_was_given_out_is_late)
{
    struct bench b;
    begin(&b, 2, -1);
    tell(&b, 0, 10, 3);
    take_none(&b, 1, 10);
    (void)give(&b, false);
    tell(&b, 1, 10, 7);
    cr_expect_eq(eng_gather_late(b.gather), 1);
    cr_expect_str_eq(give(&b, false), "");
    tell(&b, 0, 20, 3);
    tell(&b, 1, 20, 2);
    cr_expect_str_eq(give(&b, true), "20:5/2 sum 500; -sums/10/1/1/0/0/0; -sums/20/0/1/0/0/0; "
                                     "-sums/20/1/1/0/0/0; ");
    end(&b);
}

Test(gather, the_last_record_of_a_key_counts_and_none_behind_a_tombstone)
{
    struct bench b;
    begin(&b, 2, -1);
    tell(&b, 0, 10, 3);
    tell(&b, 0, 10, 4);
    tell(&b, 1, 10, 1);
    tell(&b, 0, 20, 1);
    forget(&b, "sums/20/0/1/0/0/0");
    tell(&b, 1, 20, 2);
    cr_expect_str_eq(give(&b, false), "10:5/2 sum 500; 20:2/1 sum 200; ");
    end(&b);
}

Test(gather, results_of_other_models_stay_apart)
{
    struct bench b;
    begin(&b, 2, -1);
    struct eng_sums later = sums_of(0, 10, -1, 3);
    later.result.model_version = 2;
    take(&b, &later);
    tell(&b, 1, 10, 1);
    cr_expect_str_eq(give(&b, false), "10:1/1 sum 100; 10:3/1 sum 300; ");
    end(&b);
}

/* Gathers records below `count` of a made-up log again, from low water on, and goes on from there:
 * what is given out is what one that was never stopped gives. */
Test(gather, G16_it_can_be_made_again_from_low_water)
{
    enum { RECORDS = 9 };
    for (int cut = 0; cut <= RECORDS; cut++) {
        struct bench whole, first, second;
        char told[1024] = "", want[1024] = "";
        struct eng_sums log[RECORDS] = {
            sums_of(0, 10, -1, 1), {.partition = 2, .kind = ENG_SUMS_NONE, .result = {.at_ms = 20}},
            sums_of(1, 10, -1, 2), /* 10 is complete */
            sums_of(1, 20, -1, 3), sums_of(1, 30, -1, 4),
            sums_of(0, 20, -1, 5),                        /* 20 is complete */
            sums_of(0, 30, -1, 6), sums_of(2, 20, -1, 7), /* late */
            sums_of(2, 30, -1, 8),                        /* 30 is complete */
        };
        begin(&whole, 3, -1);
        begin(&first, 3, -1);
        for (int i = 0; i < RECORDS; i++) {
            take(&whole, &log[i]);
            strcat(want, give(&whole, false));
        }
        for (int i = 0; i < cut; i++) {
            take(&first, &log[i]);
            strcat(told, give(&first, false));
        }
        int64_t low = eng_gather_low_water(first.gather, cut);
        begin(&second, 3, eng_gather_given(first.gather));
        second.offset = low;
        for (int i = (int)low; i < RECORDS; i++) {
            take(&second, &log[i]);
            if (i + 1 >= cut) /* it has read to the end again before it gives out */
                strcat(told, give(&second, false));
        }
        cr_expect_str_eq(told, want, "cut at %d", cut);
        cr_expect_eq(eng_gather_late(whole.gather), 1);
        end(&whole);
        end(&first);
        end(&second);
    }
}

Test(gather, many_records_of_one_key_need_no_room)
{
    struct bench b;
    begin(&b, 2, -1);
    for (int i = 0; i < 100000; i++) {
        tell(&b, 0, 10, i);
        forget(&b, "sums/5/0/1/0/0/0");
    }
    tell(&b, 1, 10, 1);
    cr_expect_str_eq(give(&b, false), "10:100000/2 sum 10000000; ");
    end(&b);
}

Test(gather, what_is_none_of_ours_is_refused_by_name)
{
    struct bench b;
    char key[ENG_SUMS_KEY_BYTES];
    begin(&b, 2, -1);
    struct eng_sums sums = sums_of(0, 10, 1, 3);
    cr_assert_eq(eng_sums_write(&sums, &b.bytes), ENG_OK);
    struct eng_gather_record record = {key, b.bytes.data, eng_sums_key(&sums, key), b.bytes.used,
                                       0};
    for (size_t i = 0; i < b.bytes.used; i++) {
        struct eng_error err = {0};
        b.bytes.data[i] ^= 1;
        cr_expect_eq(eng_gather_take(b.gather, &record, &err), ENG_CORRUPT, "byte %zu", i);
        cr_expect(err.text[0] != '\0');
        b.bytes.data[i] ^= 1;
        record.value_bytes = i;
        cr_expect_eq(eng_gather_take(b.gather, &record, &err), ENG_CORRUPT, "%zu bytes", i);
        record.value_bytes = b.bytes.used;
    }
    struct eng_error err = {0};
    record.key = "sums/10/1/1/0/1/1";
    cr_expect_eq(eng_gather_take(b.gather, &record, &err), ENG_CORRUPT);
    cr_expect(strstr(err.text, "sums have the key \"sums/10/1/1/0/1/1\"") != NULL, "%s", err.text);
    record.key = NULL;
    cr_expect_eq(eng_gather_take(b.gather, &record, &err), ENG_CORRUPT);
    sums.partition = 2;
    eng_bytes_clear(&b.bytes);
    cr_assert_eq(eng_sums_write(&sums, &b.bytes), ENG_OK);
    struct eng_error other = {0};
    record =
        (struct eng_gather_record){key, b.bytes.data, eng_sums_key(&sums, key), b.bytes.used, 0};
    cr_expect_eq(eng_gather_take(b.gather, &record, &other), ENG_CORRUPT);
    cr_expect(strstr(other.text, "of partition 2, and the input has 2 partitions") != NULL, "%s",
              other.text);
    cr_expect_eq(eng_gather_oldest(b.gather), -1, "nothing was taken");
    end(&b);
}
