/* S14 through the worker: a model with another version comes into force at a journaled position,
 * nothing is read again, and restarts before, at and after it change nothing. */
#include "base/memory.h"
#include "codec/encode.h"
#include "stage.h"

enum { TURNS = 40, HISTORY = 160, PARTNERS = 5, MODELS = 4, HOUR_MS = 3600000 };

struct renewal {
    struct stage s;
    struct eng_config *before[MODELS]; /* configurations, by version - 1 */
    const char *on_change;
};

/* The stage's configuration with other numbers. */
static struct eng_config *load(const char *on_change, unsigned version, int target, int hours)
{
    static const char program[] = "program: stage\n", run[] = "run: {";
    static const char rest[] = "scores:\n";
    char text[2 * sizeof stage_config];
    struct eng_config *config = NULL;
    struct eng_error err = {0};
    const char *after = stage_config + sizeof program - 1, *at = strstr(after, run);
    const char *measures = strstr(at, "measures:\n"), *scores = strstr(at, rest);
    const char *number = strstr(scores, "target: 10");
    cr_assert_eq(strncmp(stage_config, program, sizeof program - 1), 0);
    cr_assert_not_null(number);
    (void)snprintf(text, sizeof text,
                   "%sversion: %u\n%.*s%son_change: %s, %.*smeasures:\n  logins: {count: login, "
                   "over: %dh}\n%.*starget: %d%s",
                   program, version, (int)(at - after), after, run, on_change,
                   (int)(measures - at - (ptrdiff_t)sizeof run + 1), at + sizeof run - 1, hours,
                   (int)(number - scores), scores, target, number + strlen("target: 10"));
    cr_assert_eq(eng_config_load_text(text, strlen(text), "stage.yaml", &config, &err), ENG_OK,
                 "%s\n%s", err.text, text);
    return config;
}

/* From the next start on. */
static void change(struct renewal *r, unsigned version, int target, int hours)
{
    cr_assert_null(r->s.worker);
    r->s.config = r->before[version - 1] = load(r->on_change, version, target, hours);
    r->s.config->recovery.records = r->before[0]->recovery.records;
}

static void begin(struct renewal *r, int records)
{
    *r = (struct renewal){.on_change = "tell"};
    stage_init(&r->s, 1);
    eng_config_free(r->s.config);
    r->s.config = r->before[0] = load(r->on_change, 1, 10, 4);
    r->s.config->recovery.records = records;
}

static void end(struct renewal *r)
{
    if (r->s.worker != NULL)
        stage_stop(&r->s);
    for (int i = 0; i < MODELS; i++)
        eng_config_free(r->before[i]);
    fake_really_free(r->s.fake);
}

static int64_t time_of(int64_t i)
{
    return 1767225600000 - (HISTORY - i) * (int64_t)600000;
}

static void name_of(int64_t i, char name[8])
{
    (void)snprintf(name, 8, "p%d", (int)(i * 7 % PARTNERS));
}

static void put(struct renewal *r, int from, int to)
{
    char name[8];
    for (int i = from; i < to; i++) {
        name_of(i, name);
        stage_login(&r->s, 0, name, time_of(i));
    }
}

static void start(struct renewal *r, int turns)
{
    stage_start(&r->s);
    stage_turn(&r->s, turns);
    cr_assert_eq(r->s.worker->error.status, ENG_OK, "%s", r->s.worker->error.text);
}

/* ---- the run without interruption ---- */

struct whole {
    struct renewal *renewal;
    struct eng_engine *engine;
    struct eng_journal journal;
    struct eng_bytes told;
    struct eng_effects effects;
};

static uint8_t buffer[1 << 18];

static void tell(struct whole *whole)
{
    struct eng_encode_context context = {eng_engine_model(whole->engine), "T", 0};
    const struct eng_effect *effect = eng_effects_next(&whole->effects, NULL);
    for (; effect != NULL; effect = eng_effects_next(&whole->effects, effect))
        cr_assert_eq(eng_encode_avro(&context, effect, &whole->told), ENG_OK);
    whole->effects.used = whole->effects.count = 0;
}

