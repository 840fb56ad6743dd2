/* How long a silence has to be until it means that a partner has left: by the partner's own rhythm.
 *
 * Model (the BG/NBD family): gaps between active panes are exponential with a gamma prior worth one
 * gap of twice the typical gap, and after each active pane a partner leaves for good with a beta(1,
 * 3) chance. Then the chance of a gap longer than t, up to a factor, is
 *
 *     q(t) = 1 + (n + 2) * (A / (A + t))^n,   A = 2 * typical_gap + (last - first)
 *
 * and the chance that a silence of s panes lasts to the horizon H is q(H) / q(s). All in integers
 * with 56 fractional bits, rounded down at every step, so that every machine agrees. Pure
 * functions. */
#ifndef ENG_ENGINE_SILENCE_H
#define ENG_ENGINE_SILENCE_H

#include "engine/model.h"

/* A partner's rhythm for one alert: panes with activity. */
struct eng_rhythm {
    int32_t first, last; /* panes */
    uint8_t count;       /* n: active panes, 0..64 (halved at 64, `first` moves along) */
};

enum { ENG_RHYTHM_COUNT_MAX = 64, ENG_RHYTHM_COUNT_HALVED = 32 };

/* Takes an active pane into the rhythm. True when it is newer than `last` (or the first); others
 * change nothing. */
bool eng_rhythm_add(struct eng_rhythm *rhythm, int32_t pane);

/* The silence, in panes, at which the alert is due: the smallest s, not under min_silence and not
 * over the horizon, with q(H) >= risk * q(s). */
uint32_t eng_silence_due(const struct eng_alert *alert, const struct eng_rhythm *rhythm);

/* Answers of eng_silence_due by alert, n and last - first: most partners share few rhythms. Zeroed
 * it is empty; it may forget any answer at any time. */
enum { ENG_SILENCE_MEMO = 1024 };
struct eng_silence_memo {
    struct {
        uint64_t key; /* 0: free */
        uint32_t silence;
    } answers[ENG_SILENCE_MEMO]; /* private */
};

/* The same as eng_silence_due; `index` is the alert's number. */
uint32_t eng_silence_due_memo(struct eng_silence_memo *memo, unsigned index,
                              const struct eng_alert *alert, const struct eng_rhythm *rhythm);

/* q(H) / q(s) in 1/1000, rounded down. */
uint32_t eng_silence_risk_e3(const struct eng_alert *alert, const struct eng_rhythm *rhythm,
                             uint32_t silence);

#endif
