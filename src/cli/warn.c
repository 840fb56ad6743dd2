/* Warnings. See warn.h. */
#include "cli/warn.h"

#include "base/assert.h"
#include "codec/decode.h"
#include "codec/fields.h"
#include "engine/model.h"
#include <stdio.h>

/* What is lost when no record has an optional field; NULL: this model does not need it. */
static const char *loss(const struct eng_model *model, enum eng_field field)
{
    bool values = false, members = false, reversible = false;
    for (uint32_t i = 0; i < model->measure_count; i++) {
        const struct eng_measure *measure = &model->measures[i];
        values |= measure->number == 0 &&
                  ((measure->kind == ENG_SUM && measure->ledger == 0) || measure->kind == ENG_LAST);
        members |= measure->kind == ENG_MEMBERS && measure->attribute == 0;
    }
    for (uint32_t i = 0; i < model->award_count; i++) {
        values |= model->awards[i].points_e4 == 0;
        reversible |= model->awards[i].reversible_for > 0;
    }
    switch (field) {
    case ENG_FIELD_ID:
        if (model->dedup > 0)
            return "an event that comes again is counted again";
        return reversible ? "what awards have booked cannot be reversed" : NULL;
    case ENG_FIELD_MEMBER:
        return members ? "`members` measures stay at 0" : NULL;
    case ENG_FIELD_VALUE:
        return values ? "`sum` measures stay at 0, `last` ones have no value and awards by the "
                        "value pay "
                        "nothing"
                      : NULL;
    default:
        return NULL; /* required: the reader would not have been made */
    }
}

static void warn_lacking(const struct eng_config *config, const struct eng_decoder *decoder,
                         void (*say)(const char *text))
{
    for (int i = 0; i < ENG_FIELD_COUNT; i++) {
        enum eng_field field = (enum eng_field)i;
        const char *path = eng_field_path(&config->input.fields, field);
        const char *what = loss(config->model, field);
        char text[512];
        if (what == NULL || !eng_decoder_lacks(decoder, field))
            continue;
        (void)snprintf(
            text, sizeof text,
            "input.fields.%s: the schema has nothing at \"%.200s\" that would do, so %s; "
            "name the place where it is%s",
            eng_field_name(field), path != NULL ? path : "", what,
            field == ENG_FIELD_ID ? ", or set time.dedup: 0" : ""); /* fits */
        say(text);
    }
}

/* An attribute that the model names and no record can have is as if missing everywhere. */
static void warn_attributes(const struct eng_config *config, const struct eng_decoder *decoder,
                            void (*say)(const char *text))
{
    const struct eng_names *names = eng_decoder_names(decoder);
    for (uint32_t i = 0; i < names->attribute_count; i++) {
        char text[512];
        if (!eng_decoder_lacks_attribute(decoder, i))
            continue;
        (void)snprintf(text, sizeof text,
                       "input.fields.attributes: at \"%.200s\" the schema has nothing that could "
                       "hold the attribute \"%.128s\", so no event ever has it",
                       config->input.fields.attributes, names->attributes[i]); /* fits */
        say(text);
    }
}

/* The same of a number. */
static void warn_numbers(const struct eng_config *config, const struct eng_decoder *decoder,
                         void (*say)(const char *text))
{
    const struct eng_properties *numbers = &config->input.fields.numbers;
    for (uint32_t i = 0; i < numbers->count; i++) {
        char text[512];
        if (!eng_decoder_lacks_number(decoder, i))
            continue;
        (void)snprintf(text, sizeof text,
                       "input.fields.numbers.%.128s: the schema has no number at \"%.200s\", so no "
                       "event ever has it",
                       numbers->items[i].name, numbers->items[i].value); /* fits */
        say(text);
    }
}

enum eng_status eng_warn(const struct eng_config *config, void (*say)(const char *text),
                         struct eng_error *err)
{
    struct eng_decoder *decoder = NULL;
    eng_assert(config != NULL && say != NULL);
    enum eng_status status = eng_decoder_new(config, &decoder, err);
    if (status != ENG_OK)
        return status;
    for (uint32_t i = 0; i < config->warning_count; i++)
        say(config->warnings[i].text);
    warn_lacking(config, decoder, say);
    warn_attributes(config, decoder, say);
    warn_numbers(config, decoder, say);
    eng_decoder_free(decoder);
    return ENG_OK;
}
