/* Other parts for made-up partners: the actions of a model in place of the generator's own.
 *
 * A model that asks for actions which the generator does not know would hear of log-ins at most.
 * With a cast each event plays one of the model's entries instead, chosen by its id alone, with the
 * attributes that the entry asks for, a value where one is needed, and references such that claims
 * are approved and bookings reversed now and then. When somebody does something stays as it was
 * made. One thread. */
#ifndef ENG_CLI_SYNTH_CAST_H
#define ENG_CLI_SYNTH_CAST_H

#include "cli/synth.h"
#include "codec/encode.h"
#include <engaged/model.h>

enum { ENG_SYNTH_ATTRIBUTES_MAX = 18 };

struct eng_synth_cast;

/* *ret_cast is NULL when the generator knows all actions of the model. Borrows the model; free with
 * eng_synth_cast_free. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_synth_cast_new(const struct eng_model *model, struct eng_synth_cast **ret_cast);

/* NULL is fine. */
void eng_synth_cast_free(struct eng_synth_cast *cast);

/* What an event plays: its action and value (in 1/10,000), and attributes behind those that there
 * are. Texts are borrowed until the next call. */
void eng_synth_cast_play(struct eng_synth_cast *cast, const struct eng_synth_event *event,
                         struct eng_event *record, struct eng_attribute *attributes,
                         uint32_t *attribute_count);

#endif
