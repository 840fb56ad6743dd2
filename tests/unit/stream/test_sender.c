/* The plain producer and consumer over the broker inside the process. */
#include "model/config.h"
#include "stream/mock.h"
#include "stream/sender.h"
#include "stream/tail.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { PARTITIONS = 4, KEYS = 50, RECORDS = 5000 };

static struct eng_mock *start(void)
{
    const struct eng_mock_topic topics[] = {{"actions", PARTITIONS}, {"others", 1}};
    struct eng_mock *mock = NULL;
    struct eng_error err = {0};
    cr_assert_eq(eng_mock_new(topics, 2, &mock, &err), ENG_OK, "%s", err.text);
    return mock;
}

static struct eng_sender *connect_sender(const struct eng_mock *mock, const char *topic)
{
    struct eng_sender *sender = NULL;
    struct eng_error err = {0};
    const struct eng_sender_options options = {
        .brokers = eng_mock_brokers(mock), .topic = topic, .linger_ms = 1};
    cr_assert_eq(eng_sender_new(&options, &sender, &err), ENG_OK, "%s", err.text);
    return sender;
}

static void put(struct eng_sender *sender, const char *key, const char *value)
{
    struct eng_error err = {0};
    const struct eng_sender_record record = {
        .key = key, .value = value, .key_bytes = strlen(key), .value_bytes = strlen(value)};
    cr_assert_eq(eng_sender_put(sender, &record, &err), ENG_OK, "%s", err.text);
}

/* What has been read: per key its partition and the newest value. */
struct found {
    int count[2];
    int partition[KEYS], newest[KEYS];
};

static void visit(void *context, const struct eng_tail_record *record)
{
    struct found *found = context;
    char key[16], value[16];
    cr_assert_lt(record->topic, 2);
    found->count[record->topic]++;
    if (record->topic == 1)
        return;
    (void)snprintf(key, sizeof key, "%.*s", (int)record->key_bytes, (const char *)record->key);
    (void)snprintf(value, sizeof value, "%.*s", (int)record->value_bytes,
                   (const char *)record->value);
    int number = 0, newest = 0;
    cr_assert_eq(sscanf(key, "k%d", &number), 1);
    cr_assert_eq(sscanf(value, "%d", &newest), 1);
    cr_assert(found->partition[number] == -1 || found->partition[number] == record->partition,
              "key %s is on two partitions", key);
    cr_assert_lt(found->newest[number], newest, "key %s is out of order", key);
    found->partition[number] = record->partition;
    found->newest[number] = newest;
}

Test(sender, records_with_one_key_stay_in_order_on_one_partition)
{
    struct eng_mock *mock = start();
    struct eng_sender *sender = connect_sender(mock, "actions");
    struct eng_sender *other = connect_sender(mock, "others");
    struct eng_error err = {0};
    struct found found = {0};
    for (int i = 0; i < KEYS; i++)
        found.partition[i] = found.newest[i] = -1;
    for (int i = 0; i < RECORDS; i++) {
        char key[16], value[16];
        (void)snprintf(key, sizeof key, "k%d", i % KEYS);
        (void)snprintf(value, sizeof value, "%d", i);
        put(sender, key, value);
    }
    put(other, "x", "y");
    cr_assert_eq(eng_sender_flush(sender, 10000, &err), ENG_OK, "%s", err.text);
    cr_assert_eq(eng_sender_flush(other, 10000, &err), ENG_OK, "%s", err.text);
    cr_assert_eq(eng_sender_delivered(sender), RECORDS);

    static const char *const topics[] = {"actions", "others"};
    const struct eng_tail_options options = {.brokers = eng_mock_brokers(mock),
                                             .topics = topics,
                                             .topic_count = 2,
                                             .visit = visit,
                                             .context = &found};
    struct eng_tail *tail = NULL;
    cr_assert_eq(eng_tail_new(&options, &tail, &err), ENG_OK, "%s", err.text);
    for (int turn = 0; turn < 500 && found.count[0] + found.count[1] < RECORDS + 1; turn++)
        cr_assert_eq(eng_tail_poll(tail, 100, 1000, &err), ENG_OK, "%s", err.text);
    cr_assert_eq(found.count[0], RECORDS);
    cr_assert_eq(found.count[1], 1);
    eng_tail_free(tail);
    eng_sender_free(sender);
    eng_sender_free(other);
    eng_mock_free(mock);
}

Test(sender, a_missing_topic_is_named_with_the_way_out)
{
    struct eng_mock *mock = start();
    struct eng_sender *sender = NULL;
    struct eng_error err = {0};
    const struct eng_sender_options options = {.brokers = eng_mock_brokers(mock),
                                               .topic = "nowhere"};
    cr_assert_eq(eng_sender_new(&options, &sender, &err), ENG_TOPIC);
    cr_assert_not_null(strstr(err.text, "topic nowhere does not exist"), "%s", err.text);
    cr_assert_null(sender);
    struct eng_tail *tail = NULL;
    static const char *const topics[] = {"nowhere"};
    const struct eng_tail_options wanted = {
        .brokers = eng_mock_brokers(mock), .topics = topics, .topic_count = 1, .visit = visit};
    eng_error_clear(&err);
    cr_assert_eq(eng_tail_new(&wanted, &tail, &err), ENG_TOPIC);
    cr_assert_not_null(strstr(err.text, "nowhere"), "%s", err.text);
    eng_mock_free(mock);
}

Test(sender, a_property_that_does_not_exist_is_named)
{
    struct eng_mock *mock = start();
    struct eng_property item = {.name = (char[]){"no.such.thing"}, .value = (char[]){"1"}};
    const struct eng_properties client = {&item, 1};
    struct eng_sender *sender = NULL;
    struct eng_error err = {0};
    const struct eng_sender_options options = {
        .brokers = eng_mock_brokers(mock), .topic = "actions", .client = &client};
    cr_assert_eq(eng_sender_new(&options, &sender, &err), ENG_BAD_CONFIG);
    cr_assert_not_null(strstr(err.text, "no.such.thing"), "%s", err.text);
    eng_mock_free(mock);
}
