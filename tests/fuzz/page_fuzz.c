/* Pages of partners, as the state topic brings them when somebody else has written to it.
 *
 * Input: the body of a page. One that is taken is a record whose every list lies within its bounds:
 * the store's deep check passes, it can be written again, and freeing finds what it holds. */
#include "base/assert.h"
#include "engine/internal.h"
#include "engine/page.h"
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] =
    "program: fuzz\n"
    "time: {dedup: 3d}\n"
    "measures:\n"
    "  a: {count: x, over: 30d}\n"
    "  b: {sum: value, of: y, over: 7d}\n"
    "  c: {active: [x, y], over: 14d}\n"
    "  d: {members: x, over: 7d}\n"
    "  e: {last: value, of: y, over: 30d}\n"
    "  f: {streak: x}\n"
    "  g: {state: \"on\", until: \"off\"}\n"
    "scores:\n"
    "  s: {scale: 10, dimensions: {a: {weight: 2, target: 9}, b: {weight: 1, target: 5},\n"
    "      c: {weight: 1, target: 4}, d: {weight: 1, target: 2}, e: {weight: 1, target: 3},\n"
    "      f: {weight: 1, target: 3}, g: {weight: 1, target: 1}}, bands: {low: 0, high: 5},\n"
    "      tell_every: 1}\n"
    "alerts:\n"
    "  r: {score: s, falls_to: low, cooldown: 3d}\n"
    "  t: {score: s, drop: 2, within: 7d}\n"
    "  u: {silence: x, horizon: 30d}\n";

static struct eng_model *model(void)
{
    static struct eng_model *loaded;
    struct eng_error err = {0};
    if (loaded == NULL &&
        eng_model_load_text(text, sizeof text - 1, "fuzz.yaml", &loaded, &err) != ENG_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return loaded;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct eng_engine_options options = {.track_changes = true};
    struct eng_engine *engine;
    struct eng_page page = {
        .partner = {"acme", 4}, .data = data, .bytes = size, .next = 1, .sequence = 1};
    eng_assert(eng_engine_new(model(), &options, &engine, NULL) == ENG_OK);
    eng_assert(eng_engine_restore_begin(engine) == ENG_OK);
    enum eng_status status = eng_engine_restore_page(engine, &page, NULL);
    eng_assert(status == ENG_OK || status == ENG_CORRUPT);
    if (status == ENG_OK) {
        eng_engine_check(engine);
        struct eng_record record = eng_record_open(&engine->store, 0);
        uint8_t *again = malloc(eng_record_page_bytes(&record));
        eng_assert(again != NULL);
        eng_assert(eng_record_page_write(&record, again) <= eng_record_page_bytes(&record));
        free(again);
    }
    eng_engine_free(engine);
    return 0;
}
