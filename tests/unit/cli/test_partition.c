/* The partitioner, against hashes that the Java client's own tests and users publish. */
#include "cli/partition.h"

#include <criterion/criterion.h>
#include <string.h>

Test(partition, hashes_are_those_of_the_java_client)
{
    static const struct {
        const char *key;
        int32_t murmur2;
    } rows[] = {
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
        {"a", -1563381124},
        {"abcde", 461995741},
        {"p0000", -926050610},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct eng_slice key = {rows[i].key, (uint32_t)strlen(rows[i].key)};
        for (uint32_t partitions = 1; partitions <= 1000; partitions = partitions * 3 + 1)
            cr_expect_eq(eng_partition_of(key, partitions),
                         ((uint32_t)rows[i].murmur2 & 0x7fffffff) % partitions, "%s", rows[i].key);
    }
}
