/* Editions of the configuration, counted by who holds them. See edition.h. */
#include "stream/edition.h"

#include "base/assert.h"
#include "base/memory.h"
#include <engaged/checkpoint.h>

struct eng_edition *eng_edition_borrow(const struct eng_config *config)
{
    eng_assert(config != NULL);
    eng_assert(config->model != NULL);
    struct eng_edition *edition = eng_calloc(1, sizeof *edition);
    if (edition == NULL)
        return NULL;
    edition->config = config;
    edition->fingerprint = eng_model_fingerprint(config->model);
    atomic_init(&edition->holders, 1);
    return edition;
}

struct eng_edition *eng_edition_new(struct eng_config *config)
{
    struct eng_edition *edition = eng_edition_borrow(config);
    if (edition == NULL)
        return NULL;
    edition->owned = config;
    eng_assert(edition->config == config);
    eng_assert(atomic_load(&edition->holders) == 1);
    return edition;
}

struct eng_edition *eng_edition_hold(struct eng_edition *edition)
{
    eng_assert(edition != NULL);
    uint32_t before = atomic_fetch_add(&edition->holders, 1);
    eng_assert(before > 0);
    return edition;
}

void eng_edition_release(struct eng_edition *edition)
{
    if (edition == NULL)
        return;
    uint32_t before = atomic_fetch_sub(&edition->holders, 1);
    eng_assert(before > 0);
    eng_assert(edition->config != NULL);
    if (before > 1)
        return;
    eng_config_free(edition->owned);
    eng_free(edition);
}
