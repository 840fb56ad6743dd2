/* How boards of partitions are put together: who is on top of all, what places they had before, how
 * long what a board was made of stays, and what becomes of somebody who is erased. */
#include "gathering.h"
#include <engaged/engine.h>

enum { DAY_MS = 86400000 };

/* Packs "a5 b3": partners of one letter or more, each with its value. */
static uint32_t pack(const char *words, uint8_t *to)
{
    uint32_t used = 0;
    char name[16];
    int value, read;
    for (; sscanf(words, " %15[a-z]%d%n", name, &value, &read) == 2; words += read) {
        uint64_t value_e4 = (uint64_t)value * 10000;
        for (int i = 0; i < 8; i++)
            to[used + (uint32_t)i] = (uint8_t)(value_e4 >> (56 - 8 * i));
        to[used + 8] = 0;
        to[used + 9] = (uint8_t)strlen(name);
        memcpy(to + used + 10, name, strlen(name));
        used += 10 + (uint32_t)strlen(name);
    }
    return used;
}

/* What a partition tells of a board of three, of everybody or of the north. */
static struct eng_sums list_of(uint32_t partition, int64_t at_ms, const char *words, uint8_t *room)
{
    struct eng_sums sums = {.kind = ENG_SUMS_BOARD, .partition = partition};
    sums.result = (struct eng_group_result){.program = {"p", 1},
                                            .group = {"b", 1},
                                            .at_ms = at_ms,
                                            .model_version = 1,
                                            .partitions = 1,
                                            .partners = 10,
                                            .top = 3};
    sums.result.entries = (struct eng_slice){(const char *)room, pack(words, room)};
    return sums;
}

static void tell(struct bench *b, uint32_t partition, int64_t at_ms, const char *words)
{
    uint8_t room[256];
    struct eng_sums sums = list_of(partition, at_ms, words, room);
    take(b, &sums);
}

static void tell_gone(struct bench *b, uint32_t partition, const char *partner)
{
    struct eng_sums sums = {.kind = ENG_SUMS_GONE,
                            .partition = partition,
                            .gone = eng_partner_hash(eng_slice_of(partner))};
    sums.result.at_ms = b->offset; /* of the input, where any other will do that is not the same */
    take(b, &sums);
}

static void add_name(struct bench *b, struct eng_slice name)
{
    size_t used = strlen(b->out);
    (void)snprintf(b->out + used, sizeof b->out - used, "%.*s", (int)name.length, name.data);
}

static void add_board(struct bench *b, const struct eng_board_result *board)
{
    add(b, "%d", (int)board->result->at_ms);
    if (board->previous_ms >= 0)
        add(b, " after %d", (int)board->previous_ms);
    add(b, "/%d:", (int)board->result->partitions);
    for (uint32_t i = 0; i < board->now.count; i++) {
        const struct eng_place *place = &board->now.place[i];
        add(b, " %d", (int)place->rank);
        add_name(b, place->partner);
        add(b, "%d", (int)(place->value_e4 / 10000));
        if (place->previous_rank > 0)
            add(b, "<%d", (int)place->previous_rank);
    }
    for (uint32_t i = 0; i < board->left.count; i++) {
        add(b, " left %d", (int)board->left.place[i].previous_rank);
        add_name(b, board->left.place[i].partner);
    }
    add(b, "; ");
}

/* The same under another version of the model, by which the board has other places. */
static void tell_under(struct bench *b, uint32_t version, uint16_t top, uint32_t partition,
                       int64_t at_ms, const char *words)
{
    uint8_t room[256];
    struct eng_sums sums = list_of(partition, at_ms, words, room);
    sums.result.model_version = version;
    sums.result.top = top;
    take(b, &sums);
}

