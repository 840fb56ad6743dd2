/* Boards: of what, how many places, and by what partners are told apart. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"

enum eng_status eng_load_ranked_by(struct eng_load *load, const struct eng_node *name,
                                   bool *ret_of_score, uint16_t *ret_subject)
{
    const struct eng_named scores = eng_named_scores(load->model);
    const struct eng_named measures = eng_named_measures(load->model);
    uint32_t score = eng_index_of(name, &scores), measure = eng_index_of(name, &measures);
    *ret_of_score = score < scores.count;
    *ret_subject = (uint16_t)(*ret_of_score ? score : measure);
    if (*ret_of_score != (measure < measures.count))
        return ENG_OK;
    return eng_source_fail(
        &load->source, name->mark,
        *ret_of_score
            ? "\"%s\" is a measure and a score, and it is open which is meant; give one of "
              "them another name"
            : "\"%s\" is neither a score nor a measure; add it under \"scores\" or "
              "\"measures\", or name another",
        eng_node_shown(&load->source, name));
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
    eng_assert(load->model->board_count == 0);
    return eng_load_more_things(load, load->file.boards, &things, load->model->group_count,
                                &load->model->groups);
}
