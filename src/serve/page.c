/* The status page. See page.h. Everything that comes from outside is escaped. */
#include "serve/page.h"

#include "base/assert.h"
#include "codec/rfc3339.h"
#include <inttypes.h>
#include <string.h>

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\">"
    "<meta http-equiv=\"refresh\" content=\"5\"><title>engaged</title><style>\n"
    ":root{color-scheme:light dark;--line:#8884;--good:#1a7f37;--bad:#b35900}\n"
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}\n"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}\n"
    "table{border-collapse:collapse;display:block;overflow-x:auto}th,td{text-align:right;padding:."
    "25rem .6rem;"
    "border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}\n"
    "th:first-child,td:first-child,.text{text-align:left}\n"
    ".good{color:var(--good)}.bad{color:var(--bad)}.facts{display:flex;flex-wrap:wrap;gap:2rem}\n"
    ".facts b{display:block;font-size:1.5rem}\n"
    "</style></head><body>\n";

/* 1234567 -> 1,234,567 */
static void add_number(struct eng_text *out, int64_t value)
{
    if (value < 0) {
        eng_text_add(out, "?");
        return;
    }
    int64_t unit = 1;
    int digits = 1;
    for (; value / unit >= 10; digits++)
        unit *= 10;
    for (; digits > 0; digits--, unit /= 10)
        eng_text_add(out, "%d%s", (int)(value / unit % 10),
                     digits > 1 && digits % 3 == 1 ? "," : "");
}

static void add_cell(struct eng_text *out, int64_t value)
{
    eng_text_add(out, "<td>");
    add_number(out, value);
    eng_text_add(out, "</td>");
}

static void add_seconds_cell(struct eng_text *out, int64_t ms)
{
    eng_text_add(out, "<td>");
    if (ms < 0)
        eng_text_add(out, "?");
    else
        eng_text_add_decimal(out, ms / 100, 10);
    eng_text_add(out, "</td>");
}

static void add_fact(struct eng_text *out, const char *name, int64_t value)
{
    eng_text_add(out, "<div><b>");
    add_number(out, value);
    eng_text_add(out, "</b>%s</div>", name);
}

static void add_facts(struct eng_text *out, const struct eng_page_input *input)
{
    int64_t partners = 0;
    int64_t bytes = 0;
    int64_t lag = 0;
    for (uint32_t i = 0; i < input->stats->partition_count; i++) {
        const struct eng_partition_stats *partition = &input->stats->partitions[i];
        partners += (int64_t)partition->partners;
        bytes += (int64_t)partition->memory_bytes;
        lag = lag < 0 || partition->lag_records < 0 ? -1 : lag + partition->lag_records;
    }
    eng_text_add(out, "<div class=\"facts\">");
    add_fact(out, "records a second", (int64_t)input->health->read_rate);
    add_fact(out, "told a second", (int64_t)input->health->told_rate);
    add_fact(out, "records of lag", lag);
    add_fact(out, "partners", partners);
    add_fact(out, "MB of state", bytes / 1000000);
    add_fact(out, "minutes up", (input->wall_ms - input->started_ms) / 60000);
    eng_text_add(out, "</div>\n");
}

/* A configuration that was read and not taken up. */
static void add_reload(struct eng_text *out, const struct eng_reload_stats *reload)
{
    if (!reload->refused)
        return;
    eng_text_add(out, "<p class=\"bad\">The configuration was read again and not taken up: ");
    eng_text_add_html(out, reload->text);
    eng_text_add(out, "</p>\n");
}

static void add_worker(struct eng_text *out, const struct eng_worker_stats *worker, uint32_t index)
{
    bool running = worker->state == ENG_WORKER_RUNNING;
    uint64_t commits = 0;
    for (int i = 0; i < ENG_LATENCY_BUCKETS; i++)
        commits += worker->commit_latency[i];
    eng_text_add(out, "<tr><td>%" PRIu32 "</td><td class=\"text %s\">%s</td>", index,
                 running ? "good" : "bad", eng_worker_state_name(worker->state));
    add_seconds_cell(out, worker->heartbeat_ms);
    add_cell(out, (int64_t)worker->commits);
    add_cell(out, commits > 0 ? (int64_t)(worker->commit_latency_sum_us / commits / 1000) : -1);
    add_cell(out, (int64_t)worker->aborts);
    add_cell(out, (int64_t)worker->rebalances);
    eng_text_add(out, "<td class=\"text\">");
    eng_text_add_html(out, worker->text);
    eng_text_add(out, "</td></tr>\n");
}