/* All that can be given out, in one line, with the keys of spent records when `keys`. */
static const char *give(struct bench *b, bool keys)
{
    int64_t at_ms;
    b->out[0] = '\0';
    while ((at_ms = eng_gather_ready(b->gather)) >= 0) {
        const struct eng_group_result *result;
        struct eng_slice key;
        cr_assert_eq(eng_gather_open(b->gather, at_ms), ENG_OK);
        while ((result = eng_gather_next(b->gather)) != NULL)
            if (result->top > 0)
                add_board(b, eng_gather_board(b->gather));
            else
                add(b, "figures %d; ", (int)result->at_ms);
        while (eng_gather_spent(b->gather, &key))
            if (keys) {
                add(b, "-");
                add_name(b, key);
                add(b, "; ");
            }
    }
    return b->out;
}

Test(boards, the_first_ones_of_all_partitions_are_in_order_and_share_ranks)
{
    struct bench b;
    begin(&b, 3, -1);
    tell(&b, 0, 10, "d9 a5 c1");
    tell(&b, 1, 10, "b5 ab5");
    tell(&b, 2, 10, "");
    cr_expect_str_eq(give(&b, false), "10/3: 1d9 2a5 2ab5; ");
    end(&b);
}

Test(boards, places_before_are_those_of_the_board_before)
{
    struct bench b;
    begin(&b, 2, -1);
    tell(&b, 0, 10, "a9 c2");
    tell(&b, 1, 10, "b5");
    cr_expect_str_eq(give(&b, true), "10/2: 1a9 2b5 3c2; ", "what it was made of stays");
    tell(&b, 0, 20, "c3 d1");
    tell(&b, 1, 20, "b7");
    cr_expect_str_eq(give(&b, true), "20 after 10/2: 1b7<2 2c3<3 3d1 left 1a; "
                                     "-sums/10/0/1/0/0/0; -sums/10/1/1/0/0/0; ");
    tell(&b, 0, 30, "");
    tell(&b, 1, 30, "a1");
    cr_expect_str_eq(give(&b, false), "30 after 20/2: 1a1 left 1b left 2c left 3d; ");
    end(&b);
}

/* Of two versions with other numbers of places the greater one counts. */
Test(boards, the_board_before_may_have_other_numbers_of_places)
{
    struct bench b;
    begin(&b, 2, -1);
    tell_under(&b, 1, 1, 0, 10, "a9");
    tell_under(&b, 2, 3, 1, 10, "b5 d4 e3");
    cr_expect_str_eq(give(&b, false), "10/1: 1a9; 10/1: 1b5 2d4 3e3; ");
    tell_under(&b, 2, 3, 0, 20, "a8");
    tell_under(&b, 2, 3, 1, 20, "b7");
    cr_expect_str_eq(give(&b, false), "20 after 10/2: 1a8<1 2b7<2 left 3d; ");
    end(&b);
}

/* A board under another version of the model is compared with the one before it all the same. */
Test(boards, the_board_before_may_be_of_other_versions)
{
    struct bench b;
    uint8_t room[256];
    begin(&b, 2, -1);
    struct eng_sums later = list_of(1, 10, "b5", room);
    later.result.model_version = 2;
    tell(&b, 0, 10, "a9");
    take(&b, &later);
    cr_expect_str_eq(give(&b, false), "10/1: 1a9; 10/1: 1b5; ");
    tell(&b, 0, 20, "a1");
    later = list_of(1, 20, "b2", room);
    take(&b, &later);
    cr_expect_str_eq(give(&b, false), "20 after 10/2: 1b2<2 2a1<1; ");
    end(&b);
}

Test(boards, segments_have_boards_of_their_own)
{
    struct bench b;
    uint8_t room[256];
    begin(&b, 1, -1);
    for (int at = 10; at <= 20; at += 10) {
        struct eng_sums north = list_of(0, at, at == 10 ? "c4" : "c5", room);
        north.left = 0;
        north.result.split = 1;
        north.result.place = 1;
        north.result.by = (struct eng_slice){"region", 6};
        north.result.segment = (struct eng_slice){"north", 5};
        uint8_t other[256];
        struct eng_sums all = list_of(0, at, at == 10 ? "a9 c4" : "a1 c1", other);
        all.left = 1;
        take(&b, &all);
        take(&b, &north);
    }
    cr_expect_str_eq(give(&b, false), "10/1: 1a9 2c4; 10/1: 1c4; 20 after 10/1: 1a1<1 1c1<2; "
                                      "20 after 10/1: 1c5<1; ");
    end(&b);
}

