/* A strict reader of the Prometheus text format 0.0.4, for tests: every rule of the format that a
 * scraper may rely on is an assertion.
 *
 * - a line is "# HELP name text", "# TYPE name type" or a sample; each ends with a newline;
 * - HELP and TYPE of a family come once, TYPE before its samples, and families do not interleave;
 * - names and labels are of the allowed letters, label values are escaped, no label comes twice;
 * - no series comes twice; counters end in _total, are not negative;
 * - a histogram has ascending `le`, cumulative buckets, a +Inf bucket equal to _count, and a _sum.
 */
#ifndef EXPOSITION_H
#define EXPOSITION_H

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { EXPOSITION_FAMILIES = 96, EXPOSITION_SERIES = 4096, EXPOSITION_TEXT = 400 };

struct exposition {
    char family[EXPOSITION_TEXT], type[32];
    char families[EXPOSITION_FAMILIES][EXPOSITION_TEXT];
    int family_count;
    char series[EXPOSITION_SERIES][EXPOSITION_TEXT];
    int series_count;
    double bucket, bound; /* of the histogram in work */
    bool infinite;
};

static inline bool exposition_name_char(char c, bool first)
{
    return isalpha((unsigned char)c) || c == '_' || c == ':' ||
           (!first && isdigit((unsigned char)c));
}

/* Copies a name from *at, which moves behind it. */
static inline void exposition_name(const char **at, char *name)
{
    size_t used = 0;
    while (exposition_name_char(**at, used == 0) && used + 1 < EXPOSITION_TEXT)
        name[used++] = *(*at)++;
    name[used] = '\0';
    cr_assert(used > 0, "a name is expected at '%.40s'", *at);
}

/* Reads {a="b",...} and gives the value of `le`, or "". */
static inline void exposition_labels(const char **at, char *le)
{
    char names[16][EXPOSITION_TEXT];
    int count = 0;
    le[0] = '\0';
    if (**at != '{')
        return;
    do {
        char value[EXPOSITION_TEXT];
        size_t used = 0;
        (*at)++;
        exposition_name(at, names[count]);
        cr_assert(strchr(names[count], ':') == NULL && names[count][0] != '_');
        for (int i = 0; i < count; i++)
            cr_assert_str_neq(names[i], names[count], "a label comes twice");
        cr_assert((*at)[0] == '=' && (*at)[1] == '"', "at '%.40s'", *at);
        for (*at += 2; **at != '"'; (*at)++) {
            cr_assert(**at != '\n' && **at != '\0', "a label value does not end");
            if (**at == '\\')
                cr_assert(strchr("\\\"n", *++*at) != NULL, "a wrong escape");
            value[used++] = **at;
            cr_assert(used < EXPOSITION_TEXT);
        }
        value[used] = '\0';
        (*at)++;
        if (strcmp(names[count++], "le") == 0)
            strcpy(le, value);
    } while (**at == ',');
    cr_assert(*(*at)++ == '}', "labels do not end");
}

static inline void exposition_begin(struct exposition *page, const char *name)
{
    for (int i = 0; i < page->family_count; i++)
        cr_assert_str_neq(page->families[i], name, "%s comes in two places", name);
    cr_assert(page->family_count < EXPOSITION_FAMILIES);
    strcpy(page->families[page->family_count++], name);
    strcpy(page->family, name);
    page->type[0] = '\0';
}

static inline void exposition_comment(struct exposition *page, const char *line)
{
    char name[EXPOSITION_TEXT];
    bool help = strncmp(line, "# HELP ", 7) == 0;
    cr_assert(help || strncmp(line, "# TYPE ", 7) == 0, "%.60s", line);
    const char *at = line + 7;
    exposition_name(&at, name);
    cr_assert(*at++ == ' ');
    if (help) {
        exposition_begin(page, name);
        cr_assert(*at != '\n', "%s has no help", name);
        return;
    }
    cr_assert_str_eq(name, page->family, "TYPE does not follow its HELP");
    cr_assert_str_eq(page->type, "", "TYPE comes twice");
    size_t length = strcspn(at, "\n");
    cr_assert(length < sizeof page->type);
    memcpy(page->type, at, length);
    page->type[length] = '\0';
    cr_assert(strcmp(page->type, "counter") == 0 || strcmp(page->type, "gauge") == 0 ||
              strcmp(page->type, "histogram") == 0);
    if (strcmp(page->type, "counter") == 0)
        cr_assert(strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0, "%s", name);
    page->bucket = 0;
    page->bound = -1;
    page->infinite = false;
}

static inline void exposition_histogram(struct exposition *page, const char *suffix, const char *le,
                                        double value)
{
    if (strcmp(suffix, "_bucket") == 0) {
        bool infinite = strcmp(le, "+Inf") == 0;
        double bound = infinite ? 1e300 : strtod(le, NULL);
        cr_assert(bound > page->bound, "bounds do not ascend at %s", le);
        cr_assert(value >= page->bucket, "buckets are not cumulative at %s", le);
        page->bound = bound;
        page->bucket = value;
        page->infinite = infinite;
    } else if (strcmp(suffix, "_count") == 0) {
        cr_assert(page->infinite && value == page->bucket, "+Inf is not the count");
        page->bucket = 0;
        page->bound = -1;
        page->infinite = false;
    } else {
        cr_assert_str_eq(suffix, "_sum");
    }
}

static inline void exposition_sample(struct exposition *page, const char *line)
{
    char name[EXPOSITION_TEXT], le[EXPOSITION_TEXT];
    const char *at = line;
    char *end = NULL;
    exposition_name(&at, name);
    exposition_labels(&at, le);
    size_t length = (size_t)(at - line);
    cr_assert(length < EXPOSITION_TEXT && page->series_count < EXPOSITION_SERIES);
    char *series = page->series[page->series_count++];
    memcpy(series, line, length);
    series[length] = '\0';
    for (int i = 0; i + 1 < page->series_count; i++)
        cr_assert_str_neq(page->series[i], series, "a series comes twice");
    cr_assert(*at++ == ' ');
    double value = strtod(at, &end);
    cr_assert(end > at && *end == '\n', "no number: %.60s", line);
    size_t family = strlen(page->family);
    cr_assert(strncmp(name, page->family, family) == 0, "%s is not of the family %s", name,
              page->family);
    cr_assert_str_neq(page->type, "", "%s has no TYPE", name);
    if (strcmp(page->type, "histogram") == 0)
        exposition_histogram(page, name + family, le, value);
    else
        cr_assert_str_eq(name, page->family);
    if (strcmp(page->type, "counter") == 0)
        cr_assert(value >= 0);
}

/* Reads a whole page; fails the test where it breaks a rule. Gives the number of series. */
static inline int exposition_read(const char *text)
{
    static struct exposition page;
    page = (struct exposition){0};
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        cr_assert(strchr(line, '\n') != NULL, "the last line does not end");
        if (line[0] == '#')
            exposition_comment(&page, line);
        else
            exposition_sample(&page, line);
    }
    return page.series_count;
}

#endif
