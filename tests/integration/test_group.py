#!/usr/bin/env python3
"""Two processes share a topic by consumer group; one of them comes and goes.

The second process joins, takes over partitions, and leaves again by SIGTERM and by kill -9 in turn, while
events keep coming. Partitions move with every turn; outputs are equal to replay all the same.
"""

import time

import harness
from harness import (INPUT, Daemon, Forwarder, Progress, check, compare_with_replay, create_topic, end_offsets,
                     free_ports, generate, merged, read_topic, say, shipped_config, wait_for)

PER_SECOND = 40_000
# A process that was killed is missed after three seconds, and its open transaction ends after five.
QUICK = {"consumer": {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500},
         "producer": {"transaction.timeout.ms": 5000, "message.timeout.ms": 4000, "socket.timeout.ms": 4000}}


def _pair(context, broker, *kafka):
    """Two daemons, each with its settings under `kafka`."""
    return [Daemon(context.folder, shipped_config(broker.address, {
        "kafka": each, "http": {"listen": f"127.0.0.1:{free_ports(1)[0]}"}}), name)
            for name, each in zip(("one", "two"), kafka)]


def _owned(daemon):
    """Partitions that a process has now."""
    return daemon.sum("engaged_assigned_partitions")


def _come_and_go(context, one, two, forwarder, progress, turns):
    for turn in range(turns):
        forwarder.allow(forwarder.total * (turn + 1) // (turns + 1))
        two.start()
        wait_for("both to have partitions", lambda: _owned(one) == 2 and _owned(two) == 2, [one, two])
        two.wait_ready()
        progress.wait_past(progress.total(), [one, two])
        time.sleep(context.random.uniform(0, 1))
        by = "kill -9" if turn % 2 else "SIGTERM"
        two.kill() if turn % 2 else two.stop()
        say(f"turn {turn + 1}: the second process left by {by}, {progress.total()} of {forwarder.sent} committed")
        wait_for("the first process to have them all", lambda: _owned(one) == 4, [one])
        progress.wait_past(progress.total(), [one]) if forwarder.sent > progress.total() else None


def _move(context, events, turns, *kafka):
    with context.broker() as broker:
        one, two = _pair(context, broker, *(merged(QUICK, each) for each in kafka))
        create_topic(broker, "staging")
        create_topic(broker, INPUT)
        generate(context, broker, "staging", events)
        forwarder = Forwarder(broker, read_topic(broker, "staging"), PER_SECOND)
        progress = Progress(broker)
        one.start()
        _come_and_go(context, one, two, forwarder, progress, turns)
        forwarder.finish()
        progress.wait_for_ends(end_offsets(broker, INPUT), [one])
        one.stop()
        summaries = compare_with_replay(broker, context.folder, one.config_path)
        check(sum(each["read"] for each in summaries.values()) == events, f"replay has read {summaries}")


def test_partitions_that_move_lose_nothing_and_repeat_nothing(context):
    events, turns = (1_000_000, 12) if context.long else (400_000, 4)
    _move(context, events, turns, {}, {})


def test_the_same_holds_when_all_partitions_are_given_back_at_every_change(context):
    """Eager assignment. One process has the setting under kafka.consumer, the other under kafka.client."""
    events, turns = (1_000_000, 12) if context.long else (200_000, 2)
    eager = {"partition.assignment.strategy": "range"}
    _move(context, events, turns, {"consumer": eager}, {"client": eager})


if __name__ == "__main__":
    harness.main(globals())
