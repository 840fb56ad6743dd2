/* Groups: their figures, and by what partners are told apart. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include <string.h>

/* ---- whom a figure counts ---- */

static enum eng_status load_bands(struct eng_load *load, const struct eng_node *node,
                                  struct eng_test *test)
{
    const struct eng_score *score = &load->model->scores[test->subject];
    const struct eng_node *name = node->kind == ENG_NODE_SCALAR ? node : node->first;
    for (; name != NULL; name = node->kind == ENG_NODE_SCALAR ? NULL : name->next) {
        uint16_t band = 0;
        enum eng_status status = eng_load_find_band(load, name, score, &band);
        if (status != ENG_OK)
            return status;
        if (test->bands >> band & 1)
            return eng_source_fail(&load->source, name->mark, "the band \"%s\" stands twice",
                                   eng_node_shown(&load->source, name));
        test->bands |= 1u << band;
    }
    if (test->bands == (1u << score->band_count) - 1)
        return eng_source_fail(&load->source, node->mark,
                               "\"bands\" names all bands of \"%s\", so everybody is meant; leave "
                               "one out",
                               score->name);
    return ENG_OK;
}

/* Where a partner's band was is kept for one kind of period. */
static enum eng_status load_move(struct eng_load *load, const struct eng_node *name,
                                 const struct eng_test *test)
{
    static const char *const periods[] = {[ENG_WINDOW_WEEK] = "week",
                                          [ENG_WINDOW_MONTH] = "month",
                                          [ENG_WINDOW_QUARTER] = "quarter",
                                          [ENG_WINDOW_YEAR] = "year"};
    struct eng_score *score = &load->model->scores[test->subject];
    const struct eng_group *group = &load->model->groups[load->model->group_count - 1];
    if (score->moves != 0 && score->moves != group->every)
        return eng_source_fail(&load->source, name->mark,
                               "moves of the score \"%s\" are counted over a %s already, and only "
                               "one kind of period is kept; count them over a %s here too, or in "
                               "the other group",
                               score->name, periods[score->moves], periods[score->moves]);
    score->moves = (uint8_t)group->every;
    return ENG_OK;
}

static enum eng_status load_test(struct eng_load *load, const struct eng_node *node,
                                 struct eng_test *test)
{
    struct eng_test_draft draft = {0};
    enum eng_status status = eng_section_read(load, &eng_section_test, node, &draft);
    if (status != ENG_OK)
        return status;
    if ((draft.measure == NULL) == (draft.score == NULL))
        return eng_source_fail(&load->source, node->mark,
                               "\"%s\" has to name either a measure or a score; write {measure: "
                               "NAME, at_least: 1} or {score: NAME, bands: [BAND]}",
                               eng_node_shown(&load->source, node->key));
    test->at_least_e4 = draft.at_least_e4;
    if (draft.measure != NULL) {
        status = eng_section_allow(load, node, "a condition on a measure", "measure at_least");
        return status == ENG_OK ? eng_load_find_measure(load, draft.measure,
                                                        "add it under \"measures\"", &test->subject)
                                : status;
    }
    status = eng_section_allow(load, node, "a condition on a score", "score bands moved");
    if (status == ENG_OK && (draft.bands == NULL) == (draft.moved == ENG_MOVED_ANY))
        return eng_source_fail(&load->source, node->mark,
                               "%s; name the bands of \"%s\" that are meant, or write "
                               "\"moved: up\" or \"moved: down\"",
                               draft.bands == NULL ? "\"bands\" is missing"
                                                   : "\"bands\" and \"moved\" exclude each other",
                               eng_node_shown(&load->source, draft.score));
    test->by_bands = true;
    test->moved = (enum eng_moved)draft.moved;
    if (status == ENG_OK)
        status = eng_load_find_score(load, draft.score, &test->subject);
    if (status != ENG_OK)
        return status;
    return test->moved == ENG_MOVED_ANY ? load_bands(load, draft.bands, test)
                                        : load_move(load, draft.score, test);
}

/* ---- figures ---- */

