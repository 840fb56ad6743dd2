/* Reads a section of the file by its table: which keys there are, what they hold, where it is
 * stored.
 *
 * One reader per type of value turns a node into a field. Defaults take the same way as what
 * somebody wrote, so a default is what its text says. */
#include "base/assert.h"
#include "base/limits.h"
#include "base/memory.h"
#include "model/keys.h"
#include "model/load.h"
#include "model/text.h"
#include <stdio.h>
#include <string.h>

#define HOUR_MS 3600000LL

const char *eng_load_hint(struct eng_load *load, const struct eng_nearest *nearest,
                          const char *otherwise)
{
    if (nearest->best == NULL)
        return otherwise;
    size_t bytes = strlen(nearest->best) + 20;
    char *text = eng_arena_alloc(&load->source.arena, bytes);
    if (text == NULL)
        return otherwise;
    (void)snprintf(text, bytes, "did you mean \"%s\"?", nearest->best); /* fits */
    return text;
}

enum eng_status eng_load_copy(struct eng_load *load, const struct eng_node *node, char **ret_text)
{
    eng_assert(node->kind == ENG_NODE_SCALAR);
    char *text = eng_strndup(node->text, node->length);
    if (text == NULL)
        return eng_source_no_memory(&load->source);
    *ret_text = text;
    return ENG_OK;
}

void *eng_load_array(struct eng_load *load, size_t count, size_t size)
{
    void *array = eng_calloc(count, size);
    if (array == NULL)
        (void)eng_source_no_memory(&load->source); /* The caller returns the status. */
    return array;
}

static const char *name_at(const struct eng_named *named, uint32_t index)
{
    const char *name;
    memcpy(&name, (const char *)named->first + index * named->bytes, sizeof name);
    return name;
}

uint32_t eng_index_of(const struct eng_node *name, const struct eng_named *named)
{
    uint32_t index = 0;
    while (index < named->count && !eng_node_is(name, name_at(named, index)))
        index++;
    return index;
}

enum eng_status eng_load_find(struct eng_load *load, const struct eng_node *name,
                              const struct eng_named *named, const char *otherwise,
                              uint16_t *ret_index)
{
    struct eng_nearest nearest = {.text = name->text, .length = name->length};
    uint32_t index = eng_index_of(name, named);
    if (index < named->count) {
        *ret_index = (uint16_t)index;
        return ENG_OK;
    }
    for (uint32_t i = 0; i < named->count; i++)
        eng_nearest_offer(&nearest, name_at(named, i));
    return eng_source_fail(&load->source, name->mark, "there is no %s \"%s\"; %s", named->what,
                           eng_node_shown(&load->source, name),
                           eng_load_hint(load, &nearest, otherwise));
}

enum eng_status eng_load_things(struct eng_load *load, const struct eng_node *node,
                                const struct eng_things *things, void *array)
{
    return eng_load_more_things(load, node, things, 0, array);
}

enum eng_status eng_load_more_things(struct eng_load *load, const struct eng_node *node,
                                     const struct eng_things *things, uint32_t there, void *array)
{
    void *before; /* a pointer of whatever type */
    if (node == NULL)
        return ENG_OK;
    if (node->count > things->most)
        return eng_source_fail(&load->source, node->key->mark,
                               "there are %u %s; a file has at most %u (%s)", node->count,
                               things->plural, things->most, things->limit);
    void *all = eng_load_array(load, there + node->count, things->bytes);
    if (all == NULL)
        return ENG_NO_MEMORY;
    memcpy(&before, array, sizeof before);
    if (there > 0)
        memcpy(all, before, there * things->bytes);
    eng_free(before);
    memcpy(array, &all, sizeof all);
    enum eng_status status = ENG_OK;
    for (const struct eng_node *child = node->first; child && status == ENG_OK; child = child->next)
        status = things->load(load, child);
    return status;
}

static enum eng_status wrong_shape(struct eng_load *load, const struct eng_node *node,
                                   const char *what, const char *shape)
{
    return eng_source_fail(&load->source, node->mark, "%s is \"%s\"; write %s", what,
                           eng_node_shown(&load->source, node), shape);
}

