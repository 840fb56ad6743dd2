/* Container files, fed in pieces. Input: the size of the pieces (one byte), the file. */
#include "base/assert.h"
#include "codec/container.h"
#include "model/config.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* avro-c forgets what it had of a schema that it refuses. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libavro\n";
}

static struct eng_container_reader *reader_of(void)
{
    static char partner[] = "partner_id", action[] = "action", time[] = "occurred_at";
    static const struct eng_config config = {
        .input = {.fields = {.partner = partner, .action = action, .time = time}}};
    struct eng_container_reader *reader = NULL;
    enum eng_status status = eng_container_reader_new(&config, &reader, NULL);
    eng_assert(status == ENG_OK);
    return reader;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { CAPACITY = 16 };
    struct eng_event events[CAPACITY];
    struct eng_container_batch batch = {.events = events, .capacity = CAPACITY};
    struct eng_error err = {0};
    enum eng_status status = ENG_OK;
    if (size == 0)
        return 0;
    struct eng_container_reader *reader = reader_of();
    size_t piece = (size_t)data[0] + 1, fed = 1;
    while (status == ENG_OK) {
        status = eng_container_read(reader, &batch, &err);
        if (status == ENG_AGAIN && fed < size) {
            size_t bytes = size - fed < piece ? size - fed : piece;
            status = eng_container_feed(reader, data + fed, bytes, &err);
            fed += bytes;
        }
    }
    if (status == ENG_AGAIN)
        status = eng_container_finish(reader, &err);
    eng_assert(status == ENG_OK || err.text[0] != '\0');
    eng_container_reader_free(reader);
    return 0;
}
