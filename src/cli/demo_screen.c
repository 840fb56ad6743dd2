/* The demo's picture. See demo_screen.h. */
#include "cli/demo_screen.h"

#include "cli/output.h"
#include "codec/rfc3339.h"
#include "serve/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DAY_MS INT64_C(86400000)

enum {
    REDRAW_MS = 200,
    LINE_MS = 1000, /* between two lines where there is no terminal */
    LINE_NEWS = 3,  /* churn drops printed with each */
    WIDTH = 100,
    WIDTH_MIN = 40,
    BAR_MAX = 50,
    FIXED_LINES = 12, /* of the table, beside bands and news */
    GROUP_LINES = 3,
};

struct eng_totals eng_totals_of(const struct eng_stats *stats)
{
    struct eng_totals totals = {.partitions = stats->partition_count};
    for (uint32_t i = 0; i < stats->partition_count; i++) {
        const struct eng_partition_stats *partition = &stats->partitions[i];
        eng_counters_add(&totals.counters, &partition->counters);
        totals.partners += partition->partners;
        totals.memory_bytes += partition->memory_bytes;
        totals.lag_records += partition->lag_records > 0 ? partition->lag_records : 0;
    }
    for (uint32_t i = 0; i < stats->worker_count; i++) {
        totals.commits += stats->workers[i].commits;
        totals.commit_us += stats->workers[i].commit_latency_sum_us;
    }
    totals.group_results = stats->merger.results;
    return totals;
}

/* Whether the environment says that text is UTF-8. */
static bool speaks_unicode(void)
{
    const char *names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return strstr(value, "UTF-8") || strstr(value, "utf8") || strstr(value, "UTF8");
    }
    return false;
}

void eng_screen_start(struct eng_screen *screen)
{
    *screen = (struct eng_screen){
        .terminal = isatty(STDOUT_FILENO) == 1, .unicode = speaks_unicode(), .rate = -1};
    if (screen->terminal)
        fputs("\033[?25l", stdout);
}

/* A number with commas between thousands. */
static void add_count(struct eng_text *text, uint64_t number)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, number);
    for (int i = 0; i < length; i++)
        eng_text_add(text, "%s%c", i > 0 && (length - i) % 3 == 0 ? "," : "", digits[i]);
}

static void add_counted(struct eng_text *text, const char *before, uint64_t number,
                        const char *after)
{
    eng_text_add(text, "%s", before);
    add_count(text, number);
    eng_text_add(text, "%s", after);
}

static void add_date(struct eng_text *text, int64_t time_ms)
{
    char date[ENG_RFC3339_BYTES];
    eng_rfc3339_format(time_ms, date);
    eng_text_add(text, "%.10s", date);
}

/* Partners by band of the first score. Nothing told yet means the band of 0, which is the lowest.
 */
static uint64_t in_band(const struct eng_demo_view *view, uint32_t band, uint64_t partners)
{
    const struct eng_findings *findings = view->findings;
    uint64_t told = 0;
    for (uint32_t i = 0; i < findings->band_count; i++)
        told += findings->band_partners[i];
    uint64_t untold = partners > told ? partners - told : 0;
    return findings->band_partners[band] + (band == 0 ? untold : 0);
}

static void add_bar(struct eng_text *text, const struct eng_screen *screen, uint64_t part,
                    uint64_t whole)
{
    uint64_t length = whole > 0 ? (part * BAR_MAX + whole / 2) / whole : 0;
    for (uint64_t i = 0; i < length && i < BAR_MAX; i++)
        eng_text_add(text, screen->unicode ? "\xE2\x96\x88" : "#");
}

static void add_bands(struct eng_text *text, const struct eng_screen *screen,
                      const struct eng_demo_view *view, const struct eng_totals *totals)
{
    const struct eng_findings *findings = view->findings;
    const char *score = eng_model_score_name(findings->model, 0);
    add_counted(text, " ", totals->partners, " partners by band");
    eng_text_add(text, " of %s\n", score != NULL ? score : "no score");
    for (uint32_t i = findings->band_count; i > 0; i--) {
        uint64_t partners = in_band(view, i - 1, totals->partners);
        eng_text_add(text, "   %-12.12s %7" PRIu64 "  ",
                     eng_model_band_name(findings->model, 0, i - 1), partners);
        add_bar(text, screen, partners, totals->partners);
        eng_text_add(text, "\n");
    }
}

