/* `engaged generate`: labelled, made-up partners to a file, to standard output or to a topic. */
#ifndef ENG_CLI_GENERATE_H
#define ENG_CLI_GENERATE_H

#include "cli/command.h"
#include "cli/synth.h"

extern const struct eng_command eng_command_generate;

/* Reads shares such as "steady=50,fading=20" into mix (kinds not named get none). ENG_OK or
 * ENG_BAD_USAGE with what would be right. */
enum eng_status eng_generate_mix(const char *text, uint32_t mix[ENG_SYNTH_KIND_COUNT],
                                 struct eng_error *err);

/* Reads a percentage such as "2" or "0.05" (up to four decimals, at most 100) in millionths. */
enum eng_status eng_generate_percent(const char *name, const char *text, uint32_t *ret_ppm,
                                     struct eng_error *err);

/* Reads an instant: `now` (which is now_ms), a date such as 2026-01-31 (its first instant in UTC),
 * epoch milliseconds, or RFC 3339. ENG_OK or ENG_BAD_USAGE. */
enum eng_status eng_generate_time(const char *name, const char *text, int64_t now_ms,
                                  int64_t *ret_ms, struct eng_error *err);

#endif