static void read_journal(struct whole *whole)
{
    const struct fake_port *fake = whole->renewal->s.fake;
    for (uint32_t i = 0; i < fake->output_count; i++) {
        const struct fake_output *output = &fake->outputs[i];
        if (output->topic == ENG_TOPIC_STATE && output->committed &&
            eng_journal_is_key(output->key, output->key_bytes))
            cr_assert_eq(
                eng_journal_decode(&whole->journal, output->value, output->value_bytes, NULL),
                ENG_OK);
    }
}

static void apply_entries(struct whole *whole, int64_t offset)
{
    struct eng_journal *journal = &whole->journal;
    bool silent = strcmp(whole->renewal->on_change, "silent") == 0;
    for (; journal->done < journal->count; journal->done++) {
        const struct eng_journal_entry *entry = &journal->entries[journal->done];
        if (entry->offset > offset)
            return;
        enum eng_status status =
            entry->kind == ENG_JOURNAL_TICK
                ? eng_engine_tick(whole->engine, entry->time_ms, &whole->effects, NULL)
                : eng_engine_activate(whole->engine,
                                      whole->renewal->before[entry->time_ms - 1]->model, silent,
                                      &whole->effects, NULL);
        cr_assert_eq(status, ENG_OK);
        tell(whole);
    }
}

static void apply_event(struct whole *whole, int64_t offset)
{
    char name[8];
    name_of(offset, name);
    struct eng_event event = {.time_ms = time_of(offset),
                              .value_e4 = ENG_VALUE_NONE,
                              .offset = (uint64_t)offset,
                              .partner = {name, (uint32_t)strlen(name)},
                              .action = {"login", 5}};
    struct eng_batch batch = {.events = &event, .count = 1};
    cr_assert_eq(eng_engine_apply(whole->engine, &batch, &whole->effects, NULL), ENG_OK);
    tell(whole);
}

/* What all partners look like, for comparison. */
static void same_views(struct whole *whole, const char *what)
{
    struct eng_engine *other = eng_worker_task(whole->renewal->s.worker, 0)->engine;
    char name[8];
    for (int64_t i = 0; i < PARTNERS; i++) {
        struct eng_view a, b;
        name_of(i, name);
        struct eng_slice partner = {name, (uint32_t)strlen(name)};
        cr_assert_eq(eng_engine_view(whole->engine, partner, &a), ENG_OK);
        cr_assert_eq(eng_engine_view(other, partner, &b), ENG_OK);
        cr_expect_eq(a.scores[0].value_e4, b.scores[0].value_e4, "%s, %s", name, what);
        cr_expect_eq(a.scores[0].told_value_e4, b.scores[0].told_value_e4, "%s, %s", name, what);
        cr_expect_eq(a.scores[0].provisional, b.scores[0].provisional, "%s, %s", name, what);
    }
    eng_engine_check(other);
}

/* The version that it began with: the first one whose text was committed. */
static const struct eng_model *first_model(const struct renewal *r)
{
    const struct fake_port *fake = r->s.fake;
    for (uint32_t i = 0; i < fake->output_count; i++) {
        const struct fake_output *output = &fake->outputs[i];
        if (output->topic == ENG_TOPIC_STATE && output->committed &&
            eng_models_is_key(output->key, output->key_bytes))
            return r->before[atoi((const char *)output->key + strlen("model/")) - 1]->model;
    }
    return r->before[0]->model;
}

/* All that was told, and what is known, is what an engine gives that is fed the same events and
 * the journal. Returns how many changes of the model there were. */
static uint32_t compare(struct renewal *r, const char *what)
{
    struct eng_engine *engine = NULL;
    cr_assert_eq(eng_engine_new(first_model(r), NULL, &engine, NULL), ENG_OK);
    struct whole whole = {.renewal = r, .engine = engine};
    whole.effects.data = buffer;
    whole.effects.capacity = sizeof buffer;
    read_journal(&whole);
    for (int64_t i = 0; i < r->s.fake->partitions[0].end; i++) {
        apply_entries(&whole, i);
        apply_event(&whole, i);
    }
    apply_entries(&whole, INT64_MAX);
    size_t at = 0;
    for (uint32_t i = 0; i < r->s.fake->output_count; i++) {
        const struct fake_output *output = &r->s.fake->outputs[i];
        if (output->topic != ENG_TOPIC_SCORE_CHANGES || !output->committed)
            continue;
        cr_assert(at + output->value_bytes <= whole.told.used &&
                      memcmp(whole.told.data + at, output->value, output->value_bytes) == 0,
                  "%s: output %u differs", what, i);
        at += output->value_bytes;
    }
    cr_expect_eq(at, whole.told.used, "%s: something was not told", what);
    same_views(&whole, what);
    uint32_t count = 0;
    for (uint32_t i = 0; i < whole.journal.count; i++)
        count += whole.journal.entries[i].kind == ENG_JOURNAL_MODEL;
    eng_engine_free(engine);
    eng_journal_done(&whole.journal);
    eng_bytes_done(&whole.told);
    return count;
}

