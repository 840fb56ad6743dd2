#!/usr/bin/env python3
"""Warm standbys: of two processes each keeps the state of the other's partitions at hand.

One is killed by kill -9, once while nothing happens and once while events keep coming. The other one has read the
state topic already and reads only what has come since: that is seen from what it says it has read, not from the time
that it took. Outputs are equal to replay.
"""

import re
import time

import harness
from harness import (INPUT, Daemon, Progress, check, compare_with_replay, end_offsets, free_ports, read_topic, say,
                     shipped_config, staged, wait_for)
from test_group import QUICK

PER_SECOND = 40_000
RESTORED = re.compile(r"partition=(\d+) restored from (a standby|the beginning): (\d+) records of the state topic")


def _pair(context, broker):
    """Two processes of two workers each, whose partners' pages are written soon. One has an instance, by which the
    other one knows its members; the other one's say themselves whose they are."""
    kafka = {"one": {**QUICK, "instance": "first"}, "two": QUICK}
    return [Daemon(context.folder, shipped_config(broker.address, {
        "kafka": kafka[name], "run": {"standbys": 1, "workers": 2}, "recovery": {"records": 5000},
        "http": {"listen": f"127.0.0.1:{free_ports(1)[0]}"}}), name) for name in ("one", "two")]


def _owned(daemon):
    return daemon.sum("engaged_assigned_partitions")


def _followed(daemon):
    """Partitions that it stands by for, with how many records each is behind."""
    return {dict(labels)["partition"]: value
            for labels, value in daemon.metrics().get("engaged_standby_behind_records", {}).items()}


def _share(one, two):
    """Both have two partitions, and stand by for the other two."""
    wait_for("both to have two partitions", lambda: _owned(one) == 2 and _owned(two) == 2, [one, two])
    for daemon, other in ((one, two), (two, one)):
        daemon.wait_ready()
        wait_for(f"{daemon.name} to stand by for what {other.name} has",
                 lambda daemon=daemon: len(_followed(daemon)) == 2, [one, two])
    owned = {labels for daemon in (one, two) for labels in daemon.metrics()["engaged_partners"]}
    check(len(owned) == 4, f"some partition is nobody's: {owned}")


def _wait_at_rest(one, two):
    """Nothing is left to commit, and the standbys have read all there is, twice in a row."""
    def at_rest():
        look = [(_followed(daemon), daemon.sum("engaged_commits_total"), daemon.sum("engaged_lag_records"))
                for daemon in (one, two)]
        still = all(not any(behind.values()) and lag == 0 for behind, _, lag in look)
        seen, seen_before = look, wait_at_rest.get("look")
        wait_at_rest["look"] = seen
        return still and seen == seen_before
    wait_at_rest = {}
    wait_for("both to be at rest", at_rest, [one, two], poll_s=1.5)


def _restores(daemon, since):
    """[(partition, from a standby?, records)] in the log behind a place."""
    return [(int(partition), source == "a standby", int(records))
            for partition, source, records in RESTORED.findall(daemon.log()[since:])]


def _take_over(killed, heir):
    """kill -9, until the other one has it all; what it restored."""
    since = len(heir.log())
    killed.kill()
    wait_for(f"{heir.name} to have them all", lambda: _owned(heir) == 4, [heir])
    heir.wait_ready()
    found = _restores(heir, since)
    say(f"{killed.name} was killed; {heir.name} restored {found}")
    check(len(found) == 2 and all(standby for _, standby, _ in found), f"not by standbys: {found}\n{heir.log_tail()}")
    return found


def test_a_take_over_reads_only_what_the_standby_had_not(context):
    """G12."""
    events = 800_000 if context.long else 200_000
    with context.broker() as broker:
        one, two = _pair(context, broker)
        forwarder = staged(context, broker, events, PER_SECOND)
        progress = Progress(broker)
        one.start()
        two.start()
        forwarder.allow(events // 2)
        _share(one, two)
        wait_for("half of it to be committed", lambda: progress.total() >= events // 2, [one, two])
        _wait_at_rest(one, two)
        there = {partition: len(messages) for partition, messages in read_topic(broker, "state").items()}
        for partition, _, records in _take_over(one, two):
            check(records <= 20 < there[partition] // 10,
                  f"partition {partition}: {records} read, with {there[partition]} in the state topic")
        check(two.sum("engaged_standby_takeovers_total") == 2, "the take-overs are not counted")
        one.start()
        _share(one, two)
        forwarder.allow(events)
        progress.wait_past(events * 5 // 8, [one, two])
        time.sleep(context.random.uniform(0, 0.5))
        _take_over(two, one)
        forwarder.finish()
        progress.wait_for_ends(end_offsets(broker, INPUT), [one])
        check(one.sum("engaged_standby_discards_total") == 0, "a standby was thrown away")
        one.stop()
        summaries = compare_with_replay(broker, context.folder, one.config_path)
        check(sum(each["read"] for each in summaries.values()) == events, f"replay has read {summaries}")


if __name__ == "__main__":
    harness.main(globals())
