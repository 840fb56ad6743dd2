/* Boards: of what, how many places, and by what partners are told apart. */
#include "base/assert.h"
#include "base/limits.h"
#include "base/memory.h"
#include "model/load.h"
#include <string.h>

static bool is_measure(const struct eng_model *model, const struct eng_node *name)
{
    for (uint32_t i = 0; i < model->named_measure_count; i++)
        if (eng_node_is(name, model->measures[i].name))
            return true;
    return false;
}

static bool is_score(const struct eng_model *model, const struct eng_node *name)
{
    for (uint32_t i = 0; i < model->score_count; i++)
        if (eng_node_is(name, model->scores[i].name))
            return true;
    return false;
}

enum eng_status eng_load_ranked_by(struct eng_load *load, const struct eng_node *name,
                                   bool *ret_of_score, uint16_t *ret_subject)
{
    bool measure = is_measure(load->model, name);
    *ret_of_score = is_score(load->model, name);
    if (measure && *ret_of_score)
        return eng_source_fail(&load->source, name->mark,
                               "\"%s\" is a measure and a score, and it is open which is meant; "
                               "give one of them another name",
                               eng_node_shown(&load->source, name));
    if (!measure && !*ret_of_score)
        return eng_source_fail(&load->source, name->mark,
                               "\"%s\" is neither a score nor a measure; add it under \"scores\" "
                               "or \"measures\", or name another",
                               eng_node_shown(&load->source, name));
    return *ret_of_score ? eng_load_find_score(load, name, ret_subject)
                         : eng_load_find_measure(load, name, "name another", ret_subject);
}

static enum eng_status load_board(struct eng_load *load, const struct eng_node *node)
{
    struct eng_board_draft draft = {0};
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a board");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_board, node, &draft);
    if (status != ENG_OK)
        return status;
    struct eng_group *board = &load->model->groups[load->model->group_count++];
    load->model->board_count++;
    board->every = (enum eng_window_kind)draft.every;
    board->top = (uint16_t)draft.top;
    status = eng_load_copy(load, node->key, &board->name);
    if (status == ENG_OK && draft.description != NULL)
        status = eng_load_copy(load, draft.description, &board->description);
    if (status == ENG_OK)
        status = eng_load_ranked_by(load, draft.of, &board->of_score, &board->subject);
    return status == ENG_OK && draft.by != NULL ? eng_load_splits(load, draft.by, board) : status;
}

/* They stand behind the groups, in one array with them. */
enum eng_status eng_load_boards(struct eng_load *load)
{
    static const struct eng_things things = {"boards", "ENG_BOARDS_MAX", ENG_BOARDS_MAX,
                                             sizeof *load->model->groups, load_board};
    struct eng_model *model = load->model;
    struct eng_group *groups = model->groups;
    eng_assert(model->board_count == 0);
    if (load->file.boards == NULL)
        return ENG_OK;
    uint32_t room = load->file.boards->count + model->group_count;
    model->groups = eng_load_array(load, room, sizeof *groups);
    if (model->groups == NULL) {
        model->groups = groups;
        return ENG_NO_MEMORY;
    }
    if (model->group_count > 0)
        memcpy(model->groups, groups, model->group_count * sizeof *groups);
    eng_free(groups);
    return eng_load_each(load, load->file.boards, &things);
}
