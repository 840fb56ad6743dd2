/* What the files of the Kafka adapter share. See kafka.h. */
#ifndef ENG_STREAM_KAFKA_INTERNAL_H
#define ENG_STREAM_KAFKA_INTERNAL_H

#include "model/config.h"
#include "stream/kafka.h"
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    ENG_KAFKA_ASK_MS = 5000,  /* how long one question to the broker may take */
    ENG_KAFKA_TXN_MS = 10000, /* how long one step of a transaction may take */
    ENG_KAFKA_BATCH_MAX = 4096,
    ENG_KAFKA_INSTANCE_MAX = 200, /* bytes of kafka.instance that count */
    ENG_KAFKA_RUN_MAX = 128,      /* records handed to the producer at once */
};

/* A partition that is fetched from. */
struct eng_kafka_place {
    int64_t next; /* everything below has been handed over */
    bool fetched; /* assigned at the consumer */
    bool placed;  /* and its position is surely this one: see kafka_consumer.c */
};

enum { ENG_KAFKA_OWN_HEADERS = 4, ENG_KAFKA_PILES = 256 };

/* A list of headers that is used again and again, and where the values of its own headers are. */
struct eng_kafka_list {
    rd_kafka_headers_t *headers; /* ours while it lies in a pile, else the record's */
    bool lies;
    struct eng_kafka_list *below; /* in its pile */
    struct eng_kafka_list *made_before;
    uint8_t *values[ENG_KAFKA_OWN_HEADERS];
    uint32_t bytes[ENG_KAFKA_OWN_HEADERS];
};

/* An output topic at the producer; see kafka_outlet.c. */
struct eng_kafka_outlet {
    rd_kafka_topic_t *topic;                       /* NULL: not yet used */
    const struct eng_port_family *family;          /* of the lists */
    struct eng_kafka_list *piles[ENG_KAFKA_PILES]; /* by the length of the first own header */
    struct eng_kafka_list *made_last;              /* all lists, wherever they are */
    uint32_t made_count;
};

/* A client that reads the state topic; NULL: not needed yet. Belongs to the reader's thread. */
struct eng_kafka_reader {
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
};

struct eng_kafka {
    struct eng_port port;
    const struct eng_config *config;
    uint32_t index;
    bool eager;
    char transactional_id[256];
    char instance[256]; /* group.instance.id; "": none */
    uint64_t process;   /* see eng_kafka_process */

    rd_kafka_t *consumer;
    rd_kafka_queue_t *queue; /* the consumer's; NULL before join */
    const struct eng_port_handler *handler;
    rd_kafka_topic_partition_list_t *fetched; /* what is assigned at the consumer */
    struct eng_kafka_place *places;           /* by partition */
    int32_t place_count;
    int64_t told_us;     /* when ends were last told */
    int64_t shut_out_us; /* since when somebody has been in our place, as heard; 0: nobody is */
    bool paused, closed;
    rd_kafka_message_t *messages[ENG_KAFKA_BATCH_MAX];

    struct eng_kafka_reader readers[ENG_PORT_READERS];
    rd_kafka_t *asker; /* asks about the group, see kafka_group.c; NULL: not needed yet */

    rd_kafka_t *producer; /* commit thread's */
    bool initialised;     /* it has an epoch */
    struct eng_kafka_outlet outlets[ENG_TOPIC_COUNT];
    rd_kafka_message_t run[ENG_KAFKA_RUN_MAX]; /* scratch */
    uint64_t unreported;  /* records taken whose delivery report has not come yet */
    uint64_t window;      /* as many may be under way before producing waits */
    _Atomic bool suspect; /* trouble on its wire since begin */

    pthread_mutex_t lock; /* for the next two: written by whatever thread serves callbacks */
    rd_kafka_resp_err_t last_code;
    char last_text[256];
};

/* Implementations behind the table in kafka.c, by file. */

/* kafka_conf.c: a configuration for the consumer, the producer, or the reader of the state topic.
 */
enum eng_kafka_role { ENG_KAFKA_CONSUMER, ENG_KAFKA_PRODUCER, ENG_KAFKA_READER };
enum eng_status eng_kafka_conf(const struct eng_kafka *kafka, enum eng_kafka_role role,
                               rd_kafka_conf_t **ret_conf, struct eng_error *err);

/* A client that is no member of the group, for reading or asking; `what` for errors: "cannot WHAT".
 */
enum eng_status eng_kafka_plain_client(const struct eng_kafka *kafka, const char *what,
                                       rd_kafka_t **ret_client, struct eng_error *err);

/* kafka.c */

/* A consumer that has not joined yet. */
enum eng_status eng_kafka_consumer_new(struct eng_kafka *kafka, struct eng_error *err);
/* As it is: without leaving the group. */
void eng_kafka_consumer_free(struct eng_kafka *kafka);
struct eng_kafka *eng_kafka_of(struct eng_port *port);
const char *eng_kafka_topic(const struct eng_kafka *kafka, enum eng_topic topic);
/* The status of a code; ENG_UNAVAILABLE for what may pass. */
enum eng_status eng_kafka_status(rd_kafka_resp_err_t code);
/* Sets err from a code: what was tried, on what, and what to do. */
enum eng_status eng_kafka_fail(struct eng_kafka *kafka, rd_kafka_resp_err_t code, const char *what,
                               const char *thing, struct eng_error *err);
void eng_kafka_note_error(rd_kafka_t *client, int code, const char *reason, void *opaque);

/* Any thread: has the broker told our consumer that somebody else is this member of the group now?
 * Only with kafka.instance. */
