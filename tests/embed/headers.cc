/* Every public header, from C++. Loads the model named on the command line and applies one event.
 */
#include <engaged/effect.h>
#include <engaged/engine.h>
#include <engaged/event.h>
#include <engaged/model.h>
#include <engaged/status.h>

#include <cstdio>
#include <cstring>

static eng_slice slice(const char *text)
{
    eng_slice result = {text, static_cast<uint32_t>(std::strlen(text))};
    return result;
}

static int use(const eng_model *model, eng_error *err)
{
    eng_engine *engine = nullptr;
    if (eng_engine_new(model, nullptr, &engine, err) != ENG_OK)
        return 1;
    eng_event event = {};
    event.time_ms = 1767258000000;
    event.value_e4 = ENG_VALUE_NONE;
    event.partner = slice("acme");
    event.action = slice("platform.login");
    eng_batch batch = {&event, nullptr, 1, 0, nullptr};
    eng_status status = eng_engine_apply(engine, &batch, nullptr, err);
    std::printf("%s: %llu partner\n", eng_model_program(model),
                static_cast<unsigned long long>(eng_engine_partner_count(engine)));
    eng_engine_free(engine);
    return status == ENG_OK && batch.done == 1 ? 0 : 1;
}

int main(int argc, char **argv)
{
    eng_model *model = nullptr;
    eng_error err = {};
    if (argc != 2)
        return 2;
    int failed = eng_model_load_file(argv[1], &model, &err) != ENG_OK || use(model, &err);
    if (failed)
        std::fprintf(stderr, "%s\n", err.text);
    eng_model_free(model);
    return failed;
}