enum eng_status eng_load_number(struct eng_load *load, const struct eng_node *node,
                                const struct eng_range *range, int64_t *ret_value)
{
    char low[32], high[32];
    int64_t value = 0;
    enum eng_text_fault fault = ENG_TEXT_SHAPE;
    const char *shown = eng_node_shown(&load->source, node);
    if (node->kind == ENG_NODE_SCALAR && node->plain)
        fault = eng_text_number(node->text, node->length, range->decimals, &value);
    if (fault == ENG_TEXT_SHAPE)
        return wrong_shape(load, node, range->what, "a number without quotes, such as 5 or 0.25");
    if (fault == ENG_TEXT_DECIMALS)
        return eng_source_fail(&load->source, node->mark,
                               range->decimals == 0 ? "%s is %s; write a whole number"
                                                    : "%s is %s; write at most %u decimals",
                               range->what, shown, range->decimals);
    if (fault == ENG_TEXT_SIZE || value < range->min || value > range->max)
        return eng_source_fail(
            &load->source, node->mark, "%s is %s; write a number from %s to %s", range->what, shown,
            eng_text_show_number(low, sizeof low, range->min, range->decimals),
            eng_text_show_number(high, sizeof high, range->max, range->decimals));
    *ret_value = value;
    return ENG_OK;
}

enum eng_status eng_load_check_name(struct eng_load *load, const struct eng_node *node,
                                    const char *what)
{
    if (node->kind != ENG_NODE_SCALAR)
        return wrong_shape(load, node, what, "a name");
    if (node->length == 0)
        return eng_source_fail(&load->source, node->mark, "%s is empty; write a name", what);
    if (node->length > ENG_NAME_BYTES_MAX)
        return eng_source_fail(&load->source, node->mark,
                               "%s \"%s\" has %u bytes; names have at most %d (ENG_NAME_BYTES_MAX)",
                               what, eng_node_shown(&load->source, node), node->length,
                               ENG_NAME_BYTES_MAX);
    for (uint32_t i = 0; i < node->length; i++)
        if ((unsigned char)node->text[i] < ' ' || node->text[i] == 127)
            return eng_source_fail(&load->source, node->mark,
                                   "%s \"%s\" holds a control character; write visible ones", what,
                                   eng_node_shown(&load->source, node));
    return ENG_OK;
}

static void store(void *target, const struct eng_key *key, const void *value)
{
    if (key->bytes != 0)
        memcpy((char *)target + key->offset, value, key->bytes);
}

/* Stores the low bytes of an integer that is known to fit. */
static void store_integer(void *target, const struct eng_key *key, int64_t value)
{
    uint64_t bits = (uint64_t)value;
    uint32_t low = (uint32_t)bits;
    uint8_t least = (uint8_t)bits;
    eng_assert(key->bytes == 8 || key->bytes == 4 || key->bytes == 1);
    store(target, key, key->bytes == 8 ? (void *)&bits : key->bytes == 4 ? (void *)&low : &least);
}

/* What a reader gets: the row, its name for errors, the value, and where the section is stored. */
struct reading {
    const struct eng_key *key;
    const char *what;
    const struct eng_node *node;
    void *target;
};

static enum eng_status read_node(struct eng_load *load, const struct reading *reading)
{
    (void)load;
    store(reading->target, reading->key, &reading->node);
    return ENG_OK;
}

static enum eng_status read_mapping(struct eng_load *load, const struct reading *reading)
{
    if (reading->node->kind != ENG_NODE_MAPPING)
        return wrong_shape(load, reading->node, reading->what, "a mapping, or leave it out");
    return read_node(load, reading);
}

static enum eng_status read_pairs(struct eng_load *load, const struct reading *reading)
{
    if (reading->node->kind != ENG_NODE_SEQUENCE)
        return wrong_shape(load, reading->node, reading->what, eng_key_shape(reading->key));
    return read_node(load, reading);
}

static enum eng_status read_actions(struct eng_load *load, const struct reading *reading)
{
    enum eng_status status = eng_load_check_actions(load, reading->node, reading->what);
    return status == ENG_OK ? read_node(load, reading) : status;
}

static enum eng_status read_name(struct eng_load *load, const struct reading *reading)
{
    enum eng_status status = eng_load_check_name(load, reading->node, reading->what);
    return status == ENG_OK ? read_node(load, reading) : status;
}

