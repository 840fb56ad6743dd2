/* Schema texts, as a file or a container's header brings them, and a record for each.
 *
 * Input: the schema, a zero byte, the record. A schema that is taken gives a plan that ends on any
 * bytes. */
#include "base/assert.h"
#include "codec/plan.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* avro-c forgets what it had of a schema that it refuses. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libavro\n";
}

static struct eng_mapping mapping_of(void)
{
    static char partner[] = "p", action[] = "a.b", id[] = "m.k", time[] = "t", member[] = "p",
                value[] = "v";
    struct eng_input_config input = {.fields = {.id = id,
                                                .partner = partner,
                                                .action = action,
                                                .time = time,
                                                .member = member,
                                                .value = value}};
    struct eng_mapping mapping;
    enum eng_status status = eng_mapping_init(&mapping, &input, NULL);
    eng_assert(status == ENG_OK);
    return mapping;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size > 0 ? memchr(data, 0, size) : NULL;
    size_t length = zero != NULL ? (size_t)(zero - data) : size;
    struct eng_mapping mapping = mapping_of();
    struct eng_plan *plan = NULL;
    struct eng_error err = {0};
    struct eng_fields fields;
    struct eng_arena arena;
    struct eng_event event;
    enum eng_status status = eng_plan_compile((const char *)data, length, &mapping, &plan, &err);
    eng_assert(status == ENG_OK || (status == ENG_BAD_SCHEMA && err.text[0] != '\0'));
    if (status == ENG_OK && zero != NULL) {
        eng_arena_init(&arena, 4096);
        if (eng_plan_read(plan, &arena, zero + 1, size - length - 1, &fields) == ENG_REASON_NONE)
            (void)eng_fields_judge(&fields, &event); /* reads every byte of the texts */
        eng_arena_done(&arena);
    }
    eng_plan_free(plan);
    eng_mapping_done(&mapping);
    return 0;
}
