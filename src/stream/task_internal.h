/* What the halves of a task (task.c, task_restore.c, task_take.c, task_seal.c) have of one another.
 * Nobody else includes this. */
#ifndef ENG_STREAM_TASK_INTERNAL_H
#define ENG_STREAM_TASK_INTERNAL_H

#include "stream/task.h"

enum { ENG_TASK_RECORDS_LEAST = 500000 }; /* recovery target unless the configuration says more */

void eng_task_set_state(struct eng_task *task, enum eng_task_state state);

/* Records read since the task began. */
uint64_t eng_task_records_read(const struct eng_task *task);

/* Where the task is in its input. */
struct eng_low_water eng_task_position(const struct eng_task *task);

/* Partners that change from now on have changed here. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_task_mark_here(struct eng_task *task, const struct eng_feed *feed);

/* A step has been taken: the loop is alive. */
void eng_task_beat(const struct eng_feed *feed);

/* Where a call of the engine may put its effects: nowhere (NULL) while replaying. */
struct eng_effects *eng_task_effects(const struct eng_task *task, struct eng_feed *feed);

/* Hands over what one call of the engine has told. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_task_take_away(struct eng_task *task, struct eng_feed *feed,
                                   struct eng_error *err);

/* Advances the clock to a time, boundary by boundary. As eng_task_take. */
enum eng_status eng_task_tick(struct eng_task *task, struct eng_feed *feed, int64_t time_ms,
                              struct eng_error *err);

/* A decision for the journal, at a position. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_task_note(struct eng_task *task, int64_t offset, int64_t what,
                              enum eng_journal_kind kind);

/* In the middle of an input (task_half.c). Has the engine to stop between two of its steps? */
bool eng_task_must_pause(const struct eng_task *task, const struct eng_feed *feed);

/* It stops there: the input behind the task's position is half done. */
void eng_task_pause(struct eng_task *task, enum eng_half_kind kind);

/* The record at the task's position has been counted, if that was what it waited for. */
void eng_task_counted(struct eng_task *task);

/* How far it is, for the commit record. */
struct eng_half eng_task_half(const struct eng_task *task);

/* REPLAYING, all before it applied again: to the middle that was committed. As eng_task_take. */
enum eng_status eng_task_resume(struct eng_task *task, struct eng_feed *feed,
                                struct eng_error *err);

/* REPLAYING: is it the entry whose input was half done, and so is not to be applied again? */
bool eng_task_is_of_half(const struct eng_task *task, const struct eng_journal_entry *entry);

/* The filling transaction has something of this task in it. */
void eng_task_touch(struct eng_task *task, struct eng_feed *feed);

/* Puts a model into force, every partner evaluated once. As eng_task_take. */
enum eng_status eng_task_activate(struct eng_task *task, struct eng_feed *feed,
                                  const struct eng_model *model, struct eng_error *err);

/* REPLAYING: does the journal's entries that lie at or below `offset`. As eng_task_take. */
enum eng_status eng_task_replay_journal(struct eng_task *task, struct eng_feed *feed,
                                        int64_t offset, struct eng_error *err);

/* REPLAYING: must the gathered events be applied before this record? At the replay's end, and at a
 * decision that was made between two inputs. */
bool eng_task_stops_before(const struct eng_task *task, const struct eng_port_record *record);

/* REPLAYING: the input has been read to its end. Checks, and goes LIVE. As eng_task_take. */
enum eng_status eng_task_finish_replay(struct eng_task *task, struct eng_feed *feed,
                                       struct eng_error *err);

#endif