static enum eng_status read_names(struct eng_load *load, const struct reading *reading)
{
    enum eng_status status = ENG_OK;
    if (reading->node->kind != ENG_NODE_SEQUENCE)
        return wrong_shape(load, reading->node, reading->what, eng_key_shape(reading->key));
    for (const struct eng_node *name = reading->node->first; name != NULL && status == ENG_OK;
         name = name->next)
        status = eng_load_check_name(load, name, reading->what);
    return status == ENG_OK ? read_node(load, reading) : status;
}

static enum eng_status read_some(struct eng_load *load, const struct reading *reading)
{
    if (reading->node->kind == ENG_NODE_SCALAR)
        return read_name(load, reading);
    if (reading->node->kind != ENG_NODE_SEQUENCE || reading->node->count == 0)
        return wrong_shape(load, reading->node, reading->what, eng_key_shape(reading->key));
    return read_names(load, reading);
}

/* Text that goes out as it stands: of some length, in one line or several. */
static enum eng_status read_words(struct eng_load *load, const struct reading *reading)
{
    const struct eng_node *node = reading->node;
    uint32_t characters = 0;
    if (node->kind != ENG_NODE_SCALAR || node->length == 0)
        return wrong_shape(load, node, reading->what, eng_key_shape(reading->key));
    for (uint32_t i = 0; i < node->length; i++) {
        unsigned char c = (unsigned char)node->text[i];
        characters += (c & 0xC0) != 0x80; /* UTF-8: the first byte of one */
        if ((c < ' ' && c != '\n') || c == 127)
            return eng_source_fail(&load->source, node->mark,
                                   "%s holds a control character; write visible ones and line ends",
                                   reading->what);
    }
    if (characters > ENG_DESCRIPTION_CHARACTERS_MAX)
        return eng_source_fail(
            &load->source, node->mark,
            "%s has %u characters; it has at most %d (ENG_DESCRIPTION_CHARACTERS_MAX)",
            reading->what, characters, ENG_DESCRIPTION_CHARACTERS_MAX);
    return read_node(load, reading);
}

static enum eng_status read_number(struct eng_load *load, const struct reading *reading)
{
    const struct eng_key *key = reading->key;
    struct eng_range range = {reading->what, key->decimals, key->min, key->max};
    int64_t value = 0;
    enum eng_status status = eng_load_number(load, reading->node, &range, &value);
    if (status == ENG_OK)
        store_integer(reading->target, key, value);
    return status;
}

/* A number, or a mapping with one under `default`. */
static enum eng_status read_chosen(struct eng_load *load, const struct reading *reading)
{
    const struct eng_key *key = reading->key;
    const struct eng_node *node = reading->node;
    struct eng_range range = {reading->what, key->decimals, key->min, key->max};
    struct eng_chosen chosen = {0, NULL};
    if (node->kind == ENG_NODE_MAPPING) {
        chosen.node = node;
        node = eng_node_get(node, "default");
        if (node == NULL)
            return eng_source_fail(&load->source, reading->node->mark,
                                   "%s says nothing of partners for whom no fact of it holds; add "
                                   "\"default: %s\"",
                                   reading->what, key->sample);
    }
    enum eng_status status = eng_load_number(load, node, &range, &chosen.number_e4);
    if (status == ENG_OK)
        store(reading->target, key, &chosen);
    return status;
}

/* The number before a per cent sign, a node of its own. NULL: no memory. */
static struct eng_node *before_percent(struct eng_load *load, const struct eng_node *node)
{
    struct eng_node *number = eng_arena_alloc(&load->source.arena, sizeof *number + node->length);
    if (number == NULL)
        return NULL;
    char *text = (char *)(number + 1);
    memcpy(text, node->text, node->length - 1);
    text[node->length - 1] = '\0';
    *number = *node;
    number->text = text;
    number->length--;
    return number;
}

static enum eng_status read_portion(struct eng_load *load, const struct reading *reading)
{
    const struct eng_key *key = reading->key;
    const struct eng_node *node = reading->node;
    struct eng_range range = {reading->what, key->decimals, key->min, key->max};
    char what[80];
    int64_t value = 0;
    bool percent =
        node->kind == ENG_NODE_SCALAR && node->length > 0 && node->text[node->length - 1] == '%';
    if (percent) {
        (void)snprintf(what, sizeof what, "%s in per cent", reading->what); /* fits */
        range = (struct eng_range){what, 2, 1, 10000};
        node = before_percent(load, node);
        if (node == NULL)
            return eng_source_no_memory(&load->source);
    }
    enum eng_status status = eng_load_number(load, node, &range, &value);
    if (status != ENG_OK)
        return status;
    struct eng_portion portion = {percent ? 0 : value, percent ? (uint32_t)value : 0};
    store(reading->target, key, &portion);
    return ENG_OK;
}

