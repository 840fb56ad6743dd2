/* librdkafka properties that are passed through, and those that are not.
 *
 * What would break a guarantee is refused with the reason; what the daemon sets itself has its own
 * key or is none of the user's business. All other names and values are judged by librdkafka when
 * the client is made. */
#include "base/assert.h"
#include "model/load.h"
#include "model/text.h"
#include <string.h>

#define OWN_OFFSETS "offsets are committed in the transaction that holds the results"
#define OWN_KEY(key) "it has a key of its own: " key
#define EXACT "results would no longer be told exactly once"

const struct eng_refusal eng_refusals[] = {
    {"bootstrap.servers", NULL, OWN_KEY("kafka.brokers")},
    {"metadata.broker.list", NULL, OWN_KEY("kafka.brokers")},
    {"group.id", NULL, OWN_KEY("kafka.group")},
    {"group.instance.id", NULL, OWN_KEY("kafka.instance")},
    {"group.protocol", "classic", "only the classic protocol is supported"},
    {"group.remote.assignor", NULL, "only the classic protocol is supported"},
    {"partition.assignment.strategy", "cooperative-sticky range",
     "state is kept by partition, so only these two move it rightly"},
    {"client.rack", NULL,
     "followers lag behind the leader, whose end decides when a restart is done"},
    {"enable.auto.commit", "false", OWN_OFFSETS},
    {"auto.commit.enable", "false", OWN_OFFSETS},
    {"auto.commit.interval.ms", NULL, OWN_OFFSETS},
    {"enable.auto.offset.store", "false", OWN_OFFSETS},
    {"offset.store.method", NULL, OWN_OFFSETS},
    {"isolation.level", "read_committed", "events of aborted transactions would be counted"},
    {"auto.offset.reset", NULL,
     "the daemon decides where to begin: a lost offset must not skip or repeat events in silence"},
    {"enable.partition.eof", "true",
     "the end of a partition has to be seen, for idle ticks and restarts"},
    {"allow.auto.create.topics", "false",
     "a topic made by accident has the wrong partitions; see output.create"},
    {"transactional.id", NULL, "it follows from kafka.group and kafka.instance; " EXACT},
    {"enable.idempotence", "true", EXACT},
    {"acks", "all -1", EXACT},
    {"request.required.acks", "all -1", EXACT},
    {"max.in.flight", "1 2 3 4 5", "more than 5 give up the order of results"},
    {"max.in.flight.requests.per.connection", "1 2 3 4 5",
     "more than 5 give up the order of results"},
    {"message.send.max.retries", NULL, EXACT},
    {"retries", NULL, EXACT},
    {"enable.gapless.guarantee", NULL, EXACT},
    {"queuing.strategy", "fifo", "results would leave in another order"},
    {"partitioner", NULL, "results go to the partition of their partner's events"},
    {"delivery.report.only.error", "false", "the daemon has to see every delivery"},
    {"test.mock.num.brokers", NULL, "the brokers would be a pretence; use engaged demo"},
    {NULL, NULL, NULL},
};

/* Properties whose value is a secret wherever it comes from. */
static const char *const secrets[] = {"sasl.password",
                                      "sasl.oauthbearer.config",
                                      "sasl.oauthbearer.client.secret",
                                      "ssl.key.password",
                                      "ssl.key.pem",
                                      "ssl.keystore.password",
                                      NULL};

bool eng_property_is_secret(const char *name)
{
    eng_assert(name != NULL);
    for (int i = 0; secrets[i] != NULL; i++)
        if (strcmp(secrets[i], name) == 0)
            return true;
    return false;
}

/* Whether a value is one of some words. */
static bool is_allowed(const char *value, const char *words)
{
    size_t length = strlen(value);
    for (const char *at = words; at != NULL && *at != '\0'; at += strcspn(at, " ")) {
        at += strspn(at, " ");
        if (length > 0 && strcspn(at, " ") == length && memcmp(at, value, length) == 0)
            return true;
    }
    return false;
}

static enum eng_status check_property(struct eng_load *load, const struct eng_node *node,
                                      const struct eng_property *property)
{
    for (const struct eng_refusal *refusal = eng_refusals; refusal->name != NULL; refusal++) {
        if (strcmp(refusal->name, property->name) != 0 ||
            is_allowed(property->value, refusal->allowed))
            continue;
        return eng_source_fail(&load->source, node->key->mark,
                               "%s cannot be set%s%s: %s; leave it out", property->name,
                               refusal->allowed != NULL ? " to anything but one of " : "",
                               refusal->allowed != NULL ? refusal->allowed : "", refusal->reason);
    }
    return ENG_OK;
}

static enum eng_status load_property(struct eng_load *load, const struct eng_node *node,
                                     struct eng_properties *properties)
{
    struct eng_property *property = &properties->items[properties->count++];
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a property");
    if (status == ENG_OK && node->kind != ENG_NODE_SCALAR)
        return eng_source_fail(
            &load->source, node->mark, "the property \"%s\" is %s; write one value",
            eng_node_shown(&load->source, node->key), eng_node_shown(&load->source, node));
    if (status == ENG_OK)
        status = eng_load_copy(load, node->key, &property->name);
    if (status == ENG_OK)
        status = eng_load_expand(load, node, &property->value, &property->secret);
    if (status != ENG_OK)
        return status;
    property->secret = property->secret || eng_property_is_secret(property->name);
    return check_property(load, node, property);
}

enum eng_status eng_load_properties(struct eng_load *load, const struct eng_node *node,
                                    struct eng_properties *properties)
{
    eng_assert(properties != NULL && properties->items == NULL);
    if (node == NULL)
        return ENG_OK;
    properties->items = eng_load_array(load, node->count, sizeof *properties->items);
    if (properties->items == NULL)
        return ENG_NO_MEMORY;
    enum eng_status status = ENG_OK;
    for (const struct eng_node *child = node->first; child && status == ENG_OK; child = child->next)
        status = load_property(load, child, properties);
    return status;
}
