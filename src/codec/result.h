/* A group's result, or a board, with all its names: what it takes to add it to those of other
 * partitions, and to write it, without the model that it was told under.
 *
 * A process that merges may have another model by then, or a partition may still be under an older
 * one. The result refers to the texts of whoever made it. Pure; any thread. */
#ifndef ENG_CODEC_RESULT_H
#define ENG_CODEC_RESULT_H

#include "codec/encode.h"
#include "codec/places.h"
#include "engine/model.h"

/* A figure: its two sums (struct eng_sum), and what is to come of them. */
struct eng_figure_sums {
    struct eng_slice name;
    uint8_t kind; /* enum eng_figure_kind */
    struct eng_sum sums[2];
};

struct eng_group_result {
    struct eng_slice program, group;
    struct eng_slice description, by, segment; /* without data: there is none */
    int64_t at_ms;
    uint32_t model_version;
    uint32_t partitions; /* that it is summed over */
    int64_t partners;
    uint8_t group_index; /* of the group in its model */
    uint8_t split;       /* 0: everybody; else 1 + the index of what they are told apart by */
    uint8_t place;       /* of the segment in that split; 0: nothing is known of them */
    uint8_t figure_count;
    struct eng_figure_sums figures[ENG_FIGURES_MAX];
    uint16_t top;             /* a board has so many places; 0: it is none */
    struct eng_slice entries; /* a board: of one partition, packed (eng_effect_entries) */
};

/* What an effect of the engine (ENG_EFFECT_GROUP, ENG_EFFECT_BOARD) says. The texts are the
 * model's, the entries the effect's. */
void eng_result_of(const struct eng_model *model, const struct eng_effect *effect,
                   struct eng_group_result *ret_result);

/* Are they of the same segment at the same moment, under the same model? */
bool eng_result_is_same(const struct eng_group_result *one, const struct eng_group_result *two);

/* The order in which results are told: by moment, model, group, and segment. <0, 0, >0. */
int eng_result_compare(const struct eng_group_result *one, const struct eng_group_result *two);

/* Adds partners and sums of the same segment in another partition. Entries of boards stay apart. */
void eng_result_add(struct eng_group_result *to, const struct eng_group_result *from);

/* A board of all partitions. `result` has its names and how many partners there are. */
struct eng_board_result {
    const struct eng_group_result *result;
    int64_t previous_ms; /* when the board before was; -1: there was none */
    struct eng_places now, left;
};

/* What an effect of the engine (ENG_EFFECT_BOARD) says: the board of one partition, without what
 * was before. `ret_result` is its result, and has to stay as long. */
void eng_board_of(const struct eng_model *model, const struct eng_effect *effect,
                  struct eng_group_result *ret_result, struct eng_board_result *ret_board);

/* As eng_encode_id, eng_encode_avro and eng_encode_json of an effect. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_encode_result_id(const struct eng_group_result *result, struct eng_bytes *out);
enum eng_status eng_encode_result_avro(const struct eng_group_result *result,
                                       struct eng_bytes *out);
enum eng_status eng_encode_result_json(const struct eng_group_result *result,
                                       struct eng_bytes *out);

/* The same of a board; its id is that of its result. */
enum eng_status eng_encode_board_avro(const struct eng_board_result *board, struct eng_bytes *out);
enum eng_status eng_encode_board_json(const struct eng_board_result *board, struct eng_bytes *out);

#endif
