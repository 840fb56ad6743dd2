/* Tombstones and receipts. See erasure.h. */
#include "stream/erasure.h"

#include "base/assert.h"
#include "base/rules.h"
#include "codec/rfc3339.h"
#include "stream/state.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HASH_TEXT_BYTES = 17, ID_BYTES = 256, RECEIPT_BYTES = 512 };

/* Takes every record away that the partner's page may have. */
static enum eng_status bury_page(struct eng_txn *txn, const struct eng_erasure *erasure)
{
    enum eng_status status = ENG_OK;
    eng_assert(erasure->parts > 0);
    eng_assert(erasure->partition >= 0);
    for (uint32_t part = 0; status == ENG_OK && part < erasure->parts; part++) {
        char key[ENG_PAGE_KEY_BYTES];
        struct eng_port_output output = {
            .topic = ENG_TOPIC_STATE, .partition = erasure->partition, .key = key};
        output.key_bytes = eng_page_key(erasure->partner, part, key);
        status = eng_txn_add(txn, &output);
    }
    return status;
}

static enum eng_status add_headers(const struct eng_sink *sink, struct eng_txn *txn, const char *id,
                                   int64_t at_ms)
{
    char at[ENG_RFC3339_BYTES];
    eng_assert(at_ms >= 0);
    eng_rfc3339_format(at_ms, at);
    const struct eng_port_header headers[] = {
        {"ce_specversion", "1.0", 3},
        {"ce_type", "engaged.erasure", strlen("engaged.erasure")},
        {"ce_source", sink->source, strlen(sink->source)},
        {"content-type", "application/json", strlen("application/json")},
        {"ce_id", id, strlen(id)},
        {"ce_time", at, ENG_RFC3339_BYTES - 1},
    };
    enum eng_status status = ENG_OK;
    eng_assert(sink->source[0] == '/');
    for (size_t i = 0; status == ENG_OK && i < sizeof headers / sizeof headers[0]; i++)
        status = eng_txn_header(txn, &headers[i]);
    return status;
}

/* A program's name inside a JSON text; one of usual length fits. */
static void put_text(char *to, size_t size, const char *text)
{
    size_t used = 0;
    eng_assert(size > 8);
    eng_assert(text != NULL);
    for (; *text != '\0' && used + 8 < size; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\' || c < 0x20)
            used += (size_t)snprintf(to + used, size - used, "\\u%04x", c); /* fits */
        else
            to[used++] = (char)c;
    }
    to[used] = '\0';
}

static enum eng_status add_receipt(struct eng_sink *sink, struct eng_txn *txn,
                                   const struct eng_erasure *erasure)
{
    char hash[HASH_TEXT_BYTES], id[ID_BYTES], program[RECEIPT_BYTES / 2], value[RECEIPT_BYTES];
    (void)snprintf(hash, sizeof hash, "%016" PRIx64, erasure->hash); /* fits */
    put_text(program, sizeof program, erasure->program);
    int used = snprintf(value, sizeof value,
                        "{\"program\":\"%s\",\"partner_hash\":\"%s\",\"at\":%" PRId64
                        ",\"partition\":%" PRId32 ",\"offset\":%" PRId64 "}",
                        program, hash, erasure->at_ms, erasure->partition, erasure->offset);
    eng_assert(used > 0 && (size_t)used < sizeof value);
    eng_assert(erasure->offset >= 0);
    (void)snprintf(id, sizeof id, "%s/erasure/%s/%" PRId32 "/%" PRId64 "/%s", erasure->program,
                   hash, erasure->partition, erasure->offset,
                   sink->topic_id); /* names are shorter */
    struct eng_port_output output = {.topic = ENG_TOPIC_ERASURES,
                                     .partition = erasure->partition,
                                     .key = hash,
                                     .key_bytes = HASH_TEXT_BYTES - 1,
                                     .value = value,
                                     .value_bytes = (size_t)used};
    enum eng_status status = eng_txn_add(txn, &output);
    return status == ENG_OK ? add_headers(sink, txn, id, erasure->at_ms) : status;
}

enum eng_status eng_erasure_write(struct eng_sink *sink, struct eng_txn *txn,
                                  const struct eng_erasure *erasure)
{
    enum eng_status status = ENG_OK;
    eng_assert(sink != NULL);
    eng_assert(txn != NULL);
    if (ENG_RULE(TOMBSTONE))
        status = bury_page(txn, erasure);
    return status == ENG_OK ? add_receipt(sink, txn, erasure) : status;
}
