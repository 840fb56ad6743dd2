/* What the world of a seed is like: how large it is, and which faults happen how often.
 *
 * Each kind of fault is there in some seeds and not in others, so that rare meetings of two kinds
 * are not drowned by the others. Three of five seeds have a theme: a storm of doubtful commits,
 * members that are lost while in doubt, or partitions that change hands all the time. */
#ifndef TESTS_SIM_MANNER_H
#define TESTS_SIM_MANNER_H

#include "stream/task.h"
#include <stdbool.h>
#include <stdint.h>

struct sim;
struct process;
struct broker_txn;

/* What becomes of a request to end a transaction. */
enum fate {
    FATE_FINE,
    FATE_REQUEST_LOST, /* never arrives */
    FATE_ANSWER_LOST,  /* done, but nobody hears of it */
    FATE_DELAYED,      /* arrives later, maybe into another transaction */
    FATE_DOUBLED,      /* done now, and asked for again later */
    FATE_REFUSED,      /* the client has to abort */
};

/* What no worker can make good, and has to refuse by name instead: see history.h. */
enum harm {
    HARM_NONE,
    HARM_TORN,      /* a transaction without its records of the state topic */
    HARM_RETENTION, /* input is gone that a restart has to read again */
};

struct manner {
    struct eng_feed_limits limits; /* of workers: in most seeds inputs are often left half done */
    int32_t partitions;
    bool themed;
    uint32_t processes;  /* workers, to be exact */
    uint32_t workers;    /* of one process: those that live and die together */
    bool static_members; /* known to the group by their names: group.instance.id */
    uint32_t standbys;   /* of each partition */
    int64_t apart;    /* so many panes the wall's clock of each process is behind the one before */
    bool eager;       /* the group's protocol, else cooperative */
    bool stable_ids;  /* a process keeps its transactional id over restarts */
    int64_t pane_us;  /* of monotonic time */
    int64_t calm_us;  /* when faults stop */
    uint32_t records; /* of input until then, about */
    /* Per 10,000 calls of a port. */
    unsigned crash, hiccup, refuse;
    /* Per cent. */
    unsigned doubt, slow, late_markers, late_answers, late_joins, expelled, cut, replies_lost,
        spite, half;
    enum harm harm;
    int64_t harm_us; /* when, about */
    int32_t empty;   /* partitions from this one on have no input before empty_us */
    int64_t empty_us;
    bool moves;      /* and their coordinator then moves, about when those begin */
    unsigned sticky; /* that a partition stays with its owner */
    /* Mean time between two of a kind, us; 0: none. */
    int64_t kill_us, deaf_us, freeze_us, bump_us, stop_us, compact_us, hang_us, jump_us, away_us,
        memory_us, retain_us, oversize_us, erase_us, merger_us;
};

/* Draws the manner of the seed. */
void manner_draw(struct sim *sim);

/* What is drawn once the program is known: where there are groups, the wall's clock goes so fast in
 * most seeds that a week takes some seconds, and in some there are partitions whose first events
 * come late. */
void manner_draw_groups(struct sim *sim);

/* Asks for the first fault of each kind that comes by the clock. */
void manner_begin(struct sim *sim);

/* Ends what faults have left behind: hanging transactions, deafness, a coordinator that is away. */
void manner_calm(struct sim *sim);

/* How long a marker takes; how long a call takes, one way. */
int64_t manner_marker_us(struct sim *sim);
int64_t manner_latency_us(struct sim *sim);

/* What becomes of a request to end a transaction. */
enum fate manner_fate(struct sim *sim);

/* Does a coordinator die over this commit, and leave half of it? Nothing that would make it worse
 * happens then to whoever asks for it (a death above all: that would tear it for good). */
bool manner_halves(struct sim *sim);

/* Is this transaction to be torn, which is about to be committed? Where, and when is that place
 * told so? */
bool manner_tears(struct sim *sim, const struct broker_txn *txn);
uint32_t manner_torn_place(struct sim *sim, const struct broker_txn *txn);
int64_t manner_torn_us(struct sim *sim);

/* May a worker end with this text, since harm was done? It has to be named. */
bool manner_names_harm(const struct sim *sim, const char *text);

/* How long a request to join takes; is a member thrown out while its commit is in doubt? */
int64_t manner_join_us(struct sim *sim);
bool manner_expels(struct sim *sim);

/* Does the producer lose its coordinator for a while then? */
bool manner_cuts(struct sim *sim);

/* Trouble comes in company: whoever has this producer may die soon. */
void manner_spite(struct sim *sim, uint32_t producer);

/* A newer version of the program is there: the process is soon restarted, in one way or another, or
 * forgotten. */
void manner_replace(struct sim *sim, struct process *process);

/* Retention deletes older input of the partition, as far as no restart will need it. */
void manner_retain(struct sim *sim, int32_t partition);

/* Yes in `parts` of 10,000, and never when it is calm. */
bool manner_strikes(struct sim *sim, unsigned parts);

#endif