/* Figures of the same program go on and on; what a board that is told no more was made of goes. */
Test(boards, what_a_board_was_made_of_stays_for_a_year_and_a_month_at_most)
{
    struct bench b;
    begin(&b, 1, -1);
    tell(&b, 0, 10, "a9");
    (void)give(&b, false);
    cr_expect_eq(eng_gather_low_water(b.gather, b.offset), 0);
    for (int days = 399; days <= 401; days++) {
        struct eng_sums figures = {.result = {.program = {"p", 1},
                                              .group = {"g", 1},
                                              .at_ms = 10 + (int64_t)days * DAY_MS,
                                              .model_version = 1}};
        take(&b, &figures);
        bool spent = strstr(give(&b, true), "-sums/10/0/1/0/0/0") != NULL;
        cr_expect_eq(spent, days == 401, "%d days", days);
    }
    cr_expect_eq(eng_gather_low_water(b.gather, b.offset), b.offset);
    end(&b);
}

/* What has to be written again, with its entries, and then the keys that are not needed. */
static const char *clean(struct bench *b)
{
    const struct eng_sums *sums;
    struct eng_slice key;
    b->out[0] = '\0';
    if (!eng_gather_has_gone(b->gather))
        return "nobody";
    while ((sums = eng_gather_changed(b->gather)) != NULL) {
        struct eng_slice rest = sums->result.entries;
        struct eng_entry entry;
        add(b, "%d/", (int)sums->result.at_ms);
        add(b, "%d:", (int)sums->partition);
        while (eng_entry_take(&rest, &entry)) {
            add(b, " ");
            add_name(b, entry.partner);
        }
        add(b, "; ");
    }
    while (eng_gather_gone(b->gather, &key)) {
        add(b, "-");
        add_name(b, key);
        add(b, "; ");
    }
    return b->out;
}

Test(boards, G11_who_is_erased_leaves_what_was_told_before)
{
    struct bench b;
    char want[128];
    begin(&b, 2, -1);
    tell(&b, 0, 10, "a9 c2");
    tell(&b, 1, 10, "b5");
    (void)give(&b, false);
    tell(&b, 0, 20, "a3 c2");
    tell_gone(&b, 0, "a");
    cr_expect(eng_gather_has_gone(b.gather));
    (void)snprintf(want, sizeof want, "10/0: c; 20/0: c; -gone/0/%016llx/3; ",
                   (unsigned long long)eng_partner_hash(eng_slice_of("a")));
    cr_expect_str_eq(clean(&b), want);
    cr_expect_not(eng_gather_has_gone(b.gather));
    tell(&b, 1, 20, "b5");
    cr_expect_str_eq(give(&b, false), "20 after 10/2: 1b5<1 2c2<2; ", "as if it had never been");
    end(&b);
}

/* He comes back, and is erased again before the tombstone for the first time is there. A merger
 * that begins then has the second word all the same. */
Test(boards, G11_who_is_erased_twice_leaves_twice)
{
    struct bench b;
    char key[128], want[128];
    unsigned long long hash = eng_partner_hash(eng_slice_of("a"));
    begin(&b, 2, -1);
    tell_gone(&b, 0, "a");
    tell(&b, 0, 10, "a3 c2");
    tell_gone(&b, 0, "a");
    (void)snprintf(key, sizeof key, "gone/0/%016llx/0", hash);
    const struct eng_gather_record tombstone = {
        .key = key, .key_bytes = strlen(key), .offset = b.offset++};
    cr_assert_eq(eng_gather_take(b.gather, &tombstone, NULL), ENG_OK);
    (void)snprintf(want, sizeof want, "10/0: c; -gone/0/%016llx/2; ", hash);
    cr_expect_str_eq(clean(&b), want);
    end(&b);
}

