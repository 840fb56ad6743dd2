#!/usr/bin/env python3
"""What is told of all partners together is told once, and is what replay says of all partitions at once.

Partitions tell their sums in the transactions of their workers; one process adds them up. Processes are killed
while they work, the one that merges above all; results are equal to replay all the same, in the same order, and
nothing is left behind in the topic of sums but what is still needed. A partition without events is not waited for.
"""

import json
import os
import time

import fastavro
import harness
from harness import (INPUT, Daemon, Progress, Sender, check, compare, create_topic, decode, encode, end_offsets,
                     free_ports, merged, plumbing, read_topic, say, schema, shipped_config, staged, wait_for)
import processes

PARTITIONS = 4
PER_SECOND = 60_000
RESULTS, SUMS = "figures", "sums"
# A process that was killed is missed after three seconds, and its open transaction ends after five.
QUICK = {"consumer": {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500},
         "producer": {"transaction.timeout.ms": 5000, "message.timeout.ms": 4000, "socket.timeout.ms": 4000}}

GROUPS = {
    "weekly": {"every": "week", "by": ["engagement"], "description": "How the week was.", "figures": {
        "partners_in": {"count": {"measure": "logins"}},
        "logins": {"sum": "logins"},
        "logins_each": {"mean": "logins"}}},
    "monthly": {"every": "month", "figures": {
        "low": {"share": {"score": "engagement", "bands": ["low"]}},
        "of_active": {"share": {"measure": "invoices"}, "of": {"measure": "logins"}},
        "ratio": {"ratio": ["invoices", "logins"]}}},
}


def _config(address, name, changes=None):
    """The shipped file, with groups."""
    config = shipped_config(address, merged(
        {"kafka": QUICK, "output": {"groups": RESULTS, "group_sums": SUMS}, "groups": GROUPS,
         "http": {"listen": f"127.0.0.1:{free_ports(1)[0]}"},
         "recovery": {"records": 20_000}}, changes or {}))
    used = {key for group in GROUPS.values() for figure in group["figures"].values()
            for key in _measures_of(figure)}
    check(used <= set(config["measures"]), f"{name}: config/engagement.yaml has no measures {used}")
    return config


def _measures_of(figure):
    for key, value in figure.items():
        if key in ("sum", "mean"):
            yield value
        elif key == "ratio":
            yield from value
        elif "measure" in value:
            yield value["measure"]


def _told(broker):
    """Results as replay prints them."""
    parsed = schema("group_result")
    told = []
    messages = read_topic(broker, RESULTS)
    check(list(messages) == [0], f"{RESULTS} has the partitions {list(messages)}")
    for message in messages[0]:
        result = {key: value for key, value in decode(parsed, message.value()).items() if value is not None}
        headers = dict(message.headers() or [])
        check(message.key() == result["group"].encode(), f"key {message.key()} of {result}")
        check(headers.get("ce_id") == result["id"].encode(), f"ce_id {headers.get('ce_id')} of {result}")
        check(headers.get("ce_type") == b"engaged.group_result", f"ce_type of {headers}")
        told.append(result)
    return told


def _replayed(context, config_path, records, partitions, until=None):
    """Results that `engaged replay` prints for the records of all partitions."""
    with open(os.path.join(harness.SOURCE, "schemas", "partner_action.avsc")) as file:
        schema_text = file.read()
    path = os.path.join(context.folder, "all.avro")
    harness.write_container(path, [message.value() for part in records.values() for message in part], schema_text)
    out = os.path.join(context.folder, "groups.out")
    command = [harness.ENGAGED, "replay", "--config", config_path, "--partitions", str(partitions), path]
    command[4:4] = ["--until", str(until)] if until is not None else []
    code = processes.finish(processes.start(command, (out, out + ".err")))
    check(code == 0, f"{command}: exit {code}\n{processes.tail(out + '.err')}")
    with open(out) as file:
        told = [json.loads(line) for line in file]
    return [{key: value for key, value in one.items() if key != "type"}
            for one in told if one["type"] == "group_result"]


def _left_over(broker):
    """Keys of sums that have no tombstone."""
    left = {}
    for message in read_topic(broker, SUMS)[0]:
        left[message.key()] = message.value()
    return sorted(key.decode() for key, value in left.items() if value is not None)


def _check_left(broker, results, partitions):
    newest = max(result["at"] for result in results)
    old = [key for key in _left_over(broker) if key.startswith("sums/") and int(key.split("/")[1]) <= newest]
    check(not old, f"sums of moments that have been told are still there: {old[:3]}")


def _merges(daemon):
    return daemon.running() and daemon.sum("engaged_groups_merging") == 1


