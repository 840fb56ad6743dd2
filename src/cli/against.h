/* What a change of the configuration would do, in plain words. Pure. */
#ifndef ENG_CLI_AGAINST_H
#define ENG_CLI_AGAINST_H

#include "model/config.h"
#include "serve/text.h"

/* Adds what of the model is new, changed and gone, what is provisional at first and for how long,
 * which settings differ and how each of them takes effect. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_against(struct eng_text *out, const struct eng_config *before,
                            const struct eng_config *after, struct eng_error *err);

#endif
