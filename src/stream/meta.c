/* Offset metadata as text. See meta.h for the format. */
#include "stream/meta.h"

#include "base/assert.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

void eng_meta_write(const struct eng_meta *meta, char text[ENG_META_TEXT_BYTES])
{
    eng_assert(meta != NULL);
    eng_assert(text != NULL);
    int used = snprintf(text, ENG_META_TEXT_BYTES,
                        "e3 %" PRIu64 " %" PRIx64 " %" PRIu64 " %" PRIu32 " %016" PRIx64
                        " %016" PRIx64 " %" PRIu32,
                        meta->sequence, meta->writer, meta->life, meta->model_version,
                        meta->fingerprint, meta->record, meta->low_version);
    eng_assert(used > 0 && used < ENG_META_TEXT_BYTES - 20);
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

enum eng_status eng_meta_read(const char *text, struct eng_meta *ret_meta, struct eng_error *err)
{
    eng_assert(text != NULL);
    eng_assert(ret_meta != NULL);
    struct eng_meta m = {0};
    if (strncmp(text, "e3 ", 3) != 0)
        return eng_error_set(err, ENG_CORRUPT,
                             "offset metadata \"%.40s\" is not ours or of another version", text);
    if (!sum_holds(text))
        return eng_error_set(err, ENG_CORRUPT, "offset metadata \"%.40s\" has a wrong checksum",
                             text);
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
