/* Effects as readable lines: for traces, and when two runs differ. */
#ifndef TESTS_PROPERTY_PRINT_H
#define TESTS_PROPERTY_PRINT_H

#include "engine/model.h"
#include <engaged/effect.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One effect as a line. */
void effect_print(const struct eng_model *model, const struct eng_effect *effect, FILE *out);

/* All of them, one behind the other as an engine tells them. */
void effects_print(const struct eng_model *model, const uint8_t *data, size_t bytes, FILE *out);

#endif
