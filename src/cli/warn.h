/* What of a configuration is allowed, but seldom meant. */
#ifndef ENG_CLI_WARN_H
#define ENG_CLI_WARN_H

#include "model/config.h"

/* Calls `say` with one sentence for each: the loader's warnings, and what the model asks of records
 * that the input's schema cannot give. Makes the input's reader as `run` would: its failures
 * (ENG_BAD_SCHEMA, ENG_IO, ENG_NO_MEMORY), else ENG_OK. */
enum eng_status eng_warn(const struct eng_config *config, void (*say)(const char *text),
                         struct eng_error *err);

#endif
