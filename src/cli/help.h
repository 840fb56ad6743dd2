/* Everything that is said about the commands, made from their tables. */
#ifndef ENG_CLI_HELP_H
#define ENG_CLI_HELP_H

#include "cli/command.h"
#include "serve/text.h"

/* What `engaged --help` prints. */
void eng_help_overview(struct eng_text *out);

/* What `engaged help NAME` prints. */
void eng_help_command(struct eng_text *out, const struct eng_command *command);

/* The table of exit codes as plain text. */
void eng_help_exits(struct eng_text *out);

/* docs/cli.md, whole. */
void eng_help_markdown(struct eng_text *out);

extern const struct eng_command eng_command_help;

#endif