/* ---- tests ---- */

Test(renewal, G10_another_version_takes_effect_without_reading_anything_again)
{
    struct renewal r;
    begin(&r, 1000);
    start(&r, 3);
    put(&r, 0, 100);
    stage_turn(&r.s, TURNS);
    stage_stop(&r.s);
    r.s.fake->partitions[0].low = 100; /* nothing is left to be read */
    change(&r, 2, 20, 4);
    uint32_t told = fake_count(r.s.fake, ENG_TOPIC_SCORE_CHANGES);
    start(&r, TURNS);
    cr_expect_eq(fake_count(r.s.fake, ENG_TOPIC_SCORE_CHANGES), told + PARTNERS);
    for (uint32_t i = told; i < told + PARTNERS; i++)
        cr_expect(strstr(stage_id(&r.s, ENG_TOPIC_SCORE_CHANGES, i), "/m2") != NULL);
    cr_expect_eq(stage_commit(&r.s).life, 1);
    cr_expect_eq(stage_commit(&r.s).model_version, 2);
    cr_expect_eq(stage_commit(&r.s).low.model_version, 1, "everybody waits for a page since");
    cr_expect_eq(stage_state_count(&r.s, "model/"), 2);
    put(&r, 100, HISTORY);
    stage_turn(&r.s, TURNS);
    cr_expect_eq(compare(&r, "once"), 1);
    end(&r);
}

Test(renewal, a_silent_change_is_noted_and_not_told)
{
    struct renewal r;
    begin(&r, 10);
    start(&r, 3);
    put(&r, 0, 100);
    stage_turn(&r.s, TURNS);
    stage_kill(&r.s);
    r.on_change = "silent";
    change(&r, 2, 20, 4);
    uint32_t told = fake_count(r.s.fake, ENG_TOPIC_SCORE_CHANGES);
    start(&r, TURNS);
    cr_expect_eq(fake_count(r.s.fake, ENG_TOPIC_SCORE_CHANGES), told);
    put(&r, 100, HISTORY);
    stage_turn(&r.s, TURNS);
    cr_expect_eq(compare(&r, "silent"), 1);
    end(&r);
}

/* Three versions in a row, each of whose processes dies after so many turns, again and again. */
static void live_dangerously(int target, int turns)
{
    struct renewal r;
    char what[60];
    (void)snprintf(what, sizeof what, "target %d, %d turns", target, turns);
    begin(&r, target);
    start(&r, 4);
    put(&r, 0, 40);
    stage_turn(&r.s, TURNS);
    for (unsigned version = 2; version <= MODELS; version++) {
        stage_kill(&r.s);
        change(&r, version, version % 2 == 0 ? 20 : 7, 3 + (int)version);
        for (int life = 0; life < 4; life++) {
            start(&r, turns + life);
            stage_kill(&r.s);
        }
        start(&r, TURNS);
        for (int part = 0; part < 4; part++) {
            int from = (int)version * 40 - 40 + part * 10;
            put(&r, from, from + 10);
            stage_turn(&r.s, turns);
        }
        stage_turn(&r.s, TURNS);
        cr_expect_eq(compare(&r, what), version - 1, "%s", what);
        cr_expect_eq(stage_counters(&r.s, 0).read, version * 40u);
        cr_expect_eq(stage_commit(&r.s).life, 1);
    }
    end(&r);
}

Test(renewal, G10_killed_after_any_number_of_turns_thrice_in_a_row_it_goes_on)
{
    for (int turns = 0; turns < 14; turns++)
        for (int target = 1; target < 100; target = target * 3 + 1)
            live_dangerously(target, turns);
}

