/* Peaks: see peak.h. */
#include "engine/peak.h"

#include "base/assert.h"
#include "engine/internal.h"

/* A drop alert's peaks: pane i32, then the value in its score's width. */
struct peaks {
    const struct eng_score_layout *score;
    uint8_t *data;
    uint32_t count, bytes; /* elements, and bytes of one */
};

static inline struct peaks peaks_of(const struct eng_record *record, unsigned alert)
{
    const struct eng_layout *layout = record->layout;
    unsigned list = layout->alert_list[alert];
    uint32_t bytes = layout->lists[list].element_bytes;
    eng_assert(list != ENG_NO_INDEX);
    eng_assert(bytes == 8 || bytes == 12);
    struct eng_list view =
        bytes == 8 ? eng_record_list(record, list, 8) : eng_record_list(record, list, 12);
    return (struct peaks){&layout->scores[layout->model->alerts[alert].score], view.data,
                          view.count, bytes};
}

static inline int64_t peak_value(const struct peaks *peaks, uint32_t index)
{
    return eng_score_load(peaks->score,
                          peaks->data + (size_t)index * peaks->bytes + ENG_PEAK_PANE_BYTES);
}

static inline int32_t peak_pane(const struct peaks *peaks, uint32_t index)
{
    return eng_load_i32(peaks->data + (size_t)index * peaks->bytes);
}

/* Notes a value that was in force up to `last` and has been replaced by a smaller one. */
static void push_peak(struct eng_engine *engine, unsigned index, int32_t last, int64_t value_e4)
{
    unsigned list = engine->layout->alert_list[index];
    struct peaks peaks = peaks_of(&engine->hand, index);
    uint32_t kept = peaks.count;
    eng_assert(list != ENG_NO_INDEX);
    eng_assert(last <= engine->now.pane);
    while (kept > 0 && peak_value(&peaks, kept - 1) <= value_e4)
        kept--;
    /* What was in force up to the same pane as something larger can never be the largest. */
    bool counts = kept == 0 || peak_pane(&peaks, kept - 1) < last;
    uint8_t *place = peaks.data + (size_t)kept * peaks.bytes;
    if (counts && kept < peaks.count)
        kept++;
    else if (counts)
        place = eng_record_insert(&engine->store, &engine->hand, list, kept, peaks.bytes);
    if (counts) {
        eng_store_i32(place, last);
        eng_score_store(peaks.score, place + ENG_PEAK_PANE_BYTES, value_e4);
    }
    if (kept < peaks.count)
        eng_record_erase(&engine->hand, list, kept, peaks.count - kept, peaks.bytes);
}

void eng_peak_take(struct eng_engine *engine, unsigned index, int32_t pane, bool at_boundary)
{
    const struct eng_alert *alert = &engine->model->alerts[index];
    struct peaks peaks = peaks_of(&engine->hand, index);
    int64_t oldest = (int64_t)pane - alert->within + 1, before;
    int32_t last = pane - (at_boundary ? 1 : 0);
    uint32_t left = 0;
    eng_assert(alert->kind == ENG_DROP);
    eng_assert(alert->within > 0);
    while (left < peaks.count && peak_pane(&peaks, left) < oldest)
        left++;
    if (left > 0)
        eng_record_erase(&engine->hand, engine->layout->alert_list[index], 0, left, peaks.bytes);
    before = engine->scratch.value_before[alert->score];
    if (before > engine->scratch.value[alert->score] && last >= oldest)
        push_peak(engine, index, last, before);
}

int64_t eng_peak_depth(const struct eng_record *record, unsigned index, int64_t value_e4)
{
    struct peaks peaks = peaks_of(record, index);
    eng_assert(index < record->layout->model->alert_count);
    eng_assert(record->layout->model->alerts[index].kind == ENG_DROP);
    int64_t depth = peaks.count == 0 ? 0 : peak_value(&peaks, 0) - value_e4;
    return depth > 0 ? depth : 0;
}

void eng_peaks_settle(struct eng_engine *engine, unsigned score, int32_t pane)
{
    const struct eng_layout *layout = engine->layout;
    eng_assert(score < engine->model->score_count);
    eng_assert(pane <= engine->now.pane);
    for (uint32_t i = layout->drops_first[score]; i < layout->drops_first[score + 1]; i++)
        eng_peak_take(engine, layout->drops[i], pane, true); /* not deep enough to open: slack.h */
}