static void add_clock_cell(struct eng_text *out, int64_t clock_ms)
{
    char text[ENG_RFC3339_BYTES] = "none yet";
    if (clock_ms >= 0)
        eng_rfc3339_format(clock_ms, text);
    eng_text_add(out, "<td>%s</td>", text);
}

static void add_partition(struct eng_text *out, const struct eng_page_input *input,
                          const struct eng_partition_stats *partition)
{
    eng_text_add(out, "<tr><td>%" PRId32 "</td><td class=\"text ", partition->partition);
    if (partition->restoring) {
        struct eng_restore_view view;
        eng_health_restore(input->health, partition, input->now_ms, &view);
        eng_text_add(out, "bad\">restoring, %" PRId64 " %%",
                     view.total > 0 ? view.done * 100 / view.total : 0);
        if (view.seconds_left >= 0)
            eng_text_add(out, ", %" PRId64 " s left", view.seconds_left);
        eng_text_add(out, "</td>");
    } else {
        eng_text_add(out, "good\">live</td>");
    }
    add_cell(out, partition->lag_records);
    add_seconds_cell(out, partition->lag_ms);
    add_clock_cell(out, partition->clock_ms);
    add_cell(out, (int64_t)partition->partners);
    add_cell(out, (int64_t)partition->counters.read);
    for (int i = 0; i < ENG_OUTCOME_COUNT; i++)
        add_cell(out, (int64_t)partition->counters.outcome[i]);
    add_cell(out, (int64_t)partition->counters.score_changes);
    add_cell(out, (int64_t)partition->counters.churn_drops);
    eng_text_add(out, "</tr>\n");
}

static void add_tables(struct eng_text *out, const struct eng_page_input *input)
{
    eng_text_add(out,
                 "<h2>Partitions</h2><table><tr><th>partition</th><th class=\"text\">state</th>"
                 "<th>lag</th><th>lag, s</th><th>event clock</th><th>partners</th>"
                 "<th>read</th>");
    for (int i = 0; i < ENG_OUTCOME_COUNT; i++)
        eng_text_add(out, "<th>%s</th>", eng_outcome_name((enum eng_outcome)i));
    eng_text_add(out, "<th>score changes</th><th>churn drops</th></tr>\n");
    for (uint32_t i = 0; i < input->stats->partition_count; i++)
        add_partition(out, input, &input->stats->partitions[i]);
    eng_text_add(out, "</table>\n<h2>Workers</h2><table><tr><th>worker</th>"
                      "<th class=\"text\">state</th><th>last turn, s</th><th>commits</th>"
                      "<th>mean commit, ms</th><th>aborts</th><th>rebalances</th>"
                      "<th class=\"text\">note</th></tr>\n");
    for (uint32_t i = 0; i < input->stats->worker_count; i++)
        add_worker(out, &input->stats->workers[i], i);
    eng_text_add(out, "</table>\n");
}

void eng_page_write(struct eng_text *out, const struct eng_page_input *input)
{
    eng_assert(input->config != NULL && input->stats != NULL && input->health != NULL);
    const struct eng_config *config = input->config;
    bool ready = eng_health_ready(input->stats);
    eng_text_add_bytes(out, head, sizeof head - 1);
    eng_text_add(out, "<h1>");
    eng_text_add_html(out, eng_model_program(config->model));
    eng_text_add(out, ", model %" PRIu32 ": <span class=\"%s\">%s</span></h1>\n<p>",
                 input->stats->reload.model_version, ready ? "good" : "bad",
                 ready ? "ready" : "not ready");
    eng_text_add_html(out, config->input.topic ? config->input.topic : "");
    eng_text_add(out, ", consumer group ");
    eng_text_add_html(out, config->kafka.group ? config->kafka.group : "");
    eng_text_add(out, "</p>\n");
    add_reload(out, &input->stats->reload);
    add_facts(out, input);
    add_tables(out, input);
    eng_text_add(out, "<p><a href=\"/metrics\">/metrics</a> <a href=\"/readyz\">/readyz</a> "
                      "<a href=\"/healthz\">/healthz</a> /partners/{id}; engaged " ENGAGED_VERSION
                      "</p></body></html>\n");
}
