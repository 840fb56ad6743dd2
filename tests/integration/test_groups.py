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
import groups
import harness
from groups import RANKS, RESULTS, SUMS
from harness import (INPUT, Daemon, Progress, Sender, check, create_topic, decode, encode, end_offsets, free_ports,
                     merged, plumbing, read_topic, say, schema, shipped_config, staged, wait_for)

PARTITIONS = 4
PER_SECOND = 60_000
TOKEN = os.environ["ERASE_TOKEN"] = "a-token-of-sixteen-or-more"
# A process that was killed is missed after three seconds, and its open transaction ends after five.
QUICK = {"consumer": {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500},
         "producer": {"transaction.timeout.ms": 5000, "message.timeout.ms": 4000, "socket.timeout.ms": 4000}}


def _config(address):
    """The shipped file, with groups."""
    return shipped_config(address, merged(groups.SETTINGS, {
        "kafka": QUICK, "http": {"listen": f"127.0.0.1:{free_ports(1)[0]}"}, "recovery": {"records": 20_000}}))


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
        daemons = [Daemon(context.folder, _config(broker.address), name) for name in ("one", "two")]
        forwarder = staged(context, broker, events, PER_SECOND)
        progress = Progress(broker)
        for daemon in daemons:
            daemon.start()
        _kill_those_who_merge(context, daemons, forwarder, progress, kills)
        forwarder.finish()
        progress.wait_for_ends(end_offsets(broker, INPUT), daemons)
        results = groups.compare_all(context, broker, daemons, PARTITIONS)
        check(len(results) > 50, f"only {len(results)} results: the test would prove little")
        for daemon in daemons:
            daemon.stop()
        harness.compare_with_replay(broker, context.folder, daemons[0].config_path)


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
        "input": {"topic": INPUT, "schema": os.path.join(harness.SOURCE, "schemas", "partner_action.avsc")},
        **merged(plumbing(broker.address), {"kafka": QUICK, "output": {"groups": RESULTS, "group_sums": SUMS}})})


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


def test_who_is_erased_leaves_the_boards(context):
    """G11: what is kept for the next board is written again without the partner, and no later board has it."""
    with context.broker() as broker:
        create_topic(broker, INPUT)
        config = merged(_idle_config(broker), {"boards": {"best": {"top": 5, "of": "logins", "every": "week"}},
                                               "http": {"erase_token": "${env:ERASE_TOKEN}"}})
        config["output"]["boards"] = RANKS
        daemon = Daemon(context.folder, config)
        now_ms = int(time.time() * 1000)
        _send_to(broker, range(PARTITIONS), now_ms)
        daemon.start()
        daemon.wait_ready()
        first = wait_for("boards", lambda: _results(broker, 2, RANKS), [daemon])[-1]
        gone = first["places"][0]["partner_id"]
        check(any(gone.encode() in value for value in groups.left_over(broker).values()), f"{gone} is not kept")
        code, said = daemon.get(f"/partners/{gone}", "DELETE", {"Authorization": f"Bearer {TOKEN}"})
        check(code == 202, f"DELETE: {code}: {said}")
        wait_for("it to leave what is kept", lambda: not any(
            gone.encode() in value or key.startswith("gone/") for key, value in groups.left_over(broker).items()),
            [daemon])
        check(groups.left_over(broker), "nothing is kept for the next board")
        check(len(_results(broker, 2, RANKS)) == len(groups.told(broker, RANKS)), "an erasure has told a board")
        daemon.stop()
        say(f"{gone}, first of {len(first['places'])}, was erased and is kept no more")


CHECKED = {"checks": {"twice": {"unique": "invoice_number", "of": "platform.login", "over": "30d", "anywhere": True}},
           "output": {"flags": "flags"}}


def _send_numbers(broker, now_ms):
    """Ten partners, each of one partition, say thirty numbers again and again; returns what is one too many."""
    parsed = fastavro.parse_schema(json.loads(json.dumps(schema("partner_action"))))
    sender, wanted, had = Sender(broker), [], {}
    for number in range(120):
        partner, text = number % 7 + number % 3, f"n{number * 7 % 30}"
        event = {"event_id": f"e{number}", "partner_id": f"partner-{partner}", "action": "platform.login",
                 "occurred_at": now_ms - now_ms % DAY_MS - 20 * DAY_MS + number * 60_000, "member_id": None,
                 "value": None, "attributes": {"invoice_number": text}}
        sender.send(INPUT, encode(parsed, event), event["partner_id"].encode(), partner % PARTITIONS)
        others = [one for one in had.get(text, []) if one[0] != event["partner_id"]]
        if others:
            wanted.append((event["partner_id"], text, event["occurred_at"], *others[0]))
        had.setdefault(text, []).append((event["partner_id"], event["occurred_at"]))
    sender.flush()
    return sorted(wanted)


def _flags(broker):
    """What is told of numbers at two partners, each in the partition of its own."""
    parsed, found, ids = schema("abuse_flag"), [], set()
    for partition, messages in read_topic(broker, "flags").items():
        for message in messages:
            flag = decode(parsed, message.value())
            if flag["other_partner_id"] is None:
                continue
            check(message.key() == flag["partner_id"].encode(), f"key {message.key()} of {flag}")
            check(int(flag["partner_id"][-1]) % PARTITIONS == partition, f"partition {partition} has {flag}")
            ids.add(flag["id"])
            found.append((flag["partner_id"], flag["text"], flag["occurred_at"], flag["other_partner_id"],
                          flag["other_occurred_at"]))
    check(len(ids) == len(found), "an id was used twice")
    return sorted(found)


def test_a_number_at_two_partners_is_told_once(context):
    """G16: whoever merges is killed, before and after it has told."""
    with context.broker() as broker:
        create_topic(broker, INPUT)
        daemons = [Daemon(context.folder, merged(_idle_config(broker), merged(CHECKED, {
            "http": {"listen": f"127.0.0.1:{free_ports(1)[0]}"}})), name) for name in ("one", "two")]
        wanted = _send_numbers(broker, int(time.time() * 1000))
        for daemon in daemons:
            daemon.start()
        for life in range(3):
            owner = wait_for("somebody to merge", lambda: next(filter(_merges, daemons), None), daemons)
            if life:
                wait_for("flags", lambda: len(_flags(broker)) >= len(wanted), daemons)
            owner.kill()
            owner.start()
            owner.wait_ready()
        check(_flags(broker) == wanted, f"told {_flags(broker)}\nwanted {wanted}")
        for daemon in daemons:
            daemon.stop()
        check(_flags(broker) == wanted, "something was told twice")
        say(f"{len(wanted)} numbers that another partner had")


def _results(broker, count, topic=RESULTS):
    try:
        return told if len(told := groups.told(broker, topic)) >= count else None
    except Exception as error:  # The topic is not there yet.
        if "UNKNOWN" in str(error) or isinstance(error, KeyError):
            return None
        raise


if __name__ == "__main__":
    harness.main(globals())
