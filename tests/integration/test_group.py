#!/usr/bin/env python3
"""Two processes share a topic by consumer group; one of them comes and goes.

The second process joins, takes over partitions, and leaves again by SIGTERM and by kill -9 in turn, while
events keep coming. Partitions move with every turn; outputs are equal to replay all the same. So they are
when both are the same member of the group by mistake, and one has to go; or when the broker says so of a
member that nobody is any more.
"""

import time

import confluent_kafka
import harness
from harness import (GROUP, INPUT, Daemon, Progress, check, compare_with_replay, end_offsets, free_ports, merged, say,
                     shipped_config, staged, wait_for)

PER_SECOND = 40_000
# A process that was killed is missed after three seconds, and its open transaction ends after five.
QUICK = {"consumer": {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500},
         "producer": {"transaction.timeout.ms": 5000, "message.timeout.ms": 4000, "socket.timeout.ms": 4000}}

TWIN, EXIT_LOST = "twin", 6


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
        progress.wait_on(forwarder, [one, two])
        time.sleep(context.random.uniform(0, 1))
        by = "kill -9" if turn % 2 else "SIGTERM"
        two.kill() if turn % 2 else two.stop()
        say(f"turn {turn + 1}: the second process left by {by}, {progress.total()} of {forwarder.sent} committed")
        wait_for("the first process to have them all", lambda: _owned(one) == 4, [one])
        progress.wait_on(forwarder, [one])


def _move(context, events, turns, *kafka):
    with context.broker() as broker:
        one, two = _pair(context, broker, *(merged(QUICK, each) for each in kafka))
        forwarder = staged(context, broker, events, PER_SECOND)
        progress = Progress(broker)
        one.start()
        _come_and_go(context, one, two, forwarder, progress, turns)
        forwarder.finish()
        progress.wait_for_ends(end_offsets(broker, INPUT), [one])
        one.stop()
        summaries = compare_with_replay(broker, context.folder, one.config_path)
        check(sum(each["read"] for each in summaries.values()) == events, f"replay has read {summaries}")


def test_partitions_that_move_lose_nothing_and_repeat_nothing(context):
    """G3."""
    events, turns = (1_000_000, 12) if context.long else (400_000, 4)
    _move(context, events, turns, {}, {})


def test_the_same_holds_when_all_partitions_are_given_back_at_every_change(context):
    """G3: Eager assignment. One process has the setting under kafka.consumer, the other under kafka.client."""
    events, turns = (1_000_000, 12) if context.long else (200_000, 2)
    eager = {"partition.assignment.strategy": "range"}
    _move(context, events, turns, {"consumer": eager}, {"client": eager})


def _fence(broker, forwarder, progress, daemon):
    """A producer with the daemon's transactional id comes and goes: nobody has taken the daemon's place."""
    before = forwarder.total // 4
    forwarder.allow(before)
    progress.wait_past(0, [daemon])
    stranger = confluent_kafka.Producer({
        "bootstrap.servers": broker.address, "transactional.id": f"{GROUP}-{TWIN}-0", "log_level": 0})
    stranger.init_transactions(30)
    forwarder.allow(before * 2)
    wait_for("the daemon to meet the fence", lambda: "fenced" in daemon.log(), [daemon])
    progress.wait_past(before, [daemon])
    say("fenced by a producer only, the daemon has gone on with a new one")


def _check_ended(one, two):
    """The older one says once why, and has not fenced the newer one before."""
    said = [line for line in one.log().splitlines() if f'kafka.instance "{TWIN}"' in line]
    check(len(said) == 2 and " error " in said[0] and said[1] == one.log().splitlines()[-1],
          f"not said once in the log and once at the end:\n{one.log_tail()}")
    check("every process needs its own kafka.instance" in said[0], f"no way out:\n{one.log_tail()}")
    check("fenced" not in two.log(), f"the older one has fenced the newer one:\n{two.log_tail()}")


def test_of_two_with_the_same_instance_the_older_ends_and_nothing_is_lost_or_told_twice(context):
    """G6."""
    with context.broker() as broker:
        one, two = _pair(context, broker, *[{**QUICK, "instance": TWIN}] * 2)
        forwarder = staged(context, broker, 120_000, 10_000)
        progress = Progress(broker)
        one.start()
        _fence(broker, forwarder, progress, one)
        forwarder.allow(forwarder.total)
        two.start()
        code = one.wait_exit()
        check(code == EXIT_LOST, f"exit code {code}, not {EXIT_LOST}:\n{one.log_tail()}")
        say(f"the older one ended with {forwarder.sent} of {forwarder.total} records sent")
        forwarder.finish()
        progress.wait_for_ends(end_offsets(broker, INPUT), [two])
        two.stop()
        compare_with_replay(broker, context.folder, two.config_path)
        _check_ended(one, two)


def _be_the_member(broker):
    """Joins as the daemon's member, and is gone without a word."""
    stranger = confluent_kafka.Consumer({
        "bootstrap.servers": broker.address, "group.id": GROUP, "group.instance.id": f"{TWIN}-0",
        "partition.assignment.strategy": "cooperative-sticky", "session.timeout.ms": 3000, "log_level": 0,
        "auto.offset.reset": "latest", "enable.auto.commit": False})
    stranger.subscribe([INPUT])
    wait_for("the stranger to be the member", lambda: [stranger.poll(0.1), stranger.assignment()][1])
    stranger.close()


def test_one_that_is_shut_out_by_a_member_that_is_gone_comes_back(context):
    """As after a request to join whose answer was lost, or a coordinator that remembers an older member."""
    with context.broker() as broker:
        one, _ = _pair(context, broker, *[{**QUICK, "instance": TWIN}] * 2)
        forwarder = staged(context, broker, 60_000, 10_000)
        progress = Progress(broker)
        one.start()
        turns = 5 if context.long else 1
        for turn in range(turns):
            before = progress.total()
            forwarder.allow(forwarder.total * (turn + 1) // (turns + 1))
            progress.wait_past(before, [one])
            _be_the_member(broker)
            wait_for("the daemon to join again", lambda: one.log().count("joining again") == turn + 1, [one])
        forwarder.finish()
        progress.wait_for_ends(end_offsets(broker, INPUT), [one])
        one.stop()
        compare_with_replay(broker, context.folder, one.config_path)


if __name__ == "__main__":
    harness.main(globals())
