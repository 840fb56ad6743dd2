/* Effects as JSON, as Avro and as ids: exact texts, and Avro read back by avro-c with the schema.
 */
#include "base/memory.h"
#include "codec/encode.h"
#include "codec/fields.h"
#include "codec/flag.h"
#include "codec/schemas.h"
#include "engine/model.h"
#include "records.h"
#include <avro.h>
#include <stdlib.h>

/* Writable names for a model made by hand. */
static char program[] = "paint/painters", engagement[] = "engagement", logins[] = "logins";
static char training[] = "training.*", low[] = "low", high[] = "high";
static char at_risk[] = "at_risk", slipping[] = "slipping", silent[] = "silent";
static char untrained[] = "untrained", leaving[] = "leaving";
static char thanks[] = "Say \"thanks\".";
static char rising[] = "rising", weak[] = "weak", strong[] = "strong";

static char relation[] = "relation", lost[] = "lost", loyal[] = "loyal", activity[] = "activity";
static char quiet[] = "quiet", active[] = "active";
static struct eng_band columns[] = {{.name = quiet}, {.name = active, .edge_e4 = 50000}};
static char *cells[] = {lost, loyal};
static uint8_t cell_of[] = {0, 0, 0, 1};
static struct eng_matrix matrices[] = {{.name = relation,
                                        .rows = 0,
                                        .columns = 1,
                                        .row_count = 2,
                                        .column_count = 2,
                                        .cell_count = 2,
                                        .cells = cells,
                                        .cell_of = cell_of}};
static char complete_action[] = "training.complete";
static struct eng_dimension dimensions[] = {
    {.name = logins},
    {.name = training, .effort_e4 = 20000, .each_e4 = 5000000, .action = complete_action}};
static struct eng_band bands[] = {{.name = low}, {.name = high, .edge_e4 = 50000}};
static struct eng_score scores[] = {{.name = engagement,
                                     .dimension_count = 2,
                                     .dimensions = dimensions,
                                     .band_count = 2,
                                     .bands = bands},
                                    {.name = activity,
                                     .dimension_count = 2,
                                     .dimensions = dimensions,
                                     .band_count = 2,
                                     .bands = columns}};
static char almost[] = "almost";
static struct eng_alert alerts[] = {
    {.name = at_risk, .kind = ENG_FALLS_TO},
    {.name = slipping, .kind = ENG_DROP},
    {.name = silent, .kind = ENG_SILENCE},
    {.name = rising, .kind = ENG_RISES_TO},
    {.name = weak, .kind = ENG_BELOW, .edge_e4 = 45000},
    {.name = strong, .kind = ENG_ABOVE, .edge_e4 = 80001, .description = thanks},
    {.name = untrained, .kind = ENG_DEADLINE},
    {.name = leaving, .kind = ENG_SILENCE, .forecast = 60},
    {.name = almost, .kind = ENG_NEAR, .band = 1, .edge_e4 = 45000}};
static char monthly[] = "monthly";
static uint16_t reported[] = {0};
static struct eng_report reports[] = {
    {.name = monthly, .score_count = 1, .scores = reported, .trend_e4 = 45001}};
static char portal[] = "portal", export_text[] = "The export.";
static struct eng_guard guards[] = {{.name = portal, .description = export_text}};
static char welcome[] = "welcome", reward[] = "rew/ard";
static struct eng_ledger ledgers[] = {{.name = low}, {.name = reward}};
static struct eng_award awards[] = {{.name = welcome, .ledgers = 3},
                                    {.name = strong, .ledgers = 1, .description = thanks}};
static char twice[] = "twi/ce", many[] = "many", odd[] = "odd";
static struct eng_check checks[] = {
    {.name = twice, .kind = ENG_UNIQUE, .leave_out = true},
    {.name = many, .kind = ENG_MORE_THAN, .most = 20, .description = thanks},
    {.name = odd, .kind = ENG_OUTLIER, .above_e4 = 25000}};
static char calls[] = "calls";
static struct eng_budget budgets[] = {
    {.name = calls, .is_split = true, .split = {.name = engagement, .by_bands = true}},
    {.name = weak, .description = thanks}};
static const struct eng_model model = {.program = program,
                                       .check_count = 3,
                                       .checks = checks,
                                       .guard_count = 1,
                                       .guards = guards,
                                       .ledger_count = 2,
                                       .ledgers = ledgers,
                                       .award_count = 2,
                                       .awards = awards,
                                       .version = 3,
                                       .score_count = 2,
                                       .scores = scores,
                                       .alert_count = 9,
                                       .alerts = alerts,
                                       .matrix_count = 1,
                                       .matrices = matrices,
                                       .report_count = 1,
                                       .reports = reports,
                                       .budget_count = 2,
                                       .budgets = budgets};
static const struct eng_encode_context context = {&model, "", 0};

/* An effect with room for what follows it. */
struct effect {
    struct eng_effect head;
    uint8_t rest[512];
};

/* Puts contributions (two, or none for silence) and the partner behind the head. */
static const struct eng_effect *complete(struct effect *effect, const char *partner)
{
    static const struct eng_contribution list[] = {{25000, -12500}, {-1, 10000}};
    size_t used = effect->head.contribution_count * sizeof *list;
    memcpy(effect->rest, list, used);
    memcpy(effect->rest + used, partner, strlen(partner));
    effect->head.partner_bytes = (uint16_t)strlen(partner);
    effect->head.bytes =
        (uint32_t)((sizeof effect->head + used + strlen(partner) + 7) & ~(size_t)7);
    return &effect->head;
}

static struct effect score_change(void)
{
    return (struct effect){.head = {.kind = ENG_EFFECT_SCORE_CHANGE,
                                    .cause = ENG_CAUSE_EVENT,
                                    .origin_kind = ENG_ORIGIN_OFFSET,
                                    .origin = 42,
                                    .direction = ENG_DOWN,
                                    .band = 0,
                                    .previous_band = 1,
                                    .provisional = 1,
                                    .contribution_count = 2,
                                    .at_ms = 1767258000000,
                                    .value_e4 = 24999,
                                    .previous_value_e4 = 70000}};
}

static struct effect churn_drop(unsigned alert, enum eng_alert_status status)
{
    return (struct effect){
        .head = {.kind = ENG_EFFECT_CHURN_DROP,
                 .subject = (uint16_t)alert,
                 .origin_kind = ENG_ORIGIN_BOUNDARY,
                 .origin = 1767225600000,
                 .status = (uint8_t)status,
                 .contribution_count = alert == 2 || alert == 6 || alert == 7 ? 0 : 2,
                 .risk_e3 = alert == 2 || alert == 7 ? 625 : 0,
                 .at_ms = 1767225600000,
                 .value_e4 = 40000,
                 .baseline_e4 = 70001,
                 .last_action_at_ms = 1767000000000,
                 .silent_for_ms = 225600000,
                 .usual_gap_ms = 86400000}};
}

static const char *text_of(const struct eng_bytes *bytes)
{
    static char text[65536];
    cr_assert_lt(bytes->used, sizeof text);
    memcpy(text, bytes->data, bytes->used);
    text[bytes->used] = '\0';
    return text;
}

#define CONTRIBUTIONS                                                                              \
    "\"contributions\":[{\"dimension\":\"logins\",\"value\":2.5,\"delta\":-1.25},"                 \
    "{\"dimension\":\"training.*\",\"value\":-0.0001,\"delta\":1}]"
#define HEAD(type, name, status, origin)                                                           \
    "{\"type\":\"" type "\",\"id\":\"paint%2Fpainters/acme/" name "/" status "/" origin            \
    "\",\"program\":\"paint/painters\",\"partner_id\":\"acme\","
#define DROP(name, status)                                                                         \
    HEAD("churn_drop", name, status, "b1767225600000")                                             \
    "\"rule\":\"" name "\",\"status\":\"" status "\",\"at\":1767225600000,"

/* The keys that every kind has at its end. */
#define JSON_END(kind) ",\"kind\":\"" kind "\"}\n"
#define AVRO_END(kind)                                                                             \
    ", \"kind\": {\"string\": \"" kind                                                             \
    "\"}, \"threshold\": null, \"description\": null" AVRO_NO_TIME
