/* Models of a task, and their texts as records. See models.h. */
#include "stream/models.h"

#include "base/assert.h"
#include "base/big_endian.h"
#include "base/memory.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { HEAD_BYTES = 24, SUM_BYTES = 8, VERSION = 1 };

static const char key_prefix[] = "model/";

/* ---- the list ---- */

static void let_go(struct eng_held_model *held)
{
    eng_assert(held->model != NULL);
    eng_assert(held->owned == NULL || held->edition == NULL);
    eng_model_free(held->owned);
    eng_edition_release(held->edition);
    eng_free(held);
}

void eng_models_done(struct eng_models *models)
{
    eng_assert(models != NULL);
    eng_assert(models->count <= models->capacity);
    for (uint32_t i = 0; i < models->count; i++)
        let_go(models->items[i]);
    eng_free(models->items);
    *models = (struct eng_models){0};
}

struct eng_held_model *eng_models_find(const struct eng_models *models, uint32_t version)
{
    eng_assert(models != NULL);
    eng_assert(models->count <= models->capacity);
    for (uint32_t i = 0; i < models->count; i++)
        if (eng_model_version(models->items[i]->model) == version)
            return models->items[i];
    return NULL;
}

static enum eng_status reserve(struct eng_models *models)
{
    eng_assert(models->count <= models->capacity);
    eng_assert(models->items != NULL || models->capacity == 0);
    if (models->count < models->capacity)
        return ENG_OK;
    void *items = eng_grow(models->items, &models->capacity, sizeof *models->items);
    if (items == NULL)
        return ENG_NO_MEMORY;
    models->items = items;
    return ENG_OK;
}

struct eng_held_model *eng_models_of(const struct eng_models *models,
                                     const struct eng_engine *engine)
{
    const struct eng_model *model = eng_engine_model(engine);
    struct eng_held_model *held = eng_models_find(models, eng_model_version(model));
    eng_assert(held != NULL);
    eng_assert(held->model == model);
    return held;
}

/* A place in the list for a model. */
static enum eng_status add(struct eng_models *models, const struct eng_model *model,
                           struct eng_held_model **ret_held)
{
    uint32_t version = eng_model_version(model), place = models->count;
    eng_assert(eng_models_find(models, version) == NULL);
    eng_assert(version > 0);
    struct eng_held_model *held = eng_calloc(1, sizeof *held);
    if (held == NULL || reserve(models) != ENG_OK) {
        eng_free(held);
        return ENG_NO_MEMORY;
    }
    held->model = model;
    held->fingerprint = eng_model_fingerprint(model);
    for (; place > 0 && eng_model_version(models->items[place - 1]->model) > version; place--)
        models->items[place] = models->items[place - 1];
    models->items[place] = held;
    models->count++;
    *ret_held = held;
    return ENG_OK;
}

enum eng_status eng_models_add(struct eng_models *models, struct eng_edition *edition,
                               struct eng_held_model **ret_held)
{
    enum eng_status status = add(models, edition->config->model, ret_held);
    eng_assert(edition->config->model != NULL);
    if (status != ENG_OK)
        return status;
    (*ret_held)->edition = eng_edition_hold(edition);
    eng_assert((*ret_held)->owned == NULL);
    return ENG_OK;
}

void eng_models_forget(struct eng_models *models, uint32_t version)
{
    uint32_t kept = 0;
    eng_assert(models->count <= models->capacity);
    eng_assert(eng_models_find(models, version) != NULL);
    for (uint32_t i = 0; i < models->count; i++)
        if (eng_model_version(models->items[i]->model) < version)
            let_go(models->items[i]);
        else
            models->items[kept++] = models->items[i];
    models->count = kept;
}

void eng_models_note_known(struct eng_models *models, const struct eng_engine *engine)
{
    struct eng_held_model *held = eng_models_of(models, engine);
    eng_assert(held != NULL);
    eng_assert(models->count > 0);
    held->known_bytes = (uint16_t)eng_engine_known_write(engine, held->known);
}

/* ---- records ---- */

bool eng_models_is_key(const void *key, size_t length)
{
    return key != NULL && length >= sizeof key_prefix && length <= ENG_MODEL_KEY_BYTES &&
           memcmp(key, key_prefix, sizeof key_prefix - 1) == 0;
}

static const struct eng_state_form form = {"a model's text", "EM", VERSION,
                                           HEAD_BYTES + SUM_BYTES + 1};

