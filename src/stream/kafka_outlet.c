/* Records on their way to librdkafka.
 *
 * What is told has half a dozen headers, and with them librdkafka's work for a record is mostly
 * making and freeing headers: an allocation for each, in one thread, and a free in another. So
 *
 *  1. lists of headers are used again. The delivery report gives a record's list back, and a later
 *     record takes it: the fixed headers are in it already, and its own are written over those of
 *     the record before. librdkafka has no call for that, but it copies values into the list when
 *     they are added, and a list that was detached from its record is ours alone; nothing in it
 *     depends on the bytes of a value but their number. So lists lie in piles by the length of the
 *     first own header, the id;
 *  2. delivery reports are asked for. They are served by the thread that produces (in poll and
 *     flush), so that records are freed where the next ones are allocated;
 *  3. values are not copied, and records of one partition are handed over together;
 *  4. only so many records are under way at a time (the window): with a whole transaction under way
 *     every touch of a record, a list or a value misses the cache. A broker that takes long to
 *     answer widens the window, so that it is never what bounds the rate;
 *  5. batches are sent when the window is full, or the transaction complete, and not by the time
 *     that records have waited. A partition has one batch on the wire, and librdkafka 2.8 turns
 *     without a pause while more records are due and cannot be sent yet: while they have waited
 *     longer than linger.ms, and in a flush. So linger.ms is long, and a flush given a moment only.
 *
 * librdkafka takes several records at once only without headers. They are given to each record by
 * an interceptor, which is called for it in between.
 *
 * Invariant: a value may be looked at while its report has not come, and after that never.
 * `unreported` counts those; it is 0 after a successful flush or abort. */
#include "stream/kafka_internal.h"

#include "base/assert.h"
#include "base/memory.h"
#include <string.h>

/* Lists for each topic: up to 20 MB. Records beyond them have headers of their own. */
enum { LISTS_MAX = 32768 };

/* Reports that have not come within PATIENCE_MS widen the window. */
enum { WINDOW_MIN = 8192, WINDOW_MAX = 65536, PATIENCE_MS = 20, MOMENT_MS = 1 };

static const char interceptor_name[] = "engaged";

/* ---- Lists of headers. ---- */

static void add_header(rd_kafka_headers_t *list, const struct eng_port_header *header)
{
    eng_assert(list != NULL);
    eng_assert(header->name != NULL);
    (void)rd_kafka_header_add(list, header->name, -1, header->value,
                              (ssize_t)header->value_bytes); /* cannot fail */
}

static rd_kafka_headers_t *make_headers(const struct eng_port_output *output)
{
    const struct eng_port_family *family = output->family;
    uint32_t fixed = family != NULL ? family->fixed_count : 0;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(fixed + output->header_count);
    eng_assert(headers != NULL);
    eng_assert(output->headers != NULL || output->header_count == 0);
    for (uint32_t i = 0; i < fixed; i++)
        add_header(headers, &family->fixed[i]);
    for (uint32_t i = 0; i < output->header_count; i++)
        add_header(headers, &output->headers[i]);
    return headers;
}

static struct eng_kafka_list **pile_of(struct eng_kafka_outlet *outlet, size_t bytes)
{
    eng_assert(outlet->family != NULL);
    return &outlet->piles[bytes < ENG_KAFKA_PILES ? bytes : 0];
}

static void lay_down(struct eng_kafka_outlet *outlet, struct eng_kafka_list *list)
{
    struct eng_kafka_list **pile = pile_of(outlet, list->bytes[0]);
    eng_assert(list->headers != NULL && !list->lies);
    list->lies = true;
    list->below = *pile;
    *pile = list;
}

static struct eng_kafka_list *pick_up(struct eng_kafka_list **pile)
{
    struct eng_kafka_list *list = *pile;
    eng_assert(list == NULL || list->lies);
    if (list == NULL)
        return NULL;
    list->lies = false;
    *pile = list->below;
    return list;
}

/* A list without headers: a new one, or one that lies in some pile. NULL: there is none. */
static struct eng_kafka_list *bare_list(struct eng_kafka_outlet *outlet)
{
    struct eng_kafka_list *list = NULL;
    eng_assert(outlet->made_count <= LISTS_MAX);
    if (outlet->made_count < LISTS_MAX) {
        list = eng_calloc(1, sizeof *list);
        if (list == NULL)
            return NULL;
        list->made_before = outlet->made_last;
        outlet->made_last = list;
        outlet->made_count++;
        return list;
    }
    for (int i = 0; list == NULL && i < ENG_KAFKA_PILES; i++)
        list = pick_up(&outlet->piles[i]);
    if (list != NULL)
        rd_kafka_headers_destroy(list->headers);
    return list;
}

