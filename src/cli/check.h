/* `engaged check`: a configuration explained, without starting anything. */
#ifndef ENG_CLI_CHECK_H
#define ENG_CLI_CHECK_H

#include "cli/command.h"

extern const struct eng_command eng_command_check;

#endif
