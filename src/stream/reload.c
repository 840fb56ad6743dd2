/* Reading the configuration again. See reload.h. */
#include "stream/reload.h"

#include "base/assert.h"
#include "base/log.h"
#include "model/differ.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NEVER = -1 };

enum eng_status eng_reload_init(struct eng_reload *reload, const struct eng_config *config)
{
    eng_assert(reload != NULL);
    eng_assert(config->model != NULL);
    *reload = (struct eng_reload){.edition = eng_edition_borrow(config)};
    reload->stats.last_ms = NEVER;
    reload->stats.model_version = eng_model_version(config->model);
    pthread_mutex_init(&reload->lock, NULL);
    return reload->edition != NULL ? ENG_OK : ENG_NO_MEMORY;
}

void eng_reload_done(struct eng_reload *reload)
{
    eng_assert(reload != NULL);
    eng_edition_release(reload->edition);
    reload->edition = NULL;
    pthread_mutex_destroy(&reload->lock);
}

static void say_taken(const struct eng_config *before, const struct eng_config *after,
                      const struct eng_differences *differences)
{
    char settings[256] = "none";
    size_t used = 0;
    eng_assert(differences->count <= ENG_DIFFERENCES_MAX);
    for (uint32_t i = 0; i < differences->count && used < sizeof settings; i++) {
        eng_assert(differences->settings[i].live);
        used += (size_t)snprintf(settings + used, sizeof settings - used, "%s%s",
                                 used > 0 ? "," : "", differences->settings[i].key);
    }
    eng_log(ENG_LOG_INFO, "stream",
            "version %" PRIu32 " of the model follows on %" PRIu32 ", settings=%s: the "
            "configuration was read again",
            eng_model_version(after->model), eng_model_version(before->model), settings);
}

/* Takes up what was read, or says why not. What is not taken up is freed. */
static enum eng_reload_result take(struct eng_reload *reload, struct eng_config *config,
                                   struct eng_error *err)
{
    const struct eng_config *before = reload->edition->config;
    struct eng_differences differences;
    struct eng_edition *edition = NULL;
    enum eng_reload_result result = ENG_RELOAD_REFUSED;
    eng_assert(config != before);
    eng_config_differ(before, config, &differences);
    bool same = !differences.model && differences.count == 0 &&
                eng_model_version(before->model) == eng_model_version(config->model);
    if (same)
        result = ENG_RELOAD_UNCHANGED;
    else if (eng_config_takes_up(before, config, err) == ENG_OK &&
             (edition = eng_edition_new(config)) == NULL)
        (void)eng_error_set(err, ENG_NO_MEMORY, "no memory for another configuration");
    if (edition == NULL) {
        eng_config_free(config);
        return result;
    }
    say_taken(before, config, &differences);
    eng_edition_release(reload->edition);
    reload->edition = edition;
    eng_assert(edition->owned == config);
    return ENG_RELOAD_ACCEPTED;
}

static void note(struct eng_reload *reload, enum eng_reload_result result, int64_t wall_ms,
                 const struct eng_error *err)
{
    struct eng_reload_stats *stats = &reload->stats;
    eng_assert(result < ENG_RELOAD_COUNT);
    eng_assert(wall_ms >= 0);
    pthread_mutex_lock(&reload->lock);
    stats->counts[result]++;
    stats->last_ms = wall_ms;
    stats->refused = result == ENG_RELOAD_REFUSED;
    (void)snprintf(stats->text, sizeof stats->text, "%.*s", (int)sizeof stats->text - 1,
                   stats->refused ? err->text : ""); /* cut when it is long */
    stats->model_version = eng_model_version(reload->edition->config->model);
    pthread_mutex_unlock(&reload->lock);
}

enum eng_reload_result eng_reload_try(struct eng_reload *reload,
                                      const struct eng_config_source *reader, int64_t wall_ms,
                                      struct eng_error *err)
{
    struct eng_config *config = NULL;
    enum eng_reload_result result = ENG_RELOAD_REFUSED;
    eng_assert(reload->edition != NULL);
    eng_assert(reader->read != NULL && err != NULL);
    if (reader->read(reader->context, &config, err) == ENG_OK)
        result = take(reload, config, err);
    note(reload, result, wall_ms, err);
    return result;
}

void eng_reload_stats(struct eng_reload *reload, struct eng_reload_stats *ret_stats)
{
    eng_assert(reload != NULL);
    eng_assert(ret_stats != NULL);
    pthread_mutex_lock(&reload->lock);
    *ret_stats = reload->stats;
    pthread_mutex_unlock(&reload->lock);
}