/* Pages of both models lie in the state topic, low water before the change. */
Test(renewal, low_water_may_lie_before_changes_that_some_pages_lie_behind)
{
    struct renewal r;
    int mixed = 0;
    begin(&r, 3);
    start(&r, 3);
    for (int at = 0; at < 40; at++) {
        put(&r, at, at + 1);
        stage_turn(&r.s, 12);
    }
    stage_kill(&r.s);
    change(&r, 2, 20, 6);
    start(&r, TURNS);
    for (int at = 40; at < HISTORY; at++) {
        put(&r, at, at + 1);
        stage_turn(&r.s, 12);
        struct eng_page_part part;
        const struct fake_output *page = stage_state(&r.s, 0, "page/", NULL);
        cr_assert_eq(eng_page_open(page->value, page->value_bytes, &part, NULL), ENG_OK);
        mixed += part.head.model_version == 2 && stage_commit(&r.s).low.model_version == 1;
        stage_kill(&r.s);
        start(&r, TURNS);
    }
    cr_expect_gt(mixed, 0);
    cr_expect_eq(stage_commit(&r.s).low.model_version, 2);
    cr_expect_eq(compare(&r, "in pieces"), 1);
    end(&r);
}

/* What a grown window could not answer is still not known after a restart that has read no event
 * of before the change. */
Test(renewal, a_grown_window_stays_provisional_over_a_restart)
{
    struct renewal r;
    struct eng_view view;
    begin(&r, 1);
    start(&r, 3);
    put(&r, 0, 100);
    stage_turn(&r.s, TURNS);
    stage_stop(&r.s);
    change(&r, 2, 10, 20);
    start(&r, TURNS);
    for (int life = 0; life < 2; life++) {
        stage_stop(&r.s);
        cr_expect_gt(stage_commit(&r.s).known_bytes, 0);
        cr_expect_eq(stage_commit(&r.s).low.model_version, 2);
        r.s.fake->partitions[0].low = 100;
        start(&r, TURNS);
        cr_assert_eq(eng_engine_view(eng_worker_task(r.s.worker, 0)->engine,
                                     (struct eng_slice){"p1", 2}, &view),
                     ENG_OK);
        cr_expect(view.scores[0].provisional);
    }
    end(&r);
}

/* A commit whose answer is lost, in the transaction that carries the change. */
Test(renewal, G10_a_doubtful_commit_of_the_change_takes_place_once)
{
    for (int done = 0; done < 2; done++) {
        struct renewal r;
        begin(&r, 10);
        start(&r, 3);
        put(&r, 0, 40);
        stage_turn(&r.s, TURNS);
        stage_kill(&r.s);
        change(&r, 2, 20, 6);
        fake_fault(r.s.fake, (struct fake_fault){'c', 0, 1, ENG_TIMED_OUT, done == 1});
        start(&r, TURNS);
        put(&r, 40, 80);
        stage_turn(&r.s, TURNS);
        cr_expect_eq(compare(&r, done ? "done" : "lost"), 1);
        end(&r);
    }
}

/* ---- a running worker ---- */

/* The worker that runs has it from its next turn on. */
static void reload(struct renewal *r, unsigned version, int target, int hours)
{
    struct eng_config *config = load(r->on_change, version, target, hours);
    config->recovery.records = r->before[0]->recovery.records;
    r->before[version - 1] = config;
    struct eng_edition *edition = eng_edition_borrow(config);
    cr_assert_not_null(edition);
    eng_worker_reload(r->s.worker, edition);
    eng_edition_release(edition);
}

Test(renewal, S14_a_running_worker_goes_over_to_another_version_between_two_inputs)
{
    struct renewal r;
    begin(&r, 1000);
    start(&r, 3);
    put(&r, 0, 100);
    stage_turn(&r.s, TURNS);
    uint32_t told = fake_count(r.s.fake, ENG_TOPIC_SCORE_CHANGES);
    reload(&r, 2, 20, 4);
    put(&r, 100, 102);
    stage_turn(&r.s, TURNS);
    cr_expect_geq(fake_count(r.s.fake, ENG_TOPIC_SCORE_CHANGES), told + PARTNERS);
    cr_expect_eq(stage_commit(&r.s).model_version, 2);
    cr_expect_eq(stage_commit(&r.s).life, 1);
    cr_expect_eq(stage_counters(&r.s, 0).read, 102u);
    put(&r, 102, HISTORY);
    stage_turn(&r.s, TURNS);
    cr_expect_eq(compare(&r, "running"), 1);
    end(&r);
}

