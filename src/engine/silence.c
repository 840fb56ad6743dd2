/* Silence: see silence.h. q falls with t, so the silence that is due is found by halving: at most
 * 15 evaluations of q with up to 64 multiplications each, done only when a partner has already been
 * silent for min_silence. */
#include "engine/silence.h"

#include "base/assert.h"

#define ONE (1ull << 56)

/* q(t) with 56 fractional bits; at most 67 * 2^56 < 2^63. */
static uint64_t q_of(const struct eng_alert *alert, const struct eng_rhythm *rhythm, uint32_t t)
{
    uint64_t a = 2ull * alert->typical_gap + (uint64_t)((int64_t)rhythm->last - rhythm->first);
    eng_assert(a > 0);
    eng_assert(rhythm->count <= ENG_RHYTHM_COUNT_MAX);
    uint64_t x = (uint64_t)((unsigned __int128)a * ONE / (a + t));
    uint64_t y = ONE;
    for (uint32_t i = 0; i < rhythm->count; i++)
        y = (uint64_t)((unsigned __int128)y * x >> 56);
    return ONE + (rhythm->count + 2ull) * y;
}

bool eng_rhythm_add(struct eng_rhythm *rhythm, int32_t pane)
{
    eng_assert(rhythm->count < ENG_RHYTHM_COUNT_MAX);
    if (rhythm->count == 0) {
        *rhythm = (struct eng_rhythm){pane, pane, 1};
        return true;
    }
    if (pane <= rhythm->last)
        return false;
    rhythm->last = pane;
    rhythm->count++;
    if (rhythm->count == ENG_RHYTHM_COUNT_MAX) {
        rhythm->count = ENG_RHYTHM_COUNT_HALVED;
        rhythm->first = rhythm->last - (rhythm->last - rhythm->first) / 2;
    }
    eng_assert(rhythm->first <= rhythm->last);
    return true;
}

/* True when a silence of s panes is long enough. */
static bool long_enough(const struct eng_alert *alert, const struct eng_rhythm *rhythm,
                        uint64_t q_horizon, uint32_t s)
{
    return (unsigned __int128)q_horizon * 1000 >=
           (unsigned __int128)alert->risk_e3 * q_of(alert, rhythm, s);
}

uint32_t eng_silence_due(const struct eng_alert *alert, const struct eng_rhythm *rhythm)
{
    uint32_t low = alert->min_silence, high = alert->horizon;
    eng_assert(alert->kind == ENG_SILENCE);
    eng_assert(low <= high);
    uint64_t q_horizon = q_of(alert, rhythm, alert->horizon);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (long_enough(alert, rhythm, q_horizon, middle))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

uint32_t eng_silence_due_memo(struct eng_silence_memo *memo, unsigned index,
                              const struct eng_alert *alert, const struct eng_rhythm *rhythm)
{
    uint64_t span = (uint64_t)((int64_t)rhythm->last - rhythm->first);
    uint64_t key = span << 16 | (uint64_t)index << 8 | rhythm->count;
    uint64_t at = key * 0x9E3779B97F4A7C15u >> 54;
    eng_assert(rhythm->count > 0); /* so the key is not 0 */
    eng_assert(at < ENG_SILENCE_MEMO);
    if (memo->answers[at].key != key) {
        memo->answers[at].key = key;
        memo->answers[at].silence = eng_silence_due(alert, rhythm);
    }
    return memo->answers[at].silence;
}

uint32_t eng_silence_risk_e3(const struct eng_alert *alert, const struct eng_rhythm *rhythm,
                             uint32_t silence)
{
    eng_assert(alert->kind == ENG_SILENCE);
    eng_assert(silence <= alert->horizon);
    unsigned __int128 q_horizon = q_of(alert, rhythm, alert->horizon);
    return (uint32_t)(q_horizon * 1000 / q_of(alert, rhythm, silence));
}
