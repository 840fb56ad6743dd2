/* Every fixed limit, in one table. Hitting one is a counted or reported outcome, never a crash. */
#ifndef ENG_BASE_LIMITS_H
#define ENG_BASE_LIMITS_H

enum {
    /* Input. */
    ENG_PARTNER_BYTES_MAX = 255,    /* a longer partner id makes a record bad */
    ENG_ACTION_BYTES_MAX = 255,     /* a longer action makes a record bad */
    ENG_ID_BYTES_MAX = 1024,        /* a longer event or member id makes a record bad */
    ENG_ATTRIBUTE_BYTES_MAX = 256,  /* a longer value of an attribute counts as missing */
    ENG_WANTED_ATTRIBUTES_MAX = 32, /* that one reader looks for: of several models at a time */
    /* Model. */
    ENG_MEASURES_MAX = 64,
    ENG_FACTS_MAX = 16,         /* each is kept by a measure of its own */
    ENG_FACT_VALUES_MAX = 63,   /* texts that a fact is one of */
    ENG_ACTIONS_MAX = 255,      /* distinct action names and families in one file */
    ENG_ATTRIBUTES_MAX = 16,    /* attributes of events that one file names */
    ENG_NUMBERS_MAX = 8,        /* numbers of an event besides its value */
    ENG_FILTER_VALUES_MAX = 64, /* texts that a filter lists for an attribute */
    ENG_FACT_TEXT_BYTES_MAX = 254,
    ENG_CASES_MAX = 32, /* partners' own weights, or targets, of one dimension */
    ENG_SCORES_MAX = 16,
    ENG_DIMENSIONS_MAX = 32, /* dimensions, or points keys, of one score */
    ENG_BANDS_MAX = 16,
    ENG_STEPS_MAX = 32,
    ENG_ALERTS_MAX = 32,
    ENG_MATRICES_MAX = 8,
    ENG_REPORTS_MAX = 4,
    ENG_GROUPS_MAX = 4,
    ENG_BOARDS_MAX = 4,
    ENG_TOP_MAX = 100,    /* places of one board */
    ENG_FIGURES_MAX = 16, /* of one group */
    ENG_SPLITS_MAX = 8,   /* ways in which one group is split into segments */
    ENG_GUARDS_MAX = 8,
    ENG_CHECKS_MAX = 16,
    ENG_CHECK_COUNT_MAX = 1000000, /* that `more_than` says */
    ENG_CHECK_ID_BYTES_MAX = 256,  /* a longer event id is not told */
    ENG_HELD_MAX = 20,             /* events of one partner that wait for a decision */
    ENG_HELD_BYTES_MAX = 16384,    /* that these take */
    ENG_QUIETS_MAX = 8,
    ENG_BUDGETS_MAX = 8,
    ENG_BUDGET_MOST = 1000, /* openings that one lets through */
    ENG_DIGEST_MOST = 100,  /* that a digest shows */
    ENG_LEDGERS_MAX = 4,
    ENG_AWARDS_MAX = 64,
    ENG_NUDGES_MAX = 100,     /* actions that are suggested at most */
    ENG_CLAIMS_MAX = 32,      /* bookings of one action that may be settled later */
    ENG_NTH_MAX = 10000,      /* n of an nth action, or of days in a row */
    ENG_PANES_MAX = 30000,    /* longest window, in panes */
    ENG_NAME_BYTES_MAX = 128, /* names in the file */
    ENG_DESCRIPTION_CHARACTERS_MAX = 500,
    /* Engine. */
    ENG_STEP_EVALUATIONS = 20000, /* default evaluations per step at boundaries */
    /* Run. */
    ENG_STANDBYS_MAX = 16,       /* of a partition */
    ENG_FORECAST_DAYS_MAX = 400, /* that anybody may ask to look ahead */
};

#define ENG_SCALE_MAX_E4 1000000000LL         /* 100,000 points */
#define ENG_POINTS_MAX_E4 1000000000LL        /* 100,000 for one action */
#define ENG_RATE_MAX_E4 10000000LL            /* 1,000 points for each 1 of a value */
#define ENG_BOOKING_MAX_E4 1000000000000000LL /* 1e11 points for one action */
#define ENG_CAP_MAX_E4 10000000000000LL       /* 1e9 points in a period */
#define ENG_OUTLIER_MAX_E4 10000000000LL      /* a ratio of 1,000,000 */
#define ENG_WEIGHT_MAX_E4 1000000000LL        /* 100,000 */
#define ENG_EFFORT_MAX_E4 1000000000LL        /* 100,000 */
#define ENG_TARGET_MAX_E4 10000000000000000LL /* 1e12 */
#define ENG_TIME_MS_MAX 253402300799999LL     /* the end of the year 9999; later is bad */
#define ENG_VALUE_MAX 1e11                    /* |value| beyond counts as missing */

#endif
