/* `engaged state`. */
#ifndef ENG_CLI_STATE_H
#define ENG_CLI_STATE_H

#include "cli/command.h"

extern const struct eng_command eng_command_state;

#endif
