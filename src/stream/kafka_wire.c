/* Requests of a producer that were not answered.
 *
 * Such a request may still be on its way, and the broker may still do it: in a later transaction,
 * if that has the same epoch. librdkafka sends it again by itself and says nothing when the second
 * one is answered: of a connection that was closed its error callback does not hear at all, and of
 * errors that are alike once in 30 seconds. But an interceptor is called for every request that
 * ends, with the answer or with an error, before the transaction hears of it. (For some it is
 * called twice, and so counting requests and answers would not do.)
 *
 * What happens without is in docs/chaos.md: a late TxnOffsetCommit takes the committed offset back.
 */
#include "stream/kafka_internal.h"

#include "base/assert.h"

static const char interceptor_name[] = "engaged-wire";

/* Of Kafka's protocol. */
enum {
    API_PRODUCE = 0,
    API_INIT_PRODUCER_ID = 22,
    API_ADD_PARTITIONS_TO_TXN = 24,
    API_ADD_OFFSETS_TO_TXN = 25,
    API_END_TXN = 26,
    API_TXN_OFFSET_COMMIT = 28,
};

static bool matters(int16_t api)
{
    return api == API_PRODUCE || api == API_INIT_PRODUCER_ID || api == API_ADD_PARTITIONS_TO_TXN ||
           api == API_ADD_OFFSETS_TO_TXN || api == API_END_TXN || api == API_TXN_OFFSET_COMMIT;
}

/* tidy: allow parameters: librdkafka's type */
static rd_kafka_resp_err_t on_response_received(rd_kafka_t *client, int sockfd, const char *broker,
                                                int32_t broker_id, int16_t api, int16_t version,
                                                int32_t correlation, size_t size, int64_t rtt,
                                                rd_kafka_resp_err_t code, void *opaque)
{
    struct eng_kafka *kafka = opaque;
    (void)client; /* this and the next: only what all interceptors are called with */
    (void)sockfd;
    (void)broker;
    (void)broker_id;
    (void)version;
    (void)correlation;
    (void)size;
    (void)rtt;
    eng_assert(kafka != NULL);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && matters(api))
        atomic_store(&kafka->suspect, true);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t eng_kafka_wire_watch(struct eng_kafka *kafka, rd_kafka_t *client)
{
    eng_assert(kafka != NULL);
    eng_assert(client != NULL);
    return rd_kafka_interceptor_add_on_response_received(client, interceptor_name,
                                                         on_response_received, kafka);
}
