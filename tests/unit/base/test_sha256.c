/* SHA-256 against digests of other implementations: the vectors of FIPS 180-4, and lengths around
 * the ends of blocks. */
#include "base/sha256.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void check(const char *data, uint32_t length, uint32_t step, const char *want)
{
    struct eng_sha256 sum;
    uint8_t digest[ENG_SHA256_BYTES];
    char text[2 * ENG_SHA256_BYTES + 1];
    eng_sha256_init(&sum);
    for (uint32_t at = 0; at < length; at += step)
        eng_sha256_add(&sum, data + at, length - at < step ? length - at : step);
    eng_sha256_end(&sum, digest);
    for (unsigned i = 0; i < ENG_SHA256_BYTES; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", digest[i]); /* fits */
    cr_expect_str_eq(text, want, "%u bytes by %u", length, step);
}

Test(sha256, digests_are_those_of_the_standard)
{
    const char *const long_one = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    check("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check("abc", 3, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check(long_one, 56, 56, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

Test(sha256, any_length_in_any_pieces_gives_the_same)
{
    static char many[1000];
    static const struct {
        uint32_t length;
        const char *want;
    } rows[] = {
        {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
        {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
        {63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
        {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
        {119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
        {120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
        {1000, "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"},
    };
    memset(many, 'a', sizeof many);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (uint32_t step = 1; step <= rows[i].length; step += 1 + step / 3)
            check(many, rows[i].length, step, rows[i].want);
}
