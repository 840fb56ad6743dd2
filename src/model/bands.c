/* Bands: where they begin, and whether a score can get into each.
 *
 * An edge `above` x is the edge `from` x plus the least step, 1/10,000, so below all edges are
 * inclusive (edge_of). With margin M a score leaves band b upward at value >= edge(b + 1) + M and
 * downward at value < edge(b) - M, and then is in the band that its value lies in. A band can be
 * reached when there is a way by such moves from the band of 0 with values that the score can take.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include "model/text.h"

static int64_t edge_of(const struct eng_score *score, uint32_t band)
{
    eng_assert(band < score->band_count);
    return score->bands[band].edge_e4 + score->bands[band].above;
}

static enum eng_status read_edge(struct eng_load *load, const struct eng_node *node,
                                 struct eng_band *band)
{
    if (node->kind != ENG_NODE_MAPPING) {
        struct eng_range range = {"the edge of the band", 4, -ENG_EDGE_MAX_E4, ENG_EDGE_MAX_E4};
        return eng_load_number(load, node, &range, &band->edge_e4);
    }
    struct eng_edge_draft draft = {0};
    enum eng_status status = eng_section_read(load, &eng_section_edge, node, &draft);
    if (status != ENG_OK)
        return status;
    if (node->count != 1)
        return eng_source_fail(
            &load->source, node->mark, "the band \"%s\" has %s; write a number, or {above: 75}",
            eng_node_shown(&load->source, node->key), node->count == 0 ? "no edge" : "two edges");
    band->above = eng_node_get(node, "above") != NULL;
    band->edge_e4 = band->above ? draft.above_e4 : draft.from_e4;
    return ENG_OK;
}

static enum eng_status load_band(struct eng_load *load, const struct eng_node *node,
                                 struct eng_score *score)
{
    char before[ENG_TEXT_SHOWN_BYTES], here[ENG_TEXT_SHOWN_BYTES];
    struct eng_band *band = &score->bands[score->band_count];
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a band");
    if (status == ENG_OK)
        status = read_edge(load, node, band);
    if (status == ENG_OK)
        status = eng_load_copy(load, node->key, &band->name);
    if (status != ENG_OK)
        return status;
    uint32_t index = score->band_count++;
    const char *word = score->tiers ? "tier" : "band";
    if (index == 0 || edge_of(score, index) > edge_of(score, index - 1))
        return ENG_OK;
    return eng_source_fail(
        &load->source, node->mark,
        "the %s \"%s\" begins at %s, not after \"%s\" (%s); write %ss from the "
        "lowest to the highest",
        word, band->name, eng_text_show_number(here, sizeof here, band->edge_e4, 4),
        score->bands[index - 1].name,
        eng_text_show_number(before, sizeof before, score->bands[index - 1].edge_e4, 4), word);
}

enum eng_status eng_load_bands(struct eng_load *load, const struct eng_node *node,
                               struct eng_score *score)
{
    eng_assert(node->kind == ENG_NODE_MAPPING && score->bands == NULL);
    if (node->count == 0 || node->count > ENG_BANDS_MAX)
        return eng_source_fail(&load->source, node->key->mark,
                               "there are %u bands; write from 1 to %d (ENG_BANDS_MAX)",
                               node->count, ENG_BANDS_MAX);
    score->bands = eng_load_array(load, node->count, sizeof *score->bands);
    if (score->bands == NULL)
        return ENG_NO_MEMORY;
    enum eng_status status = ENG_OK;
    for (const struct eng_node *child = node->first; child && status == ENG_OK; child = child->next)
        status = load_band(load, child, score);
    return status;
}

/* Whether one evaluation can move a score from one band into another. */
static bool can_move(const struct eng_score *score, struct eng_span span, uint32_t from,
                     uint32_t to)
{
    int64_t low = span.min_e4, high = span.max_e4;
    eng_assert(from != to && from < score->band_count && to < score->band_count);
    if (to > 0 && edge_of(score, to) > low)
        low = edge_of(score, to);
    if (to + 1 < score->band_count && edge_of(score, to + 1) - 1 < high)
        high = edge_of(score, to + 1) - 1;
    if (to > from && edge_of(score, from + 1) + score->margin_e4 > low)
        low = edge_of(score, from + 1) + score->margin_e4;
    if (to < from && edge_of(score, from) - score->margin_e4 - 1 < high)
        high = edge_of(score, from) - score->margin_e4 - 1;
    return low <= high;
}

/* A bit for each band that a score can get into, from the band of 0 on. */
static uint32_t reachable(const struct eng_score *score, struct eng_span span)
{
    uint32_t start = 0, found = 0, before = 0;
    while (start + 1 < score->band_count && edge_of(score, start + 1) <= 0)
        start++;
    found = 1u << start;
    while (found != before) {
        before = found;
        for (uint32_t from = 0; from < score->band_count; from++)
            for (uint32_t to = 0; to < score->band_count; to++)
                if ((found >> from & 1) != 0 && from != to && can_move(score, span, from, to))
                    found |= 1u << to;
    }
    return found;
}

bool eng_score_can_fall_to(const struct eng_score *score, struct eng_span span, uint32_t band)
{
    eng_assert(band < score->band_count);
    uint32_t found = reachable(score, span);
    for (uint32_t from = band + 1; from < score->band_count; from++)
        if ((found >> from & 1) != 0 && can_move(score, span, from, band))
            return true;
    return false;
}

bool eng_score_can_rise_to(const struct eng_score *score, struct eng_span span, uint32_t band)
{
    eng_assert(band < score->band_count);
    uint32_t found = reachable(score, span);
    for (uint32_t from = 0; from < band; from++)
        if ((found >> from & 1) != 0 && can_move(score, span, from, band))
            return true;
    return false;
}

enum eng_status eng_load_check_bands(struct eng_load *load, const struct eng_node *node,
                                     const struct eng_score *score, struct eng_span span)
{
    char low[ENG_TEXT_SHOWN_BYTES], high[ENG_TEXT_SHOWN_BYTES], margin[ENG_TEXT_SHOWN_BYTES];
    uint32_t found = reachable(score, span), band = 0;
    for (const struct eng_node *child = node->first; child; child = child->next, band++) {
        if ((found >> band & 1) != 0)
            continue;
        eng_text_show_number(margin, sizeof margin, score->margin_e4, 4);
        return eng_source_fail(
            &load->source, child->mark,
            "the score \"%s\" can never get into the band \"%s\": it is from %s to %s, starts at "
            "0, "
            "and the margin is %s; move the edge, or take a smaller margin",
            score->name, score->bands[band].name,
            span.min_e4 < -ENG_EDGE_MAX_E4 ? "anything"
                                           : eng_text_show_number(low, sizeof low, span.min_e4, 4),
            span.max_e4 > ENG_EDGE_MAX_E4 ? "anything"
                                          : eng_text_show_number(high, sizeof high, span.max_e4, 4),
            margin);
    }
    return ENG_OK;
}
