/* The naive reference: what the score language means, by rescanning everything all the time.
 *
 * Every counted event is kept in a list of its partner, for ever, in order of arrival. At every
 * boundary and after every counted event all measures of a partner are computed anew by reading
 * that list. Nothing is kept per pane, nothing is scheduled, nothing is skipped because nothing can
 * have changed: every partner is evaluated at every boundary. It shares with the engine the
 * compiled model, the calendar and the layout of effects, and no line of code. The golden cases
 * check it (naive_replay), the property tests compare the engine with it, byte by byte.
 *
 * Running out of memory, or of 128 bits, ends the process: this is for tests. One thread at a
 * time. */
#ifndef TESTS_NAIVE_NAIVE_H
#define TESTS_NAIVE_NAIVE_H

#include <engaged/effect.h>
#include <engaged/engine.h>
#include <engaged/event.h>
#include <engaged/model.h>
#include <stdbool.h>
#include <stdint.h>

struct naive;

/* A task without partners. Borrows the model, which must outlive it. Free with naive_free. */
struct naive *naive_new(const struct eng_model *model);

/* NULL is fine. */
void naive_free(struct naive *naive);

/* What the attributes of events are called from here on; NULL, as at first: as in the model in
 * force. Borrowed. */
void naive_call(struct naive *naive, const struct eng_names *names);

/* One event, as eng_engine_apply. Copies what it keeps. */
enum eng_outcome naive_apply(struct naive *naive, const struct eng_event *event);

/* As eng_engine_tick: works off every boundary up to and including time_ms. */
void naive_tick(struct naive *naive, int64_t time_ms);

/* As eng_engine_activate and eng_engine_erase. The models have to be such as carry over. */
void naive_activate(struct naive *naive, const struct eng_model *model, bool silent);
enum eng_status naive_erase(struct naive *naive, struct eng_slice partner);

/* The same for an embedder of its effects: all effects since the last naive_forget_effects, as the
 * engine lays them out. Borrowed, valid until the next call that changes the reference. */
const struct eng_effects *naive_effects(const struct naive *naive);
void naive_forget_effects(struct naive *naive);

/* As their namesakes of the engine. */
int64_t naive_clock_ms(const struct naive *naive);
int64_t naive_next_boundary_ms(const struct naive *naive);
const struct eng_counters *naive_counters(const struct naive *naive);
uint64_t naive_partner_count(const struct naive *naive);
enum eng_status naive_view(const struct naive *naive, struct eng_slice partner,
                           struct eng_view *ret_view);

#endif
