/* A compiled, checked model: measures, scores, bands and alerts of one program.
 *
 * Immutable after loading, so several engines on several threads may share one. The language is
 * described in docs/language.md. */
#ifndef ENGAGED_MODEL_H
#define ENGAGED_MODEL_H

#include <engaged/status.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct eng_model; /* opaque here; src/engine/model.h has the inside */

/* Compiles the model part of a configuration text (YAML, UTF-8, `length` bytes). `name` is the
 * file's name for error texts: "name:line:column: what is wrong; what would be right". Parts of the
 * file that are not the model's (kafka, output, http, ...) are checked as well. Returns ENG_OK and
 * an owned model (free with eng_model_free), ENG_BAD_CONFIG, or ENG_NO_MEMORY. Any thread. */
enum eng_status eng_model_load_text(const char *text, size_t length, const char *name,
                                    struct eng_model **ret_model, struct eng_error *err);

/* The same from a file. Also ENG_IO. */
enum eng_status eng_model_load_file(const char *path, struct eng_model **ret_model,
                                    struct eng_error *err);

/* NULL is fine. No engine may use it any more. */
void eng_model_free(struct eng_model *model);

/* S14: can the counts of a task under the model `before` go on under `after`? ENG_OK, or
 * ENG_BAD_CONFIG and a text that names what cannot change, both values and the way out. Pure; any
 * thread. */
enum eng_status eng_model_carries(const struct eng_model *before, const struct eng_model *after,
                                  struct eng_error *err);

/* A dimension (or points key) that makes its score provisional after a change of model. */
struct eng_start {
    const char *score, *dimension; /* names, borrowed from the new model */
    uint32_t panes;                /* for how many, at most */
};

/* S14: what the counts under `before` cannot answer at once under `after`, `before` having been in
 * force for long: fills up to `most` rows, in file order; *ret_count is how many there are. ENG_OK
 * or ENG_NO_MEMORY. Pure; any thread. */
enum eng_status eng_model_starts(const struct eng_model *before, const struct eng_model *after,
                                 struct eng_start *ret_starts, uint32_t most, uint32_t *ret_count);

/* What is kept of a partner besides counts (`facts`). */
enum eng_fact_kind {
    ENG_FACT_FLAG,   /* set or cleared */
    ENG_FACT_CHOICE, /* one of some texts */
    ENG_FACT_NUMBER, /* a number, 1/10,000 */
    ENG_FACT_TEXT,   /* any text up to some length, for outputs alone */
};

/* The program's name and version; borrowed from the model. */
const char *eng_model_program(const struct eng_model *model);
uint32_t eng_model_version(const struct eng_model *model);

/* Does it tell anything of all partners together, which has to be merged over partitions: groups,
 * boards, or texts that checks look for anywhere? */
bool eng_model_is_merged(const struct eng_model *model);

/* Names by index, borrowed; NULL when the index is out of range. */
const char *eng_model_score_name(const struct eng_model *model, unsigned score);
const char *eng_model_alert_name(const struct eng_model *model, unsigned alert);
const char *eng_model_matrix_name(const struct eng_model *model, unsigned matrix);
const char *eng_model_report_name(const struct eng_model *model, unsigned report);
const char *eng_model_group_name(const struct eng_model *model, unsigned group);
const char *eng_model_board_name(const struct eng_model *model, unsigned board);
const char *eng_model_cell_name(const struct eng_model *model, unsigned matrix, unsigned row,
                                unsigned column);
const char *eng_model_budget_name(const struct eng_model *model, unsigned budget);
const char *eng_model_guard_name(const struct eng_model *model, unsigned guard);
const char *eng_model_check_name(const struct eng_model *model, unsigned check);
const char *eng_model_award_name(const struct eng_model *model, unsigned award);
const char *eng_model_ledger_name(const struct eng_model *model, unsigned ledger);
const char *eng_model_band_name(const struct eng_model *model, unsigned score, unsigned band);
const char *eng_model_attribute_name(const struct eng_model *model, unsigned attribute);
const char *eng_model_number_name(const struct eng_model *model, unsigned number);
const char *eng_model_dimension_name(const struct eng_model *model, unsigned score,
                                     unsigned dimension);

#ifdef __cplusplus
}
#endif
#endif
