/* What stands around the model in the file: input (which is read first), Kafka, outputs, the run,
 * HTTP; and the defaults that depend on other values. */
#include "base/assert.h"
#include "model/load.h"
#include <stdio.h>
#include <string.h>

enum { TOPIC_BYTES_MAX = 249, TOKEN_BYTES_MIN = 16, TOKEN_BYTES_MAX = 1024 };

/* Fails when a key of the input stands there that only Avro has a use for. */
static enum eng_status check_json(struct eng_load *load, const struct eng_node *input)
{
    static const char *const avro_only[] = {"schema", "framing", NULL};
    for (int i = 0; avro_only[i] != NULL; i++) {
        const struct eng_node *node = eng_node_get(input, avro_only[i]);
        if (node != NULL && load->config->input.format == ENG_FORMAT_JSON)
            return eng_source_fail(
                &load->source, node->key->mark,
                "\"%s\" belongs to \"format: avro\", and the format is json; leave it out",
                avro_only[i]);
    }
    return ENG_OK;
}

enum eng_status eng_load_input(struct eng_load *load)
{
    struct eng_input_config *input = &load->config->input;
    const struct eng_node *node = load->file.input;
    enum eng_status status = eng_section_read(load, &eng_section_input, node, input);
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_fields, eng_node_get(node, "fields"),
                                  &input->fields);
    if (status == ENG_OK)
        status = eng_load_numbers(load, eng_node_get(eng_node_get(node, "fields"), "numbers"));
    if (status == ENG_OK)
        status = check_json(load, node);
    return status;
}

/* Puts prefix, name and suffix together into an empty field; characters of the name that topics do
 * not allow become _ and two hexadecimal digits. */
static enum eng_status make_name(struct eng_load *load, const char *prefix, const char *suffix,
                                 bool topic, char **ret_text)
{
    static const char hex[] = "0123456789abcdef";
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const char *name = load->model->program;
    char *text = eng_load_array(load, strlen(prefix) + 3 * strlen(name) + strlen(suffix) + 1, 1);
    if (text == NULL)
        return ENG_NO_MEMORY;
    size_t used = strlen(prefix);
    memcpy(text, prefix, used);
    for (; *name != '\0'; name++) {
        unsigned char c = (unsigned char)*name;
        bool plain = !topic || strchr(allowed, c) != NULL;
        text[used++] = plain ? (char)c : '_';
        if (!plain) {
            text[used++] = hex[c >> 4];
            text[used++] = hex[c & 15];
        }
    }
    memcpy(text + used, suffix, strlen(suffix) + 1);
    *ret_text = text;
    return ENG_OK;
}

static enum eng_status load_kafka(struct eng_load *load)
{
    struct eng_kafka_config *kafka = &load->config->kafka;
    const struct eng_node *node = load->file.kafka;
    enum eng_status status = eng_section_read(load, &eng_section_kafka, node, kafka);
    if (status == ENG_OK && kafka->group == NULL)
        status = make_name(load, "engaged-", "", false, &kafka->group);
    if (status == ENG_OK)
        status = eng_load_properties(load, eng_node_get(node, "client"), &kafka->client);
    if (status == ENG_OK)
        status = eng_load_properties(load, eng_node_get(node, "consumer"), &kafka->consumer);
    if (status == ENG_OK)
        status = eng_load_properties(load, eng_node_get(node, "producer"), &kafka->producer);
    return status;
}

/* The default of an output topic: the input topic and a suffix. None without an input topic. */
static enum eng_status derive_topic(struct eng_load *load, const char *suffix, char **field)
{
    const char *topic = load->config->input.topic;
    if (*field != NULL || topic == NULL)
        return ENG_OK;
    size_t bytes = strlen(topic) + strlen(suffix) + 1;
    if (bytes > TOPIC_BYTES_MAX + 1)
        return eng_source_fail(
            &load->source, eng_node_get(load->file.input, "topic")->mark,
            "the input topic's name is too long to add \"%s\" to; name the output "
            "topics under \"output\"",
            suffix);
    char *text = eng_load_array(load, bytes, 1);
    if (text == NULL)
        return ENG_NO_MEMORY;
    (void)snprintf(text, bytes, "%s%s", topic, suffix); /* fits */
    *field = text;
    return ENG_OK;
}