def _kill_those_who_merge(context, daemons, forwarder, progress, kills):
    for life in range(kills):
        forwarder.allow(forwarder.total * (life + 1) // (kills + 1))
        owner = wait_for("somebody to merge", lambda: next(filter(_merges, daemons), None), daemons)
        told = owner.sum("engaged_group_results_total")
        if life % 2:
            wait_for("results", lambda: owner.sum("engaged_group_results_total") > told
                     or progress.total() >= forwarder.sent, [owner])
        time.sleep(context.random.uniform(0, 0.5))
        owner.kill()
        say(f"kill {life + 1}: {owner.name} at {progress.total()} of {forwarder.sent} records")
        owner.start()
        progress.wait_on(forwarder, daemons)


def test_results_are_told_once_whoever_is_killed(context):
    """G16."""
    events, kills = (1_000_000, 30) if context.long else (200_000, 4)
    with context.broker() as broker:
        daemons = [Daemon(context.folder, _config(broker.address, name), name) for name in ("one", "two")]
        forwarder = staged(context, broker, events, PER_SECOND)
        progress = Progress(broker)
        for daemon in daemons:
            daemon.start()
        _kill_those_who_merge(context, daemons, forwarder, progress, kills)
        forwarder.finish()
        progress.wait_for_ends(end_offsets(broker, INPUT), daemons)
        records = read_topic(broker, INPUT)
        wanted = [one for one in _replayed(context, daemons[0].config_path, records, PARTITIONS)
                  if one["partitions"] == PARTITIONS]
        wait_for(f"{len(wanted)} results", lambda: end_offsets(broker, RESULTS)[0] >= len(wanted)
                 and len(_told(broker)) >= len(wanted), daemons)
        for daemon in daemons:
            daemon.stop()
        told = _told(broker)
        check(len(wanted) > 50, f"replay tells only {len(wanted)} results: the test would prove little")
        compare("results of groups", told, wanted)
        _check_left(broker, told, PARTITIONS)
        harness.compare_with_replay(broker, context.folder, daemons[0].config_path,
                                    _without_groups(context, daemons[0]))
        say(f"equal to replay: {len(told)} results of groups")


def _without_groups(context, daemon):
    """Replay of one partition tells groups of its own, which nobody is to see."""
    def replayed(_partition, records):
        path = os.path.join(context.folder, "plain.yaml")
        with open(daemon.config_path) as file:
            config = harness.yaml.safe_load(file)
        config.pop("groups")
        with open(path, "w") as file:
            harness.yaml.safe_dump(config, file, sort_keys=False)
        return harness.replay_records(context.folder, path, records)
    return replayed


DAY_MS = 86_400_000
IDLE_MODEL = {
    "program": "idle groups",
    "time": {"pane": "1d", "idle_after": "1s", "late_after": "60d"},
    "measures": {"logins": {"count": "platform.login", "over": "30d"}},
    "scores": {"engagement": {"points": {"platform.login": 1}, "over": "30d", "bands": {"low": 0, "high": 5}}},
    "groups": {"weekly": {"every": "week", "figures": {"logins": {"sum": "logins"}}}},
}


def _idle_config(broker):
    return merged(IDLE_MODEL, {
        "kafka": QUICK,
        "input": {"topic": INPUT, "schema": os.path.join(harness.SOURCE, "schemas", "partner_action.avsc")},
        **merged(plumbing(broker.address), {"output": {"groups": RESULTS, "group_sums": SUMS}})})


def _send_to(broker, partitions, now_ms):
    parsed = fastavro.parse_schema(json.loads(json.dumps(schema("partner_action"))))
    sender = Sender(broker)
    for number in range(200):
        event = {"event_id": f"e{number}", "partner_id": f"partner-{number % 10}", "action": "platform.login",
                 "occurred_at": now_ms - 20 * DAY_MS + number * 60_000, "member_id": None, "value": None,
                 "attributes": {}}
        sender.send(INPUT, encode(parsed, event), event["partner_id"].encode(), partitions[number % len(partitions)])
    sender.flush()


def test_a_partition_without_events_is_not_waited_for(context):
    """S7."""
    with context.broker() as broker:
        create_topic(broker, INPUT)
        daemon = Daemon(context.folder, _idle_config(broker))
        now_ms = int(time.time() * 1000)
        _send_to(broker, [0, 2], now_ms)
        daemon.start()
        told = wait_for("results", lambda: _results(broker, 2), [daemon])
        check(all(one["partitions"] == 2 for one in told), f"not of two partitions: {told}")
        check(any(one["figures"]["logins"] == 200 for one in told), f"not of all events: {told}")
        daemon.kill()
        daemon.start()
        daemon.wait_ready()
        progress = Progress(broker)
        _send_to(broker, [1], now_ms + 10_000)
        wait_for("the others to be read", lambda: progress.offsets().get(1, 0) > 0, [daemon])
        wait_for("their sums to be late", lambda: daemon.sum("engaged_group_sums_late_total") >= 2, [daemon])
        check(len(_results(broker, 2)) == len(told), "what came late has been told")
        daemon.stop()
        say(f"{len(told)} results without two partitions, none when one of those came late")


def _results(broker, count):
    try:
        return told if len(told := _told(broker)) >= count else None
    except Exception as error:  # The topic is not there yet.
        if "UNKNOWN" in str(error) or isinstance(error, KeyError):
            return None
        raise


if __name__ == "__main__":
    harness.main(globals())
