#!/usr/bin/env python3
"""Malformed, late, future and duplicate records are all accounted for (S15), and spoil nothing.

Known faults are mixed into generated events, and the daemon is killed twice on the way. Every record is
then in exactly one class, as an independent count in this file says (S4, S5, S6); every late, future and
malformed record is a dead letter, once, with its reason and with key, value and headers untouched; and the
outputs are those of replay.
"""

import json
import os
import time
import zlib

import harness
from harness import (DEAD, INPUT, Daemon, Progress, Sender, check, compare_with_replay, create_topic, encode,
                     end_offsets, generate_lines, read_topic, replay, say, schema, shipped_config, wait_for)

PARTITIONS = 4
DAY_MS = 86_400_000
HEADERS = [("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), ("empty", b"")]
ERROR = "__streams.errors."


class Record:
    """A record to send: what it says, its bytes, and the reason why it is refused, if that is known."""

    def __init__(self, event, value, reason=None, key=None):
        self.event = event
        self.value = value
        self.reason = reason
        self.key = event["partner_id"].encode() if key is None else key
        self.partition = zlib.crc32(event["partner_id"].encode()) % PARTITIONS


def complete(line):
    event = {"member_id": None, "value": None, "attributes": {}, **json.loads(line)}
    return {**event, "value": None if event["value"] is None else float(event["value"])}


# Faults: each takes a good record and gives one that has to be refused.

def _malformed(parsed, event, random):
    good = encode(parsed, event)
    return random.choice([
        lambda: Record(event, None, "empty-record"),
        lambda: Record(event, good[:random.randrange(1, len(good))], "truncated-record"),
        lambda: Record(event, good + b"\x00" * random.randrange(1, 9), "trailing-bytes"),
        lambda: Record(event, encode(parsed, {**event, "partner_id": ""}), "bad-partner"),
        lambda: Record(event, encode(parsed, {**event, "partner_id": "x" * 300}), "bad-partner"),
        lambda: Record(event, encode(parsed, {**event, "action": ""}), "bad-action"),
        lambda: Record(event, encode(parsed, {**event, "occurred_at": -1}), "bad-time"),
        lambda: Record(event, good, "key-is-not-the-partner", b"somebody else"),
    ])()


def _late(parsed, event, random):
    old = {**event, "event_id": event["event_id"] + "-late",
           "occurred_at": event["occurred_at"] - random.randrange(100, 300) * DAY_MS}
    return Record(old, encode(parsed, old))


def _future(parsed, event, random):
    ahead = {**event, "event_id": event["event_id"] + "-future",
             "occurred_at": int(time.time() * 1000) + random.randrange(1, 1000) * DAY_MS}
    return Record(ahead, encode(parsed, ahead), "future")


def _filtered(parsed, event, _random):
    other = {**event, "event_id": event["event_id"] + "-other", "action": "nobody.counts.this"}
    return Record(other, encode(parsed, other))


def mix(lines, random):
    """The events with faults among them: about a tenth of all records."""
    parsed = schema("partner_action")
    records = []
    for line in lines:
        event = complete(line)
        good = Record(event, encode(parsed, event))
        records.append(good)
        chance = random.random()
        if chance < 0.03:
            records.append(good)  # Again at once: a duplicate, unless the first one was late.
        elif chance < 0.04:
            records.append(random.choice(records[-50_000:]))  # Again much later: it depends.
        elif chance < 0.06:
            records.append(_malformed(parsed, event, random))
        elif chance < 0.07:
            records.append(_late(parsed, event, random))
        elif chance < 0.08:
            records.append(_future(parsed, event, random))
        elif chance < 0.09:
            records.append(_filtered(parsed, event, random))
    return records


# S15, counted by the language's own words and nothing else.

def referred_actions(config):
    """Every action that the model's measures and silences name; it has no families."""
    named = [measure[kind] for measure in config["measures"].values() for kind in measure
             if kind in ("count", "sum", "active", "members", "last", "streak", "state", "until")]
    named = [one for one in named if one != "value"]
    named += [measure["of"] for measure in config["measures"].values() if "of" in measure]
    named += [alert["silence"] for alert in config.get("alerts", {}).values() if "silence" in alert]
    return {action for one in named for action in (one if isinstance(one, list) else [one])}


def count(records, config, late_after, dedup):
    """({outcome: number}, [outcome of each record]) of one partition, days being those of UTC."""
    actions = referred_actions(config)
    check(not any("*" in action for action in actions), "the count in this file knows no families")
    clock, seen, outcomes = -1, {}, []
    for record in records:
        event = record.event
        if record.reason:
            outcomes.append("future" if record.reason == "future" else "bad")
            continue
        clock = max(clock, event["occurred_at"])
        day, today = event["occurred_at"] // DAY_MS, clock // DAY_MS
        known = (event["partner_id"], event["event_id"])
        if event["action"] not in actions:
            outcomes.append("filtered")
        elif day <= today - late_after:
            outcomes.append("late")
        elif known in seen and seen[known] >= today - dedup:
            outcomes.append("duplicate")
        else:
            seen[known] = today
            outcomes.append("counted")
    names = ("counted", "duplicate", "late", "future", "bad", "filtered")
    return {name: outcomes.count(name) for name in names}, outcomes


# The daemon.

def send_all(broker, records):
    sender = Sender(broker)
    for record in records:
        sender.send(INPUT, record.value, record.key, record.partition, HEADERS)
    sender.flush()


def by_partition(records):
    parts = {partition: [] for partition in range(PARTITIONS)}
    for record in records:
        parts[record.partition].append(record)
    return parts


def replay_of(context, daemon, parts):
    """For compare_with_replay. Replay has no wall clock, so a future record is given to it as a bad one."""
    def replayed(partition, _read):
        path = os.path.join(context.folder, "replay.jsonl")
        with open(path, "w") as file:
            for record in parts[partition]:
                file.write("refused\n" if record.reason else json.dumps(record.event) + "\n")
        return replay(context.folder, daemon.config_path, path)
    return replayed


def outcomes_of(daemon):
    metrics = daemon.metrics().get("engaged_events_total", {})
    found = {}
    for labels, value in metrics.items():
        outcome = dict(labels)["outcome"]
        found[outcome] = found.get(outcome, 0) + int(value)
    return found


def check_dead_letters(broker, parts, outcomes):
    """One for each record that is bad, late or future, and no other; nothing of the record changed."""
    found = {}
    for messages in read_topic(broker, DEAD).values():
        for message in messages:
            headers = dict(message.headers())
            place = (int(headers[ERROR + "partition"]), int(headers[ERROR + "offset"]))
            check(place not in found, f"two dead letters for {place}")
            check(headers[ERROR + "topic"] == INPUT.encode(), f"{place}: topic {headers[ERROR + 'topic']}")
            found[place] = message
    due = {(partition, offset): (record, outcomes[partition][offset])
           for partition, records in parts.items() for offset, record in enumerate(records)
           if outcomes[partition][offset] in ("bad", "late", "future")}
    check(found.keys() == due.keys(),
          f"dead letters: {len(found)}, should be {len(due)}; "
          f"missing {sorted(due.keys() - found.keys())[:5]}, too many {sorted(found.keys() - due.keys())[:5]}")
    for place, (record, outcome) in due.items():
        message = found[place]
        headers = message.headers()
        check(message.key() == record.key and message.value() == record.value, f"dead letter of {place}: bytes changed")
        check(headers[:len(HEADERS)] == HEADERS, f"dead letter of {place}: headers changed: {headers}")
        reason = dict(headers)[ERROR + "exception"].decode()
        wanted = record.reason or outcome
        check(reason == wanted, f"dead letter of {place}: reason {reason}, not {wanted}")
    say(f"{len(found)} dead letters, each once, untouched and with its reason")


def test_every_record_is_in_one_class_and_nothing_is_spoilt(context):
    """G2."""
    events = 400_000 if context.long else 60_000
    with context.broker() as broker:
        config = shipped_config(broker.address, {
            "time": {"zone": "UTC", "late_after": "30d", "dedup": "7d"}, "kafka": {"instance": "one"}})
        records = mix(generate_lines(context, events), context.random)
        parts = by_partition(records)
        create_topic(broker, INPUT, PARTITIONS)
        daemon, progress = Daemon(context.folder, config), Progress(broker)
        for third in range(3):
            before = progress.total()
            daemon.start()
            send_all(broker, records[len(records) * third // 3:len(records) * (third + 1) // 3])
            if third < 2:
                progress.wait_past(before + context.random.randrange(1, 3000), [daemon])
                daemon.kill()
        progress.wait_for_ends(end_offsets(broker, INPUT), [daemon])
        counted = {partition: count(part, config, 30, 7) for partition, part in parts.items()}
        wanted = {name: sum(one[0][name] for one in counted.values()) for name in counted[0][0]}
        got = wait_for("counters", lambda: outcomes_of(daemon))
        check(got.pop("left_out") == got.pop("held") == 0, "checks that there are not have found something")
        check(got == wanted, f"S15: the daemon has {got}, counted here {wanted}")
        check(all(wanted.values()) and sum(got.values()) == len(records), f"S15: {got} of {len(records)} records")
        daemon.stop()
        say(f"S15: {len(records)} records: {got}")
        check_dead_letters(broker, parts, {partition: one[1] for partition, one in counted.items()})
        summaries = compare_with_replay(broker, context.folder, daemon.config_path, replay_of(context, daemon, parts))
        for partition, summary in summaries.items():
            wanted = {**counted[partition][0], "future": 0}
            wanted["bad"] += counted[partition][0]["future"]
            check({name: summary[name] for name in wanted} == wanted, f"replay of {partition}: {summary}, not {wanted}")


def test_an_event_refused_as_future_stays_refused_when_its_time_has_come(context):
    """G8: S5: the decision was told and is kept, though after kill -9 the record is read again later."""
    ahead_s = 15
    with context.broker() as broker:
        config = shipped_config(broker.address, {"time": {"future_skew": "1s"}, "kafka": {"instance": "one"}})
        create_topic(broker, INPUT, PARTITIONS)
        daemon, progress = Daemon(context.folder, config).start(), Progress(broker)
        daemon.wait_ready()
        parsed, now_ms = schema("partner_action"), int(time.time() * 1000)
        event = {"event_id": "", "partner_id": "acme", "action": "platform.login", "member_id": None, "value": None,
                 "attributes": {}}
        times = [now_ms - DAY_MS, now_ms + ahead_s * 1000] + [now_ms - 1000] * 6
        sent = [{**event, "event_id": str(number), "occurred_at": at} for number, at in enumerate(times)]
        records = [Record(one, encode(parsed, one), "future" if number == 1 else None)
                   for number, one in enumerate(sent)]
        send_all(broker, records[:3])
        progress.wait_for_ends(end_offsets(broker, INPUT), [daemon])
        check(outcomes_of(daemon)["future"] == 1, f"the future record was taken: {outcomes_of(daemon)}")
        time.sleep(max(0, now_ms / 1000 + ahead_s + 2 - time.time()))
        daemon.kill()
        daemon.start().wait_ready()
        send_all(broker, records[3:])
        progress.wait_for_ends(end_offsets(broker, INPUT), [daemon])
        got = outcomes_of(daemon)
        check(got["future"] == 1 and got["counted"] == len(records) - 1, f"after the restart: {got}")
        daemon.stop()
        compare_with_replay(broker, context.folder, daemon.config_path,
                            replay_of(context, daemon, by_partition(records)))


if __name__ == "__main__":
    harness.main(globals())
