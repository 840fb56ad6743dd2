/* Control groups: see control.h. */
#include "engine/control.h"

#include "base/assert.h"
#include "base/sha256.h"

enum { PLACES = 10000 };

uint32_t eng_control_place(const char *salt, struct eng_slice partner)
{
    struct eng_sha256 sum;
    uint8_t digest[ENG_SHA256_BYTES];
    uint64_t first = 0;
    eng_assert(salt != NULL);
    eng_assert(partner.data != NULL);
    eng_sha256_init(&sum);
    eng_sha256_add(&sum, salt, (uint32_t)strlen(salt));
    eng_sha256_add(&sum, "\n", 1); /* no salt has one, so no two pairs run together */
    eng_sha256_add(&sum, partner.data, partner.length);
    eng_sha256_end(&sum, digest);
    for (unsigned i = 0; i < 8; i++)
        first = first << 8 | digest[i];
    return (uint32_t)((first >> 4) % PLACES);
}

bool eng_control_holds_out(const struct eng_alert *alert, struct eng_slice partner)
{
    eng_assert(alert->hold_out_e4 <= PLACES);
    eng_assert(alert->name != NULL);
    return alert->hold_out_e4 > 0 &&
           eng_control_place(alert->salt != NULL ? alert->salt : alert->name, partner) <
               alert->hold_out_e4;
}