static void add_news(struct eng_text *text, const char *title, const struct eng_news_list *list,
                     uint64_t most)
{
    uint64_t count = list->count < most ? list->count : most;
    eng_text_add(text, "\n newest %s\n", title);
    for (uint64_t i = 0; i < most; i++) {
        if (i < count) {
            const struct eng_news *news = &list->newest[(list->count - 1 - i) % ENG_NEWS_MAX];
            eng_text_add(text, "   ");
            add_date(text, news->at_ms);
            eng_text_add(text, "  %s", news->text);
        }
        eng_text_add(text, "\n");
    }
}

static void add_head(struct eng_text *text, const struct eng_demo_view *view)
{
    eng_text_add(text, "engaged demo: program %s, day %d of %d, ",
                 eng_model_program(view->findings->model),
                 (int)((view->now_ms - view->start_ms) / DAY_MS),
                 (int)((view->end_ms - view->start_ms) / DAY_MS));
    add_date(text, view->now_ms);
    eng_text_add(text, "%s%s\n\n", view->state[0] != '\0' ? ": " : "", view->state);
}

/* What only some models tell. */
static void add_others(struct eng_text *text, const struct eng_totals *totals)
{
    if (totals->counters.cell_changes > 0)
        add_counted(text, ", ", totals->counters.cell_changes, " cell changes");
    if (totals->counters.reports > 0)
        add_counted(text, ", ", totals->counters.reports, " report cards");
    if (totals->counters.award_bookings > 0)
        add_counted(text, ", ", totals->counters.award_bookings, " award bookings");
    if (totals->counters.abuse_flags > 0)
        add_counted(text, ", ", totals->counters.abuse_flags, " abuse flags");
    if (totals->counters.digests > 0) {
        add_counted(text, ", ", totals->counters.digests, " digests");
        add_counted(text, " of ", totals->counters.left_out, " left out");
    }
    if (totals->group_results > 0)
        add_counted(text, ", ", totals->group_results, " group results");
}

static void add_figures(struct eng_text *text, const struct eng_screen *screen,
                        const struct eng_demo_view *view, const struct eng_totals *totals)
{
    uint64_t commit_us = totals->commits > 0 ? totals->commit_us / totals->commits : 0;
    add_counted(text, "\n ", totals->counters.read, " events");
    add_counted(text, ", ", screen->rate > 0 ? (uint64_t)screen->rate : 0, " a second");
    add_counted(text, ", lag ", (uint64_t)totals->lag_records, " records");
    add_counted(text, ", ", totals->commits, " transactions");
    eng_text_add(text, " of %" PRIu64 ".%" PRIu64 " ms\n", commit_us / 1000, commit_us / 100 % 10);
    add_counted(text, " told: ", view->findings->score_changes, " score changes");
    add_counted(text, ", ", view->findings->opened, " churn drops");
    add_counted(text, ", of them ", view->findings->resolved, " resolved");
    add_others(text, totals);
    eng_text_add(text, "\n");
}

/* How many messages of each kind fit on the terminal. */
static uint64_t news_that_fit(const struct eng_findings *findings, unsigned rows)
{
    bool groups = eng_model_group_name(findings->model, 0) != NULL;
    bool boards = eng_model_board_name(findings->model, 0) != NULL;
    unsigned used = FIXED_LINES + findings->band_count + (groups + boards) * GROUP_LINES;
    uint64_t fit = rows > used ? (rows - used) / 2 : 0;
    return fit < 3 ? 3 : fit > 8 ? 8 : fit;
}