#define AVRO_NO_FACTS ", \"fact\": null, \"facts\": null, \"nudge\": null"
#define AVRO_NO_NEAR AVRO_NO_FACTS ", \"near\": null, \"held_out\": null, \"trend\": null}"
#define AVRO_NO_FALL ", \"will_drop_at\": null, \"will_drop_to\": null" AVRO_NO_NEAR
#define AVRO_NO_TIME ", \"anchor_at\": null, \"due_at\": null" AVRO_NO_FALL

static void check_json(struct effect effect, const char *want)
{
    struct eng_bytes out = {0};
    cr_assert_eq(eng_encode_json(&context, complete(&effect, "acme"), &out), ENG_OK);
    cr_assert_str_eq(text_of(&out), want);
    eng_bytes_done(&out);
}

Test(encode, a_score_change_has_every_key_in_json)
{
    check_json(score_change(),
               HEAD("score_change", "engagement", "changed",
                    "o42") "\"score\":\"engagement\",\"model_version\":3,\"value\":2.4999,"
                           "\"previous_value\":7,"
                           "\"band\":\"low\",\"previous_band\":\"high\",\"direction\":\"down\","
                           "\"cause\":\"event\","
                           "\"at\":1767258000000,\"provisional\":true," CONTRIBUTIONS "}\n");
}

Test(encode, a_churn_drop_has_the_keys_of_its_kind_in_json)
{
    check_json(churn_drop(0, ENG_OPENED),
               DROP("at_risk",
                    "opened") "\"score\":\"engagement\",\"value\":4,\"band\":\"low\"," CONTRIBUTIONS
                   JSON_END("falls_to"));
    check_json(
        churn_drop(0, ENG_RESOLVED),
        DROP("at_risk",
             "resolved") "\"score\":\"engagement\",\"value\":4,\"band\":\"low\"," CONTRIBUTIONS
            JSON_END("falls_to"));
    check_json(
        churn_drop(1, ENG_OPENED),
        DROP("slipping", "opened") "\"score\":\"engagement\",\"value\":4,\"baseline\":7.0001,"
                                   "\"drop\":3.0001," CONTRIBUTIONS JSON_END("drop"));
    check_json(
        churn_drop(1, ENG_RESOLVED),
        DROP("slipping",
             "resolved") "\"score\":\"engagement\",\"value\":4,\"baseline\":7.0001," CONTRIBUTIONS
            JSON_END("drop"));
    check_json(
        churn_drop(2, ENG_OPENED),
        DROP("silent", "opened") "\"last_action_at\":1767000000000,\"silent_for_ms\":225600000,"
                                 "\"usual_gap_ms\":86400000,\"risk\":0.625" JSON_END("silence"));
    check_json(churn_drop(2, ENG_RESOLVED),
               DROP("silent", "resolved") "\"last_action_at\":1767000000000" JSON_END("silence"));
    check_json(churn_drop(3, ENG_OPENED),
               DROP("rising",
                    "opened") "\"score\":\"engagement\",\"value\":4,\"band\":\"low\"," CONTRIBUTIONS
                   JSON_END("rises_to"));
    check_json(churn_drop(4, ENG_OPENED),
               DROP("weak", "opened") "\"score\":\"engagement\",\"value\":4," CONTRIBUTIONS
                                      ",\"kind\":\"below\",\"threshold\":4.5}\n");
    check_json(churn_drop(5, ENG_RESOLVED),
               DROP("strong", "resolved") "\"score\":\"engagement\",\"value\":4," CONTRIBUTIONS
                                          ",\"kind\":\"above\",\"threshold\":8,\"description\":"
                                          "\"Say \\\"thanks\\\".\"}\n");
}

/* What avro-c makes of the Avro body, as JSON. */
static char *read_avro(const char *schema_text, const struct eng_bytes *bytes)
{
    avro_schema_t schema;
    avro_value_t value;
    char *json = NULL;
    cr_assert_eq(avro_schema_from_json_length(schema_text, strlen(schema_text), &schema), 0, "%s",
                 avro_strerror());
    avro_value_iface_t *class = avro_generic_class_from_schema(schema);
    avro_generic_value_new(class, &value);
    avro_reader_t reader = avro_reader_memory((const char *)bytes->data, (int64_t)bytes->used);
    cr_assert_eq(avro_value_read(reader, &value), 0, "%s", avro_strerror());
    char byte;
    cr_assert_neq(avro_read(reader, &byte, 1), 0, "bytes are left over");
    cr_assert_eq(avro_value_to_json(&value, 1, &json), 0);
    avro_reader_free(reader);
    avro_value_decref(&value);
    avro_value_iface_decref(class);
    (void)avro_schema_decref(schema); /* the count that is left says nothing to us */
    return json;
}

static void check_avro(struct effect effect, const char *schema, const char *want)
{
    struct eng_bytes out = {0};
    cr_assert_eq(eng_encode_avro(&context, complete(&effect, "acme"), &out), ENG_OK);
    char *json = read_avro(schema, &out);
    cr_assert_str_eq(json, want);
    free(json);
    eng_bytes_done(&out);
}

static void check_avro_end(struct effect effect, const char *schema, const char *want)
{
    struct eng_bytes out = {0};
    cr_assert_eq(eng_encode_avro(&context, complete(&effect, "acme"), &out), ENG_OK);
    char *json = read_avro(schema, &out);
    cr_assert_geq(strlen(json), strlen(want));
    cr_assert_str_eq(json + strlen(json) - strlen(want), want);
    free(json);
    eng_bytes_done(&out);
}

#define AVRO_CONTRIBUTIONS                                                                         \
    "[{\"dimension\": \"logins\", \"value\": 2.5, \"delta\": -1.25}, "                             \
    "{\"dimension\": \"training.*\", \"value\": -0.0001, \"delta\": 1.0}]"
#define AVRO_DROP(name, status)                                                                    \
    "{\"id\": \"paint%2Fpainters/acme/" name "/" status                                            \
    "/b1767225600000\", \"program\": \"paint/painters\", \"partner_id\": \"acme\", "               \
    "\"rule\": \"" name "\", \"status\": \"" status "\", \"at\": 1767225600000, "

Test(encode, a_score_change_is_read_by_avro_c)
{
    struct effect effect = score_change();
    effect.head.value_e4 = 25001;
    check_avro(
        effect, eng_schema_score_change,
        "{\"id\": \"paint%2Fpainters/acme/engagement/changed/o42\", \"program\": "
        "\"paint/painters\", \"partner_id\": \"acme\", \"score\": \"engagement\", "
        "\"model_version\": 3, \"value\": 2.5001000000000002, \"previous_value\": 7.0, \"band\": "
        "\"low\", \"previous_band\": \"high\", \"direction\": \"down\", \"cause\": \"event\", "
        "\"at\": 1767258000000, \"provisional\": true, \"contributions\": " AVRO_CONTRIBUTIONS
        ", \"description\": null" AVRO_NO_FACTS ", \"trend\": null}");
}