static enum eng_status load_two(struct eng_load *load, const struct eng_node *node,
                                struct eng_figure *figure)
{
    if (node->count != 2)
        return eng_source_fail(&load->source, node->mark,
                               "\"%s\" lists %u measures; write two, the one that is divided first",
                               eng_node_shown(&load->source, node->key), node->count);
    const struct eng_node *second = node->first->next;
    enum eng_status status =
        eng_load_find_measure(load, node->first, "add it under \"measures\"", &figure->measures[0]);
    if (status == ENG_OK)
        status =
            eng_load_find_measure(load, second, "add it under \"measures\"", &figure->measures[1]);
    if (status == ENG_OK && figure->measures[0] == figure->measures[1])
        return eng_source_fail(&load->source, second->mark,
                               "\"%s\" compares \"%s\" with itself; name two different measures",
                               eng_node_shown(&load->source, node->key),
                               eng_node_shown(&load->source, second));
    return status;
}

static enum eng_status load_share(struct eng_load *load, const struct eng_figure_draft *draft,
                                  struct eng_figure *figure)
{
    enum eng_status status = load_test(load, draft->share, &figure->test);
    figure->of_all = draft->of == NULL;
    return status == ENG_OK && draft->of != NULL ? load_test(load, draft->of, &figure->of) : status;
}

/* What the kind of a figure looks at. */
static enum eng_status load_kind(struct eng_load *load, const struct eng_figure_draft *draft,
                                 struct eng_figure *figure)
{
    const struct eng_node *one = draft->sum != NULL    ? draft->sum
                                 : draft->mean != NULL ? draft->mean
                                                       : draft->nps;
    if (figure->kind == ENG_FIGURE_SHARE)
        return load_share(load, draft, figure);
    figure->of_all = true;
    if (figure->kind == ENG_FIGURE_COUNT)
        return load_test(load, draft->count, &figure->test);
    if (figure->kind == ENG_FIGURE_RATIO)
        return load_two(load, draft->ratio, figure);
    if (figure->kind == ENG_FIGURE_GROWTH)
        return load_two(load, draft->growth, figure);
    enum eng_status status =
        eng_load_find_measure(load, one, "add it under \"measures\"", &figure->measures[0]);
    figure->measures[1] = figure->measures[0];
    return status;
}

static enum eng_status load_figure(struct eng_load *load, const struct eng_node *node,
                                   struct eng_figure *figure)
{
    struct eng_figure_draft draft = {0};
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a figure");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_figure, node, &draft);
    if (status == ENG_OK)
        status = eng_load_copy(load, node->key, &figure->name);
    if (status != ENG_OK)
        return status;
    const struct eng_node *const kinds[ENG_FIGURE_KINDS] = {
        [ENG_FIGURE_COUNT] = draft.count, [ENG_FIGURE_SHARE] = draft.share,
        [ENG_FIGURE_SUM] = draft.sum,     [ENG_FIGURE_MEAN] = draft.mean,
        [ENG_FIGURE_RATIO] = draft.ratio, [ENG_FIGURE_GROWTH] = draft.growth,
        [ENG_FIGURE_NPS] = draft.nps,
    };
    unsigned given = 0;
    for (unsigned i = 0; i < ENG_FIGURE_KINDS; i++)
        if (kinds[i] != NULL) {
            figure->kind = (enum eng_figure_kind)i;
            given++;
        }
    if (given != 1)
        return eng_source_fail(&load->source, node->key->mark,
                               "the figure \"%s\" has %u kinds; write exactly one of count, share, "
                               "sum, mean, ratio, growth and nps",
                               figure->name, given);
    if (draft.of != NULL && figure->kind != ENG_FIGURE_SHARE)
        return eng_source_fail(&load->source, draft.of->key->mark,
                               "\"of\" belongs to \"share\"; the figure \"%s\" is none",
                               figure->name);
    return load_kind(load, &draft, figure);
}