/* Makes the headers of a list, and notes where the values are. */
static void fill_list(struct eng_kafka_list *list, const struct eng_port_output *output)
{
    eng_assert(output->header_count <= ENG_KAFKA_OWN_HEADERS);
    eng_assert(!list->lies);
    list->headers = make_headers(output);
    for (uint32_t i = 0; i < output->header_count; i++) {
        const char *name;
        const void *value;
        size_t bytes = 0;
        rd_kafka_resp_err_t code = rd_kafka_header_get_all(
            list->headers, output->family->fixed_count + i, &name, &value, &bytes);
        eng_assert(code == RD_KAFKA_RESP_ERR_NO_ERROR && value != NULL);
        eng_assert(bytes == output->headers[i].value_bytes);
        list->values[i] = (uint8_t *)(uintptr_t)value; /* the list's own, see above */
        list->bytes[i] = (uint32_t)bytes;
    }
}

/* Do the record's own headers fit where those of the list are? */
static bool fits(const struct eng_kafka_list *list, const struct eng_port_output *output)
{
    eng_assert(list->headers != NULL);
    for (uint32_t i = 0; i < output->header_count; i++)
        if (list->bytes[i] != output->headers[i].value_bytes)
            return false;
    return true;
}

/* A list with the record's headers. NULL: none is left, or memory is not. */
static struct eng_kafka_list *list_for(struct eng_kafka_outlet *outlet,
                                       const struct eng_port_output *output)
{
    eng_assert(output->family == outlet->family);
    eng_assert(output->header_count == outlet->family->own_count);
    struct eng_kafka_list **pile = pile_of(outlet, output->headers[0].value_bytes);
    if (*pile == NULL || !fits(*pile, output)) {
        struct eng_kafka_list *bare = bare_list(outlet);
        if (bare != NULL)
            fill_list(bare, output);
        return bare;
    }
    struct eng_kafka_list *list = pick_up(pile);
    for (uint32_t i = 0; *pile != NULL && i < output->header_count; i++)
        __builtin_prefetch((*pile)->values[i], 1); /* for the next record */
    for (uint32_t i = 0; i < output->header_count; i++)
        memcpy(list->values[i], output->headers[i].value, list->bytes[i]);
    return list;
}

/* ---- Called by librdkafka. ---- */

/* A delivery report. That a record failed is known to the transaction: here only its list counts.
 */
static void report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct eng_kafka *kafka = opaque;
    struct eng_kafka_list *list = message->_private;
    rd_kafka_headers_t *headers = NULL;
    eng_assert(client == kafka->producer);
    eng_assert(kafka->unreported > 0);
    kafka->unreported--;
    if (list == NULL)
        return;
    rd_kafka_message_t *ours = (rd_kafka_message_t *)(uintptr_t)message; /* we made it */
    rd_kafka_resp_err_t code = rd_kafka_message_detach_headers(ours, &headers);
    eng_assert(code == RD_KAFKA_RESP_ERR_NO_ERROR && headers == list->headers);
    lay_down(rd_kafka_topic_opaque(message->rkt), list);
}

/* A record of a run is being made: gives it its headers. */
static rd_kafka_resp_err_t on_send(rd_kafka_t *client, rd_kafka_message_t *message, void *opaque)
{
    const struct eng_port_output *output = message->_private;
    eng_assert(client != NULL && opaque != NULL);
    if (output == NULL)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    eng_assert(message->payload == output->value);
    struct eng_kafka_list *list = list_for(rd_kafka_topic_opaque(message->rkt), output);
    rd_kafka_message_set_headers(message, list != NULL ? list->headers : make_headers(output));
    message->_private = list;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *client, const rd_kafka_conf_t *conf, void *opaque,
                                  char *text, size_t text_bytes)
{
    (void)conf; /* only what all interceptors are called with */
    (void)text; /* and room for a message */
    eng_assert(text_bytes > 0);
    eng_assert(opaque != NULL);
    rd_kafka_resp_err_t code =
        rd_kafka_interceptor_add_on_send(client, interceptor_name, on_send, opaque);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? eng_kafka_wire_watch(opaque, client) : code;
}

