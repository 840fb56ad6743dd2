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
    const uint64_t *o = meta->counters.outcome;
    int used = snprintf(text, ENG_META_TEXT_BYTES,
                        "e1 %" PRIu64 " %" PRIx64 " %" PRId64 " %" PRId64 " %" PRIu32 " %" PRIu64
                        " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                        " %" PRIu64 " %" PRIu64 " %" PRIu64,
                        meta->sequence, meta->writer, meta->first, meta->clock_ms,
                        meta->model_version, meta->journal, meta->counters.read,
                        o[ENG_OUTCOME_COUNTED], o[ENG_OUTCOME_DUPLICATE], o[ENG_OUTCOME_LATE],
                        o[ENG_OUTCOME_FUTURE], o[ENG_OUTCOME_BAD], o[ENG_OUTCOME_FILTERED],
                        meta->counters.score_changes, meta->counters.churn_drops);
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
    uint64_t *o = m.counters.outcome;
    if (strncmp(text, "e1 ", 3) != 0)
        return eng_error_set(err, ENG_CORRUPT,
                             "offset metadata \"%.40s\" is not ours or of another version", text);
    if (!sum_holds(text))
        return eng_error_set(err, ENG_CORRUPT, "offset metadata \"%.40s\" has a wrong checksum",
                             text);
    int read = sscanf(text + 3,
                      "%" SCNu64 " %" SCNx64 " %" SCNd64 " %" SCNd64 " %" SCNu32 " %" SCNu64
                      " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                      " %" SCNu64 " %" SCNu64 " %" SCNu64,
                      &m.sequence, &m.writer, &m.first, &m.clock_ms, &m.model_version, &m.journal,
                      &m.counters.read, &o[ENG_OUTCOME_COUNTED], &o[ENG_OUTCOME_DUPLICATE],
                      &o[ENG_OUTCOME_LATE], &o[ENG_OUTCOME_FUTURE], &o[ENG_OUTCOME_BAD],
                      &o[ENG_OUTCOME_FILTERED], &m.counters.score_changes, &m.counters.churn_drops);
    if (read != 15)
        return eng_error_set(err, ENG_CORRUPT, "offset metadata \"%.40s\" is incomplete", text);
    *ret_meta = m;
    return ENG_OK;
}
