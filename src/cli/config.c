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

static enum eng_status refuse_groups(const struct eng_config *config, struct eng_error *err)
{
    char where[ENG_ERROR_BYTES / 2];
    const char *group = eng_model_group_name(config->model, 0);
    if (group == NULL)
        return ENG_OK;
    eng_config_where(config, "groups", where, sizeof where);
    return eng_error_set(
        err, ENG_BAD_CONFIG,
        "%s: the file has the group \"%s\", and `run` and `demo` do not merge the "
        "sums of partitions yet; leave \"groups\" out, and take them from `replay`",
        where, group);
}

enum eng_status eng_config_open_to_run(const char *path, struct eng_config **ret_config,
                                       struct eng_error *err)
{
    enum eng_status status = eng_config_open(path, ret_config, err);
    if (status != ENG_OK)
        return status;
    status = refuse_groups(*ret_config, err);
    if (status != ENG_OK) {
        eng_config_free(*ret_config);
        *ret_config = NULL;
    }
    return status;
}
