/* sim_script: the model broker and the model group, driven by lines of text, so that the same
 * script can be run on a real broker and the answers compared (tests/integration/test_model.py).
 *
 *   open N ID             producer N takes over the transactional id ID
 *   produce N P KEY       a record to partition P, in a transaction that is opened if need be
 *   offsets N M P O TEXT  offset O of partition P with this text, as member M
 *   stale N M P O TEXT    the same, with what M was when it was last told to `keep` it
 *   commit N, abort N     ends the transaction
 *   join M, leave M       a member comes, or goes; answered when all have what they are to have
 *   keep M                keeps member and generation of M for `stale`
 *   ends P                last stable offset and end
 *   read P                what a reader of committed records is given: KEY@OFFSET
 *   committed P           the stable committed offset and its text, or "unstable"
 *
 * Answers: "ok", "fenced" (another epoch), "refused" (another generation), or what was asked for.
 */
#include "base/assert.h"
#include "sim.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { IDS = 3, SCRIPT_PRODUCERS = 200, LINE_BYTES = 400, WORDS = 6 };

struct line {
    char text[LINE_BYTES];
    const char *words[WORDS]; /* "" where there are fewer */
};

static struct sim sim;
static struct {
    uint32_t id;
    int32_t epoch;
} producers[SCRIPT_PRODUCERS];
static uint32_t ids[IDS]; /* numbers of the model's producers */
static struct {
    uint32_t member;
    int32_t generation;
} kept[SIM_PROCESSES];

static int64_t number(const struct line *line, int word, int64_t below)
{
    int64_t value = strtoll(line->words[word], NULL, 10);
    if (value < 0 || value >= below) {
        fprintf(stderr, "sim_script: %s is out of range\n", line->words[word]);
        exit(2);
    }
    return value;
}

/* ---- The world goes on. ---- */

static void let_markers_come(void)
{
    for (const struct broker_txn *txn = sim.broker.live; txn != NULL;)
        if (txn->waits != 0) {
            sim_step(&sim);
            txn = sim.broker.live;
        } else {
            txn = txn->next_live;
        }
}

static void take_changes(struct process *process)
{
    struct group_change change;
    while (group_next_change(process, &change))
        group_told(process, &change);
}

static bool group_rests(void)
{
    bool rests = !sim.group.rebalancing;
    for (int i = 0; i < SIM_PROCESSES; i++) {
        const struct group_client *client = &sim.processes[i].client;
        rests &= !client->joining && !client->wants_to_join && client->change_count == 0;
    }
    return rests;
}

static void let_group_rest(void)
{
    while (!group_rests()) {
        for (int i = 0; i < SIM_PROCESSES; i++)
            take_changes(&sim.processes[i]);
        if (!group_rests())
            sim_step(&sim);
    }
}

/* ---- Steps. ---- */

static void say_answer(enum broker_answer answer)
{
    static const char *const names[] = {"ok", "busy", "fenced", "wrong"};
    puts(names[answer]);
}

static void run_open(const struct line *line)
{
    int64_t n = number(line, 1, SCRIPT_PRODUCERS);
    producers[n].id = ids[number(line, 2, IDS)];
    while (broker_open(&sim.broker, producers[n].id, &producers[n].epoch) == BROKER_BUSY)
        sim_step(&sim);
    puts("ok");
}

static void run_produce(const struct line *line)
{
    int64_t n = number(line, 1, SCRIPT_PRODUCERS), p = number(line, 2, BROKER_PARTITIONS);
    struct broker_record record = {.key = (const uint8_t *)line->words[3],
                                   .key_bytes = (uint32_t)strlen(line->words[3]) + 1};
    let_markers_come();
    say_answer(broker_produce(&sim.broker, producers[n].id, producers[n].epoch,
                              broker_place(ENG_TOPIC_STATE, (int32_t)p), &record));
}

static void send_offsets(const struct line *line, uint32_t member, int32_t generation)
{
    int64_t n = number(line, 1, SCRIPT_PRODUCERS);
    struct eng_port_offset set = {.partition = (int32_t)number(line, 3, BROKER_PARTITIONS),
                                  .next = number(line, 4, INT64_MAX)};
    snprintf(set.meta, sizeof set.meta, "%s", line->words[5]);
    let_markers_come();
    bool accepted = group_accepts(&sim.group, member, generation);
    enum broker_answer answer =
        broker_offsets(&sim.broker, producers[n].id, producers[n].epoch, &set, accepted);
    if (answer == BROKER_OK && !accepted)
        puts("refused");
    else
        say_answer(answer);
}

