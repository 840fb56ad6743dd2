/* Loading the configuration for a command. See config.h. */
#include "cli/config.h"

enum eng_status eng_config_open(const char *path, struct eng_config **ret_config,
                                struct eng_error *err)
{
    enum eng_status status = eng_config_load_file(path, ret_config, err);
    if (status != ENG_IO)
        return status;
    err->status = ENG_BAD_CONFIG;
    return ENG_BAD_CONFIG;
}
