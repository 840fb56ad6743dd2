/* Offset metadata as text. See meta.h for the format. */
#include "stream/meta.h"

#include "base/assert.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* Adds the checksum of a text of `used` bytes. */
static void close_text(char text[ENG_META_TEXT_BYTES], int used)
{
    eng_assert(used > 0 && used < ENG_META_TEXT_BYTES - 20);
    eng_assert(text[used] == '\0');
    (void)snprintf(text + used, (size_t)(ENG_META_TEXT_BYTES - used), " %016" PRIx64,
                   (uint64_t)XXH3_64bits(text, (size_t)used)); /* fits: asserted above */
}

/* The checksum at the end fits what is before it. */
static bool sum_holds(const char *text)
{
    const char *last = strrchr(text, ' ');
    uint64_t sum;
    if (last == NULL || sscanf(last, " %" SCNx64, &sum) != 1)
        return false;
    return XXH3_64bits(text, (size_t)(last - text)) == sum;
}

/* Version and checksum. */
static enum eng_status check_text(const char *text, const char *version, struct eng_error *err)
{
    eng_assert(text != NULL);
    eng_assert(strlen(version) == 3);
    if (strncmp(text, version, 3) != 0)
        return eng_error_set(err, ENG_CORRUPT,
                             "offset metadata \"%.40s\" is not ours or of another version", text);
    if (!sum_holds(text))
        return eng_error_set(err, ENG_CORRUPT, "offset metadata \"%.40s\" has a wrong checksum",
                             text);
    return ENG_OK;
}

void eng_meta_write(const struct eng_meta *meta, char text[ENG_META_TEXT_BYTES])
{
    eng_assert(meta != NULL);
    eng_assert(text != NULL);
    int used = snprintf(text, ENG_META_TEXT_BYTES,
                        "e3 %" PRIu64 " %" PRIx64 " %" PRIu64 " %" PRIu32 " %016" PRIx64
                        " %016" PRIx64 " %" PRIu32,
                        meta->sequence, meta->writer, meta->life, meta->model_version,
                        meta->fingerprint, meta->record, meta->low_version);
    close_text(text, used);
}

enum eng_status eng_meta_read(const char *text, struct eng_meta *ret_meta, struct eng_error *err)
{
    eng_assert(text != NULL);
    eng_assert(ret_meta != NULL);
    struct eng_meta m = {0};
    enum eng_status status = check_text(text, "e3 ", err);
    if (status != ENG_OK)
        return status;
    int read =
        sscanf(text + 3,
               "%" SCNu64 " %" SCNx64 " %" SCNu64 " %" SCNu32 " %" SCNx64 " %" SCNx64 " %" SCNu32,
               &m.sequence, &m.writer, &m.life, &m.model_version, &m.fingerprint, &m.record,
               &m.low_version);
    if (read != 7)
        return eng_error_set(err, ENG_CORRUPT, "offset metadata \"%.40s\" is incomplete", text);
    *ret_meta = m;
    return ENG_OK;
}

void eng_merge_meta_write(const struct eng_merge_meta *meta, char text[ENG_META_TEXT_BYTES])
{
    eng_assert(meta != NULL);
    eng_assert(meta->given_ms >= -1);
    close_text(text, snprintf(text, ENG_META_TEXT_BYTES, "g1 %" PRIu64 " %" PRIx64 " %" PRId64,
                              meta->sequence, meta->writer, meta->given_ms));
}

enum eng_status eng_merge_meta_read(const char *text, struct eng_merge_meta *ret_meta,
                                    struct eng_error *err)
{
    struct eng_merge_meta m = {0};
    enum eng_status status = check_text(text, "g1 ", err);
    eng_assert(ret_meta != NULL);
    if (status != ENG_OK)
        return status;
    int read =
        sscanf(text + 3, "%" SCNu64 " %" SCNx64 " %" SCNd64, &m.sequence, &m.writer, &m.given_ms);
    if (read != 3 || m.given_ms < -1)
        return eng_error_set(err, ENG_CORRUPT, "offset metadata \"%.40s\" is incomplete", text);
    *ret_meta = m;
    eng_assert(m.given_ms >= -1);
    return ENG_OK;
}