Test(encode, churn_drops_are_read_by_avro_c_with_nulls_for_what_does_not_apply)
{
    check_avro(churn_drop(0, ENG_OPENED), eng_schema_churn_drop,
               AVRO_DROP("at_risk", "opened") "\"score\": {\"string\": \"engagement\"}, \"value\": "
                                              "{\"double\": 4.0}, \"band\": {\"string\": \"low\"}, "
                                              "\"baseline\": null, \"drop\": null, "
                                              "\"last_action_at\": null, \"silent_for_ms\": null, "
                                              "\"usual_gap_ms\": null, \"risk\": null, "
                                              "\"contributions\": {\"array\": " AVRO_CONTRIBUTIONS
                                              "}" AVRO_END("falls_to"));
    check_avro(
        churn_drop(1, ENG_OPENED), eng_schema_churn_drop,
        AVRO_DROP("slipping", "opened") "\"score\": {\"string\": \"engagement\"}, \"value\": "
                                        "{\"double\": 4.0}, \"band\": null, \"baseline\": "
                                        "{\"double\": 7.0000999999999998}, "
                                        "\"drop\": {\"double\": 3.0001000000000002}, "
                                        "\"last_action_at\": null, \"silent_for_ms\": "
                                        "null, \"usual_gap_ms\": null, \"risk\": null, "
                                        "\"contributions\": {\"array\": " AVRO_CONTRIBUTIONS
                                        "}" AVRO_END("drop"));
    check_avro(
        churn_drop(1, ENG_RESOLVED), eng_schema_churn_drop,
        AVRO_DROP("slipping",
                  "resolved") "\"score\": {\"string\": \"engagement\"}, \"value\": "
                              "{\"double\": 4.0}, \"band\": null, \"baseline\": {\"double\": "
                              "7.0000999999999998}, "
                              "\"drop\": null, \"last_action_at\": null, \"silent_for_ms\": null, "
                              "\"usual_gap_ms\": null, "
                              "\"risk\": null, \"contributions\": {\"array\": " AVRO_CONTRIBUTIONS
                              "}" AVRO_END("drop"));
    check_avro(
        churn_drop(2, ENG_OPENED), eng_schema_churn_drop,
        AVRO_DROP("silent",
                  "opened") "\"score\": null, \"value\": null, \"band\": null, "
                            "\"baseline\": null, \"drop\": null, \"last_action_at\": "
                            "{\"long\": 1767000000000}, "
                            "\"silent_for_ms\": {\"long\": 225600000}, \"usual_gap_ms\": "
                            "{\"long\": 86400000}, "
                            "\"risk\": {\"double\": 0.625}, \"contributions\": null" AVRO_END(
                                "silence"));
    check_avro(churn_drop(2, ENG_RESOLVED), eng_schema_churn_drop,
               AVRO_DROP("silent",
                         "resolved") "\"score\": null, \"value\": null, \"band\": null, "
                                     "\"baseline\": null, \"drop\": null, "
                                     "\"last_action_at\": {\"long\": 1767000000000}, "
                                     "\"silent_for_ms\": null, \"usual_gap_ms\": null, "
                                     "\"risk\": null, \"contributions\": null" AVRO_END("silence"));
}

Test(encode, a_source_silence_is_of_a_partition_and_of_no_partner)
{
    struct effect effect = {.head = {.kind = ENG_EFFECT_SOURCE_SILENCE,
                                     .status = ENG_RESOLVED,
                                     .origin_kind = ENG_ORIGIN_BOUNDARY,
                                     .origin = 1767225600000,
                                     .at_ms = 1767225600000,
                                     .value_e4 = 30000,
                                     .previous_value_e4 = 25000,
                                     .last_action_at_ms = 1767139200000,
                                     .baseline_e4 = 70000}};
    struct eng_encode_context third = {&model, "", 3};
    struct eng_bytes out = {0};
    cr_assert_eq(eng_encode_json(&third, complete(&effect, ""), &out), ENG_OK);
    static const char want[] =
        "{\"type\":\"source_silence\",\"id\":\"paint%2Fpainters/3/portal/ended/b1767225600000\","
        "\"program\":\"paint/painters\",\"guard\":\"portal\",\"status\":\"ended\",\"at\":"
        "1767225600000,\"count\":3,\"usual\":2.5,\"since\":1767139200000,\"held\":7,"
        "\"description\":\"The export.\"}\n";
    cr_expect(out.used == sizeof want - 1 && memcmp(out.data, want, out.used) == 0, "%.*s",
              (int)out.used, (const char *)out.data);
    eng_bytes_done(&out);
    struct eng_slice key = eng_encode_key(&model, &effect.head);
    cr_expect(key.length == 6 && memcmp(key.data, "portal", 6) == 0);
    effect.head.status = ENG_OPENED;
    effect.head.previous_value_e4 = -1;
    check_avro(effect, eng_schema_source_silence,
               "{\"id\": \"paint%2Fpainters/0/portal/began/b1767225600000\", \"program\": "
               "\"paint/painters\", \"guard\": \"portal\", \"status\": \"began\", \"at\": "
               "1767225600000, \"count\": 3, \"usual\": null, \"since\": null, \"held\": null, "
               "\"description\": {\"string\": \"The export.\"}}");
}

static struct effect booking(unsigned award, unsigned ledger)
{
    return (struct effect){.head = {.kind = ENG_EFFECT_AWARD_BOOKING,
                                    .subject = (uint16_t)award,
                                    .ledger = (uint16_t)ledger,
                                    .origin_kind = ENG_ORIGIN_OFFSET,
                                    .origin = 42,
                                    .at_ms = 1767225600000,
                                    .amount_e4 = 400000,
                                    .cut_e4 = 105000,
                                    .balance_e4 = 1000000,
                                    .occurred_at_ms = 1767220000000}};
}

#define BOOKED(award, ledger)                                                                      \
    "{\"type\":\"award_booking\",\"id\":\"paint%2Fpainters/acme/" award "/" ledger                 \
    "/booked/o42\",\"program\":\"paint/painters\",\"partner_id\":\"acme\",\"award\":\"" award      \
    "\","

Test(encode, a_booking_says_what_the_cap_has_left_of_it)
{
    check_json(
        booking(0, 1),
        BOOKED("welcome",
               "rew%2Fard") "\"ledger\":\"rew/ard\",\"model_version\":3,"
                            "\"status\":\"booked\",\"amount\":40,\"cut\":10.5,\"balance\":100,"
                            "\"at\":1767225600000,\"occurred_at\":1767220000000}\n");
    check_json(
        booking(1, 0),
        BOOKED("strong", "low") "\"ledger\":\"low\",\"model_version\":3,"
                                "\"status\":\"booked\",\"amount\":40,\"cut\":10.5,\"balance\":100,"
                                "\"at\":1767225600000,\"occurred_at\":1767220000000,"
                                "\"description\":\"Say \\\"thanks\\\".\"}\n");
    check_avro(
        booking(0, 1), eng_schema_award_booking,
        "{\"id\": \"paint%2Fpainters/acme/welcome/rew%2Fard/booked/o42\", \"program\": "
        "\"paint/painters\", \"partner_id\": \"acme\", \"award\": \"welcome\", \"ledger\": "
        "\"rew/ard\", \"model_version\": 3, \"status\": \"booked\", \"amount\": 40.0, \"cut\": "
        "10.5, \"balance\": 100.0, \"at\": 1767225600000, \"occurred_at\": 1767220000000, "
        "\"description\": null}");
}

/* A flag of a partner with what is said of its event behind it: slices with 1 + their length before
 * them, 0 for one that is not there. */
static struct effect flag(unsigned check, const char *said, size_t bytes)
{
    struct effect effect = {
        .head = {.kind = ENG_EFFECT_ABUSE_FLAG,
                 .subject = (uint16_t)check,
                 .status = checks[check].leave_out ? ENG_THEN_LEAVE_OUT : ENG_THEN_FLAG,
                 .origin_kind = ENG_ORIGIN_OFFSET,
                 .origin = 42,
                 .at_ms = 1767225600000,
                 .value_e4 = ENG_VALUE_NONE,
                 .occurred_at_ms = 1767220000000,
                 .facts_bytes = (uint16_t)bytes}};
    memcpy(effect.rest + strlen("acme"), said, bytes);
    return effect;
}

/* Of a check that the model has: its name does not stand there. */
#define SAID(check, text) flag(check, text "\0\0", sizeof(text) + 1)

/* As whoever merges makes it, who knows the partition's input by its id alone. */
Test(encode, a_flag_of_two_partners_says_which_is_the_other)
{
    struct eng_bytes out = {0};
    const struct eng_flag flag = {.program = {"p", 1},
                                  .partner = {"acme", 4},
                                  .check = {"twi/ce", 6},
                                  .action = {"x", 1},
                                  .text = {"n1", 2},
                                  .source = {"T/1", 3},
                                  .kind = "unique",
                                  .then = "flag",
                                  .model_version = 3,
                                  .at_ms = 1767225600000,
                                  .occurred_ms = 1767220000000,
                                  .value_e4 = ENG_VALUE_NONE,
                                  .limit_e4 = ENG_VALUE_NONE,
                                  .offset = 42,
                                  .other = {"bolt", 4},
                                  .other_ms = 1767210000000};
    cr_assert_eq(eng_encode_flag_json(&flag, &out), ENG_OK);
    cr_assert_eq(eng_bytes_reserve(&out, 1), ENG_OK);
    out.data[out.used] = '\0';
    cr_expect_str_eq(
        (char *)out.data,
        "{\"type\":\"abuse_flag\",\"id\":\"p/acme/twi%2Fce/elsewhere/oT%2F1:42\",\"program\":\"p\","
        "\"partner_id\":\"acme\",\"check\":\"twi/ce\",\"kind\":\"unique\",\"model_version\":3,"
        "\"then\":\"flag\",\"action\":\"x\",\"at\":1767225600000,\"occurred_at\":1767220000000,"
        "\"text\":\"n1\",\"other_partner_id\":\"bolt\",\"other_occurred_at\":1767210000000}\n");
    eng_bytes_clear(&out);
    cr_assert_eq(eng_encode_flag_avro(&flag, &out), ENG_OK);
    char *json = read_avro(eng_schema_abuse_flag, &out);
    cr_expect(strstr(json, "\"other_partner_id\": {\"string\": \"bolt\"}, \"other_occurred_at\": "
                           "{\"long\": 1767210000000}") != NULL,
              "%s", json);
    free(json);
    eng_bytes_done(&out);
}

