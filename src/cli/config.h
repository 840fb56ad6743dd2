/* Loading the configuration for a command. */
#ifndef ENG_CLI_CONFIG_H
#define ENG_CLI_CONFIG_H

#include "model/config.h"

/* Loads and checks a file. A file that cannot be read is a wrong configuration too: ENG_BAD_CONFIG.
 * Else as eng_config_load_file. */
enum eng_status eng_config_open(const char *path, struct eng_config **ret_config,
                                struct eng_error *err);

#endif
