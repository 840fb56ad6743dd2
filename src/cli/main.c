/* The program `engaged`: one command per file, listed in commands.c. The only place that ends the
 * process. */
#include "cli/command.h"
#include "cli/exits.h"
#include <signal.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    /* A closed pipe is an error of write(), with a message, not a silent death. */
    (void)signal(SIGPIPE, SIG_IGN); /* cannot fail for this signal */
    int code = eng_cli_run(argc, argv);
    if (code == ENG_EXIT_ABRUPT)
        _exit(code); /* threads are still at work: nothing may be torn down under them */
    return code;
}