/* By a name that the model has not, and a kind of its own. */
Test(encode, a_flag_says_what_becomes_of_what_was_held)
{
    struct effect held = SAID(1, "\2\0x"
                                 "\0\0"
                                 "\0\0");
    struct effect gone = flag(0, "\2\0x\0\0\0\0\4\0old", 12);
    held.head.status = ENG_THEN_HELD;
    held.head.value_e4 = 210000;
    held.head.due_at_ms = 1767312000000;
    gone.head.subject = ENG_CHECK_GONE;
    gone.head.check_kind = ENG_NEEDS;
    gone.head.status = ENG_THEN_DISCARDED;
    gone.head.reason = ENG_FLAG_UNCHECKED;
    check_json(held,
               "{\"type\":\"abuse_flag\",\"id\":\"paint%2Fpainters/acme/many/held/o42\","
               "\"program\":\"paint/painters\",\"partner_id\":\"acme\",\"check\":\"many\","
               "\"kind\":\"more_than\",\"model_version\":3,\"then\":\"held\",\"action\":\"x\","
               "\"at\":1767225600000,\"occurred_at\":1767220000000,\"value\":21,\"limit\":20,"
               "\"description\":\"Say \\\"thanks\\\".\",\"held_until\":1767312000000}\n");
    check_json(gone,
               "{\"type\":\"abuse_flag\",\"id\":\"paint%2Fpainters/acme/old/discarded/o42\","
               "\"program\":\"paint/painters\",\"partner_id\":\"acme\",\"check\":\"old\","
               "\"kind\":\"needs\",\"model_version\":3,\"then\":\"discarded\",\"action\":\"x\","
               "\"at\":1767225600000,\"occurred_at\":1767220000000,\"reason\":\"check\"}\n");
}

Test(encode, a_flag_says_of_its_event_what_is_suspicious)
{
    struct effect many_of = SAID(1, "\5\0x.yz"
                                    "\0\0"
                                    "\0\0");
    many_of.head.value_e4 = 210000;
    check_json(SAID(0, "\2\0x"
                       "\3\0e1"
                       "\1\0"),
               "{\"type\":\"abuse_flag\",\"id\":\"paint%2Fpainters/acme/twi%2Fce/leave_out/o42\","
               "\"program\":\"paint/painters\",\"partner_id\":\"acme\",\"check\":\"twi/ce\","
               "\"kind\":\"unique\",\"model_version\":3,\"then\":\"leave_out\",\"action\":\"x\","
               "\"event_id\":\"e1\",\"at\":1767225600000,\"occurred_at\":1767220000000,"
               "\"text\":\"\"}\n");
    check_json(many_of,
               "{\"type\":\"abuse_flag\",\"id\":\"paint%2Fpainters/acme/many/flag/o42\","
               "\"program\":\"paint/painters\",\"partner_id\":\"acme\",\"check\":\"many\","
               "\"kind\":\"more_than\",\"model_version\":3,\"then\":\"flag\",\"action\":\"x.yz\","
               "\"at\":1767225600000,\"occurred_at\":1767220000000,\"value\":21,\"limit\":20,"
               "\"description\":\"Say \\\"thanks\\\".\"}\n");
    check_avro(SAID(2, "\2\0x"
                       "\0\0"
                       "\0\0"),
               eng_schema_abuse_flag,
               "{\"id\": \"paint%2Fpainters/acme/odd/flag/o42\", \"program\": \"paint/painters\", "
               "\"partner_id\": \"acme\", \"check\": \"odd\", \"kind\": \"ratio\", "
               "\"model_version\": 3, \"then\": \"flag\", \"action\": \"x\", \"event_id\": null, "
               "\"at\": 1767225600000, \"occurred_at\": 1767220000000, \"text\": null, "
               "\"value\": null, \"limit\": {\"double\": 2.5}, \"description\": null, "
               "\"other_partner_id\": null, \"other_occurred_at\": null, \"reason\": null, "
               "\"held_until\": null}");
}

/* Of a budget, with two that are left out: one with a value, one that has nothing to measure. */
static const struct eng_effect *digest(struct effect *effect, unsigned budget, unsigned segment)
{
    static const uint8_t entries[] = {0, 0, 0, 0, 0, 2, 0x22, 0x55, 1, 0, 0, 4, 'a', 'c', 'm', 'e',
                                      0, 0, 0, 0, 0, 0, 0,    0,    2, 1, 0, 3, 'b', '"', 'c'};
    *effect = (struct effect){.head = {.kind = ENG_EFFECT_DIGEST,
                                       .subject = (uint16_t)budget,
                                       .segment = (uint8_t)segment,
                                       .origin_kind = ENG_ORIGIN_BOUNDARY,
                                       .origin = 1767225600000,
                                       .at_ms = 1767225600000,
                                       .value_e4 = 20,
                                       .baseline_e4 = 180,
                                       .entries_bytes = sizeof entries}};
    memcpy(effect->rest, entries, sizeof entries);
    effect->head.bytes = (uint32_t)((sizeof effect->head + sizeof entries + 7) & ~(size_t)7);
    return &effect->head;
}

static void check_digest(unsigned budget, unsigned segment, const char *json, const char *avro)
{
    struct effect effect;
    struct eng_bytes out = {0};
    cr_assert_eq(eng_encode_json(&context, digest(&effect, budget, segment), &out), ENG_OK);
    cr_expect_str_eq(text_of(&out), json);
    eng_bytes_clear(&out);
    cr_assert_eq(eng_encode_avro(&context, &effect.head, &out), ENG_OK);
    char *read = read_avro(eng_schema_digest, &out);
    cr_expect_str_eq(read, avro);
    free(read);
    eng_bytes_done(&out);
}

Test(encode, a_digest_says_how_many_were_left_out_and_who_comes_first)
{
#define DIGEST(id, budget, segment)                                                                \
    "{\"type\":\"digest\",\"id\":\"" id "\",\"program\":\"paint/painters\",\"budget\":\"" budget   \
    "\",\"model_version\":3,\"at\":1767225600000," segment "\"told\":20,\"left_out\":180,"         \
    "\"first\":[{\"partner_id\":\"acme\",\"rule\":\"slipping\",\"value\":13.9861},"                \
    "{\"partner_id\":\"b\\\"c\",\"rule\":\"silent\"}]"
#define AVRO_DIGEST(id, budget, segment, description)                                              \
    "{\"id\": \"" id "\", \"program\": \"paint/painters\", \"budget\": \"" budget                  \
    "\", \"model_version\": 3, \"at\": 1767225600000, " segment ", \"told\": 20, "                 \
    "\"left_out\": 180, \"first\": [{\"partner_id\": \"acme\", \"rule\": \"slipping\", "           \
    "\"value\": {\"double\": 13.9861}}, {\"partner_id\": \"b\\\"c\", \"rule\": \"silent\", "       \
    "\"value\": null}], \"description\": " description "}"
    check_digest(0, 2,
                 DIGEST("paint%2Fpainters/0/high/calls/left_out/b1767225600000", "calls",
                        "\"by\":\"engagement\",\"segment\":\"high\",") "}\n",
                 AVRO_DIGEST("paint%2Fpainters/0/high/calls/left_out/b1767225600000", "calls",
                             "\"by\": {\"string\": \"engagement\"}, \"segment\": "
                             "{\"string\": \"high\"}",
                             "null"));
    check_digest(1, 0,
                 DIGEST("paint%2Fpainters/0//weak/left_out/b1767225600000", "weak",
                        "") ",\"description\":\"Say \\\"thanks\\\".\"}\n",
                 AVRO_DIGEST("paint%2Fpainters/0//weak/left_out/b1767225600000", "weak",
                             "\"by\": null, \"segment\": null",
                             "{\"string\": \"Say \\\"thanks\\\".\"}"));
}

