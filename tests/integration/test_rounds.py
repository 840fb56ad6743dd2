#!/usr/bin/env python3
"""Partitions that come and go a thousand times leave nothing behind.

A member joins the daemon's group, takes half of the partitions, and leaves again, while events keep coming: each
round the daemon ends the work of two partitions, forgets them, is given them again and restores them. Its
memory, threads and open files are no more after all rounds than after the first ones, and its outputs are those of
replay. With a build that looks for leaks (ENGAGED=build/asan/engaged) it also has to end without one.

The short form has ten rounds, the long form (--long) a thousand.
"""

import os

import confluent_kafka
import harness
from harness import (GROUP, INPUT, Daemon, Progress, check, compare_with_replay, create_topic, end_offsets, say,
                     shipped_config, staged, wait_for)

PARTITIONS, TAKEN = 4, 2
PER_ROUND = 200
GROWTH_MB = 16  # What a thousand rounds may add; a leak of a kilobyte in each partition's round would be 2.
# One arena, as otherwise what threads have freed stays with each of them and hides what is in use.
# What AddressSanitizer keeps of freed memory grows to its limit first, 256 MB unless told otherwise.
ENVIRONMENT = {"MALLOC_ARENA_MAX": "1", "ASAN_OPTIONS": "quarantine_size_mb=4:thread_local_quarantine_size_kb=64"}
# Each restore has as much of the state topic in memory as its client has fetched ahead: it must not grow in a test.
COMPACTED = {"cleanup.policy": "compact", "segment.ms": "10000", "min.cleanable.dirty.ratio": "0.01"}
QUICK = {"consumer": {"session.timeout.ms": 6000, "heartbeat.interval.ms": 50}}


class _Guest:
    """A member of the group that reads nothing and commits nothing."""

    def __init__(self, broker):
        self._consumer = confluent_kafka.Consumer({
            "bootstrap.servers": broker.address, "group.id": GROUP, "log_level": 0,
            "partition.assignment.strategy": "cooperative-sticky", "enable.auto.commit": False,
            "session.timeout.ms": 6000, "heartbeat.interval.ms": 50, "queued.max.messages.kbytes": 1})

    def has(self):
        self._consumer.poll(0.01)
        return len(self._consumer.assignment())

    def join(self, daemon):
        self._consumer.subscribe([INPUT])
        wait_for("the guest to have partitions", lambda: self.has() == TAKEN, [daemon], 0)

    def leave(self, daemon):
        self._consumer.unsubscribe()
        wait_for("the guest to have none", lambda: self.has() == 0, [daemon], 0)

    def close(self):
        self._consumer.close()


def _measure(daemon):
    """(resident megabytes, threads, open files) of the process."""
    with open(f"/proc/{daemon.pid}/status") as file:
        status = dict(line.split(":", 1) for line in file)
    return int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"]), len(os.listdir(f"/proc/{daemon.pid}/fd"))


def _owns(daemon, count):
    wait_for(f"the daemon to own {count} partitions",
             lambda: daemon.sum("engaged_assigned_partitions") == count, [daemon], 0.01)


def _rounds(context, daemon, forwarder, progress, guest, count):
    """The measures after some rounds, by their number."""
    found = {}
    for number in range(1, count + 1):
        before = progress.total() if number % 10 == 0 else None
        forwarder.allow_more(PER_ROUND)
        guest.join(daemon)
        guest.leave(daemon)
        _owns(daemon, PARTITIONS)
        if before is not None:
            progress.wait_past(before, [daemon])
        if number * 10 % count == 0:
            found[number] = _measure(daemon)
            say("after {} rounds: {:.1f} MB, {} threads, {} open files".format(number, *found[number]))
    return found


def _check_steady(daemon, first):
    """Threads and files may be more for a moment, while a client is replaced."""
    wait_for(f"no more than {first[1]} threads and {first[2]} open files",
             lambda: all(now <= before for now, before in zip(_measure(daemon)[1:], first[1:])), [daemon])
    megabytes = _measure(daemon)[0]
    check(megabytes - first[0] < GROWTH_MB, f"memory has grown from {first[0]:.1f} to {megabytes:.1f} MB")


def test_partitions_that_come_and_go_leave_nothing_behind(context):
    """G15."""
    rounds = 1000 if context.long else 10
    with context.broker() as broker:
        daemon = Daemon(context.folder, shipped_config(broker.address, {"kafka": QUICK}), environment=ENVIRONMENT)
        create_topic(broker, "state", PARTITIONS, **COMPACTED)
        forwarder = staged(context, broker, PER_ROUND * (rounds + 10), 10_000)
        progress, guest = Progress(broker), _Guest(broker)
        forwarder.allow_more(PER_ROUND * 5)
        daemon.start().wait_ready()
        progress.wait_past(0, [daemon])
        found = _rounds(context, daemon, forwarder, progress, guest, rounds)
        guest.close()
        forwarder.finish()
        progress.wait_for_ends(end_offsets(broker, INPUT), [daemon])
        _check_steady(daemon, found[max(rounds // 10, 5)])
        daemon.stop()
        compare_with_replay(broker, context.folder, daemon.config_path)


if __name__ == "__main__":
    harness.main(globals())