static enum eng_status load_figures(struct eng_load *load, const struct eng_node *node,
                                    struct eng_group *group)
{
    enum eng_status status = ENG_OK;
    if (node->count == 0 || node->count > ENG_FIGURES_MAX)
        return eng_source_fail(&load->source, node->mark,
                               "the group \"%s\" has %u figures; write from 1 to %d "
                               "(ENG_FIGURES_MAX)",
                               group->name, node->count, ENG_FIGURES_MAX);
    group->figures = eng_load_array(load, node->count, sizeof *group->figures);
    if (group->figures == NULL)
        return ENG_NO_MEMORY;
    for (const struct eng_node *child = node->first; child != NULL && status == ENG_OK;
         child = child->next)
        status = load_figure(load, child, &group->figures[group->figure_count++]);
    return status;
}

/* ---- segments ---- */

enum eng_status eng_load_split(struct eng_load *load, const struct eng_node *name,
                               struct eng_split *split)
{
    const struct eng_model *model = load->model;
    const struct eng_named scores = eng_named_scores(model);
    const struct eng_named facts = {"fact", model->facts, sizeof *model->facts, model->fact_count};
    uint32_t fact = eng_index_of(name, &facts), score = eng_index_of(name, &scores);
    const char *shown = eng_node_shown(&load->source, name);
    if (fact < model->fact_count && score < model->score_count)
        return eng_source_fail(&load->source, name->mark,
                               "\"%s\" is a fact and a score, and it is open which is meant; give "
                               "one of them another name",
                               shown);
    if (fact < model->fact_count && model->facts[fact].kind != ENG_FACT_FLAG &&
        model->facts[fact].kind != ENG_FACT_CHOICE)
        return eng_source_fail(&load->source, name->mark,
                               "the fact \"%s\" has no list of texts, so it makes no segments; "
                               "give it \"values\"",
                               shown);
    split->by_bands = fact == model->fact_count;
    split->subject = (uint16_t)fact;
    enum eng_status status = eng_load_copy(load, name, &split->name);
    if (status == ENG_OK && split->by_bands)
        status = eng_load_find_score(load, name, &split->subject);
    return status;
}

enum eng_status eng_load_splits(struct eng_load *load, const struct eng_node *node,
                                struct eng_group *group)
{
    const struct eng_node *name = node->kind == ENG_NODE_SCALAR ? node : node->first;
    uint32_t count = node->kind == ENG_NODE_SCALAR ? 1 : node->count;
    if (count > ENG_SPLITS_MAX)
        return eng_source_fail(&load->source, node->mark,
                               "\"by\" lists %u names; write at most %d (ENG_SPLITS_MAX)", count,
                               ENG_SPLITS_MAX);
    group->splits = eng_load_array(load, count, sizeof *group->splits);
    if (group->splits == NULL)
        return ENG_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++, name = name->next) {
        struct eng_split *split = &group->splits[group->split_count++];
        enum eng_status status = eng_load_split(load, name, split);
        if (status != ENG_OK)
            return status;
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(group->splits[j].name, split->name) == 0)
                return eng_source_fail(&load->source, name->mark, "\"%s\" stands twice",
                                       split->name);
    }
    return ENG_OK;
}

/* ---- the whole ---- */

static enum eng_status load_group(struct eng_load *load, const struct eng_node *node)
{
    struct eng_group_draft draft = {0};
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a group");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_group, node, &draft);
    if (status != ENG_OK)
        return status;
    struct eng_group *group = &load->model->groups[load->model->group_count++];
    group->every = (enum eng_window_kind)draft.every;
    status = eng_load_copy(load, node->key, &group->name);
    if (status == ENG_OK && draft.description != NULL)
        status = eng_load_copy(load, draft.description, &group->description);
    if (status == ENG_OK)
        status = load_figures(load, draft.figures, group);
    return status == ENG_OK && draft.by != NULL ? eng_load_splits(load, draft.by, group) : status;
}

enum eng_status eng_load_groups(struct eng_load *load)
{
    static const struct eng_things things = {"groups", "ENG_GROUPS_MAX", ENG_GROUPS_MAX,
                                             sizeof *load->model->groups, load_group};
    eng_assert(load->model->groups == NULL);
    return eng_load_things(load, load->file.groups, &things, &load->model->groups);
}