Test(encode, a_deadline_says_from_when_and_until_when)
{
    struct effect effect = churn_drop(6, ENG_OPENED);
    effect.head.value_e4 = effect.head.baseline_e4 = 0;
    effect.head.anchor_at_ms = 1766620800000;
    effect.head.due_at_ms = 1767225600000;
    check_json(effect, DROP("untrained", "opened") "\"kind\":\"deadline\",\"anchor_at\":"
                                                   "1766620800000,\"due_at\":1767225600000}\n");
    check_avro(
        effect, eng_schema_churn_drop,
        AVRO_DROP("untrained", "opened") "\"score\": null, \"value\": null, \"band\": null, "
                                         "\"baseline\": null, \"drop\": null, "
                                         "\"last_action_at\": null, \"silent_for_ms\": null, "
                                         "\"usual_gap_ms\": null, \"risk\": null, "
                                         "\"contributions\": null, \"kind\": {\"string\": "
                                         "\"deadline\"}, \"threshold\": null, "
                                         "\"description\": null, \"anchor_at\": {\"long\": "
                                         "1766620800000}, \"due_at\": {\"long\": "
                                         "1767225600000}" AVRO_NO_FALL);
}

Test(encode, an_alert_that_looks_ahead_says_when_its_score_will_fall)
{
    struct effect effect = churn_drop(7, ENG_OPENED);
    check_json(effect, DROP("leaving", "opened") "\"last_action_at\":1767000000000,"
                                                 "\"silent_for_ms\":225600000,"
                                                 "\"usual_gap_ms\":86400000,\"risk\":0.625,"
                                                 "\"kind\":\"silence\"}\n");
    effect.head.will_drop_at_ms = 1767830400000;
    effect.head.will_drop_to = 0;
    check_json(effect, DROP("leaving", "opened") "\"last_action_at\":1767000000000,"
                                                 "\"silent_for_ms\":225600000,"
                                                 "\"usual_gap_ms\":86400000,\"risk\":0.625,"
                                                 "\"kind\":\"silence\",\"will_drop_at\":"
                                                 "1767830400000,\"will_drop_to\":\"low\"}\n");
    check_avro(
        effect, eng_schema_churn_drop,
        AVRO_DROP("leaving", "opened") "\"score\": null, \"value\": null, \"band\": null, "
                                       "\"baseline\": null, \"drop\": null, "
                                       "\"last_action_at\": {\"long\": 1767000000000}, "
                                       "\"silent_for_ms\": {\"long\": 225600000}, "
                                       "\"usual_gap_ms\": {\"long\": 86400000}, "
                                       "\"risk\": {\"double\": 0.625}, \"contributions\": null, "
                                       "\"kind\": {\"string\": \"silence\"}, "
                                       "\"threshold\": null, \"description\": null, "
                                       "\"anchor_at\": null, \"due_at\": null, "
                                       "\"will_drop_at\": {\"long\": 1767830400000}, "
                                       "\"will_drop_to\": {\"string\": \"low\"}" AVRO_NO_NEAR);
}

Test(encode, a_cell_change_has_the_bands_of_both_scores)
{
    struct effect effect = {.head = {.kind = ENG_EFFECT_CELL_CHANGE,
                                     .cause = ENG_CAUSE_EXPIRY,
                                     .origin_kind = ENG_ORIGIN_BOUNDARY,
                                     .origin = 1767225600000,
                                     .at_ms = 1767225600000,
                                     .band = 1,
                                     .previous_band = 1,
                                     .previous_column = 1,
                                     .value_e4 = 70000,
                                     .column_value_e4 = 24999}};
    check_json(effect, HEAD("cell_change", "relation", "moved",
                            "b1767225600000") "\"matrix\":\"relation\",\"model_version\":3,"
                                              "\"cell\":\"lost\",\"previous_cell\":\"loyal\","
                                              "\"cause\":\"expiry\",\"at\":1767225600000,"
                                              "\"provisional\":false,\"rows\":\"engagement\","
                                              "\"row_value\":7,\"row\":\"high\","
                                              "\"previous_row\":\"high\",\"columns\":"
                                              "\"activity\",\"column_value\":2.4999,"
                                              "\"column\":\"quiet\",\"previous_column\":"
                                              "\"active\"}\n");
    matrices[0].description = thanks;
    check_avro(effect, eng_schema_cell_change,
               "{\"id\": \"paint%2Fpainters/acme/relation/moved/b1767225600000\", \"program\": "
               "\"paint/painters\", \"partner_id\": \"acme\", \"matrix\": \"relation\", "
               "\"model_version\": 3, \"cell\": \"lost\", \"previous_cell\": \"loyal\", "
               "\"cause\": \"expiry\", \"at\": 1767225600000, \"provisional\": false, \"rows\": "
               "\"engagement\", \"row_value\": 7.0, \"row\": \"high\", \"previous_row\": "
               "\"high\", \"columns\": \"activity\", \"column_value\": 2.4998999999999998, "
               "\"column\": \"quiet\", \"previous_column\": \"active\", \"description\": "
               "{\"string\": \"Say \\\"thanks\\\".\"}, \"facts\": null}");
    matrices[0].description = NULL;
}

/* A card of one score with two dimensions, and room for what stands in it. */
static const struct eng_effect *card(bool follows)
{
    static struct effect effect;
    const struct eng_contribution list[] = {
        {24999, follows ? 70000 : 0},
        {1 << 8 | ENG_REPORT_PROVISIONAL | (follows ? ENG_REPORT_FOLLOWS : 0), 0},
        {25000, follows ? -12500 : 25000},
        {30000, 0},
        {-1, follows ? 10000 : -1},
        {0, 1}};
    effect = (struct effect){.head = {.kind = ENG_EFFECT_REPORT,
                                      .cause = ENG_CAUSE_EXPIRY,
                                      .origin_kind = ENG_ORIGIN_BOUNDARY,
                                      .origin = 1767225600000,
                                      .at_ms = 1767225600000,
                                      .contribution_count = 6,
                                      .partner_bytes = 4}};
    memcpy(effect.rest, list, sizeof list);
    memcpy(effect.rest + sizeof list, "acme", 4);
    effect.head.bytes = (uint32_t)(sizeof effect.head + sizeof list + 8);
    return &effect.head;
}

static void check_card(bool follows, const char *want_json, const char *want_avro)
{
    struct eng_bytes out = {0};
    cr_assert_eq(eng_encode_json(&context, card(follows), &out), ENG_OK);
    cr_expect_str_eq(text_of(&out), want_json);
    eng_bytes_clear(&out);
    cr_assert_eq(eng_encode_avro(&context, card(follows), &out), ENG_OK);
    char *json = read_avro(eng_schema_report, &out);
    cr_expect_str_eq(json, want_avro);
    free(json);
    eng_bytes_done(&out);
}