/* Each version in its own turn, or several in one, each with so many turns before it is killed. */
static void reload_dangerously(int turns, int target)
{
    struct renewal r;
    char what[60];
    (void)snprintf(what, sizeof what, "%d turns, target %d", turns, target);
    begin(&r, target);
    start(&r, 3);
    for (unsigned version = 2; version <= MODELS; version++) {
        int from = (int)version * 40 - 80;
        put(&r, from, from + 20);
        stage_turn(&r.s, turns);
        reload(&r, version, version % 2 == 0 ? 20 : 7, 3 + (int)version);
        put(&r, from + 20, from + 40);
        stage_turn(&r.s, turns);
        if (version % 2 == 1) {
            stage_kill(&r.s);
            r.s.config = r.before[version - 1];
            start(&r, turns);
        }
    }
    stage_turn(&r.s, TURNS);
    put(&r, 120, HISTORY);
    stage_turn(&r.s, TURNS);
    (void)compare(&r, what); /* a version that was never committed has not been there */
    cr_expect_eq(stage_commit(&r.s).model_version, (uint32_t)MODELS);
    cr_expect_eq(stage_counters(&r.s, 0).read, (uint64_t)HISTORY);
    end(&r);
}

Test(renewal, versions_that_come_at_any_turn_are_what_the_journal_says_they_are)
{
    for (int turns = 0; turns < 14; turns++)
        for (int target = 1; target < 100; target = target * 3 + 1)
            reload_dangerously(turns, target);
}

/* It begins under one version and is under the next one before it has ever committed: low water is
 * still under the first one. */
Test(renewal, a_version_that_was_in_force_in_one_transaction_only_is_kept_for_a_restart)
{
    struct renewal r;
    begin(&r, 1000);
    start(&r, 3);
    put(&r, 0, 40);
    stage_turn(&r.s, 2);
    cr_assert_eq(stage_state_count(&r.s, "commit"), 0u, "it has committed already");
    cr_assert_gt(stage_counters(&r.s, 0).read, 0u, "it has read nothing yet");
    reload(&r, 2, 20, 6);
    stage_turn(&r.s, TURNS);
    cr_expect_eq(stage_commit(&r.s).low.model_version, 1);
    cr_expect_eq(stage_state_count(&r.s, "model/"), 2);
    stage_kill(&r.s);
    r.s.config = r.before[1];
    start(&r, TURNS);
    put(&r, 40, 60);
    stage_turn(&r.s, TURNS);
    cr_expect_eq(compare(&r, "at once"), 1);
    end(&r);
}

Test(renewal, one_that_comes_during_a_restore_is_in_force_after_it)
{
    for (int turns = 0; turns < 8; turns++) {
        struct renewal r;
        begin(&r, 1000);
        start(&r, 3);
        put(&r, 0, 100);
        stage_turn(&r.s, TURNS);
        stage_kill(&r.s);
        stage_start(&r.s);
        stage_turn(&r.s, turns);
        reload(&r, 2, 20, 4);
        stage_turn(&r.s, TURNS);
        cr_expect_eq(r.s.worker->error.status, ENG_OK, "%s", r.s.worker->error.text);
        cr_expect_eq(stage_commit(&r.s).model_version, 2);
        put(&r, 100, HISTORY);
        stage_turn(&r.s, TURNS);
        cr_expect_eq(compare(&r, "restoring"), 1);
        end(&r);
    }
}

