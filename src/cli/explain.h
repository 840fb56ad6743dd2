/* A model and the configuration around it, in plain words. Pure. */
#ifndef ENG_CLI_EXPLAIN_H
#define ENG_CLI_EXPLAIN_H

#include "model/config.h"
#include "serve/text.h"

/* What is measured, how the scores are made, when somebody is told. */
void eng_explain_model(struct eng_text *out, const struct eng_model *model);

/* The parts of the file around the model with every default filled in, as YAML. Values that came
 * from the environment or a file are not shown. */
void eng_explain_config(struct eng_text *out, const struct eng_config *config);

#endif