/* Writes the table over the last one: every line cut to the width, its rest cleared. */
static void put_table(struct eng_screen *screen, const struct eng_text *text, unsigned width)
{
    if (screen->lines_drawn > 0)
        printf("\033[%uA", screen->lines_drawn);
    screen->lines_drawn = 0;
    unsigned column = 0;
    for (size_t i = 0; i < text->used; i++) {
        char c = text->data[i];
        bool begins = ((unsigned char)c & 0xC0) != 0x80; /* not the middle of a character */
        if (c == '\n') {
            fputs("\033[K\n", stdout);
            screen->lines_drawn++;
            column = 0;
            continue;
        }
        column += begins;
        if (column < width)
            putchar(c);
    }
}

static void draw_table(struct eng_screen *screen, const struct eng_demo_view *view,
                       const struct eng_totals *totals)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < WIDTH_MIN)
        size = (struct winsize){.ws_row = 30, .ws_col = WIDTH};
    struct eng_text text = {0};
    uint64_t news = news_that_fit(view->findings, size.ws_row);
    add_head(&text, view);
    add_bands(&text, screen, view, totals);
    add_figures(&text, screen, view, totals);
    if (eng_model_group_name(view->findings->model, 0) != NULL)
        add_news(&text, "figures", &view->findings->figures, 1);
    if (eng_model_board_name(view->findings->model, 0) != NULL)
        add_news(&text, "board", &view->findings->boards, 1);
    add_news(&text, "churn drops", &view->findings->drops, news);
    add_news(&text, "score changes", &view->findings->changes, news);
    eng_text_add(&text, "\n %s\n", view->http != NULL ? view->http : "no HTTP");
    if (!text.failed)
        put_table(screen, &text, size.ws_col);
    eng_text_done(&text);
}

static void draw_lines(struct eng_screen *screen, const struct eng_demo_view *view,
                       const struct eng_totals *totals)
{
    struct eng_text text = {0};
    const struct eng_news_list *drops = &view->findings->drops;
    if (!screen->drawn && view->http != NULL)
        eng_text_add(&text, "pages: %s\n", view->http);
    add_date(&text, view->now_ms);
    add_counted(&text, " events=", totals->counters.read, "");
    eng_text_add(&text, " rate=%.0f lag=%" PRId64, screen->rate > 0 ? screen->rate : 0,
                 totals->lag_records);
    for (uint32_t i = 0; i < view->findings->band_count; i++)
        eng_text_add(&text, " %s=%" PRIu64, eng_model_band_name(view->findings->model, 0, i),
                     in_band(view, i, totals->partners));
    eng_text_add(&text, " score_changes=%" PRIu64 " churn_drops=%" PRIu64 " %s\n",
                 view->findings->score_changes, view->findings->opened, view->state);
    uint64_t fresh = drops->count - screen->drops_shown;
    for (uint64_t i = fresh < LINE_NEWS ? fresh : LINE_NEWS; i > 0; i--) {
        const struct eng_news *news = &drops->newest[(drops->count - i) % ENG_NEWS_MAX];
        eng_text_add(&text, "  ");
        add_date(&text, news->at_ms);
        eng_text_add(&text, " %s\n", news->text);
    }
    screen->drops_shown = drops->count;
    if (!text.failed)
        fputs(text.data, stdout);
    eng_text_done(&text);
}

/* Events a second since the last drawing, smoothed. */
static void measure_rate(struct eng_screen *screen, const struct eng_demo_view *view,
                         const struct eng_totals *totals)
{
    int64_t passed_ms = view->elapsed_ms - screen->shown_ms;
    if (passed_ms <= 0)
        return;
    double now = (double)(totals->counters.read - screen->shown_read) * 1000 / (double)passed_ms;
    screen->rate = screen->rate < 0 ? now : screen->rate * 0.7 + now * 0.3;
    screen->shown_ms = view->elapsed_ms;
    screen->shown_read = totals->counters.read;
}

bool eng_screen_draw(struct eng_screen *screen, const struct eng_demo_view *view)
{
    int64_t pause_ms = screen->terminal ? REDRAW_MS : LINE_MS;
    if (screen->drawn && view->elapsed_ms - screen->shown_ms < pause_ms)
        return true;
    struct eng_totals totals = eng_totals_of(view->stats);
    measure_rate(screen, view, &totals);
    if (screen->terminal)
        draw_table(screen, view, &totals);
    else
        draw_lines(screen, view, &totals);
    screen->drawn = true;
    return fflush(stdout) == 0;
}

