#!/usr/bin/env python3
"""A partition that falls silent still tells its drops, by ticks (S7), and never twice.

All events lie in the past; then nothing comes any more. The daemon moves the clock by itself to the last
boundary that wall time has passed, so scores expire and silences are told, as `engaged replay --until` says.
After kill -9 the ticks are known: nothing is told again, and what they opened can be resolved.
"""

import json
import os
import re
import time

import harness
from harness import (CHANGES, DROPS, INPUT, Daemon, Progress, Sender, check, compare, create_topic, end_offsets,
                     plumbing, replay, say, told_by_daemon, wait_for)

HOUR_MS = 3_600_000
PARTITIONS = 2
PARTNERS = 40

MODEL = {
    "program": "idle",
    "time": {"pane": "1h", "idle_after": "1s", "late_after": "96h"},
    "measures": {"logins": {"count": "platform.login", "over": "24h"}},
    "scores": {"engagement": {"scale": 10, "dimensions": {"logins": {"weight": 1, "target": 5}},
                              "bands": {"low": 0, "high": 5}, "tell_every": 1}},
    "alerts": {"at_risk": {"score": "engagement", "falls_to": "low"},
               "silent": {"silence": "platform.login", "horizon": "48h", "typical_gap": "8h", "min_silence": "6h"}},
}


def _login(number, partner, at):
    return {"event_id": f"e{number}", "partner_id": partner, "action": "platform.login", "occurred_at": at}


def _history(random, now_ms):
    """Logins between 70 and 40 hours ago, in order of time."""
    times = sorted(random.randrange(now_ms - 70 * HOUR_MS, now_ms - 40 * HOUR_MS) for _ in range(PARTNERS * 8))
    return [_login(number, f"partner-{random.randrange(PARTNERS)}", at) for number, at in enumerate(times)]


class Script:
    """What each partition has been given so far, as lines for replay; ticks in it are events that nobody counts."""

    def __init__(self, context, daemon):
        self._context, self._daemon = context, daemon
        self._lines = {partition: [] for partition in range(PARTITIONS)}

    def add(self, partition, event):
        self._lines[partition].append(json.dumps(event))

    def tick(self, until):
        for lines in self._lines.values():
            lines.append(json.dumps({**_login(0, "tick", until), "action": "nobody.counts.this"}))

    def replay(self, partition, until):
        """(score changes, churn drops), with ids that count offsets: lines less the ticks before them."""
        lines = self._lines[partition]
        path = os.path.join(self._context.folder, "replay.jsonl")
        with open(path, "w") as file:
            file.writelines(line + "\n" for line in lines)
        told = replay(self._context.folder, self._daemon.config_path, path, until)[:2]
        offset = [0]
        for line in lines:
            offset.append(offset[-1] + ("nobody" not in line))
        for effects in told:
            for effect in effects:
                effect["id"] = re.sub(r"/o(\d+)$", lambda match: f"/o{offset[int(match[1])]}", effect["id"])
        return told


def _told(broker, partition):
    return (told_by_daemon(broker, CHANGES, "score_change")[partition],
            told_by_daemon(broker, DROPS, "churn_drop")[partition])


def _send(broker, script, events):
    sender = Sender(broker)
    for event in events:
        partition = int(event["partner_id"].split("-")[1]) % PARTITIONS
        sender.send(INPUT, json.dumps(event).encode(), event["partner_id"].encode(), partition)
        script.add(partition, event)
    sender.flush()


# The comparison is with the boundary of now, so the next one must not come within the test. The hours of India begin
# at half past, so in one of the two zones it is at least five minutes away.
_NEAR_THE_HOUR = not 300 < time.time() % 3600 < 3300
ZONE, SHIFT_MS = ("Asia/Kolkata", HOUR_MS // 2) if _NEAR_THE_HOUR else ("UTC", 0)


def _boundary(_=None):
    return (int(time.time() * 1000) - SHIFT_MS) // HOUR_MS * HOUR_MS + SHIFT_MS


def _wait_for_replay(broker, daemon, script):
    """Waits until the daemon has told as much as replay up to the boundary that wall time has passed, and
    compares. Returns the boundary."""
    def number():
        partitions = range(PARTITIONS)
        wanted = sum(len(effects) for partition in partitions for effects in script.replay(partition, _boundary()))
        return sum(len(effects) for partition in partitions for effects in _told(broker, partition)) >= wanted
    wait_for("the drops to be told", number, [daemon], 0.5)
    time.sleep(2.5)  # More than idle_after: time to tell something twice.
    until = _boundary()
    for partition in range(PARTITIONS):
        for what, got, wanted in zip(("score changes", "churn drops"), _told(broker, partition),
                                     script.replay(partition, until)):
            compare(f"{what} of partition {partition}", got, wanted)
            check(wanted, f"replay has no {what}: the test would prove nothing")
    return until


def test_the_last_drop_comes_without_an_event_and_only_once(context):
    """G8."""
    with context.broker() as broker:
        config = {**MODEL, "time": {**MODEL["time"], "zone": ZONE}, "input": {"topic": INPUT, "format": "json"},
                  **plumbing(broker.address)}
        config["kafka"]["instance"] = "one"
        create_topic(broker, INPUT, PARTITIONS)
        daemon = Daemon(context.folder, config)
        script, progress = Script(context, daemon), Progress(broker, partitions=PARTITIONS)
        _send(broker, script, _history(context.random, int(time.time() * 1000)))
        daemon.start()
        progress.wait_for_ends(end_offsets(broker, INPUT), [daemon])
        until = _wait_for_replay(broker, daemon, script)
        say("everybody's drop and silence told by ticks, as replay --until says")
        for by_hand in (True, False):
            daemon.kill() if by_hand else daemon.stop()
            daemon.start().wait_ready()
            _wait_for_replay(broker, daemon, script)
        say("nothing told again after kill -9, nor after SIGTERM")
        script.tick(until)
        now_ms = int(time.time() * 1000)
        _send(broker, script, [_login(10_000 + number, f"partner-{number % PARTNERS}", now_ms - 1000 + number // 100)
                               for number in range(PARTNERS * 6)])
        progress.wait_for_ends(end_offsets(broker, INPUT), [daemon])
        _wait_for_replay(broker, daemon, script)
        resolved = [effect for partition in range(PARTITIONS) for effect in _told(broker, partition)[1]
                    if effect["status"] == "resolved" and effect["at"] > until]
        check(resolved, "nothing that a tick had opened was resolved")
        say(f"{len(resolved)} alerts opened by ticks, resolved after two restarts")
        daemon.stop()


if __name__ == "__main__":
    harness.main(globals())