void eng_kafka_outlets_conf(struct eng_kafka *kafka, rd_kafka_conf_t *conf)
{
    eng_assert(kafka != NULL);
    rd_kafka_conf_set_dr_msg_cb(conf, report);
    rd_kafka_resp_err_t code =
        rd_kafka_conf_interceptor_add_on_new(conf, interceptor_name, on_new, kafka);
    eng_assert(code == RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* ---- Topics. ---- */

/* The outlet of a record's topic; NULL: librdkafka refuses the topic, its last error says why. */
static struct eng_kafka_outlet *outlet_of(struct eng_kafka *kafka,
                                          const struct eng_port_output *output)
{
    struct eng_kafka_outlet *outlet = &kafka->outlets[output->topic];
    eng_assert(output->topic < ENG_TOPIC_COUNT);
    if (outlet->topic == NULL) {
        rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(kafka->producer);
        rd_kafka_topic_conf_set_opaque(conf, outlet);
        outlet->family = output->family;
        outlet->topic =
            rd_kafka_topic_new(kafka->producer, eng_kafka_topic(kafka, output->topic), conf);
        if (outlet->topic == NULL) {
            rd_kafka_topic_conf_destroy(conf);
            return NULL;
        }
        eng_assert(rd_kafka_topic_opaque(outlet->topic) == outlet); /* nobody else made it */
    }
    eng_assert(outlet->family == output->family);
    return outlet;
}

void eng_kafka_outlets_close(struct eng_kafka *kafka)
{
    eng_assert(kafka != NULL);
    for (int i = 0; i < ENG_TOPIC_COUNT; i++) {
        eng_assert(kafka->outlets[i].topic == NULL || kafka->producer != NULL);
        if (kafka->outlets[i].topic != NULL)
            rd_kafka_topic_destroy(kafka->outlets[i].topic);
        kafka->outlets[i].topic = NULL;
    }
}

void eng_kafka_outlets_free(struct eng_kafka *kafka)
{
    eng_assert(kafka != NULL);
    for (int i = 0; i < ENG_TOPIC_COUNT; i++) {
        struct eng_kafka_outlet *outlet = &kafka->outlets[i];
        eng_assert(outlet->topic == NULL);
        while (outlet->made_last != NULL) {
            struct eng_kafka_list *list = outlet->made_last;
            outlet->made_last = list->made_before;
            if (list->lies) /* else the headers have gone with the producer */
                rd_kafka_headers_destroy(list->headers);
            eng_free(list);
        }
        *outlet = (struct eng_kafka_outlet){0};
    }
}

/* ---- Producing. ---- */

/* A record was not taken. */
static enum eng_status refused(struct eng_kafka *kafka, rd_kafka_resp_err_t code,
                               const struct eng_port_output *output, struct eng_error *err)
{
    enum eng_status status = eng_kafka_status(code);
    eng_assert(code != RD_KAFKA_RESP_ERR_NO_ERROR);
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        return ENG_AGAIN;
    if (status == ENG_UNAVAILABLE)
        status = ENG_TXN_ABORT; /* the transaction has failed already; the next call says why */
    eng_assert(status != ENG_OK);
    return eng_error_set(err, status, "producing to \"%s\": %s",
                         eng_kafka_topic(kafka, output->topic), rd_kafka_err2str(code));
}

/* A record on its own, with whatever headers it has. */
static rd_kafka_resp_err_t produce_one(struct eng_kafka *kafka,
                                       const struct eng_port_output *output)
{
    struct eng_kafka_outlet *outlet = outlet_of(kafka, output);
    eng_assert(output->family == NULL);
    if (outlet == NULL)
        return rd_kafka_last_error();
    rd_kafka_headers_t *headers = output->header_count > 0 ? make_headers(output) : NULL;
    rd_kafka_resp_err_t code = rd_kafka_producev(
        kafka->producer, RD_KAFKA_V_RKT(outlet->topic), RD_KAFKA_V_PARTITION(output->partition),
        RD_KAFKA_V_MSGFLAGS(0), RD_KAFKA_V_OPAQUE(NULL),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)output->value, output->value_bytes),
        RD_KAFKA_V_KEY((void *)(uintptr_t)output->key, output->key_bytes),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        kafka->unreported++;
    else if (headers != NULL)
        rd_kafka_headers_destroy(headers);
    return code;
}

/* How many records from the first on go to the same place, and may go together. */
static uint32_t run_length(const struct eng_port_output *outputs, uint32_t count)
{
    uint32_t length = 1;
    eng_assert(count > 0);
    if (outputs[0].family == NULL)
        return 1;
    while (length < count && length < ENG_KAFKA_RUN_MAX &&
           outputs[length].topic == outputs[0].topic &&
           outputs[length].partition == outputs[0].partition)
        length++;
    eng_assert(length <= count);
    return length;
}

/* Records of one partition. *taken grows by those that were taken before one was not. */
static rd_kafka_resp_err_t produce_run(struct eng_kafka *kafka,
                                       const struct eng_port_output *outputs, uint32_t count,
                                       uint32_t *taken)
{
    struct eng_kafka_outlet *outlet = outlet_of(kafka, &outputs[0]);
    eng_assert(count > 0 && count <= ENG_KAFKA_RUN_MAX);
    if (outlet == NULL)
        return rd_kafka_last_error();
    for (uint32_t i = 0; i < count; i++)
        kafka->run[i] = (rd_kafka_message_t){.payload = (void *)(uintptr_t)outputs[i].value,
                                             .len = outputs[i].value_bytes,
                                             .key = (void *)(uintptr_t)outputs[i].key,
                                             .key_len = outputs[i].key_bytes,
                                             ._private = (void *)(uintptr_t)&outputs[i]};
    int good =
        rd_kafka_produce_batch(outlet->topic, outputs[0].partition, 0, kafka->run, (int)count);
    eng_assert(good >= 0 && (uint32_t)good <= count);
    kafka->unreported += (uint64_t)good;
    uint32_t first = 0;
    while (first < count && kafka->run[first].err == RD_KAFKA_RESP_ERR_NO_ERROR)
        first++;
    *taken += first;
    return first < count ? kafka->run[first].err : RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t eng_kafka_send_now(struct eng_kafka *kafka)
{
    eng_assert(kafka->producer != NULL);
    rd_kafka_resp_err_t code = rd_kafka_flush(kafka->producer, MOMENT_MS);
    eng_assert(code != RD_KAFKA_RESP_ERR_NO_ERROR || kafka->unreported == 0);
    return code;
}

/* Serves reports, so that lists come back, and errors. While too many records are under way, sends
 * them and waits for their reports. */
static void serve(struct eng_kafka *kafka)
{
    eng_assert(kafka->producer != NULL);
    (void)rd_kafka_poll(kafka->producer, 0); /* what is there */
    while (kafka->unreported > kafka->window) {
        uint64_t before = kafka->unreported;
        (void)eng_kafka_send_now(kafka); /* it need not be all of them */
        if (kafka->unreported == before)
            (void)rd_kafka_poll(kafka->producer, PATIENCE_MS); /* judged by what it does */
        if (kafka->unreported < before)
            continue;
        if (kafka->window >= WINDOW_MAX)
            break;
        kafka->window *= 2;
    }
    eng_assert(kafka->window >= WINDOW_MIN && kafka->window <= WINDOW_MAX);
}

void eng_kafka_window_begin(struct eng_kafka *kafka)
{
    eng_assert(kafka->unreported == 0);
    kafka->window /= 2; /* the broker may answer sooner now */
    if (kafka->window < WINDOW_MIN)
        kafka->window = WINDOW_MIN;
    eng_assert(kafka->window <= WINDOW_MAX);
}

enum eng_status eng_kafka_produce(struct eng_port *port, const struct eng_port_output *outputs,
                                  uint32_t count, uint32_t *ret_taken, struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    uint32_t taken = 0;
    eng_assert(kafka->initialised);
    while (code == RD_KAFKA_RESP_ERR_NO_ERROR && taken < count) {
        const struct eng_port_output *output = &outputs[taken];
        eng_assert(output->partition >= 0);
        if (output->family != NULL) {
            code = produce_run(kafka, output, run_length(output, count - taken), &taken);
        } else {
            code = produce_one(kafka, output);
            taken += code == RD_KAFKA_RESP_ERR_NO_ERROR;
        }
    }
    *ret_taken = taken;
    serve(kafka);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? ENG_OK : refused(kafka, code, &outputs[taken], err);
}