Test(encode, a_report_card_says_what_has_changed_since_the_last_one)
{
#define CARD                                                                                       \
    HEAD("report", "monthly", "made", "b1767225600000")                                            \
    "\"report\":\"monthly\","                                                                      \
    "\"model_version\":3,\"at\":1767225600000,\"scores\":[{\"score\":\"engagement\","              \
    "\"value\":2.4999,"
#define AVRO_CARD                                                                                  \
    "{\"id\": \"paint%2Fpainters/acme/monthly/made/b1767225600000\", \"program\": "                \
    "\"paint/painters\", \"partner_id\": \"acme\", \"report\": \"monthly\", "                      \
    "\"model_version\": 3, \"at\": 1767225600000, \"scores\": [{\"score\": "                       \
    "\"engagement\", \"value\": 2.4998999999999998, "
    check_card(true,
               CARD "\"previous_value\":7,\"band\":\"low\",\"previous_band\":\"high\","
                    "\"provisional\":true,\"contributions\":[{\"dimension\":\"logins\",\"value\":"
                    "2.5,\"delta\":-1.25,\"measure\":3},{\"dimension\":\"training.*\",\"value\":"
                    "-0.0001,\"delta\":1}],\"trend\":\"declining\"}]}\n",
               AVRO_CARD
               "\"previous_value\": {\"double\": 7.0}, \"band\": \"low\", "
               "\"previous_band\": {\"string\": \"high\"}, \"provisional\": true, "
               "\"contributions\": [{\"dimension\": \"logins\", \"value\": 2.5, \"delta\": "
               "{\"double\": -1.25}, \"measure\": {\"double\": 3.0}}, {\"dimension\": "
               "\"training.*\", \"value\": -0.0001, \"delta\": {\"double\": 1.0}, "
               "\"measure\": null}], \"nudge\": null, \"trend\": {\"string\": \"declining\"}}], "
               "\"description\": null, \"facts\": null}");
    check_card(
        false,
        CARD "\"band\":\"low\",\"provisional\":true,\"contributions\":[{\"dimension\":"
             "\"logins\",\"value\":2.5,\"measure\":3},{\"dimension\":\"training.*\",\"value\":"
             "-0.0001}]}]}\n",
        AVRO_CARD "\"previous_value\": null, \"band\": \"low\", \"previous_band\": null, "
                  "\"provisional\": true, \"contributions\": [{\"dimension\": \"logins\", "
                  "\"value\": 2.5, \"delta\": null, \"measure\": {\"double\": 3.0}}, "
                  "{\"dimension\": \"training.*\", \"value\": -0.0001, \"delta\": null, "
                  "\"measure\": null}], \"nudge\": null, \"trend\": null}], \"description\": null, "
                  "\"facts\": null}");
}

/* With a band that is reached, of a sum; a score change without. */
Test(encode, a_nudge_says_what_is_suggested_and_what_it_gives_and_who_is_held_out)
{
    struct effect effect = churn_drop(8, ENG_OPENED);
    effect.head.nudge_count = 3;
    effect.head.nudge_dimension = 1;
    effect.head.nudge_gain_e4 = 12500;
    effect.head.nudge_to = 2;
    effect.head.held_out = true;
    effect.head.trend = ENG_IMPROVING;
    check_avro(effect, eng_schema_churn_drop,
               AVRO_DROP("almost", "opened") "\"score\": {\"string\": \"engagement\"}, \"value\": "
                                             "{\"double\": 4.0}, \"band\": {\"string\": \"low\"}, "
                                             "\"baseline\": null, \"drop\": null, "
                                             "\"last_action_at\": null, \"silent_for_ms\": null, "
                                             "\"usual_gap_ms\": null, \"risk\": null, "
                                             "\"contributions\": {\"array\": " AVRO_CONTRIBUTIONS
                                             "}, \"kind\": {\"string\": \"near\"}, "
                                             "\"threshold\": {\"double\": 5.0}, \"description\": "
                                             "null, \"anchor_at\": null, \"due_at\": null, "
                                             "\"will_drop_at\": null, \"will_drop_to\": null, "
                                             "\"fact\": null, \"facts\": null, \"nudge\": "
                                             "{\"Nudge\": {\"dimension\": \"training.*\", "
                                             "\"action\": \"training.complete\", \"count\": 3, "
                                             "\"gain\": 1.25, \"to\": {\"string\": \"high\"}, "
                                             "\"each\": {\"double\": 500.0}}}, \"near\": "
                                             "{\"string\": \"high\"}, \"held_out\": "
                                             "{\"boolean\": true}, \"trend\": "
                                             "{\"string\": \"improving\"}}");
    struct eng_bytes out = {0};
    cr_assert_eq(eng_encode_json(&context, complete(&effect, "acme"), &out), ENG_OK);
    cr_assert_not_null(strstr(text_of(&out),
                              ",\"nudge\":{\"dimension\":\"training.*\",\"action\":\"training."
                              "complete\",\"count\":3,\"each\":500,\"gain\":1.25,\"to\":\"high\"},"
                              "\"near\":\"high\",\"held_out\":true,\"trend\":"
                              "\"improving\"}\n"));
    eng_bytes_clear(&out);
    effect = score_change();
    effect.head.nudge_count = 1;
    effect.head.nudge_dimension = 1;
    effect.head.nudge_gain_e4 = 1;
    effect.head.trend = ENG_DECLINING;
    cr_assert_eq(eng_encode_json(&context, complete(&effect, "acme"), &out), ENG_OK);
    cr_assert_not_null(strstr(text_of(&out), "\"count\":1,\"each\":500,\"gain\":0.0001},"
                                             "\"trend\":\"declining\"}\n"));
    check_avro_end(effect, eng_schema_score_change, "\"trend\": {\"string\": \"declining\"}}");
    effect = churn_drop(2, ENG_OPENED); /* whose risk has the place of a trend */
    effect.head.risk_e3 = 2;
    check_avro_end(effect, eng_schema_churn_drop, "\"trend\": null}");
    eng_bytes_clear(&out);
    cr_assert_eq(eng_encode_json(&context, complete(&effect, "acme"), &out), ENG_OK);
    cr_assert_null(strstr(text_of(&out), "trend"));
    eng_bytes_done(&out);
}

Test(encode, a_threshold_is_written_as_the_rule_names_it)
{
    check_avro(churn_drop(5, ENG_OPENED), eng_schema_churn_drop,
               AVRO_DROP("strong", "opened") "\"score\": {\"string\": \"engagement\"}, \"value\": "
                                             "{\"double\": 4.0}, \"band\": null, "
                                             "\"baseline\": null, \"drop\": null, "
                                             "\"last_action_at\": null, \"silent_for_ms\": null, "
                                             "\"usual_gap_ms\": null, \"risk\": null, "
                                             "\"contributions\": {\"array\": " AVRO_CONTRIBUTIONS
                                             "}, \"kind\": {\"string\": \"above\"}, "
                                             "\"threshold\": {\"double\": 8.0}, \"description\": "
                                             "{\"string\": \"Say \\\"thanks\\\".\"}" AVRO_NO_TIME);
}

Test(encode, enums_have_the_same_word_in_json_and_avro)
{
    for (unsigned cause = ENG_CAUSE_EVENT; cause <= ENG_CAUSE_CONFIG; cause++)
        for (unsigned direction = ENG_UP; direction <= ENG_DOWN; direction++) {
            struct effect effect = score_change();
            struct eng_bytes text = {0}, avro = {0};
            char want[128];
            effect.head.cause = (uint8_t)cause;
            effect.head.direction = (uint8_t)direction;
            cr_assert_eq(eng_encode_json(&context, complete(&effect, "acme"), &text), ENG_OK);
            cr_assert_eq(eng_encode_avro(&context, complete(&effect, "acme"), &avro), ENG_OK);
            char *json = read_avro(eng_schema_score_change, &avro);
            const char *from = strstr(text_of(&text), "\"direction\":");
            cr_assert_eq(
                sscanf(from, "\"direction\":\"%31[a-z]\",\"cause\":\"%31[a-z]\"", want, want + 32),
                2);
            char pair[256];
            (void)snprintf(pair, sizeof pair, "\"direction\": \"%s\", \"cause\": \"%s\"", want,
                           want + 32);
            cr_assert_not_null(strstr(json, pair), "%s in %s", pair, json);
            free(json);
            eng_bytes_done(&text);
            eng_bytes_done(&avro);
        }
}

/* S13: the id is made of program, partner, name, status and one tagged cause, and of nothing else.
 */