/* No topic is used for two things. */
static enum eng_status check_topics(struct eng_load *load)
{
    const struct eng_output_config *output = &load->config->output;
    const struct {
        const char *key, *topic;
    } topics[] = {{"input.topic", load->config->input.topic},
                  {"output.score_changes", output->score_changes},
                  {"output.churn_drops", output->churn_drops},
                  {"output.cell_changes", output->cell_changes},
                  {"output.reports", output->reports},
                  {"output.awards", output->awards},
                  {"output.flags", output->flags},
                  {"output.source_silences", output->source_silences},
                  {"output.digests", output->digests},
                  {"output.groups", output->groups},
                  {"output.boards", output->boards},
                  {"output.group_sums", output->group_sums},
                  {"output.dead_letters", output->dead_letters},
                  {"output.erasures", output->erasures},
                  {"output.state", output->state}};
    enum { TOPICS = sizeof topics / sizeof topics[0] };
    struct eng_mark mark = load->file.output ? load->file.output->mark : (struct eng_mark){1, 1};
    for (int i = 0; i < TOPICS; i++)
        for (int j = 0; j < i; j++)
            if (topics[i].topic && topics[j].topic && strcmp(topics[i].topic, topics[j].topic) == 0)
                return eng_source_fail(&load->source, mark,
                                       "%s and %s are the same topic; each needs one of its own",
                                       topics[j].key, topics[i].key);
    return ENG_OK;
}

/* An internal topic is named after the program. */
static enum eng_status name_topic(struct eng_load *load, const char *key, const char *suffix,
                                  char **field)
{
    if (*field != NULL)
        return ENG_OK;
    enum eng_status status = make_name(load, "engaged-", suffix, true, field);
    if (status == ENG_OK && strlen(*field) > TOPIC_BYTES_MAX)
        return eng_source_fail(&load->source, load->file.program->mark,
                               "the program's name is too long for the name of a topic; name it "
                               "with \"output: {%s: NAME}\"",
                               key);
    return status;
}

static enum eng_status load_output(struct eng_load *load)
{
    struct eng_output_config *output = &load->config->output;
    enum eng_status status = eng_section_read(load, &eng_section_output, load->file.output, output);
    if (status == ENG_OK && output->replication == 0)
        output->replication = -1;
    if (status == ENG_OK)
        status = derive_topic(load, ".score-changes", &output->score_changes);
    if (status == ENG_OK)
        status = derive_topic(load, ".churn-drops", &output->churn_drops);
    if (status == ENG_OK)
        status = derive_topic(load, ".cell-changes", &output->cell_changes);
    if (status == ENG_OK)
        status = derive_topic(load, ".reports", &output->reports);
    if (status == ENG_OK)
        status = derive_topic(load, ".awards", &output->awards);
    if (status == ENG_OK)
        status = derive_topic(load, ".flags", &output->flags);
    if (status == ENG_OK)
        status = derive_topic(load, ".source-silences", &output->source_silences);
    if (status == ENG_OK)
        status = derive_topic(load, ".digests", &output->digests);
    if (status == ENG_OK)
        status = derive_topic(load, ".groups", &output->groups);
    if (status == ENG_OK)
        status = derive_topic(load, ".boards", &output->boards);
    if (status == ENG_OK)
        status = derive_topic(load, ".dead-letters", &output->dead_letters);
    if (status == ENG_OK)
        status = derive_topic(load, ".erasures", &output->erasures);
    if (status == ENG_OK)
        status = name_topic(load, "state", "-state", &output->state);
    if (status == ENG_OK)
        status = name_topic(load, "group_sums", "-group-sums", &output->group_sums);
    return status == ENG_OK ? check_topics(load) : status;
}