static enum eng_status outside(struct eng_load *load, const struct reading *reading,
                               const char *low, const char *high)
{
    return eng_source_fail(&load->source, reading->node->mark, "%s is %s; write from %s to %s",
                           reading->what, eng_node_shown(&load->source, reading->node), low, high);
}

static enum eng_status read_elapsed(struct eng_load *load, const struct reading *reading)
{
    const struct eng_key *key = reading->key;
    char low[32], high[32];
    int64_t ms = 0;
    enum eng_text_fault fault = ENG_TEXT_SHAPE;
    if (reading->node->kind == ENG_NODE_SCALAR)
        fault = eng_text_duration(reading->node->text, reading->node->length, &ms);
    if (fault == ENG_TEXT_SHAPE)
        return wrong_shape(load, reading->node, reading->what, eng_key_shape(key));
    if (fault == ENG_TEXT_SIZE || ms < key->min || ms > key->max)
        return outside(load, reading, eng_text_show_duration(low, sizeof low, key->min),
                       eng_text_show_duration(high, sizeof high, key->max));
    store_integer(reading->target, key, ms);
    return ENG_OK;
}

/* A duration that is a whole number of panes. The zone's 23 and 25 hour days are days here. */
static enum eng_status read_whole_panes(struct eng_load *load, const struct reading *reading,
                                        int64_t min, uint32_t *ret_panes)
{
    const struct eng_node *node = reading->node;
    bool hours = load->time.pane_unit == ENG_PANE_HOUR;
    int64_t pane_ms = hours ? HOUR_MS : 24 * HOUR_MS, ms = 0;
    const char *shown = eng_node_shown(&load->source, node);
    enum eng_text_fault fault = ENG_TEXT_SHAPE;
    if (node->kind == ENG_NODE_SCALAR)
        fault = eng_text_duration(node->text, node->length, &ms);
    if (fault == ENG_TEXT_SHAPE)
        return wrong_shape(load, node, reading->what, eng_key_shape(reading->key));
    if (fault == ENG_TEXT_SIZE || ms / pane_ms > ENG_PANES_MAX)
        return eng_source_fail(&load->source, node->mark,
                               "%s is %s; at most %d %s are kept (ENG_PANES_MAX)", reading->what,
                               shown, ENG_PANES_MAX, hours ? "hours" : "days");
    if (ms % pane_ms != 0)
        return eng_source_fail(
            &load->source, node->mark,
            "%s is %s, which is no whole number of panes of 1%s; write %lld%s or "
            "%lld%s",
            reading->what, shown, hours ? "h" : "d", (long long)(ms / pane_ms + (ms < pane_ms)),
            hours ? "h" : "d", (long long)(ms / pane_ms + 1 + (ms < pane_ms)), hours ? "h" : "d");
    if (ms / pane_ms < min)
        return eng_source_fail(&load->source, node->mark, "%s is %s; write at least one pane, 1%s",
                               reading->what, shown, hours ? "h" : "d");
    *ret_panes = (uint32_t)(ms / pane_ms);
    return ENG_OK;
}

static enum eng_status read_panes(struct eng_load *load, const struct reading *reading)
{
    uint32_t panes = 0;
    enum eng_status status = read_whole_panes(load, reading, reading->key->min, &panes);
    if (status == ENG_OK)
        store_integer(reading->target, reading->key, panes);
    return status;
}

