"""Others can read what is written and write what is read: our files against fastavro, a library of its own.

- Every golden case, told in Avro (container files of both output schemas), read by fastavro: the same values as
  the JSON lines, null where JSON has nothing.
- Partner actions of `generate` in Avro read by fastavro: the same as its JSON lines.
- Container files that fastavro writes (other schemas, codecs, block sizes), read by `replay`: the same as from
  JSON lines.
- The schemas carried by the program are those of schemas/.
"""
import datetime
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

try:
    import fastavro
except ImportError:
    print("skipped: fastavro is not installed; tools/setup makes build/venv with it")
    sys.exit(77)

SOURCE = pathlib.Path(os.environ["ENGAGED_SOURCE_DIR"])
BINARY = pathlib.Path(os.environ["ENGAGED_BINARY_DIR"])
ENGAGED = os.environ["ENGAGED"]
GOLDEN = SOURCE / "tests" / "spec" / "golden"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def run(*args):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{args}: exit {done.returncode}: {done.stderr[-500:]}"
    return done.stdout


def schema(name):
    return fastavro.schema.load_schema(SOURCE / "schemas" / f"{name}.avsc")


def millis(value):
    """fastavro makes date-times of logical timestamps; ours are milliseconds."""
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) // datetime.timedelta(milliseconds=1)
    return value


def plain(value):
    """A decoded record without what is null."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return millis(value)


def read(path):
    with open(path, "rb") as file:
        return [plain(record) for record in fastavro.reader(file)]


def effects_are_the_same_in_avro_and_json(folder):
    told = 0
    for case in sorted(p for p in GOLDEN.iterdir() if p.is_dir()):
        until = [(case / "until").read_text().strip()] if (case / "until").exists() else []
        run(BINARY / "tests" / "codec_effects", case / "engaged.yaml", case / "events.jsonl", folder, *until)
        lines = [json.loads(line) for line in (folder / "effects.jsonl").read_text().splitlines()]
        for kind in ("score_change", "churn_drop", "cell_change", "report", "award_booking", "source_silence", "digest",
                     "group_result", "board", "abuse_flag"):
            with open(folder / f"{kind}.avro", "rb") as file:
                written = json.loads(fastavro.reader(file).metadata["avro.schema"])
            assert written == json.loads((SOURCE / "schemas" / f"{kind}.avsc").read_text()), kind
            want = [{k: v for k, v in line.items() if k != "type"} for line in lines if line["type"] == kind]
            got = read(folder / f"{kind}.avro")
            assert got == want, f"{case.name}: {kind}\n{got}\n{want}"
            told += len(got)
        ids = [line["id"] for line in lines]
        assert len(set(ids)) == len(ids), f"{case.name}: S13: an id was used twice"
    assert told > 400, told
    return f"{told} effects"


def generated_actions_are_the_same_in_avro_and_json(folder):
    common = ("--partners", 50, "--days", 30, "--seed", 3)
    run(ENGAGED, "generate", *common, "--format", "json", "--output", folder / "a.jsonl")
    run(ENGAGED, "generate", *common, "--format", "avro", "--output", folder / "a.avro")
    lines = [json.loads(line) for line in (folder / "a.jsonl").read_text().splitlines()]
    got = read(folder / "a.avro")
    for record in got:
        if not record["attributes"]:
            del record["attributes"]
    assert got == lines
    return f"{len(lines)} actions"


def others(record):
    """A record in somebody else's schema: other names, nesting, unions, an enum, micros."""
    return {
        "header": {"trace": os.urandom(4), "tags": ["a", "b"], "sent": 1.5},
        "org": {"id": record["partner_id"]} if record["partner_id"] != "none" else None,
        "kind": record["action"].replace(".", "_"),
        "when": record["occurred_at"] * 1000 + 999,
        "extra": {"user": record.get("member_id"), "other": None},
        "uid": record.get("event_id"),
        "amount": record.get("value"),
    }


OTHERS = {
    "type": "record", "name": "Envelope", "namespace": "other.place", "fields": [
        {"name": "header", "type": {"type": "record", "name": "Header", "fields": [
            {"name": "trace", "type": {"type": "fixed", "name": "Trace", "size": 4}},
            {"name": "tags", "type": {"type": "array", "items": "string"}},
            {"name": "sent", "type": "float"}]}},
        {"name": "org", "type": ["null", {"type": "record", "name": "Org", "fields": [
            {"name": "id", "type": "string"}]}]},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["invoice_upload", "platform_login"]}},
        {"name": "when", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "extra", "type": {"type": "map", "values": ["null", "string"]}},
        {"name": "uid", "type": ["null", "string"]},
        {"name": "amount", "type": ["null", "double"]}]}
