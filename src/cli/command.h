/* The commands of the program as tables: parsing, `--help`, docs/cli.md and the tests read the same
 * rows.
 *
 * A command lives in a file of its own: `const struct eng_command eng_command_NAME` with its table
 * of options, an enum that numbers the rows, and a function. It is listed in commands.c. Only this
 * room prints, and only main() ends the process. */
#ifndef ENG_CLI_COMMAND_H
#define ENG_CLI_COMMAND_H

#include <engaged/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ENG_OPTIONS_MAX = 24, ENG_OPERANDS_MAX = 4096 };

enum eng_option_kind {
    ENG_OPTION_FLAG,     /* takes no argument; number is 1 when given */
    ENG_OPTION_TEXT,     /* any text that is not empty */
    ENG_OPTION_NUMBER,   /* whole number, `k` and `M` allowed behind it; `number` */
    ENG_OPTION_DURATION, /* 200ms, 20s, 5m, 6h, 30d; `number` is milliseconds */
    ENG_OPTION_TIME,     /* epoch milliseconds or RFC 3339; `number` is milliseconds */
    ENG_OPTION_CHOICE,   /* one of the words of `argument`, parted by |; `number` is its index */
};

struct eng_option {
    const char *name; /* without the dashes */
    enum eng_option_kind kind;
    const char *argument; /* how help calls it ("FILE"); CHOICE: the words; FLAG: NULL */
    const char *fallback; /* the default as one would write it; NULL: none */
    const char *help;     /* one sentence without a full stop */
    bool required;
    int64_t min, max; /* NUMBER and DURATION; both 0: any */
};

struct eng_value {
    bool given;       /* on the command line; a default is not */
    const char *text; /* borrowed; NULL: neither given nor a default */
    int64_t number;   /* see enum eng_option_kind; 0 when there is none */
};

struct eng_args {
    const struct eng_command *command;
    struct eng_value values[ENG_OPTIONS_MAX]; /* by row of the command's options */
    char **operands;                          /* borrowed from argv */
    int operand_count;
};

struct eng_command {
    const char *name;
    const char *operands; /* how help writes them, e.g. "[FILE...]"; NULL: takes none */
    int operands_max;
    const char *help; /* one line without a full stop */
    const char *text; /* paragraphs for `engaged help NAME`; lines up to 100 columns */
    const struct eng_option *options;        /* ends with a row whose name is NULL; NULL: none */
    int (*run)(const struct eng_args *args); /* returns the exit code, enum eng_exit */
};

/* Every command, sorted by name; ends with NULL. */
extern const struct eng_command *const eng_commands[];

/* The command of a name, or NULL. */
const struct eng_command *eng_command_find(const char *name);

/* Number of rows in a command's table of options. */
int eng_command_option_count(const struct eng_command *command);

/* Fills *ret_args from the words after the command's name. Words are reordered: operands move to
 * the front of argv. ENG_OK, or ENG_BAD_USAGE with one line that says what to write instead. */
enum eng_status eng_args_parse(const struct eng_command *command, int argc, char **argv,
                               struct eng_args *ret_args, struct eng_error *err);

/* Reads one value of an option's kind, e.g. a default. ENG_OK or ENG_BAD_USAGE. */
enum eng_status eng_option_read(const struct eng_option *option, const char *text,
                                struct eng_value *ret_value, struct eng_error *err);

/* The whole program short of ending the process: picks the command, parses, runs. Returns the exit
 * code. */
int eng_cli_run(int argc, char **argv);

#endif
