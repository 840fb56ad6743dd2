/* SHA-256 (FIPS 180-4), for what others have to be able to work out again: every language and every
 * data base has it. Not fast, and not for secrets that are compared. */
#ifndef ENG_BASE_SHA256_H
#define ENG_BASE_SHA256_H

#include <stdint.h>

enum { ENG_SHA256_BYTES = 32, ENG_SHA256_BLOCK_BYTES = 64 };

/* Private. */
struct eng_sha256 {
    uint32_t state[8];
    uint64_t bytes; /* taken in so far */
    uint8_t block[ENG_SHA256_BLOCK_BYTES];
};

void eng_sha256_init(struct eng_sha256 *sum);
void eng_sha256_add(struct eng_sha256 *sum, const void *data, uint32_t length);

/* The digest, the most significant byte first; `sum` is used up. */
void eng_sha256_end(struct eng_sha256 *sum, uint8_t ret_digest[ENG_SHA256_BYTES]);

#endif
