#!/usr/bin/env python3
"""An input topic that is deleted, or deleted and made anew, under a running daemon is noticed and named.

The new topic has the old one's name and other records. A consumer alone does not notice; the daemon ends and
says what has happened and how to go on. By that way it begins afresh, and outputs are those of replay.
"""

import time

import harness
from harness import (INPUT, Daemon, Forwarder, Progress, check, compare_with_replay, create_topic, end_offsets,
                     generate, only_long, read_topic, say, shipped_config, wait_for)

EVENTS = 60_000
EXIT_TOPIC = 4
AFRESH = {"kafka": {"group": "afresh"}, "output": {
    "score_changes": "changes-2", "churn_drops": "drops-2", "dead_letters": "dead-2", "state": "state-2"}}


def _begin(context, broker):
    """A daemon that has committed a third of the events."""
    create_topic(broker, "staging")
    create_topic(broker, INPUT)
    generate(context, broker, "staging", EVENTS)
    records = read_topic(broker, "staging")
    daemon = Daemon(context.folder, shipped_config(broker.address, {"kafka": {"instance": "one"}})).start()
    forwarder, progress = Forwarder(broker, records, EVENTS), Progress(broker)
    forwarder.allow(forwarder.total // 3)
    wait_for("a third to be committed", lambda: progress.total() >= forwarder.total // 3, [daemon])
    return daemon, records


def _delete(broker):
    admin = broker.admin()  # Has to live until the answer is there.
    admin.delete_topics([INPUT])[INPUT].result(60)


def _check_end(daemon, text):
    code = daemon.wait_exit()
    check(code == EXIT_TOPIC, f"exit code {code}, not {EXIT_TOPIC}\n{daemon.log_tail()}")
    check(text in daemon.log().splitlines()[-1], f"not said: {text}\n{daemon.log_tail()}")
    say(f"ended with: {daemon.log().splitlines()[-1]}")


def _go_on_afresh(context, broker):
    """The way out that the daemon names."""
    daemon = Daemon(context.folder, shipped_config(broker.address, AFRESH), "afresh").start()
    Progress(broker, group="afresh").wait_for_ends(end_offsets(broker, INPUT), [daemon])
    daemon.stop()
    outputs = AFRESH["output"]
    compare_with_replay(broker, context.folder, daemon.config_path, topics=(
        outputs["score_changes"], outputs["churn_drops"]))


def test_an_input_topic_that_is_made_anew_ends_the_daemon_which_says_how_to_go_on(context):
    """G5."""
    with context.broker() as broker:
        daemon, records = _begin(context, broker)
        _delete(broker)
        time.sleep(context.random.choice([0, 0, 3]))
        create_topic(broker, INPUT)
        Forwarder(broker, records, EVENTS * 4).finish()
        _check_end(daemon, "deleted and made anew")
        _go_on_afresh(context, broker)


@only_long
def test_an_input_topic_that_is_deleted_is_named_and_ends_the_daemon(context):
    with context.broker() as broker:
        daemon, _ = _begin(context, broker)
        _delete(broker)
        wait_for("it to be named", lambda: "is not there any more" in daemon.log())
        _check_end(daemon, "is not there any more")


if __name__ == "__main__":
    harness.main(globals())
