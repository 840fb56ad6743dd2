/* `engaged replay`: the engine over files. */
#ifndef ENG_CLI_REPLAY_H
#define ENG_CLI_REPLAY_H

#include "cli/command.h"

extern const struct eng_command eng_command_replay;

#endif
