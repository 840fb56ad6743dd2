/* bench_raw_consumer BROKER TOPIC GROUP RECORDS [NAME=VALUE...]: the yardstick of tools/bench.
 *
 * A consumer that does nothing but count: it joins a group, takes records from the consumer queue
 * in batches as engaged does, and leaves when it has seen RECORDS of them. NAME=VALUE are
 * librdkafka properties, so that both run with the same ones. Prints one JSON line: records,
 * seconds from the first batch to the last one, and CPU seconds of the process in that span. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { BATCH = 10000, WAIT_MS = 100, PATIENCE_S = 60 };

struct moment {
    double wall_s, cpu_s;
};

static struct moment now(void)
{
    struct timespec t;
    struct rusage usage;
    clock_gettime(CLOCK_MONOTONIC, &t);
    getrusage(RUSAGE_SELF, &usage);
    return (struct moment){.wall_s = (double)t.tv_sec + (double)t.tv_nsec / 1e9,
                           .cpu_s =
                               (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6};
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[512];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK) {
        fprintf(stderr, "bench_raw_consumer: %s\n", text);
        exit(2);
    }
}

static void set_pair(rd_kafka_conf_t *conf, char *pair)
{
    char *equals = strchr(pair, '=');
    if (!equals) {
        fprintf(stderr, "bench_raw_consumer: %s: not NAME=VALUE\n", pair);
        exit(2);
    }
    *equals = 0;
    set(conf, pair, equals + 1);
}

static rd_kafka_t *join(char **argv, int properties)
{
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", argv[1]);
    set(conf, "group.id", argv[3]);
    set(conf, "enable.auto.commit", "false");
    set(conf, "auto.offset.reset", "earliest");
    for (int i = 0; i < properties; i++) {
        set_pair(conf, argv[5 + i]);
    }
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (!kafka) {
        fprintf(stderr, "bench_raw_consumer: %s\n", text);
        exit(1);
    }
    rd_kafka_poll_set_consumer(kafka);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, argv[2], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t failure = rd_kafka_subscribe(kafka, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (failure) {
        fprintf(stderr, "bench_raw_consumer: %s\n", rd_kafka_err2str(failure));
        exit(1);
    }
    return kafka;
}

/* Counts the records of one batch; errors are said, and are no records. */
static unsigned long long take(rd_kafka_queue_t *queue, rd_kafka_message_t **messages)
{
    unsigned long long records = 0;
    ssize_t count = rd_kafka_consume_batch_queue(queue, WAIT_MS, messages, BATCH);
    for (ssize_t i = 0; i < count; i++) {
        if (messages[i]->err) {
            fprintf(stderr, "bench_raw_consumer: %s\n", rd_kafka_message_errstr(messages[i]));
        } else {
            records++;
        }
        rd_kafka_message_destroy(messages[i]);
    }
    return records;
}

int main(int argc, char **argv)
{
    static rd_kafka_message_t *messages[BATCH];
    if (argc < 5) {
        fprintf(stderr, "usage: bench_raw_consumer BROKER TOPIC GROUP RECORDS [NAME=VALUE...]\n");
        return 2;
    }
    unsigned long long wanted = strtoull(argv[4], NULL, 10), records = 0;
    rd_kafka_t *kafka = join(argv, argc - 5);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(kafka);
    struct moment first = now(), last = first;
    while (records < wanted && now().wall_s - last.wall_s < PATIENCE_S) {
        unsigned long long taken = take(queue, messages);
        if (taken) {
            last = now();
            first = records ? first : last;
            records += taken;
        }
    }
    printf("{\"records\": %llu, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n", records,
           last.wall_s - first.wall_s, last.cpu_s - first.cpu_s);
    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(kafka);
    rd_kafka_destroy(kafka);
    return records < wanted ? 1 : 0;
}
