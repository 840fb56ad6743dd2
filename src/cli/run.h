/* `engaged run`: the daemon. */
#ifndef ENG_CLI_RUN_H
#define ENG_CLI_RUN_H

#include "cli/command.h"

extern const struct eng_command eng_command_run;

#endif