static enum eng_status read_window(struct eng_load *load, const struct reading *reading)
{
    static const struct eng_choice periods[] = {
        {"week", ENG_WINDOW_WEEK}, {"month", ENG_WINDOW_MONTH}, {"quarter", ENG_WINDOW_QUARTER},
        {"year", ENG_WINDOW_YEAR}, {"life", ENG_WINDOW_LIFE},   {NULL, 0}};
    struct eng_window window = {.kind = ENG_WINDOW_ROLLING, .node = reading->node};
    for (const struct eng_choice *period = periods; period->word != NULL; period++)
        if (eng_node_is(reading->node, period->word))
            window.kind = (enum eng_window_kind)period->value;
    enum eng_status status = ENG_OK;
    if (window.kind == ENG_WINDOW_ROLLING)
        status = read_whole_panes(load, reading, 1, &window.panes);
    if (status == ENG_OK)
        store(reading->target, reading->key, &window);
    return status;
}

static enum eng_status read_grace(struct eng_load *load, const struct reading *reading)
{
    struct eng_grace grace = {.period = eng_node_is(reading->node, "1 period")};
    enum eng_status status = ENG_OK;
    if (!grace.period)
        status = read_whole_panes(load, reading, 0, &grace.panes);
    if (status == ENG_OK)
        store(reading->target, reading->key, &grace);
    return status;
}

static enum eng_status read_bytes(struct eng_load *load, const struct reading *reading)
{
    const struct eng_node *node = reading->node;
    int64_t bytes = 0;
    enum eng_text_fault fault = ENG_TEXT_SHAPE;
    if (node->kind == ENG_NODE_SCALAR)
        fault = eng_text_bytes(node->text, node->length, &bytes);
    if (fault == ENG_TEXT_SHAPE)
        return wrong_shape(load, node, reading->what, eng_key_shape(reading->key));
    if (fault == ENG_TEXT_SIZE || bytes > reading->key->max)
        return outside(load, reading, "0", "1024TiB");
    store_integer(reading->target, reading->key, bytes);
    return ENG_OK;
}

static enum eng_status read_choice(struct eng_load *load, const struct reading *reading)
{
    struct eng_nearest nearest = {.text = reading->node->text, .length = reading->node->length};
    for (const struct eng_choice *choice = reading->key->choices; choice->word != NULL; choice++) {
        if (eng_node_is(reading->node, choice->word)) {
            store_integer(reading->target, reading->key, choice->value);
            return ENG_OK;
        }
        eng_nearest_offer(&nearest, choice->word);
    }
    return eng_source_fail(&load->source, reading->node->mark, "%s is \"%s\"; %s%swrite %s",
                           reading->what, eng_node_shown(&load->source, reading->node),
                           eng_load_hint(load, &nearest, ""), nearest.best != NULL ? " " : "",
                           eng_key_shape(reading->key));
}

static enum eng_status read_switch(struct eng_load *load, const struct reading *reading)
{
    static const struct eng_choice words[] = {{"true", 1},  {"True", 1},  {"TRUE", 1}, {"false", 0},
                                              {"False", 0}, {"FALSE", 0}, {NULL, 0}};
    for (const struct eng_choice *word = words; word->word != NULL; word++)
        if (reading->node->plain && eng_node_is(reading->node, word->word)) {
            store_integer(reading->target, reading->key, word->value);
            return ENG_OK;
        }
    return wrong_shape(load, reading->node, reading->what, eng_key_shape(reading->key));
}

/* Takes over a string into a field that owns it. */
static void store_owned(const struct reading *reading, char *text)
{
    char **field = (char **)(void *)((char *)reading->target + reading->key->offset);
    eng_assert(reading->key->bytes == sizeof *field && *field == NULL);
    *field = text;
}

static enum eng_status read_text(struct eng_load *load, const struct reading *reading)
{
    char *text = NULL;
    bool filled = false;
    if (reading->node->kind != ENG_NODE_SCALAR)
        return wrong_shape(load, reading->node, reading->what, eng_key_shape(reading->key));
    enum eng_status status = eng_load_expand(load, reading->node, &text, &filled);
    if (status != ENG_OK)
        return status;
    store_owned(reading, text);
    if (text[0] == '\0')
        return eng_source_fail(&load->source, reading->node->mark,
                               "%s is empty; write %s, or leave "
                               "it out",
                               reading->what, eng_key_shape(reading->key));
    return ENG_OK;
}

