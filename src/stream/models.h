/* The models of a task: that of the configuration, and those before it that its state still refers
 * to; and the records of the state topic that hold their texts. Those that came with a
 * configuration hold its edition, the others are made from such a record and owned.
 *
 * Low water, pages and journal may be of models that no file has any more. The first transaction
 * of a task under a model therefore carries the model's text (without anything else of the
 * configuration), before anything refers to it. Beside each model stands what counts can answer
 * since it came into force (eng_engine_known_write): it is the same as long as the model is in
 * force, so low water needs no more than a version to know it.
 *
 * Record (docs/state-topic.md): key "model/" and the version; value, big endian: "EM", u8 version
 * of the format (1), u8 0, u32 version, u64 life, u64 fingerprint, the text, u64 XXH3 of all
 * before. A list belongs to its task, and lives as long as the task's engine. */
#ifndef ENG_STREAM_MODELS_H
#define ENG_STREAM_MODELS_H

#include "stream/edition.h"
#include "stream/state.h"
#include "stream/txn.h"
#include <engaged/checkpoint.h>

enum { ENG_MODEL_KEY_BYTES = 16 }; /* at most */

struct eng_held_model {
    const struct eng_model *model;
    struct eng_edition *edition; /* held; NULL: it was made from a record of the state topic */
    struct eng_model *owned;     /* the same as model, when there is no edition */
    uint64_t fingerprint;
    bool stored; /* the state topic has its text */
    uint16_t known_bytes;
    uint8_t known[ENG_KNOWN_BYTES_MAX];
};

/* Zero-initialised is empty. */
struct eng_models {
    struct eng_held_model **items; /* ascending by version */
    uint32_t count, capacity;
};

/* Frees the list and the models that it owns; no engine may use them any more. */
void eng_models_done(struct eng_models *models);

/* The model of this version; NULL: not held. */
struct eng_held_model *eng_models_find(const struct eng_models *models, uint32_t version);

/* The model that is in force in an engine. */
struct eng_held_model *eng_models_of(const struct eng_models *models,
                                     const struct eng_engine *engine);

/* Holds the model of a configuration. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_models_add(struct eng_models *models, struct eng_edition *edition,
                               struct eng_held_model **ret_held);

/* Lets go of the models before this version; no engine, record or journal may need them. */
void eng_models_forget(struct eng_models *models, uint32_t version);

/* Notes what counts of the engine can answer, beside the model that is in force there. */
void eng_models_note_known(struct eng_models *models, const struct eng_engine *engine);

/* A record taken apart; the text is a piece of it. */
struct eng_model_record {
    uint32_t version;
    uint64_t life, fingerprint;
    const char *text;
    size_t text_bytes;
};

/* Is this the key of a model's text? */
bool eng_models_is_key(const void *key, size_t length);

/* Takes a record apart. ENG_OK or ENG_CORRUPT. */
enum eng_status eng_models_open(const void *value, size_t length,
                                struct eng_model_record *ret_record, struct eng_error *err);

/* Holds the model of a record: the configuration's when it is that one, else made from the text.
 * ENG_OK, ENG_NO_MEMORY, ENG_CORRUPT: the text does not give the model that it gave. */
enum eng_status eng_models_load(struct eng_models *models, const struct eng_model_record *record,
                                struct eng_edition *ours, struct eng_held_model **ret_held,
                                struct eng_error *err);

/* Adds the record of a configuration's model to a transaction. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_models_write(const struct eng_config *config, uint64_t life,
                                 struct eng_txn *txn, int32_t partition);

#endif