bool eng_kafka_is_shut_out(const struct eng_kafka *kafka);
/* Sets ENG_LOST, with the setting, its value and the way out. */
enum eng_status eng_kafka_tell_shut_out(const struct eng_kafka *kafka, struct eng_error *err);

/* kafka_consumer.c */
enum eng_status eng_kafka_join(struct eng_port *port, const struct eng_port_handler *handler,
                               struct eng_error *err);
void eng_kafka_poll(struct eng_port *port, struct eng_port_batch *batch, int64_t timeout_ms);
void eng_kafka_release(struct eng_port *port, struct eng_port_batch *batch);
bool eng_kafka_header(struct eng_port *port, const struct eng_port_record *record, uint32_t index,
                      struct eng_port_header *ret_header);
enum eng_status eng_kafka_assign(struct eng_port *port, const struct eng_port_offset *set,
                                 uint32_t count, struct eng_error *err);
void eng_kafka_pause(struct eng_port *port, bool paused);
bool eng_kafka_leave(struct eng_port *port, int64_t timeout_ms);
int64_t eng_kafka_high_watermark(struct eng_port *port, int32_t partition);
void eng_kafka_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque);

/* kafka_ask.c */
enum eng_status eng_kafka_committed(struct eng_port *port, struct eng_port_offset *set,
                                    uint32_t count, struct eng_error *err);
enum eng_status eng_kafka_bounds(struct eng_port *port, enum eng_topic topic, int32_t partition,
                                 int64_t ret_bounds[2], struct eng_error *err);
void eng_kafka_reader_close(struct eng_kafka_reader *reader);
enum eng_status eng_kafka_scan_state(struct eng_port *port, const struct eng_port_scan *scan,
                                     struct eng_error *err);

/* kafka_group.c */

/* Asks for the description of our group, which is borrowed from *ret_event; the caller destroys
 * that, when not NULL, whatever the status. ENG_OK, ENG_UNAVAILABLE, ENG_DENIED, .... Waits. */
enum eng_status
eng_kafka_describe_group(struct eng_kafka *kafka, rd_kafka_event_t **ret_event,
                         const rd_kafka_ConsumerGroupDescription_t **ret_description,
                         struct eng_error *err);
void eng_kafka_asker_close(struct eng_kafka *kafka);
enum eng_status eng_kafka_members(struct eng_port *port, const struct eng_port_census *census,
                                  struct eng_error *err);
/* Of which process a member is, by its group.instance.id (NULL: none), client.id and id. */
uint64_t eng_kafka_process_of(const char *instance, const char *client, const char *member);
/* Adds to a client.id what tells its process; `size` as for snprintf. */
void eng_kafka_client_id(uint64_t process, const char *own, char *to, size_t size);

/* kafka_rejoin.c */
enum eng_status eng_kafka_rejoin(struct eng_port *port, struct eng_error *err);

/* kafka_topic.c */

/* Asks by an admin call and waits for its event; NULL when none came in time. */
struct eng_kafka_question {
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
};
void eng_kafka_question_open(struct eng_kafka_question *question, rd_kafka_t *client,
                             rd_kafka_admin_op_t op, int within_ms);
rd_kafka_event_t *eng_kafka_question_wait(struct eng_kafka_question *question);
void eng_kafka_question_close(struct eng_kafka_question *question, rd_kafka_event_t *event);

enum eng_status eng_kafka_topic_info(struct eng_port *port, const char *topic,
                                     struct eng_topic_info *ret_info, struct eng_error *err);
enum eng_status eng_kafka_input_id(struct eng_port *port, char ret_id[ENG_TOPIC_ID_BYTES],
                                   struct eng_error *err);
enum eng_status eng_kafka_topic_create(struct eng_port *port, enum eng_topic topic,
                                       int32_t partition_count, struct eng_error *err);

/* kafka_wire.c */

/* While a producer is being made: a request of its that is not answered makes it suspect. */
rd_kafka_resp_err_t eng_kafka_wire_watch(struct eng_kafka *kafka, rd_kafka_t *client);

/* kafka_outlet.c: records on their way to librdkafka. */

/* Sets what of them a producer's configuration has to know. */
void eng_kafka_outlets_conf(struct eng_kafka *kafka, rd_kafka_conf_t *conf);
/* Sends what has been taken and waits a moment. RD_KAFKA_RESP_ERR_NO_ERROR when all of it has
 * been reported, RD_KAFKA_RESP_ERR__TIMED_OUT when not yet. */
rd_kafka_resp_err_t eng_kafka_send_now(struct eng_kafka *kafka);
/* A transaction begins. */
void eng_kafka_window_begin(struct eng_kafka *kafka);
/* Lets go of topics, before the producer is destroyed, and of lists, after. */
void eng_kafka_outlets_close(struct eng_kafka *kafka);
void eng_kafka_outlets_free(struct eng_kafka *kafka);

/* kafka_producer.c */
enum eng_status eng_kafka_producer_open(struct eng_port *port, struct eng_error *err);
void eng_kafka_producer_close(struct eng_port *port);
bool eng_kafka_producer_suspect(struct eng_port *port);
enum eng_status eng_kafka_begin(struct eng_port *port, struct eng_error *err);
enum eng_status eng_kafka_produce(struct eng_port *port, const struct eng_port_output *outputs,
                                  uint32_t count, uint32_t *ret_taken, struct eng_error *err);
enum eng_status eng_kafka_flush(struct eng_port *port, struct eng_error *err);
enum eng_status eng_kafka_send_offsets(struct eng_port *port, const struct eng_port_offset *set,
                                       uint32_t count, struct eng_error *err);
enum eng_status eng_kafka_commit(struct eng_port *port, struct eng_error *err);
enum eng_status eng_kafka_abort(struct eng_port *port, struct eng_error *err);

#endif