enum eng_status eng_models_open(const void *value, size_t length,
                                struct eng_model_record *ret_record, struct eng_error *err)
{
    const uint8_t *at = value;
    eng_assert(ret_record != NULL);
    eng_assert(value != NULL);
    enum eng_status status = eng_state_check(at, length, &form, err);
    if (status != ENG_OK)
        return status;
    *ret_record = (struct eng_model_record){.version = (uint32_t)eng_read_be(at + 4, 4),
                                            .life = eng_read_be(at + 8, 8),
                                            .fingerprint = eng_read_be(at + 16, 8),
                                            .text = (const char *)at + HEAD_BYTES,
                                            .text_bytes = length - HEAD_BYTES - SUM_BYTES};
    return ENG_OK;
}

/* A model made from the text of a record. */
static enum eng_status make(const struct eng_model_record *record, struct eng_model **ret_model,
                            struct eng_error *err)
{
    struct eng_error cause = {0};
    eng_assert(record->text_bytes > 0);
    enum eng_status status =
        eng_model_load_text(record->text, record->text_bytes, "model", ret_model, &cause);
    if (status == ENG_NO_MEMORY)
        return eng_error_set(err, status, "no memory for version %" PRIu32 " of the model",
                             record->version);
    if (status != ENG_OK)
        return eng_error_set(err, ENG_CORRUPT,
                             "version %" PRIu32 " of the model cannot be read any more (%s)",
                             record->version, cause.text);
    eng_assert(*ret_model != NULL);
    if (eng_model_fingerprint(*ret_model) == record->fingerprint &&
        eng_model_version(*ret_model) == record->version)
        return ENG_OK;
    eng_model_free(*ret_model);
    return eng_error_set(err, ENG_CORRUPT,
                         "the text of version %" PRIu32
                         " of the model does not give the model that "
                         "it was (have the system's time zones changed, or this program?)",
                         record->version);
}

enum eng_status eng_models_load(struct eng_models *models, const struct eng_model_record *record,
                                struct eng_edition *ours, struct eng_held_model **ret_held,
                                struct eng_error *err)
{
    struct eng_model *made = NULL;
    bool same = eng_model_version(ours->config->model) == record->version &&
                ours->fingerprint == record->fingerprint;
    enum eng_status status = same ? ENG_OK : make(record, &made, err);
    eng_assert(eng_models_find(models, record->version) == NULL);
    if (status != ENG_OK)
        return status;
    eng_assert(same == (made == NULL));
    status = same ? eng_models_add(models, ours, ret_held) : add(models, made, ret_held);
    if (status != ENG_OK) {
        eng_model_free(made);
        return eng_error_set(err, status, "no memory for version %" PRIu32 " of the model",
                             record->version);
    }
    (*ret_held)->owned = made;
    return ENG_OK;
}

enum eng_status eng_models_write(const struct eng_config *config, uint64_t life,
                                 struct eng_txn *txn, int32_t partition)
{
    char key[ENG_MODEL_KEY_BYTES + 1];
    size_t text_bytes = config->model_text_bytes;
    int used =
        snprintf(key, sizeof key, "%s%" PRIu32, key_prefix, eng_model_version(config->model));
    eng_assert(used > 0 && used <= ENG_MODEL_KEY_BYTES);
    eng_assert(text_bytes > 0);
    struct eng_port_output output = {
        .topic = ENG_TOPIC_STATE, .partition = partition, .key = key, .key_bytes = (size_t)used};
    struct eng_bytes *lane = eng_txn_open(txn, &output);
    if (lane == NULL)
        return ENG_NO_MEMORY;
    if (eng_bytes_reserve(lane, HEAD_BYTES + text_bytes + SUM_BYTES) != ENG_OK) {
        eng_txn_drop(txn);
        return ENG_NO_MEMORY;
    }
    uint8_t *to = lane->data + lane->used;
    memcpy(to, "EM\1\0", 4);
    eng_write_be(to + 4, eng_model_version(config->model), 4);
    eng_write_be(to + 8, life, 8);
    eng_write_be(to + 16, eng_model_fingerprint(config->model), 8);
    memcpy(to + HEAD_BYTES, config->model_text, text_bytes);
    eng_write_be(to + HEAD_BYTES + text_bytes, XXH3_64bits(to, HEAD_BYTES + text_bytes), 8);
    lane->used += HEAD_BYTES + text_bytes + SUM_BYTES;
    eng_txn_close(txn);
    return ENG_OK;
}
