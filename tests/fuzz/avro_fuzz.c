/* Record bodies against schemas that between them use every instruction of the plan.
 *
 * The first byte chooses the schema, the rest is the record. Whatever it holds, the reader stays
 * inside it (each input is a block of its own, so a sanitizer sees a step outside), gives the same
 * answer twice, and reads no shorter prefix of a good record as good. */
#include "base/assert.h"
#include "codec/plan.h"
#include "codec/schemas.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every type, wanted and not. */
static const char everything[] =
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":["
    "{\"name\":\"event_id\",\"type\":[\"null\",\"long\",\"string\"]},"
    "{\"name\":\"skip\",\"type\":[\"null\",\"boolean\",\"int\",\"float\",\"double\",\"bytes\","
    "{\"type\":\"fixed\",\"name\":\"F\",\"size\":3},{\"type\":\"array\",\"items\":[\"null\",\"F\","
    "\"R\"]},"
    "{\"type\":\"map\",\"values\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"a\",\"b\"]}}]},"
    "{\"name\":\"who\",\"type\":{\"type\":\"map\",\"values\":[\"null\",{\"type\":\"record\","
    "\"name\":\"W\","
    "\"fields\":[{\"name\":\"id\",\"type\":\"bytes\"},{\"name\":\"n\",\"type\":[\"null\",\"W\"]}]}]"
    "}},"
    "{\"name\":\"action\",\"type\":\"E\"},"
    "{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},"
    "{\"name\":\"value\",\"type\":[\"int\",\"long\",\"float\",\"double\",\"string\","
    "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":40,\"scale\":3}]},"
    "{\"name\":\"none\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"N\","
    "\"fields\":[]}}}]}";

static const char texts[] =
    "{\"type\":\"record\",\"name\":\"T\",\"fields\":[{\"name\":\"p\",\"type\":\"string\"},"
    "{\"name\":\"t\",\"type\":[\"string\",\"null\"]}]}";

struct target {
    const char *schema;
    const char *paths[ENG_FIELD_COUNT]; /* partner, action, id, member, time, value */
    enum eng_time_unit unit;
    char holder[12]; /* of attributes */
};

static const char *const attributes[] = {"a", "b", "tier"};
enum { ATTRIBUTES = sizeof attributes / sizeof *attributes };

static const struct target targets[] = {
    {eng_schema_partner_action,
     {"partner_id", "action", "event_id", "member_id", "occurred_at", "value"},
     ENG_TIME_MS,
     "attributes"},
    {eng_schema_partner_action,
     {"partner_id", "attributes.a", "attributes.a", "attributes.b", "occurred_at", "value"},
     ENG_TIME_MS,
     "attributes"},
    {everything,
     {"who.a.id", "action", "event_id", "who.b.n.n.id", "at", "value"},
     ENG_TIME_S,
     "skip"},
    {texts, {"p", "p", "p", "t", "t", ""}, ENG_TIME_ISO, "t"},
};
enum { TARGETS = sizeof targets / sizeof *targets };

static struct eng_plan *compiled(const struct target *target)
{
    struct eng_input_config input = {.time_unit = target->unit};
    struct eng_mapping mapping;
    struct eng_plan *plan = NULL;
    struct eng_error err = {0};
    char holder[sizeof target->holder];
    char *paths[ENG_FIELD_COUNT];
    for (int i = 0; i < ENG_FIELD_COUNT; i++)
        paths[i] = strdup(target->paths[i]);
    input.fields = (struct eng_field_paths){.id = paths[ENG_FIELD_ID],
                                            .partner = paths[ENG_FIELD_PARTNER],
                                            .action = paths[ENG_FIELD_ACTION],
                                            .time = paths[ENG_FIELD_TIME],
                                            .member = paths[ENG_FIELD_MEMBER],
                                            .value = paths[ENG_FIELD_VALUE],
                                            .attributes = strcpy(holder, target->holder)};
    eng_assert(eng_mapping_init(&mapping, &input, &err) == ENG_OK);
    for (int i = 0; i < ATTRIBUTES; i++)
        eng_assert(eng_mapping_want(&mapping, attributes[i], &err) == ENG_OK);
    enum eng_status status =
        eng_plan_compile(target->schema, strlen(target->schema), &mapping, &plan, &err);
    eng_assert(status == ENG_OK);
    eng_mapping_done(&mapping);
    for (int i = 0; i < ENG_FIELD_COUNT; i++)
        free(paths[i]);
    return plan;
}

static bool same_text(struct eng_slice a, struct eng_slice b)
{
    return a.length == b.length && (a.data == NULL) == (b.data == NULL) &&
           (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static bool same(const struct eng_fields *a, const struct eng_fields *b)
{
    for (int i = 0; i < ENG_FIELD_TEXTS; i++)
        if (!same_text(a->text[i], b->text[i]))
            return false;
    for (int i = 0; i < ATTRIBUTES; i++)
        if (!same_text(a->attributes[i], b->attributes[i]))
            return false;
    return a->time_ms == b->time_ms && a->value_e4 == b->value_e4;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct eng_plan *plans[TARGETS];
    static struct eng_arena arena;
    struct eng_fields once, twice;
    struct eng_event event;
    if (size == 0)
        return 0;
    unsigned chosen = data[0] % TARGETS;
    if (plans[chosen] == NULL)
        plans[chosen] = compiled(&targets[chosen]);
    if (arena.chunk_bytes == 0)
        eng_arena_init(&arena, 4096);
    eng_arena_reset(&arena);
    enum eng_reason first = eng_plan_read(plans[chosen], &arena, data + 1, size - 1, &once);
    enum eng_reason second = eng_plan_read(plans[chosen], &arena, data + 1, size - 1, &twice);
    eng_assert(first == second && same(&once, &twice));
    if (first != ENG_REASON_NONE)
        return 0;
    eng_fields_judge_attributes(&once, ATTRIBUTES); /* these two read every byte of the texts */
    (void)eng_fields_judge(&once, &event);
    if (size > 1)
        eng_assert(eng_plan_read(plans[chosen], &arena, data + 1, size - 2, &twice) !=
                   ENG_REASON_NONE);
    return 0;
}
