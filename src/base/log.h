/* One logging function. Only the rooms stream, serve and cli may call it; the cli sets the level.
 * A line is `time level room key=value ... message`, on stderr. Safe from any thread. */
#ifndef ENG_BASE_LOG_H
#define ENG_BASE_LOG_H

enum eng_log_level { ENG_LOG_ERROR, ENG_LOG_WARN, ENG_LOG_INFO, ENG_LOG_DEBUG };

/* Lines above this level are not written. Default ENG_LOG_INFO. */
void eng_log_level_set(enum eng_log_level level);

/* Writes a line; control characters become spaces; longer than 2,000 bytes is cut. */
void eng_log(enum eng_log_level level, const char *room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The level of a name ("error", "warn", "info", "debug"); -1 if there is none. */
int eng_log_level_parse(const char *name);

#endif
