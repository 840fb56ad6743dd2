"""Groups and boards for the tests: what the daemons tell of all partners together, and what `engaged replay` says of
it."""

import json
import os

import harness
from harness import check, compare, decode, end_offsets, read_topic, say, schema, wait_for
import processes

RESULTS, RANKS, SUMS = "figures", "ranks", "sums"
KINDS = {RESULTS: ("group_result", "group"), RANKS: ("board", "board")}

# On the measures of config/engagement.yaml.
SETTINGS = {
    "output": {"groups": RESULTS, "boards": RANKS, "group_sums": SUMS},
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
    "boards": {
        "leaders": {"top": 20, "of": "engagement", "every": "week", "by": ["engagement"]},
        "busiest": {"top": 5, "of": "logins", "every": "month", "description": "The busiest."},
    },
}


def _plain(value):
    """As replay prints it: without what does not apply."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items() if part is not None}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def told(broker, topic=RESULTS):
    """Results, or boards, as replay prints them, in the order of the topic."""
    kind, name = KINDS[topic]
    parsed = schema(kind)
    messages = read_topic(broker, topic)
    check(list(messages) == [0], f"{topic} has the partitions {list(messages)}")
    results = []
    for message in messages[0]:
        result = _plain(decode(parsed, message.value()))
        headers = dict(message.headers() or [])
        check(message.key() == result[name].encode(), f"key {message.key()} of {result}")
        check(headers.get("ce_id") == result["id"].encode(), f"ce_id {headers.get('ce_id')} of {result}")
        check(headers.get("ce_type") == f"engaged.{kind}".encode(), f"ce_type of {headers}")
        results.append(result)
    return results


def replayed(context, config_path, records, partitions):
    """By topic: what `engaged replay` prints for the records of all partitions, and all of them have told."""
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
    return {topic: [{key: value for key, value in one.items() if key != "type"} for one in lines
                    if one["type"] == kind and one["partitions"] == partitions]
            for topic, (kind, _) in KINDS.items()}


def left_over(broker):
    """The sums that have no tombstone, by key."""
    left = {}
    for message in read_topic(broker, SUMS)[0]:
        left[message.key().decode()] = message.value()
    return {key: value for key, value in left.items() if value is not None}


def _check_left(broker, results, boards):
    """Of what has been told there are only the newest boards, for the next ones."""
    newest = max(result["at"] for result in results)
    kept = {max(board["at"] for board in boards if board["board"] == name) for name in {one["board"] for one in boards}}
    first_board = len(SETTINGS["groups"])
    for key in left_over(broker):
        if not key.startswith("sums/"):
            continue
        at, _, _, group, _, _ = (int(part) for part in key.split("/")[1:])
        check(at > newest or (at in kept and group >= first_board), f"{key} is still there; {newest} has been told")


def compare_all(context, broker, daemons, partitions):
    """Waits for the results that replay has, compares them, and looks for what is left of their sums."""
    wanted = replayed(context, daemons[0].config_path, read_topic(broker, harness.INPUT), partitions)
    results = {}
    for topic, rows in wanted.items():
        wait_for(f"{len(rows)} in {topic}",
                 lambda: end_offsets(broker, topic)[0] >= len(rows) and len(told(broker, topic)) >= len(rows), daemons)
        results[topic] = told(broker, topic)
        compare(topic, results[topic], rows)
    _check_left(broker, results[RESULTS], results[RANKS])
    say(f"equal to replay: {len(results[RESULTS])} results of groups, {len(results[RANKS])} boards")
    return results[RESULTS] + results[RANKS]