Test(boards, G11_who_comes_again_after_an_erasure_has_a_place_again)
{
    struct bench b;
    begin(&b, 1, -1);
    tell(&b, 0, 10, "a9 c2");
    tell_gone(&b, 0, "a");
    tell(&b, 0, 20, "a1 c1");
    (void)clean(&b);
    cr_expect_str_eq(give(&b, false), "10/1: 1c2; 20 after 10/1: 1a1 1c1<1; ");
    end(&b);
}

/* A log of partitions with an erasure in it, and what a merger writes: gathered again from low
 * water at every place, it gives out what one that was never stopped does. */
Test(boards, G16_it_can_be_made_again_from_low_water)
{
    enum { RECORDS = 9 };
    static const struct {
        int partition, at;
        const char *words; /* NULL: a is gone */
    } log[RECORDS] = {{0, 10, "a9 c2"}, {1, 10, "b5"}, {0, 20, "a7 c1"},
                      {0, 0, NULL},     {1, 20, "b6"}, {0, 30, "a1"},
                      {1, 30, "b1"},    {0, 40, "c1"}, {1, 40, ""}};
    static const char want[] =
        "10/2: 1a9 2b5 3c2; 20 after 10/2: 1b6<1 2c1<2; "
        "30 after 20/2: 1a1 1b1<1 left 2c; 40 after 30/2: 1c1 left 1a left 1b; ";
    for (int cut = 0; cut <= RECORDS; cut++) {
        struct bench first, second;
        char told[1024] = "";
        begin(&first, 2, -1);
        for (int i = 0; i < cut; i++) {
            if (log[i].words != NULL)
                tell(&first, (uint32_t)log[i].partition, log[i].at, log[i].words);
            else
                tell_gone(&first, 0, "a");
            strcat(told, give(&first, false));
        }
        int64_t low = eng_gather_low_water(first.gather, cut);
        begin(&second, 2, eng_gather_given(first.gather));
        second.offset = low;
        for (int i = (int)low; i < RECORDS; i++) {
            if (log[i].words != NULL)
                tell(&second, (uint32_t)log[i].partition, log[i].at, log[i].words);
            else
                tell_gone(&second, 0, "a");
            if (i + 1 >= cut) /* it has read to the end again before it gives out */
                strcat(told, give(&second, false));
        }
        cr_expect_str_eq(told, want, "cut at %d", cut);
        end(&first);
        end(&second);
    }
}

Test(boards, entries_that_are_none_are_refused_by_name)
{
    struct bench b;
    uint8_t room[256];
    char key[ENG_SUMS_KEY_BYTES];
    struct eng_error err = {0};
    begin(&b, 1, -1);
    for (int fault = 0; fault < 4; fault++) {
        struct eng_sums sums = list_of(0, 10, "a9 c2", room);
        if (fault == 0)
            sums.result.top = 1; /* fewer places than entries */
        else if (fault == 1)
            sums.result.top = 101;
        else if (fault == 2)
            sums.result.entries.length--;
        else
            sums.result.top = 0;
        eng_bytes_clear(&b.bytes);
        cr_assert_eq(eng_sums_write(&sums, &b.bytes), ENG_OK);
        const struct eng_gather_record record = {key, b.bytes.data, eng_sums_key(&sums, key),
                                                 b.bytes.used, 0};
        cr_expect_eq(eng_gather_take(b.gather, &record, &err), ENG_CORRUPT, "fault %d", fault);
        cr_expect(strstr(err.text, "does not add up") != NULL, "%s", err.text);
        eng_error_clear(&err);
    }
    end(&b);
}
