/* docs/configuration.md from the tables of keys. A test compares the two. */
#include "base/assert.h"
#include "base/memory.h"
#include "model/keys.h"
#include "model/load.h"
#include "model/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text that grows; `failed` once memory has run out. */
struct page {
    char *text;
    size_t used, capacity;
    bool failed;
};

static void add(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct page *page, const char *format, ...)
{
    char piece[2048];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(piece, sizeof piece, format, args);
    va_end(args);
    eng_assert(length >= 0 && (size_t)length < sizeof piece);
    if (page->failed)
        return;
    if (page->used + (size_t)length + 1 > page->capacity) {
        size_t capacity = 2 * page->capacity + sizeof piece;
        char *text = eng_realloc(page->text, capacity);
        page->failed = text == NULL;
        if (page->failed)
            return;
        page->text = text;
        page->capacity = capacity;
    }
    memcpy(page->text + page->used, piece, (size_t)length + 1);
    page->used += (size_t)length;
}

static void add_range(struct page *page, const struct eng_key *key)
{
    char low[ENG_TEXT_SHOWN_BYTES], high[ENG_TEXT_SHOWN_BYTES];
    if (key->type == ENG_KEY_NUMBER || key->type == ENG_KEY_CHOSEN)
        add(page, ", %s to %s", eng_text_show_number(low, sizeof low, key->min, key->decimals),
            eng_text_show_number(high, sizeof high, key->max, key->decimals));
    else if (key->type == ENG_KEY_PORTION)
        add(page, ", %s to %s; or 0.01%% to 100%%",
            eng_text_show_number(low, sizeof low, key->min, key->decimals),
            eng_text_show_number(high, sizeof high, key->max, key->decimals));
    else if (key->type == ENG_KEY_ELAPSED)
        add(page, ", %s to %s", eng_text_show_duration(low, sizeof low, key->min),
            eng_text_show_duration(high, sizeof high, key->max));
    else if (key->type == ENG_KEY_PANES && key->min == 0)
        add(page, ", or 0");
}

static void add_key(struct page *page, const struct eng_key *key)
{
    add(page, "| `%s` | %s", key->name, eng_key_shape(key));
    add_range(page, key);
    if (key->required)
        add(page, " | required");
    else if (key->fallback != NULL)
        add(page, " | `%s`", key->fallback);
    else
        add(page, " | %s", key->absent != NULL ? key->absent : "not given");
    add(page, " | %s | `%s` |\n", key->help, key->sample);
}

static void add_section(struct page *page, const struct eng_section *section)
{
    if (section->path[0] != '\0')
        add(page, "\n## `%s`\n", section->path);
    else
        add(page, "\n## The file\n");
    add(page, "\n%s\n\n", section->help);
    add(page, "| key | takes | default | meaning | example |\n|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < section->count; i++)
        add_key(page, &section->keys[i]);
}

static void add_refusals(struct page *page)
{
    add(page,
        "\n## librdkafka properties\n\n"
        "`kafka.client`, `kafka.consumer` and `kafka.producer` take librdkafka's properties by "
        "name. "
        "These are refused, because they have a key of their own or would break a guarantee:\n\n"
        "| property | allowed values | why |\n|---|---|---|\n");
    for (const struct eng_refusal *refusal = eng_refusals; refusal->name != NULL; refusal++)
        add(page, "| `%s` | %s | %s |\n", refusal->name,
            refusal->allowed != NULL ? refusal->allowed : "none", refusal->reason);
}

/* What a running process takes up, from the table. */
static void add_reload(struct page *page)
{
    add(page,
        "\n## Without a restart\n\n"
        "On SIGHUP `engaged run` reads its file again. Everything that makes the model may be "
        "another one then, with a greater `version`: `time.late_after`, `time.dedup`, "
        "`measures`, `scores`, `alerts`, `ledgers`, `awards` and `checks` "
        "([language.md](language.md) tells "
        "what goes on). "
        "So may these settings:");
    const char *before = " ";
    for (size_t i = 0; eng_sections[i] != NULL; i++)
        for (uint32_t j = 0; j < eng_sections[i]->count; j++) {
            if (!eng_sections[i]->keys[j].live)
                continue;
            add(page, "%s`%s.%s`", before, eng_sections[i]->path, eng_sections[i]->keys[j].name);
            before = ", ";
        }
    add(page,
        ".\n\nA change of any other key is refused by its name, and so is a file that cannot be "
        "loaded, or whose model is another one without a greater `version`. Then nothing of the "
        "file is taken up: the process goes on as before, and says so in its log, in "
        "`engaged_config_reload_success` and on its status page. "
        "`engaged check --config NEW --against OLD` says beforehand what a change would do.\n");
}

enum eng_status eng_keys_document(char **ret_text)
{
    eng_assert(ret_text != NULL);
    struct page page = {0};
    add(&page,
        "# The configuration file, key by key\n\n"
        "<!-- Made from the table of keys; a test compares the two. Edit src/model/keys.c. -->\n\n"
        "One YAML file holds everything. [language.md](language.md) explains measures, scores and "
        "alerts; this page lists every key. An unknown key, one that stands twice and a value that "
        "is "
        "not allowed are refused with file, line and column.\n\n"
        "Values marked as text and topic names may hold `${env:NAME}` and `${file:PATH}` (from the "
        "configuration's folder on), and so may librdkafka properties; `$${` is a plain `${`. Put "
        "such values in "
        "quotes: inside `{...}` YAML asks for them. What "
        "was "
        "filled in is never logged or served.\n");
    for (size_t i = 0; eng_sections[i] != NULL; i++)
        add_section(&page, eng_sections[i]);
    add_refusals(&page);
    add_reload(&page);
    if (page.failed) {
        eng_free(page.text);
        return ENG_NO_MEMORY;
    }
    *ret_text = page.text;
    return ENG_OK;
}
