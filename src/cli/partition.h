/* Which partition a producer of the Java client puts a key in. */
#ifndef ENG_CLI_PARTITION_H
#define ENG_CLI_PARTITION_H

#include <engaged/event.h>
#include <stdint.h>

/* murmur2 of the key, its sign bit cleared, modulo `partitions` (at least 1). Pure. */
uint32_t eng_partition_of(struct eng_slice key, uint32_t partitions);

#endif
