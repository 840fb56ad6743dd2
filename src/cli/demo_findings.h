/* What the demo's outputs say, held against what the generator knows.
 *
 * Fed with records of the output topics as any consumer gets them. Keeps the band of each partner,
 * the newest messages in plain words, and when each partner whose fate has changed was first told
 * of. One thread. */
#ifndef ENG_CLI_DEMO_FINDINGS_H
#define ENG_CLI_DEMO_FINDINGS_H

#include "base/limits.h"
#include "cli/synth.h"
#include "stream/tail.h"
#include <engaged/model.h>

enum { ENG_NEWS_MAX = 16, ENG_NEWS_BYTES = 320 };

/* Topics of the tail, in this order. */
enum {
    ENG_FINDINGS_SCORE_CHANGES,
    ENG_FINDINGS_CHURN_DROPS,
    ENG_FINDINGS_GROUPS,
    ENG_FINDINGS_BOARDS,
    ENG_FINDINGS_TOPIC_COUNT
};

/* A message: "p000123 silent: silent for 12 days, usual gap 2 days; ...". */
struct eng_news {
    int64_t at_ms;
    char text[ENG_NEWS_BYTES];
};

/* The newest messages: number i is newest[i % ENG_NEWS_MAX]. */
struct eng_news_list {
    uint64_t count;
    struct eng_news newest[ENG_NEWS_MAX];
};

struct eng_findings {
    const struct eng_model *model; /* borrowed */
    uint32_t partner_count;
    struct eng_finding *partners;          /* by number */
    uint64_t band_partners[ENG_BANDS_MAX]; /* told to be in this band of the first score */
    uint32_t band_count;
    uint64_t score_changes, opened, resolved, unreadable;
    struct eng_news_list changes, drops; /* drops: opened ones */
    struct eng_news_list figures;        /* results of groups, of everybody */
    struct eng_news_list boards;         /* of everybody */
};

/* How the partners of a kind were found out. */
struct eng_kind_findings {
    uint32_t partners;  /* whose day has come before the end */
    uint32_t told;      /* an alert opened after that day */
    uint32_t silent;    /* a silence was told, ever */
    double median_days; /* from the day to the first alert, over those told; 0: none */
};

/* Takes the labels from synth, which is not needed later. Borrows the model. ENG_OK or
 * ENG_NO_MEMORY. Free with eng_findings_done. */
enum eng_status eng_findings_init(struct eng_findings *findings, const struct eng_synth *synth,
                                  uint32_t partner_count, const struct eng_model *model);
void eng_findings_done(struct eng_findings *findings);

/* The visitor for a tail; context is the findings. */
void eng_findings_visit(void *context, const struct eng_tail_record *record);

/* One kind, as of simulated time now_ms. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_findings_of_kind(const struct eng_findings *findings, enum eng_synth_kind kind,
                                     int64_t now_ms, struct eng_kind_findings *ret_found);

#endif