CONFIG = """\
program: trial
measures:
  logins: {count: %(login)s, over: 2d}
  people: {members: %(login)s, over: 2d}
  revenue: {sum: value, of: %(upload)s, over: 2d}
scores:
  s:
    scale: 10
    dimensions: {logins: {weight: 2, target: 9}, people: {weight: 1, target: 3}, revenue: {weight: 3, target: 900}}
    bands: {low: 0, high: 5}
    tell_every: 0.1
alerts:
  risk: {score: s, falls_to: low}
"""
FIELDS = "input: {fields: {id: uid, partner: org.id, action: kind, time: when, member: extra.user, value: amount}}\n"


def actions():
    """Random partner actions with what the schemas above can hold."""
    dice = random.Random(20260101)
    at = 1767225600000
    for number in range(3000):
        at += dice.randrange(0, 1800000)
        record = {"partner_id": f"p{dice.randrange(20)}", "action": dice.choice(["platform.login", "invoice.upload"]),
                  "occurred_at": at}
        if dice.random() < 0.9:
            record["event_id"] = f"e{number - (dice.random() < 0.05)}"
        if dice.random() < 0.7:
            record["member_id"] = f"m{dice.randrange(5)}"
        if dice.random() < 0.7:
            record["value"] = round(dice.uniform(-10, 300), 4)
        yield record


def replayed(config, *files):
    return [{k: v for k, v in json.loads(line).items() if k != "id"}
            for line in run(ENGAGED, "replay", "--config", config, *files).splitlines()]


def files_of_another_library_replay_like_json_lines(folder):
    records = list(actions())
    own, other, lines = folder / "own.yaml", folder / "other.yaml", folder / "a.jsonl"
    own.write_text(CONFIG % {"login": "platform.login", "upload": "invoice.upload"})
    other.write_text(FIELDS + CONFIG % {"login": "platform_login", "upload": "invoice_upload"})
    lines.write_text("".join(json.dumps(r) + "\n" for r in records))
    want = replayed(own, lines)
    assert want[-1]["counted"] > 2500 and want[-1]["churn_drops"] > 0, want[-1]
    count = 0
    for codec in ("null", "deflate"):
        for block in (1, 1000, 16000, 10000000):
            for data, with_schema, config in (
                    ([{"event_id": "", **r, "attributes": {"k": "v"}} for r in records if "event_id" in r],
                     "partner_action", own),
                    ([others(r) for r in records], OTHERS, other)):
                path = folder / "a.avro"
                with open(path, "wb") as file:
                    fastavro.writer(file, fastavro.parse_schema(schema(with_schema) if isinstance(with_schema, str)
                                                                else with_schema),
                                    data, codec=codec, sync_interval=block)
                got = replayed(config, path)
                if config == own:       # events without an id would all have the empty one
                    some = folder / "some.jsonl"
                    some.write_text("".join(json.dumps(r) + "\n" for r in records if "event_id" in r))
                    assert got == replayed(own, some), (codec, block)
                else:
                    assert got == want, (codec, block)
                count += 1
    return f"{count} files"


def containers_packed_otherwise_are_refused_by_name(folder):
    path = folder / "a.avro"
    with open(path, "wb") as file:
        fastavro.writer(file, schema("partner_action"), [], codec="bzip2")
    config = folder / "own.yaml"
    config.write_text(CONFIG % {"login": "x", "upload": "y"})
    done = subprocess.run([ENGAGED, "replay", "--config", config, path], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "bzip2" in done.stderr and "null and deflate" in done.stderr, done.stderr
    return "bzip2"


def schemas_are_good_for_others_and_carried_by_the_program(folder):
    run(sys.executable, SOURCE / "tools" / "embed-schemas", "--check")
    for name in ("partner_action", "score_change", "churn_drop", "award_booking", "source_silence", "digest",
                 "abuse_flag"):
        parsed = schema(name)
        fields = json.loads((SOURCE / "schemas" / f"{name}.avsc").read_text())["fields"]
        assert all(len(field["doc"]) > 10 for field in fields), name
    return "7 schemas"


def main():
    with tempfile.TemporaryDirectory() as folder:
        for test in (effects_are_the_same_in_avro_and_json, generated_actions_are_the_same_in_avro_and_json,
                     files_of_another_library_replay_like_json_lines, containers_packed_otherwise_are_refused_by_name,
                     schemas_are_good_for_others_and_carried_by_the_program):
            print(f"{test.__name__.replace('_', ' ')}: {test(pathlib.Path(folder))}")


main()
