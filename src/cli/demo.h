/* `engaged demo`: the whole daemon with a broker and made-up partners inside one process, and what
 * it finds out about them, live. Nothing has to be installed or running. */
#ifndef ENG_CLI_DEMO_H
#define ENG_CLI_DEMO_H

#include "cli/command.h"

extern const struct eng_command eng_command_demo;

/* config/engagement.yaml, inside the program, without its comments. Zero-terminated. */
extern const char eng_demo_config[];

#endif
