/* The stream of bench/synth.h. Random numbers: splitmix64, two calls an event. */
#include "synth.h"

#include <math.h>

#define START_MS 1767225600000LL
#define DAY_MS 86400000LL
#define JITTER_MS 60000u

const char *const bench_action_names[BENCH_ACTIONS] = {"platform.login", "invoice.upload",
                                                       "reward.redeem",  "training.complete",
                                                       "campaign.join",  "survey.answer"};
const uint32_t bench_action_bytes[BENCH_ACTIONS] = {14, 14, 13, 17, 13, 13};

/* In percent, summed up. */
static const uint32_t action_below[BENCH_ACTIONS] = {50, 70, 75, 80, 90, 100};

static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* 0..bound-1 from the upper half of a random number. */
static uint32_t scaled(uint64_t random, uint32_t bound)
{
    return (uint32_t)(((random >> 32) * bound) >> 32);
}

static uint32_t skewed_partner(uint64_t random, uint32_t partners)
{
    if (random % 10 < 7) {
        return 1 + scaled(random, partners);
    }
    double share = (double)(random >> 32) / 4294967296.0;
    double place = exp(share * log((double)partners));
    uint32_t partner = (uint32_t)place;
    return partner < 1 ? 1 : partner > partners ? partners : partner;
}

/* A walk over all partners in steps that share no factor with their number. */
static uint32_t even_partner(uint64_t number, uint32_t partners)
{
    uint64_t step = 7368787;
    while (partners % step == 0) {
        step += 2;
    }
    return 1 + (uint32_t)(number % partners * step % partners);
}

void bench_stream_next(struct bench_stream *stream, struct bench_action *ret_action)
{
    uint64_t first = next_random(&stream->state);
    uint64_t second = next_random(&stream->state);
    uint64_t number = stream->next++;
    int64_t span_ms = (int64_t)stream->days * DAY_MS;
    uint32_t percent = scaled(second, 100);
    uint32_t action = 0;
    while (action_below[action] <= percent) {
        action++;
    }
    ret_action->number = number;
    ret_action->action = action;
    ret_action->partner = stream->shape == BENCH_EVEN ? even_partner(number, stream->partners)
                                                      : skewed_partner(first, stream->partners);
    ret_action->time_ms = START_MS +
                          (int64_t)((double)number / (double)stream->events * (double)span_ms) +
                          (int64_t)(second % JITTER_MS);
    ret_action->has_value = action == 1;
    ret_action->value = action == 1 ? (double)(first % 100000) / 100.0 : 0;
}

void bench_partner_id(uint32_t partner, char out[BENCH_PARTNER_BYTES])
{
    out[0] = 'p';
    for (int i = BENCH_PARTNER_BYTES - 1; i > 0; i--, partner /= 10) {
        out[i] = (char)('0' + partner % 10);
    }
}

void bench_event_id(uint64_t number, char out[BENCH_ID_BYTES])
{
    for (int i = BENCH_ID_BYTES - 1; i >= 0; i--, number >>= 4) {
        out[i] = "0123456789abcdef"[number & 15];
    }
}