static void run_offsets(const struct line *line)
{
    const struct group_client *client = &sim.processes[number(line, 2, SIM_PROCESSES)].client;
    send_offsets(line, client->member, client->generation);
}

static void run_stale(const struct line *line)
{
    int64_t m = number(line, 2, SIM_PROCESSES);
    send_offsets(line, kept[m].member, kept[m].generation);
}

static void run_end(const struct line *line)
{
    int64_t n = number(line, 1, SCRIPT_PRODUCERS);
    say_answer(broker_end(&sim.broker, producers[n].id, producers[n].epoch,
                          strcmp(line->words[0], "commit") == 0));
}

static void run_join(const struct line *line)
{
    struct process *process = &sim.processes[number(line, 1, SIM_PROCESSES)];
    process->state = PROCESS_ALIVE;
    process->life++;
    group_subscribe(process);
    let_group_rest();
    puts("ok");
}

static void run_leave(const struct line *line)
{
    struct process *process = &sim.processes[number(line, 1, SIM_PROCESSES)];
    group_leave(process);
    process->state = PROCESS_DEAD;
    let_group_rest();
    puts("ok");
}

static void run_keep(const struct line *line)
{
    int64_t m = number(line, 1, SIM_PROCESSES);
    kept[m].member = sim.processes[m].client.member;
    kept[m].generation = sim.processes[m].client.generation;
    puts("ok");
}

static void run_ends(const struct line *line)
{
    uint32_t place = broker_place(ENG_TOPIC_STATE, (int32_t)number(line, 1, BROKER_PARTITIONS));
    let_markers_come();
    printf("%" PRId64 " %" PRId64 "\n", broker_last_stable(&sim.broker, place),
           sim.broker.logs[place].end);
}

static void run_read(const struct line *line)
{
    uint32_t place = broker_place(ENG_TOPIC_STATE, (int32_t)number(line, 1, BROKER_PARTITIONS));
    const struct broker_log *log = &sim.broker.logs[place];
    let_markers_come();
    printf("read");
    for (int64_t i = 0; i < broker_last_stable(&sim.broker, place); i++)
        if (broker_is_visible(&log->entries[i]))
            printf(" %s@%" PRId64, (const char *)log->entries[i].record.key, i);
    puts("");
}

static void run_committed(const struct line *line)
{
    struct eng_port_offset got;
    let_markers_come();
    if (broker_committed(&sim.broker, (int32_t)number(line, 1, BROKER_PARTITIONS), true, &got))
        printf("%" PRId64 " %s\n", got.next, got.meta[0] != '\0' ? got.meta : "-");
    else
        puts("unstable");
}

static const struct {
    const char *name;
    void (*run)(const struct line *line);
} steps[] = {
    {"open", run_open},   {"produce", run_produce}, {"offsets", run_offsets},
    {"stale", run_stale}, {"commit", run_end},      {"abort", run_end},
    {"join", run_join},   {"leave", run_leave},     {"keep", run_keep},
    {"ends", run_ends},   {"read", run_read},       {"committed", run_committed},
};

static bool read_line(struct line *line)
{
    char *rest;
    if (fgets(line->text, sizeof line->text, stdin) == NULL)
        return false;
    const char *word = strtok_r(line->text, " \n", &rest);
    for (int i = 0; i < WORDS; i++) {
        line->words[i] = word != NULL ? word : "";
        word = word != NULL ? strtok_r(NULL, " \n", &rest) : NULL;
    }
    return true;
}

static void run_line(const struct line *line)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (strcmp(steps[i].name, line->words[0]) == 0) {
            steps[i].run(line);
            fflush(stdout);
            return;
        }
    fprintf(stderr, "sim_script: no step \"%s\"\n", line->words[0]);
    exit(2);
}

int main(int count, char **words)
{
    struct line line;
    if (!sim_init(&sim, count > 1 ? strtoull(words[1], NULL, 10) : 1, NULL)) {
        fprintf(stderr, "sim_script: this seed has no world, take another\n");
        return 2;
    }
    sim.calm = true;
    sim.manner.harm = HARM_NONE;
    sim.group.partitions = BROKER_PARTITIONS;
    sim.group.static_members = false;
    for (int i = 0; i < IDS; i++)
        ids[i] = broker_producer_new(&sim.broker);
    for (int i = 0; i < SIM_PROCESSES; i++)
        sim.processes[i].client.generation = -1;
    while (read_line(&line))
        run_line(&line);
    sim_done(&sim);
    return 0;
}