Test(renewal, settings_alone_change_nothing_for_partners)
{
    struct renewal r;
    begin(&r, 10);
    start(&r, 3);
    put(&r, 0, 100);
    stage_turn(&r.s, TURNS);
    struct eng_config *other = load("tell", 1, 10, 4);
    struct eng_edition *edition = eng_edition_new(other);
    other->run.commit_interval_ms = 10;
    eng_worker_reload(r.s.worker, edition);
    stage_turn(&r.s, 1);
    cr_expect_eq(r.s.worker->config, other);
    cr_expect_eq(atomic_load(&edition->holders), 2u + ENG_PORT_READERS, "worker, readers, test");
    put(&r, 100, HISTORY);
    stage_turn(&r.s, TURNS);
    cr_expect_eq(compare(&r, "settings"), 0);
    cr_expect_eq(stage_commit(&r.s).low.model_version, 1);
    eng_edition_release(edition);
    end(&r);
}

Test(renewal, a_configuration_is_let_go_of_when_nothing_is_under_its_model_any_more)
{
    struct renewal r;
    begin(&r, 10);
    start(&r, 3);
    struct eng_edition *edition = NULL;
    for (unsigned version = 2; version <= 3; version++) {
        put(&r, (int)version * 40 - 80, (int)version * 40 - 40);
        stage_turn(&r.s, TURNS);
        if (version == 2) {
            r.before[1] = load("tell", 2, 20, 4);
            edition = eng_edition_borrow(r.before[1]);
            eng_worker_reload(r.s.worker, edition);
        } else {
            cr_expect_eq(atomic_load(&edition->holders), 3u + ENG_PORT_READERS,
                         "worker, readers, task, test");
            reload(&r, 3, 10, 4);
        }
        stage_turn(&r.s, 1);
    }
    cr_expect_eq(atomic_load(&edition->holders), 2u, "the task's low water and test");
    put(&r, 80, HISTORY);
    stage_turn(&r.s, TURNS);
    r.s.worker->tasks[0]->leaving = true; /* all pages are written */
    stage_turn(&r.s, TURNS);
    cr_expect_eq(stage_commit(&r.s).low.model_version, 3);
    cr_expect_eq(atomic_load(&edition->holders), 1u, "the test");
    eng_edition_release(edition);
    cr_expect_eq(compare(&r, "let go of"), 2);
    end(&r);
}

/* ---- processes of a group that read their files again one after the other ---- */

/* Another process has taken the partition over to version 2, and this one has not. */
static void begin_outdated(struct renewal *r)
{
    begin(r, 10);
    start(r, 3);
    put(r, 0, 40);
    stage_turn(&r->s, TURNS);
    reload(r, 2, 20, 4);
    stage_turn(&r->s, TURNS);
    stage_kill(&r->s);
    r->s.config = r->before[0];
}

Test(renewal, a_partition_under_a_newer_model_waits_until_its_configuration_has_come)
{
    struct renewal r;
    begin_outdated(&r);
    stage_start(&r.s);
    r.s.worker->proven = true; /* other partitions have been live here */
    stage_turn(&r.s, TURNS);
    cr_expect_eq(r.s.worker->error.status, ENG_OK, "%s", r.s.worker->error.text);
    cr_expect_eq(atomic_load(&r.s.worker->outdated), 1u);
    cr_expect_eq(eng_worker_task(r.s.worker, 0)->state, ENG_TASK_ASKING);
    uint32_t commits = stage_state_count(&r.s, "commit");
    put(&r, 40, 60);
    stage_turn(&r.s, TURNS);
    cr_expect_eq(stage_state_count(&r.s, "commit"), commits, "it has committed under an old model");
    struct eng_edition *edition = eng_edition_borrow(r.before[1]);
    eng_worker_reload(r.s.worker, edition);
    eng_edition_release(edition);
    stage_turn(&r.s, TURNS);
    cr_expect_eq(atomic_load(&r.s.worker->outdated), 0u);
    cr_expect_eq(eng_worker_task(r.s.worker, 0)->state, ENG_TASK_LIVE);
    put(&r, 60, HISTORY);
    stage_turn(&r.s, TURNS);
    cr_expect_eq(compare(&r, "waited"), 1);
    end(&r);
}

