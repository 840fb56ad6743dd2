#!/usr/bin/env python3
"""`engaged generate` into real topics: what arrives is what a file would hold, keyed and in order.

A missing topic is made when told with how many partitions, keys go where the Java client sends them, a
refusal has an exit code of its own, and bodies stand behind a schema id when asked for.
"""

import json
import os
import subprocess

import harness
from harness import ENGAGED, Daemon, check, create_topic, read_topic, schema, decode, shipped_config, write_config

PARTNERS = ["--partners", "200", "--days", "30", "--start", "2025-01-01"]
USER, PASSWORD = "visitor", "visitor-secret"


def engaged(*arguments):
    return subprocess.run([ENGAGED, *map(str, arguments)], capture_output=True, text=True, timeout=harness.GUARD_S,
                          check=False)


def generate(*arguments):
    run = engaged("generate", *PARTNERS, *arguments)
    check(run.returncode == 0, f"generate: exit {run.returncode}: {run.stderr}")


def in_file(context, *arguments):
    path = os.path.join(context.folder, "events.jsonl")
    generate("--output", path, *arguments)
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def by_partner(events):
    found = {}
    for event in events:
        found.setdefault(event["partner_id"], []).append(event)
    return found


def murmur2(data):
    """The hash of the Java client's default partitioner, made positive as it does."""
    word, mask = 0x5BD1E995, 0xFFFFFFFF
    value = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        piece = int.from_bytes(data[at:at + 4], "little") * word & mask
        value = value * word & mask ^ (piece ^ piece >> 24) * word & mask
    if data[whole:]:
        value = (value ^ int.from_bytes(data[whole:], "little")) * word & mask
    value = (value ^ value >> 13) * word & mask
    return (value ^ value >> 15) & 0x7FFFFFFF


def test_a_missing_topic_is_made_and_holds_what_a_file_would(context):
    with context.broker() as broker:
        generate("--topic", "made", "--brokers", broker.address, "--partitions", "3")
        records = read_topic(broker, "made")
        check(sorted(records) == [0, 1, 2], f"partitions {sorted(records)}")
        check(all(records.values()), "a partition is empty")
        wanted = by_partner(in_file(context))
        for partition, messages in records.items():
            for partner, events in by_partner(json.loads(message.value()) for message in messages).items():
                check(wanted.pop(partner, None) == events, f"partition {partition}: {partner} differs")
            for message in messages:
                check(json.loads(message.value())["partner_id"] == message.key().decode(), "a key differs")
                check(murmur2(message.key()) % 3 == partition, f"{message.key()} is on partition {partition}")
        check(not wanted, f"{len(wanted)} partners are missing")


def test_avro_bodies_stand_behind_a_schema_id(context):
    with context.broker() as broker:
        create_topic(broker, "framed", 1)
        generate("--topic", "framed", "--brokers", broker.address, "--format", "avro", "--schema-id", "66051")
        messages = read_topic(broker, "framed")[0]
        check(all(message.value()[:5] == bytes([0, 0, 1, 2, 3]) for message in messages), "a prefix differs")
        parsed = schema("partner_action")
        partners = [decode(parsed, message.value()[5:])["partner_id"] for message in messages]
        check(partners == [event["partner_id"] for event in in_file(context)], "partners differ from the file's")


def test_a_configuration_says_where_to_and_the_daemon_reads_it(context):
    with context.broker() as broker:
        config = shipped_config(broker.address)
        daemon = Daemon(context.folder, config)
        generate("--config", daemon.config_path, "--partitions", "4")
        daemon.start()
        daemon.wait_ready()
        events = len(in_file(context))
        harness.wait_for("every event to be counted",
                         lambda: daemon.sum("engaged_events_total", outcome="counted") == events, [daemon])
        daemon.stop()


def test_refusals_are_one_line_with_an_exit_code_by_cause(context):
    with context.broker(users={USER: PASSWORD}) as broker:
        run = engaged("generate", *PARTNERS, "--topic", "nowhere", "--brokers", broker.address)
        check(run.returncode == 4 and "topic nowhere does not exist" in run.stderr, f"{run.returncode} {run.stderr}")
        create_topic(broker, "forbidden")
        config = harness.merged(shipped_config(broker.sasl_address), {
            "input": {"topic": "forbidden"},
            "kafka": {"client": {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
                                 "sasl.username": USER, "sasl.password": PASSWORD}}})
        run = engaged("generate", *PARTNERS, "--config", write_config(context.folder, config))
        check(run.returncode in (4, 5), f"{run.returncode} {run.stderr}")
        check(len(run.stderr.strip().splitlines()) == 1 and "forbidden" in run.stderr, run.stderr)


if __name__ == "__main__":
    harness.main(globals())
