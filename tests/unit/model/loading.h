/* Loading texts in tests: rows of "text -> what is said about it". */
#ifndef ENG_TESTS_UNIT_MODEL_LOADING_H
#define ENG_TESTS_UNIT_MODEL_LOADING_H

#include "engine/model.h"
#include "model/config.h"
#include "model/differ.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* A file without anything to tell, to be added to; 4 lines. */
#define HEAD                                                                                       \
    "program: p\nmeasures:\n  m: {count: x, over: 5d}\n  n: {sum: value, of: y, over: 9d}\n"
/* And with a score; 5 lines. */
#define SCORE                                                                                      \
    "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 4}}, bands: {low: 0, high: "      \
    "5}}}\n"
#define FILE_TEXT HEAD SCORE

/* Loads a text that has to be good. Owned by the caller. */
static inline struct eng_config *load_good(const char *text)
{
    struct eng_config *config = NULL;
    struct eng_error err = {0};
    enum eng_status status = eng_config_load_text(text, strlen(text), "f.yaml", &config, &err);
    cr_assert_eq(status, ENG_OK, "%s\n%s", err.text, text);
    return config;
}

/* Loads a text that has to be refused with these words (each part between bars has to be there). */
static inline void expect_refused(const char *text, const char *words)
{
    struct eng_config *config = NULL;
    struct eng_error err = {0};
    char part[256];
    enum eng_status status = eng_config_load_text(text, strlen(text), "f.yaml", &config, &err);
    cr_assert_eq(status, ENG_BAD_CONFIG, "not refused: %s", text);
    cr_assert_null(config);
    cr_assert_eq(strncmp(err.text, "f.yaml:", 7), 0, "%s", err.text);
    while (*words != '\0') {
        size_t length = strcspn(words, "|");
        cr_assert_lt(length, sizeof part);
        memcpy(part, words, length);
        part[length] = '\0';
        cr_assert_not_null(strstr(err.text, part), "\"%s\" not in: %s\n%s", part, err.text, text);
        words += length + (words[length] == '|');
    }
}

/* Each of these files is another model than each other one, and the same as itself. */
static inline void expect_models_differ(const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            struct eng_config *one = load_good(texts[i]), *other = load_good(texts[j]);
            struct eng_differences differences;
            eng_config_differ(one, other, &differences);
            cr_expect_eq(differences.model, i != j, "%zu %zu", i, j);
            eng_config_free(one);
            eng_config_free(other);
        }
}

/* A text and what is said about it. */
struct row {
    const char *text, *words;
};

static inline void expect_all_refused(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_refused(rows[i].text, rows[i].words);
}

#define EXPECT_ALL_REFUSED(rows) expect_all_refused(rows, sizeof(rows) / sizeof(rows)[0])

#endif
