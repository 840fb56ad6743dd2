/* Reports: what of them is refused, and when they are made. */
#include "loading.h"
#include "model/differ.h"

#define TOP(time)                                                                                  \
    "program: p\ntime: {" time "}\nmeasures: {m: {count: x, over: 5d}}\nscores:\n"                 \
    "  s: {scale: 10, dimensions: {m: {weight: 1, target: 4}}, bands: {low: 0, high: 5}}\n"        \
    "  t: {points: {x: 1}, over: month, bands: {few: 0, many: 5}}\n"
#define R(keys) TOP("pane: 1d") "reports: {r: {" keys "}}\n"
#define H(keys) TOP("pane: 1h, zone: Asia/Kolkata") "reports: {r: {" keys "}}\n"

Test(reports, what_cannot_be_meant_is_refused)
{
    static const struct row rows[] = {
        {R("every: month"), "f.yaml:7:11: |\"of\" is missing"},
        {R("of: []"), "f.yaml:7:19: |\"of\" lists 0 scores"},
        {R("of: s"), "f.yaml:7:19: |\"of\" is \"s\"; write the names of scores"},
        {R("of: [s, u]"), "f.yaml:7:23: |there is no score \"u\""},
        {R("of: [s, s]"), "f.yaml:7:23: |the score \"s\" stands twice"},
        {R("of: [s], every: day"), "|week, month, quarter or year"},
        {R("of: [s], at: {day: 31}"), "f.yaml:7:34: |\"day\" is 31, a day that not every month "
                                      "has; write \"day: last\", or 1 to 28"},
        {R("of: [s], at: {day: 29}"), "|\"day: last\", or 1 to 28"},
        {R("of: [s], every: quarter, at: {day: 30}"), "|\"day: last\""},
        {R("of: [s], at: {day: 0}"), "f.yaml:7:34: |from 1 to 31"},
        {R("of: [s], at: {day: first}"), "f.yaml:7:34: |number"},
        {R("of: [s], every: week, at: {day: 8}"), "|from 1 to 7"},
        {R("of: [s], at: {hour: 6}"),
         "f.yaml:7:35: |\"hour\" is 6, but counts are kept by day|\"time: {pane: 1h}\""},
        {H("of: [s], at: {hour: 24}"), "f.yaml:7:35: |from 0 to 23"},
        {R("of: [s], at: {minute: 5}"), "|unknown key \"minute\""},
        {R("of: [s], for: []"), "f.yaml:7:29: |\"for\" names no band"},
        {R("of: [s], for: [lo]"), "f.yaml:7:30: |has no band \"lo\"|did you mean \"low\"?"},
        {R("of: [s, t], for: [many]"), "|the score \"s\" has no band \"many\""},
        {R("of: [s], for: [low, low]"), "f.yaml:7:35: |the band \"low\" stands twice"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(reports, there_are_not_too_many)
{
    char text[2048];
    for (int count = ENG_REPORTS_MAX; count <= ENG_REPORTS_MAX + 1; count++) {
        int used = snprintf(text, sizeof text, TOP("pane: 1d") "reports:\n");
        for (int i = 0; i < count; i++)
            used += snprintf(text + used, sizeof text - (size_t)used, "  r%d: {of: [s]}\n", i);
        if (count <= ENG_REPORTS_MAX)
            eng_config_free(load_good(text));
        else
            expect_refused(text, "f.yaml:7:1: |there are 5 reports|at most 4 (ENG_REPORTS_MAX)");
    }
}

/* The instants of the first reports after an instant, UTC in seconds. */
static void expect_moments(const char *text, int64_t from_s, const int64_t *want_s, int count)
{
    struct eng_config *config = load_good(text);
    const struct eng_model *model = config->model;
    int64_t pane = eng_calendar_pane(model->calendar, from_s * 1000);
    for (int i = 0; i < count; i++) {
        pane = eng_report_next(model, &model->reports[0], pane);
        cr_expect_eq(eng_calendar_start_ms(model->calendar, pane), want_s[i] * 1000,
                     "%s: %d is %lld", text, i,
                     (long long)(eng_calendar_start_ms(model->calendar, pane) / 1000));
    }
    eng_config_free(config);
}

Test(reports, they_are_made_on_their_day_at_their_hour)
{
    /* From Thursday 1 January 2026 on. */
    expect_moments(R("of: [s]"), 1767225600, (int64_t[]){1769904000, 1772323200, 1775001600}, 3);
    expect_moments(R("of: [s], at: {day: last}"), 1767225600,
                   (int64_t[]){1769817600, 1772236800, 1774915200}, 3);
    expect_moments(R("of: [s], at: {day: 28}"), 1767225600,
                   (int64_t[]){1769558400, 1772236800, 1774656000}, 3);
    expect_moments(R("of: [s], every: week"), 1767225600, (int64_t[]){1767571200, 1768176000}, 2);
    expect_moments(R("of: [s], every: week, at: {day: last}"), 1767225600,
                   (int64_t[]){1767484800, 1768089600}, 2);
    expect_moments(R("of: [s], every: quarter, at: {day: 2}"), 1767225600,
                   (int64_t[]){1767312000, 1775088000, 1782950400}, 3);
    expect_moments(R("of: [s], every: quarter, at: {day: last}"), 1767225600,
                   (int64_t[]){1774915200, 1782777600}, 2);
    expect_moments(R("of: [s], every: year"), 1767225600, (int64_t[]){1798761600, 1830297600}, 2);
    /* 06:00 in Kolkata is 00:30 in UTC. */
    expect_moments(H("of: [s], at: {day: 1, hour: 6}"), 1767225600,
                   (int64_t[]){1767227400, 1769905800, 1772325000}, 3);
    expect_moments(H("of: [s], at: {day: 1, hour: 1}"), 1767225600, (int64_t[]){1769887800}, 1);
}

Test(reports, clocks_that_change_do_not_move_the_hour)
{
    /* Sundays at 6:00, before and after 29 March and 25 October 2026 in Amsterdam. */
    const char *text =
        TOP("pane: 1h, zone: Europe/Amsterdam") "reports: {r: {of: [s], every: week, "
                                                "at: {day: 7, hour: 6}}}\n";
    expect_moments(text, 1774137600 - 86400, (int64_t[]){1774155600, 1774756800, 1775361600}, 3);
    expect_moments(text, 1792281600 - 86400, (int64_t[]){1792296000, 1792904400, 1793509200}, 3);
}

Test(reports, other_reports_make_another_model_and_the_first_needs_a_restart)
{
    static const char *const texts[] = {TOP("pane: 1d") "version: 2\n",
                                        R("of: [s]") "version: 3\n",
                                        R("of: [t]") "version: 4\n",
                                        R("of: [s], every: quarter") "version: 5\n",
                                        R("of: [s], at: {day: last}") "version: 6\n",
                                        R("of: [s], for: [low]") "version: 7\n"};
    struct eng_config *none = load_good(texts[0]), *first = load_good(texts[1]);
    struct eng_config *second = load_good(texts[2]);
    struct eng_error err = {0};
    expect_models_differ(texts, sizeof texts / sizeof *texts);
    cr_expect_eq(eng_config_takes_up(none, first, &err), ENG_BAD_CONFIG);
    cr_expect_not_null(strstr(err.text, "f.yaml:7:1: reports need a restart"), "%s", err.text);
    cr_expect_eq(eng_config_takes_up(first, second, NULL), ENG_OK);
    eng_config_free(none);
    eng_config_free(first);
    eng_config_free(second);
}