/* Asked with the older one, and answered before the loop has looked at what has come. */
Test(renewal, an_answer_is_no_reason_to_end_when_a_newer_configuration_has_come_meanwhile)
{
    struct renewal r;
    begin_outdated(&r);
    stage_start(&r.s);
    for (int turns = 0; turns < TURNS && !r.s.worker->readers[0].busy; turns++)
        stage_turn(&r.s, 1);
    cr_assert(r.s.worker->readers[0].busy);
    cr_assert(!r.s.worker->proven);
    struct eng_edition *edition = eng_edition_borrow(r.before[1]);
    eng_worker_reload(r.s.worker, edition);
    eng_edition_release(edition);
    eng_worker_ask(r.s.worker);
    cr_expect_eq(r.s.worker->error.status, ENG_OK, "%s", r.s.worker->error.text);
    stage_turn(&r.s, TURNS);
    cr_expect_eq(eng_worker_task(r.s.worker, 0)->state, ENG_TASK_LIVE);
    cr_expect_eq(compare(&r, "meanwhile"), 1);
    end(&r);
}

Test(renewal, an_outdated_process_does_not_join_its_group)
{
    struct renewal r;
    begin_outdated(&r);
    struct eng_worker_options options = {.config = r.s.config,
                                         .port = &r.s.fake->port,
                                         .writer = 77,
                                         .asks_first = true,
                                         .gate = &r.s.gate,
                                         .memory_bytes = &r.s.memory_bytes};
    atomic_store(&r.s.gate, 0);
    r.s.fake->handler = NULL; /* what joining sets */
    cr_assert_eq(eng_worker_new(&options, &r.s.worker, NULL), ENG_OK);
    cr_expect(!eng_worker_begin(r.s.worker));
    cr_expect_eq(r.s.worker->error.status, ENG_BAD_CONFIG);
    cr_expect(strstr(r.s.worker->error.text, "greater version than 2") != NULL, "%s",
              r.s.worker->error.text);
    cr_expect_null(r.s.fake->handler, "it has joined");
    end(&r);
}

/* ---- what is refused ---- */

static void expect_refusal(struct renewal *r, const char *word)
{
    uint32_t told = fake_count(r->s.fake, ENG_TOPIC_SCORE_CHANGES);
    stage_start(&r->s);
    stage_turn(&r->s, TURNS);
    cr_expect_eq(r->s.worker->error.status, ENG_BAD_CONFIG);
    cr_expect(strstr(r->s.worker->error.text, word) != NULL, "%s", r->s.worker->error.text);
    cr_expect_eq(fake_count(r->s.fake, ENG_TOPIC_SCORE_CHANGES), told);
    end(r);
}

Test(renewal, an_older_version_is_refused)
{
    struct renewal r;
    begin(&r, 10);
    change(&r, 3, 20, 4);
    start(&r, 3);
    put(&r, 0, 20);
    stage_turn(&r.s, TURNS);
    stage_kill(&r.s);
    change(&r, 2, 20, 4);
    expect_refusal(&r, "greater version than 3");
}

Test(renewal, a_model_that_counts_cannot_go_on_under_is_refused_with_the_way_out)
{
    struct renewal r;
    char text[sizeof stage_config + 64];
    const char *rest = strstr(stage_config, "time: {pane: 1h");
    struct eng_error err = {0};
    begin(&r, 10);
    start(&r, 3);
    put(&r, 0, 20);
    stage_turn(&r.s, TURNS);
    stage_kill(&r.s);
    (void)snprintf(text, sizeof text, "program: stage\nversion: 2\ntime: {zone: Asia/Kolkata, %s",
                   rest + strlen("time: {"));
    cr_assert_eq(eng_config_load_text(text, strlen(text), "stage.yaml", &r.before[1], &err), ENG_OK,
                 "%s", err.text);
    r.s.config = r.before[1];
    expect_refusal(&r, "Asia/Kolkata");
}

Test(renewal, a_state_topic_without_the_text_of_its_model_is_refused)
{
    struct renewal r;
    begin(&r, 10);
    start(&r, 3);
    put(&r, 0, 20);
    stage_turn(&r.s, TURNS);
    stage_kill(&r.s);
    stage_state(&r.s, 0, "model/1", NULL)->committed = false;
    change(&r, 2, 20, 4);
    stage_start(&r.s);
    stage_turn(&r.s, TURNS);
    cr_expect_eq(r.s.worker->error.status, ENG_CORRUPT);
    cr_expect(strstr(r.s.worker->error.text, "text of version 1") != NULL, "%s",
              r.s.worker->error.text);
    end(&r);
}
