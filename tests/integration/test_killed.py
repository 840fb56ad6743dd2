#!/usr/bin/env python3
"""kill -9 at any moment changes nothing: what the daemon tells in pieces is what it would have told in one.

The daemon is killed ten times at random moments while it makes progress, and in between also while it is
still starting or restoring. Afterwards its outputs are equal to replay of each partition's events: nothing
lost, nothing told twice.
"""

import time

import harness
from harness import (INPUT, Daemon, Progress, check, compare_with_replay, end_offsets, say, shipped_config, staged)

KILLS = 10
PER_SECOND = 80_000


def _kill_on_the_way(context, daemon, forwarder, progress):
    """Each life gets a share of the events to work on, and ends somewhere in the middle of it."""
    for life in range(KILLS):
        forwarder.allow(forwarder.total * (life + 1) // (KILLS + 1))
        daemon.start()
        before = progress.total()
        now = progress.wait_past(before, [daemon])
        time.sleep(context.random.uniform(0, 0.7))
        daemon.kill()
        say(f"kill {life + 1}: {progress.total()} of {forwarder.sent} records committed (was {before})")
        if context.random.random() < 0.5:
            daemon.start()
            time.sleep(context.random.uniform(0, 1.2))
            daemon.kill()
            say("killed once more before it got far")
        check(now, "no progress")


def _run(context, events, changes=None):
    with context.broker() as broker:
        daemon = Daemon(context.folder, shipped_config(broker.address, harness.merged(
            {"kafka": {"instance": "one"}, "run": {"commit_interval": "40ms"},
             "recovery": {"records": 20_000}}, changes or {})))
        forwarder = staged(context, broker, events, PER_SECOND)
        progress = Progress(broker)
        _kill_on_the_way(context, daemon, forwarder, progress)
        forwarder.finish()
        daemon.start()
        progress.wait_for_ends(end_offsets(broker, INPUT), [daemon])
        daemon.stop()
        summaries = compare_with_replay(broker, context.folder, daemon.config_path)
        check(sum(one["read"] for one in summaries.values()) == events, f"replay has read {summaries}")


def test_ten_kills_on_the_way_lose_nothing_and_repeat_nothing(context):
    """G2, G3."""
    _run(context, 1_000_000)


if __name__ == "__main__":
    harness.main(globals())