Test(encode, ids_are_deterministic_and_their_parts_cannot_run_together)
{
    static const struct {
        const char *partner, *source;
        enum eng_origin origin_kind;
        uint64_t origin;
        const char *want;
    } rows[] = {
        {"acme", "", ENG_ORIGIN_OFFSET, 0, "paint%2Fpainters/acme/engagement/changed/o0"},
        {"acme", NULL, ENG_ORIGIN_OFFSET, 7, "paint%2Fpainters/acme/engagement/changed/o7"},
        {"acme", "aBc-_1", ENG_ORIGIN_OFFSET, 7,
         "paint%2Fpainters/acme/engagement/changed/oaBc-_1:7"},
        {"acme", "aBc", ENG_ORIGIN_BOUNDARY, 7, "paint%2Fpainters/acme/engagement/changed/b7"},
        {"acme", "aBc", ENG_ORIGIN_MODEL, UINT64_MAX,
         "paint%2Fpainters/acme/engagement/changed/m18446744073709551615"},
        {"a/b%c\n\x7F", "", ENG_ORIGIN_MODEL, 1,
         "paint%2Fpainters/a%2Fb%25c%0A%7F/engagement/changed/m1"},
        {"Zo\xC3\xAB", "", ENG_ORIGIN_MODEL, 1,
         "paint%2Fpainters/Zo\xC3\xAB/engagement/changed/m1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct effect effect = score_change();
        struct eng_bytes out = {0};
        struct eng_encode_context with_source = {&model, rows[i].source, 0};
        effect.head.origin_kind = (uint8_t)rows[i].origin_kind;
        effect.head.origin = rows[i].origin;
        cr_assert_eq(eng_encode_id(&with_source, complete(&effect, rows[i].partner), &out), ENG_OK);
        cr_assert_str_eq(text_of(&out), rows[i].want);
        eng_bytes_done(&out);
    }
}

Test(encode, a_partner_with_odd_characters_is_escaped_in_json)
{
    struct effect effect = churn_drop(2, ENG_RESOLVED);
    struct eng_bytes out = {0};
    const struct eng_effect *whole = complete(&effect, "a\"b\\c\x01\n\x1F");
    cr_assert_eq(eng_encode_json(&context, whole, &out), ENG_OK);
    const char *text = text_of(&out);
    cr_assert_not_null(strstr(text, "\"partner_id\":\"a\\\"b\\\\c\\u0001\\n\\u001f\""), "%s", text);
    cr_assert_not_null(strstr(text, "/a\\\"b\\\\c%01%0A%1F/silent/"), "%s", text);
    eng_bytes_done(&out);
}

Test(encode, numbers_have_up_to_four_decimals_and_no_zeros_behind)
{
    static const struct {
        int64_t number_e4;
        const char *want;
    } rows[] = {{0, "0"},
                {1, "0.0001"},
                {-1, "-0.0001"},
                {10, "0.001"},
                {2500, "0.25"},
                {10000, "1"},
                {-10000, "-1"},
                {123450, "12.345"},
                {1000000, "100"},
                {-99999, "-9.9999"},
                {50000001, "5000.0001"},
                {INT64_MAX, "922337203685477.5807"},
                {INT64_MIN, "-922337203685477.5808"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct effect effect = score_change();
        struct eng_bytes out = {0};
        char want[64];
        effect.head.value_e4 = rows[i].number_e4;
        cr_assert_eq(eng_encode_json(&context, complete(&effect, "acme"), &out), ENG_OK);
        (void)snprintf(want, sizeof want, ",\"value\":%s,", rows[i].want);
        cr_assert_not_null(strstr(text_of(&out), want), "%s in %s", want, text_of(&out));
        eng_bytes_done(&out);
    }
}

Test(encode, the_summary_is_one_line_of_counts)
{
    struct eng_counters counters = {.read = UINT64_MAX,
                                    .score_changes = 11,
                                    .churn_drops = 12,
                                    .cell_changes = 13,
                                    .reports = 14,
                                    .abuse_flags = 15,
                                    .digests = 16};
    struct eng_model plain = model;
    struct eng_bytes out = {0};
    for (int i = 0; i < ENG_OUTCOME_COUNT; i++)
        counters.outcome[i] = (uint64_t)i + 1;
    cr_assert_eq(eng_encode_summary(&model, &counters, 9, &out), ENG_OK);
    cr_assert_str_eq(
        text_of(&out),
        "{\"type\":\"summary\",\"read\":18446744073709551615,\"counted\":1,\"duplicate\":2,"
        "\"late\":3,\"future\":4,\"bad\":5,\"filtered\":6,\"left_out\":7,\"partners\":9,"
        "\"score_changes\":11,\"churn_drops\":12,\"abuse_flags\":15,\"cell_changes\":13,"
        "\"reports\":14,\"digests\":16}\n");
    eng_bytes_clear(&out);
    plain.matrix_count = plain.report_count = plain.check_count = plain.budget_count = 0;
    cr_assert_eq(eng_encode_summary(&plain, &counters, 9, &out), ENG_OK);
    cr_expect_not_null(strstr(text_of(&out), "\"churn_drops\":12}\n"), "nothing to count");
    eng_bytes_done(&out);
}

Test(encode, a_view_shows_scores_measures_and_alerts)
{
    static struct eng_view view = {.clock_ms = 1767258000000,
                                   .first_day_ms = 1767225600000,
                                   .score_count = 1,
                                   .measure_count = 2,
                                   .alert_count = 3};
    struct eng_bytes out = {0};
    view.scores[0] = (struct eng_view_score){
        .value_e4 = 64000, .told_value_e4 = 60000, .band = 1, .contribution_count = 2};
    view.scores[0].contribution_e4[0] = 64000;
    view.measures[0] = (struct eng_view_measure){.name = "logins", .value_e4 = 30000};
    view.measures[1] = (struct eng_view_measure){.name = "nps", .missing = true};
    view.alerts[0] = (struct eng_view_alert){.open = true, .opened_at_ms = 5, .due_at_ms = -1};
    view.alerts[1] = (struct eng_view_alert){.opened_at_ms = -1, .due_at_ms = -1};
    view.alerts[2] = (struct eng_view_alert){.opened_at_ms = -1, .due_at_ms = 9};
    cr_assert_eq(eng_encode_view(&context, SLICE("ac\"me"), &view, NULL, &out), ENG_OK);
    cr_assert_str_eq(
        text_of(&out),
        "{\"partner_id\":\"ac\\\"me\",\"program\":\"paint/painters\",\"model_version\":3,"
        "\"clock\":1767258000000,\"first_day\":1767225600000,\"scores\":[{\"score\":\"engagement\","
        "\"value\":6.4,\"band\":\"high\",\"told_value\":6,\"told_band\":\"low\",\"provisional\":"
        "false,"
        "\"contributions\":[{\"dimension\":\"logins\",\"value\":6.4},{\"dimension\":\"training.*\","
        "\"value\":0}]}],\"measures\":[{\"measure\":\"logins\",\"value\":3,\"missing\":false},"
        "{\"measure\":\"nps\",\"value\":0,\"missing\":true}],\"alerts\":[{\"rule\":\"at_risk\","
        "\"open\":true,\"opened_at\":5},{\"rule\":\"slipping\",\"open\":false},{\"rule\":"
        "\"silent\","
        "\"open\":false,\"due_at\":9}]}");
    eng_bytes_clear(&out);
    view.matrix_count = 1;
    view.matrices[0] = (struct eng_view_matrix){.row = 1, .cell = "lost"};
    cr_assert_eq(eng_encode_view(&context, SLICE("acme"), &view, NULL, &out), ENG_OK);
    cr_expect_not_null(strstr(text_of(&out), "],\"matrices\":[{\"matrix\":\"relation\",\"cell\":"
                                             "\"lost\",\"row\":\"high\",\"column\":\"quiet\"}]}"),
                       "%s", text_of(&out));
    eng_bytes_done(&out);
}

/* Appends an effect of acme to a buffer. */
static void add_effect(struct eng_effects *effects, struct effect effect)
{
    const struct eng_effect *whole = complete(&effect, "acme");
    memcpy(effects->data + effects->used, whole, whole->bytes);
    effects->used += whole->bytes;
    effects->count++;
}

Test(encode, a_forecast_stands_behind_what_is_there)
{
    static const struct eng_view view = {.clock_ms = 1767258000000};
    static _Alignas(8) uint8_t memory[1024];
    struct eng_encode_forecast forecast = {{.data = memory}, 1767258000001};
    struct eng_bytes out = {0};
    static const char begin[] =
        "{\"partner_id\":\"acme\",\"program\":\"paint/painters\",\"model_version\":3,"
        "\"clock\":1767258000000,\"first_day\":0,\"scores\":[],\"measures\":[],\"alerts\":[],"
        "\"forecast_until\":1767258000001,\"forecast\":[";
    cr_assert_eq(eng_encode_view(&context, SLICE("acme"), &view, &forecast, &out), ENG_OK);
    cr_expect_eq(strncmp(text_of(&out), begin, strlen(begin)), 0);
    cr_expect_str_eq(text_of(&out) + strlen(begin), "]}");
    add_effect(&forecast.effects, score_change());
    add_effect(&forecast.effects, churn_drop(0, ENG_OPENED));
    add_effect(&forecast.effects, churn_drop(2, ENG_OPENED));
    eng_bytes_clear(&out);
    cr_assert_eq(eng_encode_view(&context, SLICE("acme"), &view, &forecast, &out), ENG_OK);
    cr_expect_str_eq(
        text_of(&out) + strlen(begin),
        "{\"at\":1767258000000,\"kind\":\"score_change\",\"score\":\"engagement\",\"value\":2.4999,"
        "\"previous_value\":7,\"band\":\"low\",\"previous_band\":\"high\"},"
        "{\"at\":1767225600000,\"kind\":\"churn_drop\",\"rule\":\"at_risk\",\"status\":"
        "\"opened\",\"score\":\"engagement\",\"value\":4,\"band\":\"low\"},"
        "{\"at\":1767225600000,\"kind\":\"churn_drop\",\"rule\":\"silent\",\"status\":"
        "\"opened\",\"risk\":0.625}]}");
    eng_bytes_done(&out);
}

Test(encode, partner_actions_read_back_as_they_were_written)
{
    static const struct eng_attribute attributes[] = {{{"tier", 4}, {"gold", 4}},
                                                      {{"r", 1}, {"", 0}}};
    struct eng_config avro = default_config(ENG_FORMAT_AVRO),
                      json = default_config(ENG_FORMAT_JSON);
    struct eng_decoder *of_avro = decoder_of(&avro, eng_schema_partner_action);
    struct eng_decoder *of_json = decoder_of(&json, NULL);
    struct eng_bytes out = {0};
    for (unsigned bits = 0; bits < 8; bits++) {
        struct eng_event event = {.time_ms = 1767258000000,
                                  .value_e4 = bits & 1 ? -123456 : ENG_VALUE_NONE,
                                  .id = SLICE("e\"1"),
                                  .partner = SLICE("acme"),
                                  .action = SLICE("invoice.upload")};
        struct eng_action_record record = {&event, attributes, bits & 4 ? 2 : 0};
        if (bits & 2)
            event.member = SLICE("ann");
        char want[256];
        (void)snprintf(want, sizeof want, "%s", shown(ENG_REASON_NONE, &event));
        eng_bytes_clear(&out);
        cr_assert_eq(eng_encode_action_avro(&record, &out), ENG_OK);
        cr_assert_str_eq(decoded(of_avro, out.data, out.used), want);
        free(read_avro(eng_schema_partner_action, &out));
        eng_bytes_clear(&out);
        cr_assert_eq(eng_encode_action_json(&record, &out), ENG_OK);
        cr_assert_str_eq(decoded(of_json, out.data, out.used), want, "%s", text_of(&out));
    }
    eng_bytes_done(&out);
    eng_decoder_free(of_avro);
    eng_decoder_free(of_json);
}

Test(encode, running_out_of_memory_leaves_the_buffer_as_it_was)
{
    enum eng_status (*const encoders[])(const struct eng_encode_context *,
                                        const struct eng_effect *, struct eng_bytes *) = {
        eng_encode_id, eng_encode_avro, eng_encode_json};
    char partner[256] = "";
    memset(partner, '\n', sizeof partner - 1);
    for (size_t i = 0; i < sizeof encoders / sizeof *encoders; i++) {
        enum eng_status status = ENG_NO_MEMORY;
        struct effect effect = churn_drop(0, ENG_OPENED);
        const struct eng_effect *whole = complete(&effect, partner);
        unsigned failed = 0;
        for (uint64_t nth = 1; status != ENG_OK; nth++) {
            struct eng_bytes out = {0};
            cr_assert_eq(eng_bytes_append(&out, "kept", 4), ENG_OK);
            eng_memory_fail(nth, 0);
            status = encoders[i](&context, whole, &out);
            eng_memory_fail(0, 0);
            cr_assert_eq(memcmp(out.data, "kept", 4), 0);
            if (status == ENG_NO_MEMORY) {
                failed++;
                cr_assert_eq(out.used, 4);
            }
            eng_bytes_done(&out);
        }
        cr_assert_geq(failed, 2);
    }
}

Test(encode, a_buffer_that_has_grown_allocates_nothing)
{
    struct effect effect = score_change();
    const struct eng_effect *whole = complete(&effect, "acme");
    struct eng_bytes out = {0};
    uint64_t count = 0;
    for (int i = 0; i < 100; i++) {
        eng_bytes_clear(&out);
        cr_assert_eq(eng_encode_json(&context, whole, &out), ENG_OK);
        cr_assert_eq(eng_encode_avro(&context, whole, &out), ENG_OK);
        if (i == 0)
            count = eng_memory_count();
    }
    cr_assert_eq(eng_memory_count(), count);
    eng_bytes_done(&out);
}

static char certified[] = "certified", tier[] = "tier", grade[] = "grade", email[] = "email";
static const struct eng_slice tiers[] = {{"silver", 6}, {"gold", 4}};
static struct eng_fact facts[] = {
    {.name = certified, .kind = ENG_FACT_FLAG},
    {.name = tier, .kind = ENG_FACT_CHOICE, .option_count = 2, .options = tiers},
    {.name = grade, .kind = ENG_FACT_NUMBER},
    {.name = email, .kind = ENG_FACT_TEXT, .text_bytes = 9}};

/* An effect that names the second fact and tells all of them; the flag was cleared. */
static const struct eng_effect *with_facts(struct effect *effect)
{
    /* Index, bytes, value: the flag, an option, room for a number, a text. */
    uint8_t told[] = {0, 1, 0, 1, 1, 2, 2, 8, 0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 'a', '"', 'b'};
    int64_t value_e4 = -72500;
    if (effect->head.kind != ENG_EFFECT_REPORT)
        (void)complete(effect, "acme");
    memcpy(told + 8, &value_e4, sizeof value_e4);
    memcpy(effect->rest + effect->head.contribution_count * sizeof(struct eng_contribution) + 4,
           told, sizeof told);
    if (effect->head.kind <= ENG_EFFECT_CHURN_DROP)
        effect->head.fact = 2;
    effect->head.facts_bytes = sizeof told;
    return &effect->head;
}

Test(encode, facts_that_are_told_are_a_map_of_texts)
{
    struct eng_model knowing = model;
    struct eng_encode_context about = {&knowing, "", 0};
    struct effect effect = score_change(), other = churn_drop(0, ENG_OPENED);
    struct effect cell = {.head = {.kind = ENG_EFFECT_CELL_CHANGE}};
    struct effect report = *(const struct effect *)(const void *)card(true);
    struct eng_bytes out = {0};
    knowing.fact_count = 4;
    knowing.facts = facts;
    cr_assert_eq(eng_encode_json(&about, with_facts(&effect), &out), ENG_OK);
    const char *end = strstr(text_of(&out), "}],");
    cr_assert_not_null(end);
    cr_assert_str_eq(end,
                     "}],\"fact\":\"tier\",\"facts\":{\"certified\":\"false\",\"tier\":\"gold\","
                     "\"grade\":\"-7.25\",\"email\":\"a\\\"b\"}}\n");
    const char *const schemas[] = {eng_schema_score_change, eng_schema_churn_drop,
                                   eng_schema_cell_change, eng_schema_report};
    struct effect *effects[] = {&effect, &other, &cell, &report};
    for (int i = 0; i < 4; i++) {
        eng_bytes_clear(&out);
        cr_assert_eq(eng_encode_json(&about, with_facts(effects[i]), &out), ENG_OK);
        cr_assert_not_null(strstr(text_of(&out), ",\"facts\":{\"certified\":\"false\",\"tier\":"));
        eng_bytes_clear(&out);
        cr_assert_eq(eng_encode_avro(&about, with_facts(effects[i]), &out), ENG_OK);
        char *json = read_avro(schemas[i], &out);
        cr_assert_not_null(strstr(json, ", \"facts\": {\"map\": {"
                                        "\"certified\": \"false\", \"tier\": \"gold\", "
                                        "\"grade\": \"-7.25\", \"email\": \"a\\\"b\"}}"),
                           "%s", json);
        free(json);
    }
    eng_bytes_done(&out);
}