static bool is_topic(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t length = strlen(text);
    return length > 0 && length <= 249 && strspn(text, allowed) == length &&
           strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

static enum eng_status read_topic(struct eng_load *load, const struct reading *reading)
{
    enum eng_status status = read_text(load, reading);
    if (status != ENG_OK)
        return status;
    const char *text = *(char **)(void *)((char *)reading->target + reading->key->offset);
    if (is_topic(text))
        return ENG_OK;
    return wrong_shape(load, reading->node, reading->what, eng_key_shape(reading->key));
}

/* Names joined by dots: none of them empty, not too many of them. */
static bool is_path(const struct eng_node *node)
{
    enum { PARTS_MAX = 16 };
    uint32_t parts = 1;
    for (uint32_t i = 0; i < node->length; i++) {
        bool last = i + 1 == node->length;
        if (node->text[i] == '.' && (i == 0 || last || node->text[i + 1] == '.'))
            return false;
        parts += node->text[i] == '.';
    }
    return parts <= PARTS_MAX;
}

static enum eng_status read_path(struct eng_load *load, const struct reading *reading)
{
    char *text = NULL;
    enum eng_status status = eng_load_check_name(load, reading->node, reading->what);
    if (status == ENG_OK && !is_path(reading->node))
        return wrong_shape(load, reading->node, reading->what, eng_key_shape(reading->key));
    if (status == ENG_OK)
        status = eng_load_copy(load, reading->node, &text);
    if (status == ENG_OK)
        store_owned(reading, text);
    return status;
}

static const struct {
    const char *shape;
    enum eng_status (*read)(struct eng_load *load, const struct reading *reading);
} types[ENG_KEY_TYPE_COUNT] = {
    [ENG_KEY_SECTION] = {"a mapping", read_mapping},
    [ENG_KEY_MAP] = {"a mapping from names", read_mapping},
    [ENG_KEY_PAIRS] = {"a list of pairs, such as [[0, 0], [100, 1]]", read_pairs},
    [ENG_KEY_ACTIONS] = {"an action, a family such as \"training.*\", or a list of them",
                         read_actions},
    [ENG_KEY_NAME] = {"a name", read_name},
    [ENG_KEY_NAMES] = {"a list of names", read_names},
    [ENG_KEY_SOME] = {"a name, or a list of them", read_some},
    [ENG_KEY_WORDS] = {"text of up to 500 characters", read_words},
    [ENG_KEY_NUMBER] = {"a number", read_number},
    [ENG_KEY_CHOSEN] = {"a number with up to four decimals, or such by facts", read_chosen},
    [ENG_KEY_PORTION] = {"a number, or per cent such as 25%", read_portion},
    [ENG_KEY_PANES] = {"a whole number of panes as days or hours, such as 30d or 6h", read_panes},
    [ENG_KEY_ELAPSED] = {"a time such as 7d, 6h, 10m, 90s or 250ms", read_elapsed},
    [ENG_KEY_BYTES] = {"a size such as 512MiB or 2GiB", read_bytes},
    [ENG_KEY_WINDOW] = {"days or hours such as 30d or 6h, or week, month, quarter, year or life",
                        read_window},
    [ENG_KEY_GRACE] = {"1 period, or a whole number of panes such as 30d or 6h", read_grace},
    [ENG_KEY_CHOICE] = {"one of some words", read_choice},
    [ENG_KEY_SWITCH] = {"true or false", read_switch},
    [ENG_KEY_TEXT] = {"text", read_text},
    [ENG_KEY_TOPIC] = {"a topic name: letters, digits, dots, underscores and hyphens, at most 249",
                       read_topic},
    [ENG_KEY_PATH] = {"field names joined by dots, such as org.id", read_path},
};

const char *eng_key_shape(const struct eng_key *key)
{
    static const char *const numbers[] = {
        "a whole number", "a number with one decimal", "a number with up to two decimals",
        "a number with up to three decimals", "a number with up to four decimals"};
    eng_assert(key->type < ENG_KEY_TYPE_COUNT && key->decimals <= 4);
    if (key->shape != NULL)
        return key->shape;
    return key->type == ENG_KEY_NUMBER ? numbers[key->decimals] : types[key->type].shape;
}

static const struct eng_key *find_key(const struct eng_section *section,
                                      const struct eng_node *name)
{
    for (uint32_t i = 0; i < section->count; i++)
        if (eng_node_is(name, section->keys[i].name))
            return &section->keys[i];
    return NULL;
}

/* All keys of a section in one line. In the arena. */
static const char *list_keys(struct eng_load *load, const struct eng_section *section)
{
    size_t bytes = 24, used = 0;
    for (uint32_t i = 0; i < section->count; i++)
        bytes += strlen(section->keys[i].name) + 2;
    char *text = eng_arena_alloc(&load->source.arena, bytes);
    if (text == NULL)
        return "see the documentation";
    used = (size_t)snprintf(text, bytes, "the keys here are ");
    for (uint32_t i = 0; i < section->count; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", i > 0 ? ", " : "",
                                 section->keys[i].name);
    return text;
}

static enum eng_status unknown_key(struct eng_load *load, const struct eng_section *section,
                                   const struct eng_node *name)
{
    struct eng_nearest nearest = {.text = name->text, .length = name->length};
    for (uint32_t i = 0; i < section->count; i++)
        eng_nearest_offer(&nearest, section->keys[i].name);
    return eng_source_fail(&load->source, name->mark, "unknown key \"%s\"%s%s; %s",
                           eng_node_shown(&load->source, name), section->path[0] ? " in " : "",
                           section->path, eng_load_hint(load, &nearest, list_keys(load, section)));
}

enum eng_status eng_section_allow(struct eng_load *load, const struct eng_node *node,
                                  const char *what, const char *allowed)
{
    eng_assert(node->kind == ENG_NODE_MAPPING && allowed != NULL);
    for (const struct eng_node *child = node->first; child != NULL; child = child->next) {
        const char *found = strstr(allowed, child->key->text);
        size_t length = child->key->length;
        while (found != NULL && ((found != allowed && found[-1] != ' ') ||
                                 (found[length] != ' ' && found[length] != '\0')))
            found = strstr(found + 1, child->key->text);
        if (found == NULL)
            return eng_source_fail(
                &load->source, child->key->mark,
                "\"%s\" does not belong to %s; leave it out (such a one takes %s)",
                child->key->text, what, allowed);
    }
    return ENG_OK;
}

static enum eng_status read_key(struct eng_load *load, const struct eng_key *key,
                                const struct eng_node *node, void *target)
{
    char what[64];
    (void)snprintf(what, sizeof what, "\"%s\"", key->name); /* fits: names are ours */
    struct reading reading = {.key = key, .what = what, .node = node, .target = target};
    return types[key->type].read(load, &reading);
}

/* A default takes the way of a written value. In the arena, since some fields are nodes. */
static enum eng_status read_fallback(struct eng_load *load, const struct eng_key *key, void *target)
{
    struct eng_node *node = eng_arena_alloc(&load->source.arena, sizeof *node);
    if (node == NULL)
        return eng_source_no_memory(&load->source);
    *node = (struct eng_node){.kind = ENG_NODE_SCALAR,
                              .plain = true,
                              .text = key->fallback,
                              .length = (uint32_t)strlen(key->fallback)};
    return read_key(load, key, node, target);
}

static enum eng_status missing_key(struct eng_load *load, const struct eng_key *key,
                                   const struct eng_node *node)
{
    struct eng_mark mark = {1, 1};
    if (node != NULL)
        mark = node->key != NULL ? node->key->mark : node->mark;
    return eng_source_fail(&load->source, mark, "\"%s\" is missing; write \"%s: %s\"", key->name,
                           key->name, key->sample);
}

enum eng_status eng_section_read(struct eng_load *load, const struct eng_section *section,
                                 const struct eng_node *node, void *target)
{
    eng_assert(load != NULL && section != NULL && target != NULL);
    if (node != NULL && node->kind != ENG_NODE_MAPPING)
        return wrong_shape(load, node, section->path[0] ? section->path : "the file",
                           list_keys(load, section));
    for (const struct eng_node *child = node ? node->first : NULL; child; child = child->next)
        if (find_key(section, child->key) == NULL)
            return unknown_key(load, section, child->key);
    enum eng_status status = ENG_OK;
    for (uint32_t i = 0; i < section->count && status == ENG_OK; i++) {
        const struct eng_key *key = &section->keys[i];
        const struct eng_node *child = eng_node_get(node, key->name);
        if (child != NULL)
            status = read_key(load, key, child, target);
        else if (key->fallback != NULL)
            status = read_fallback(load, key, target);
        else if (key->required)
            status = missing_key(load, key, node);
    }
    return status;
}