/* Cuts "address:port" in two; an IPv6 address stands in brackets. */
static bool split_listen(const char *text, size_t *ret_length, uint16_t *ret_port)
{
    const char *colon = strrchr(text, ':');
    int64_t port = 0;
    if (colon == NULL || colon == text)
        return false;
    size_t length = (size_t)(colon - text);
    bool bracketed = text[0] == '[' && text[length - 1] == ']' && length > 2;
    if ((!bracketed && memchr(text, ':', length) != NULL) || (!bracketed && text[0] == '[') ||
        strlen(colon + 1) > 5 || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        eng_text_number(colon + 1, strlen(colon + 1), 0, &port) != ENG_TEXT_OK || port > UINT16_MAX)
        return false;
    *ret_length = length;
    *ret_port = (uint16_t)port;
    return true;
}

static enum eng_status store_listen(struct eng_load *load, const char *text)
{
    struct eng_http_config *http = &load->config->http;
    size_t length = 0;
    http->enabled = strcmp(text, "off") != 0;
    if (!http->enabled)
        return ENG_OK;
    if (!split_listen(text, &length, &http->port)) {
        const struct eng_node *node = eng_node_get(load->file.http, "listen");
        return eng_source_fail(&load->source, node->mark,
                               "\"listen\" is \"%s\"; write an address and a port, such as "
                               "127.0.0.1:8080 or [::1]:8080, or off",
                               eng_node_shown(&load->source, node));
    }
    bool bracketed = text[0] == '[';
    http->address = eng_strndup(text + bracketed, length - 2 * bracketed);
    return http->address != NULL ? ENG_OK : eng_source_no_memory(&load->source);
}

/* Takes the token out of the draft. What it is stays unsaid. */
static enum eng_status store_token(struct eng_load *load, struct eng_http_draft *draft)
{
    const char *at = draft->erase_token;
    if (at == NULL)
        return ENG_OK;
    size_t length = strlen(at);
    while (*at > ' ' && *at <= '~')
        at++;
    if (*at != '\0' || length < TOKEN_BYTES_MIN || length > TOKEN_BYTES_MAX)
        return eng_source_fail(&load->source, eng_node_get(load->file.http, "erase_token")->mark,
                               "\"erase_token\" must be %d to %d printable characters without "
                               "spaces, hard to guess",
                               TOKEN_BYTES_MIN, TOKEN_BYTES_MAX);
    load->config->http.erase_token = draft->erase_token;
    draft->erase_token = NULL;
    return ENG_OK;
}

static enum eng_status load_http(struct eng_load *load)
{
    struct eng_http_draft draft = {0};
    enum eng_status status = eng_section_read(load, &eng_section_http, load->file.http, &draft);
    if (status == ENG_OK)
        status = store_listen(load, draft.listen);
    if (status == ENG_OK)
        status = store_token(load, &draft);
    eng_free(draft.listen);
    eng_free(draft.erase_token);
    return status;
}

/* Standbys follow the pages of the state topic. */
static enum eng_status check_standbys(struct eng_load *load)
{
    const struct eng_config *config = load->config;
    if (config->run.standbys == 0 || config->recovery.checkpoints)
        return ENG_OK;
    return eng_source_fail(&load->source, eng_node_get(load->file.run, "standbys")->mark,
                           "\"standbys\" is %u, but with \"recovery: {checkpoints: false}\" there "
                           "is nothing to stand by with; leave one of the two out",
                           config->run.standbys);
}

/* Whom a budget has told of stands in the pages, and reading everything again would not find it. */
static enum eng_status check_budgets(struct eng_load *load)
{
    if (load->model->budget_count == 0 || load->config->recovery.checkpoints)
        return ENG_OK;
    return eng_source_fail(
        &load->source, eng_node_get(load->file.recovery, "checkpoints")->mark,
        "with \"checkpoints: false\" nobody knows after a restart what the budget "
        "\"%s\" has told; leave it out, or have no budgets",
        load->model->budgets[0].name);
}

enum eng_status eng_load_around(struct eng_load *load)
{
    eng_assert(load->config != NULL && load->model != NULL);
    enum eng_status status = load_kafka(load);
    if (status == ENG_OK)
        status = load_output(load);
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_run, load->file.run, &load->config->run);
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_recovery, load->file.recovery,
                                  &load->config->recovery);
    if (status == ENG_OK)
        status = check_standbys(load);
    if (status == ENG_OK)
        status = check_budgets(load);
    if (status == ENG_OK)
        status = load_http(load);
    return status;
}