void eng_screen_end(struct eng_screen *screen, const struct eng_demo_view *view)
{
    if (screen->terminal && view != NULL) {
        struct eng_totals totals = eng_totals_of(view->stats);
        draw_table(screen, view, &totals);
    }
    if (screen->terminal)
        fputs("\033[?25h", stdout);
    (void)fflush(stdout); /* the summary notices a failure */
}

/* A row for each kind whose fate could be found out. */
static enum eng_status add_kinds(struct eng_text *text, const struct eng_demo_view *view)
{
    static const char *const texts[] = {
#define X(name, text, share, help) help,
        ENG_SYNTH_KIND_MAP(X)
#undef X
    };
    eng_text_add(text, "\n   kind      partners   alerted since its day   half of them within   "
                       "silence told\n");
    for (int kind = 0; kind < ENG_SYNTH_KIND_COUNT; kind++) {
        struct eng_kind_findings found;
        enum eng_status status =
            eng_findings_of_kind(view->findings, (enum eng_synth_kind)kind, view->now_ms, &found);
        if (status != ENG_OK)
            return status;
        eng_text_add(text, "   %-9s %8u", eng_synth_kind_name((enum eng_synth_kind)kind),
                     found.partners);
        if (kind == ENG_SYNTH_STEADY || found.told == 0)
            eng_text_add(text, "   %21s   %19s", "-", "-");
        else
            eng_text_add(text, "   %21u   %14.1f days", found.told, found.median_days);
        eng_text_add(text, "   %12u   %s\n", found.silent, texts[kind]);
    }
    return ENG_OK;
}

/* The newest results of everybody. */
static void add_last(struct eng_text *text, const char *what, const struct eng_news_list *list)
{
    if (list->count == 0)
        return;
    const struct eng_news *news = &list->newest[(list->count - 1) % ENG_NEWS_MAX];
    eng_text_add(text, "   %s of ", what);
    add_date(text, news->at_ms);
    eng_text_add(text, ", %s\n", news->text);
}

enum eng_status eng_screen_summary(const struct eng_demo_view *view, struct eng_error *err)
{
    struct eng_text text = {0};
    struct eng_totals totals = eng_totals_of(view->stats);
    uint64_t seconds_x10 = (uint64_t)(view->elapsed_ms > 0 ? view->elapsed_ms : 1) / 100;
    add_counted(&text, "\nSummary: ", totals.counters.read, " events");
    add_counted(&text, " of ", totals.partners, " partners");
    eng_text_add(&text, " over %d days in %" PRIu64 ".%" PRIu64 " s\n",
                 (int)((view->now_ms - view->start_ms) / DAY_MS), seconds_x10 / 10,
                 seconds_x10 % 10);
    eng_text_add(&text, "  ");
    for (int outcome = 0; outcome < ENG_OUTCOME_COUNT; outcome++) {
        if (outcome >= ENG_OUTCOME_LEFT_OUT && totals.counters.outcome[outcome] == 0)
            continue; /* most programs have no checks */
        add_counted(&text, outcome > 0 ? ", " : " ", totals.counters.outcome[outcome], " ");
        eng_text_add(&text, "%s", eng_outcome_name((enum eng_outcome)outcome));
    }
    add_counted(&text, "\n   told: ", view->findings->score_changes, " score changes");
    add_counted(&text, ", ", view->findings->opened, " churn drops opened");
    add_counted(&text, ", ", view->findings->resolved, " resolved");
    add_others(&text, &totals);
    add_counted(&text, ", all in ", totals.commits, " transactions\n");
    add_last(&text, "figures", &view->findings->figures);
    add_last(&text, "board", &view->findings->boards);
    enum eng_status status = add_kinds(&text, view);
    if (text.failed || status != ENG_OK)
        status = eng_error_set(err, ENG_NO_MEMORY, "no memory for the summary");
    else if (fwrite(text.data, 1, text.used, stdout) != text.used || fflush(stdout) != 0)
        status = eng_error_set(err, ENG_IO, "standard output cannot be written");
    eng_text_done(&text);
    return status;
}
