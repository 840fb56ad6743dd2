#!/usr/bin/env python3
"""kill -9 at any moment changes nothing: what the daemon tells in pieces is what it would have told in one.

The daemon is killed ten times at random moments while it makes progress, and in between also while it is
still starting or restoring. Afterwards its outputs are equal to replay of each partition's events: nothing
lost, nothing told twice. Alerts are held at weekends, and of some a budget tells the first ones of each day and
leaves the others to a digest; a check holds courses of partners who have not logged in, and lets go of them two days
later. What is held back, and whom a budget has told of, goes on over each of these kills.
"""

import time

import harness
from harness import (INPUT, Daemon, Progress, check, compare, compare_with_replay, end_offsets, read_topic,
                     records_file, replay_kinds, say, shipped_config, staged, told_by_daemon)

KILLS = 10
PER_SECOND = 80_000
DIGESTS, FLAGS = "digests", "flags"
HELD = {
    "quiet": {"weekends": {"days": [6, 7], "alerts": ["at_risk", "slipping"]}},
    "budgets": {"calls": {"at_most": 5, "rank": "engagement", "order": "lowest", "by": "engagement", "show": 3,
                          "alerts": ["slipping"]}},
    "checks": {"unseen": {"of": "training.*", "needs": "platform.login", "over": "1d", "then": "hold",
                          "held": {"until": "survey.answer", "original": "source", "for": "2d",
                                   "otherwise": "release"}}},
    "output": {"digests": DIGESTS, "flags": FLAGS},
}


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


def _compare_held(broker, folder, config_path):
    """Digests, whose ids name the partition, which is 0 in a replay of one; and flags of what a check has held."""
    digests, flags = told_by_daemon(broker, DIGESTS, "digest"), told_by_daemon(broker, FLAGS, "abuse_flag")
    count, released = 0, 0
    for partition, records in read_topic(broker, INPUT).items():
        wanted = replay_kinds(folder, config_path, records_file(folder, records))
        for digest in wanted["digest"]:
            parts = digest["id"].split("/")
            digest["id"] = "/".join([parts[0], str(partition), *parts[2:]])
        compare(f"digests of partition {partition}", digests[partition], wanted["digest"])
        compare(f"flags of partition {partition}", flags[partition], wanted["abuse_flag"])
        count += len(wanted["digest"])
        released += sum(flag["then"] == "released" for flag in wanted["abuse_flag"])
    check(count > 10 and released > 10, f"only {count} digests and {released} releases: it would prove little")
    say(f"equal to replay: {count} digests, {released} events that were held and released")


def _run(context, events, changes=None):
    with context.broker() as broker:
        daemon = Daemon(context.folder, shipped_config(broker.address, harness.merged(
            {"kafka": {"instance": "one"}, "run": {"commit_interval": "40ms"},
             "recovery": {"records": 20_000}, **HELD}, changes or {})))
        forwarder = staged(context, broker, events, PER_SECOND)
        progress = Progress(broker)
        _kill_on_the_way(context, daemon, forwarder, progress)
        forwarder.finish()
        daemon.start()
        progress.wait_for_ends(end_offsets(broker, INPUT), [daemon])
        daemon.stop()
        summaries = compare_with_replay(broker, context.folder, daemon.config_path)
        check(sum(one["read"] for one in summaries.values()) == events, f"replay has read {summaries}")
        _compare_held(broker, context.folder, daemon.config_path)


def test_ten_kills_on_the_way_lose_nothing_and_repeat_nothing(context):
    """G2, G3."""
    _run(context, 1_000_000)


if __name__ == "__main__":
    harness.main(globals())
