"""Groups for the tests: what the daemons tell of all partners together, and what `engaged replay` says of it."""

import json
import os

import harness
from harness import check, compare, decode, end_offsets, read_topic, say, schema, wait_for
import processes

RESULTS, SUMS = "figures", "sums"

# On the measures of config/engagement.yaml.
SETTINGS = {
    "output": {"groups": RESULTS, "group_sums": SUMS},
    "groups": {
        "weekly": {"every": "week", "by": ["engagement"], "description": "How the week was.", "figures": {
            "partners_in": {"count": {"measure": "logins"}},
            "logins": {"sum": "logins"},
            "logins_each": {"mean": "logins"},
            "better": {"count": {"score": "engagement", "moved": "up"}}}},
        "monthly": {"every": "month", "figures": {
            "low": {"share": {"score": "engagement", "bands": ["low"]}},
            "of_active": {"share": {"measure": "invoices"}, "of": {"measure": "logins"}},
            "ratio": {"ratio": ["invoices", "logins"]}}},
    },
}


def told(broker):
    """Results as replay prints them, in the order of the topic."""
    parsed = schema("group_result")
    messages = read_topic(broker, RESULTS)
    check(list(messages) == [0], f"{RESULTS} has the partitions {list(messages)}")
    results = []
    for message in messages[0]:
        result = {key: value for key, value in decode(parsed, message.value()).items() if value is not None}
        headers = dict(message.headers() or [])
        check(message.key() == result["group"].encode(), f"key {message.key()} of {result}")
        check(headers.get("ce_id") == result["id"].encode(), f"ce_id {headers.get('ce_id')} of {result}")
        check(headers.get("ce_type") == b"engaged.group_result", f"ce_type of {headers}")
        results.append(result)
    return results


def replayed(context, config_path, records, partitions):
    """Results that `engaged replay` prints for the records of all partitions, and all of them have told."""
    with open(os.path.join(harness.SOURCE, "schemas", "partner_action.avsc")) as file:
        schema_text = file.read()
    path = os.path.join(context.folder, "all.avro")
    harness.write_container(path, [message.value() for part in records.values() for message in part], schema_text)
    out = os.path.join(context.folder, "groups.out")
    command = [harness.ENGAGED, "replay", "--config", config_path, "--partitions", str(partitions), path]
    code = processes.finish(processes.start(command, (out, out + ".err")))
    check(code == 0, f"{command}: exit {code}\n{processes.tail(out + '.err')}")
    with open(out) as file:
        lines = [json.loads(line) for line in file]
    results = [one for one in lines if one["type"] == "group_result" and one["partitions"] == partitions]
    return [{key: value for key, value in one.items() if key != "type"} for one in results]


def _left_over(broker):
    """Keys of sums that have no tombstone."""
    left = {}
    for message in read_topic(broker, SUMS)[0]:
        left[message.key()] = message.value()
    return sorted(key.decode() for key, value in left.items() if value is not None)


def compare_all(context, broker, daemons, partitions):
    """Waits for the results that replay has, compares them, and looks for what is left of their sums."""
    wanted = replayed(context, daemons[0].config_path, read_topic(broker, harness.INPUT), partitions)
    wait_for(f"{len(wanted)} results of groups",
             lambda: end_offsets(broker, RESULTS)[0] >= len(wanted) and len(told(broker)) >= len(wanted), daemons)
    results = told(broker)
    compare("results of groups", results, wanted)
    newest = max(result["at"] for result in results)
    old = [key for key in _left_over(broker) if key.startswith("sums/") and int(key.split("/")[1]) <= newest]
    check(not old, f"sums of moments that have been told are still there: {old[:3]}")
    say(f"equal to replay: {len(results)} results of groups")
    return results
