#!/usr/bin/env python3
"""One event after a gap of a month, with everybody's counts expiring at one boundary: transactions stay bounded.

Each partner has acted once; then nothing comes for 40 days, and one event moves the clock. All partners lose
their score at the same boundary, which is told in many transactions, none of which grows beyond its limits. The
daemon is killed in the middle of it, and goes on there: what it has told is equal to replay, in order. The long
form has a million partners.
"""

import json
import os
import re
import time

import confluent_kafka

import harness
from harness import (CHANGES, DROPS, INPUT, Daemon, Progress, Sender, check, create_topic, end_offsets, plumbing,
                     say, settled_ends, wait_for)

DAY_MS = 86_400_000
BEGIN_MS = 1_735_689_600_000
TXN_RECORDS, TXN_BYTES, PAGES_BYTES = 200_000, 32 << 20, 8 << 20


def _config(broker):
    return harness.merged(plumbing(broker.address), {
        "program": "gap",
        "kafka": {"instance": "one"},
        "time": {"pane": "1d", "idle_after": "12h"},
        "input": {"topic": INPUT, "format": "json"},
        "measures": {"logins": {"count": "login", "over": "30d"}},
        "scores": {"engagement": {"scale": 10, "dimensions": {"logins": {"weight": 1, "target": 10}},
                                  "bands": {"none": 0, "some": 1}, "tell_every": 1}},
        "alerts": {"gone": {"score": "engagement", "falls_to": "none", "cooldown": "1d"}}})


def _event(partner, at_ms):
    return json.dumps({"partner_id": partner, "action": "login", "occurred_at": at_ms})


def _send(broker, folder, partners):
    """Everybody acts once on one day, and the first of them again 40 days later; a file has the same for replay."""
    path = os.path.join(folder, "events.jsonl")
    sender = Sender(broker)
    with open(path, "w") as file:
        for index in range(partners + 1):
            partner = f"partner-{index % partners:07d}"
            line = _event(partner, BEGIN_MS + 40 * DAY_MS if index == partners else BEGIN_MS + index)
            sender.send(INPUT, line.encode(), partner.encode(), 0)
            file.write(line + "\n")
    sender.flush()
    return path


def _told(broker, topic, name):
    """Effects of partition 0 of an output topic, in order, one by one."""
    end, parsed = settled_ends(broker, topic)[0], harness.schema(name)
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": broker.address, "group.id": "reader", "isolation.level": "read_committed",
        "enable.partition.eof": True, "enable.auto.commit": False, "log_level": 0})
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
    while True:
        for message in consumer.consume(10000, 0.5):
            if message.error() is None:
                effect = harness.decode(parsed, message.value())
                effect["id"] = re.sub(r"/o[^/:]*:(\d+)$", r"/o\1", effect["id"])
                yield {key: value for key, value in effect.items() if value is not None}
            elif message.offset() >= end:
                consumer.close()
                return


def _replayed(path, kind):
    with open(path) as lines:
        for line in lines:
            effect = json.loads(line)
            if effect.pop("type") == kind:
                yield effect


def _compare(broker, out):
    for topic, kind in ((CHANGES, "score_change"), (DROPS, "churn_drop")):
        count, told = 0, _told(broker, topic, kind)
        for wanted in _replayed(out, kind):
            got = next(told, None)
            check(got == wanted, f"{kind} number {count}: told {got}, by replay {wanted}")
            count += 1
        check(next(told, None) is None, f"more than {count} of {kind} were told")
        say(f"equal to replay: {count} of {kind}")
        check(count > 0, "replay told nothing: the test would prove nothing")


def _replay(context, daemon, path):
    out = os.path.join(context.folder, "replay.out")
    command = [harness.ENGAGED, "replay", "--config", daemon.config_path, path]
    code = harness.processes.finish(harness.processes.start(command, (out, out + ".err")))
    check(code == 0, f"replay: exit {code}\n{harness.processes.tail(out + '.err')}")
    return out


def _kill_in_the_middle(broker, daemon, partners):
    """True: some of the boundary has been committed, and not all of it."""
    wait_for("a commit in the middle", lambda: end_offsets(broker, CHANGES).get(0, 0) > partners + 100, [daemon], 0.01)
    bounds = _bounds(daemon)
    daemon.kill()
    told = settled_ends(broker, CHANGES)[0]
    say(f"killed with {told} offsets of {2 * partners} changes told")
    return told < 2 * partners, bounds


def _bounds(daemon):
    names = ["largest_transaction_records", "largest_transaction_bytes", "longest_transaction_seconds",
             "inputs_paused_total"]
    found = daemon.metrics()
    return [max(found.get("engaged_" + name, {}).values(), default=0) for name in names]


def _check_bounds(bounds):
    records, size, seconds, paused = bounds
    say(f"largest transaction: {records:.0f} records, {size / (1 << 20):.1f} MiB; longest: {seconds:.2f} s; "
        f"{paused:.0f} inputs paused")
    check(records <= TXN_RECORDS * 1.1 and size <= 1.1 * (TXN_BYTES + PAGES_BYTES), f"a transaction of {bounds}")
    check(paused > 0, "nothing was left half done: the test would prove nothing")


def test_a_boundary_for_everybody_is_told_in_many_transactions_and_survives_a_kill(context):
    """G9."""
    # More is told of these than one transaction takes, however fast the machine is.
    partners = 1_000_000 if context.long else 150_000
    with context.broker() as broker:
        daemon = Daemon(context.folder, _config(broker))
        create_topic(broker, INPUT, 1)
        path = _send(broker, context.folder, partners)
        progress = Progress(broker, partitions=1)
        began = time.monotonic()
        daemon.start()
        halved, first = _kill_in_the_middle(broker, daemon, partners)
        daemon.start()
        progress.wait_for_ends(end_offsets(broker, INPUT), [daemon])
        _check_bounds(max(pair) for pair in zip(first, _bounds(daemon)))
        say(f"all told {time.monotonic() - began:.1f} s after the start")
        daemon.stop()
        went_on = "was half done, and goes on" in daemon.log()
        check(went_on or not (halved and context.long), "killed in the middle, and the log does not say so")
        _compare(broker, _replay(context, daemon, path))


if __name__ == "__main__":
    harness.main(globals())
