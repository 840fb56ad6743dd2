"""`engaged generate` from outside: files, labels, faults, errors; and that `replay` finds what was put in.

Runs the program named by ENGAGED in a folder of its own. Each test is a function whose name is a sentence.
"""
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ENGAGED = os.environ["ENGAGED"]
SOURCE = pathlib.Path(os.environ["ENGAGED_SOURCE_DIR"])
CONFIG = SOURCE / "config" / "engagement.yaml"
DAY = 86400000


def engaged(*args):
    return subprocess.run([ENGAGED, *map(str, args)], capture_output=True, text=True, timeout=120)


def generate(*args):
    run = engaged("generate", *args)
    assert run.returncode == 0, run.stderr
    return run


def rows(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]


def replay(path):
    run = engaged("replay", "--config", CONFIG, path)
    assert run.returncode == 0, run.stderr
    told = [json.loads(line) for line in run.stdout.splitlines()]
    return told[:-1], told[-1]


def the_same_options_write_the_same_bytes_and_another_seed_others():
    options = ["--partners", 50, "--days", 30, "--duplicates", 1, "--malformed", 1, "--out-of-order", "6h"]
    for file_format in ("json", "avro"):
        more = [*options, "--format", file_format]
        generate(*more, "--output", "a", "--labels", "la")
        generate(*more, "--output", "b", "--labels", "lb")
        generate(*more, "--output", "c", "--seed", 2)
        a, b, c = (pathlib.Path(name).read_bytes() for name in "abc")
        assert a == b and a != c, file_format
        assert pathlib.Path("la").read_bytes() == pathlib.Path("lb").read_bytes()


def json_and_avro_hold_the_same_events():
    import fastavro
    generate("--partners", 30, "--days", 40, "--output", "e.jsonl")
    generate("--partners", 30, "--days", 40, "--output", "e.avro", "--format", "avro")
    with open("e.avro", "rb") as file:
        reader = fastavro.reader(file)
        assert reader.writer_schema["name"] == "engaged.PartnerAction"
        from_avro = list(reader)
    from_json = rows("e.jsonl")
    assert len(from_avro) == len(from_json) > 500
    for one, other in zip(from_avro, from_json):
        one["occurred_at"] = round(one["occurred_at"].timestamp() * 1000)
        assert {key: value for key, value in one.items() if value is not None} == other


def events_are_exactly_as_many_as_asked_for_and_in_order():
    run = generate("--partners", 200, "--events", "20k", "--output", "e.jsonl")
    assert run.stderr.startswith("engaged generate: 20000 good,"), run.stderr
    events = rows("e.jsonl")
    times = [event["occurred_at"] for event in events]
    assert len(events) == 20000 and times == sorted(times)
    assert len({event["event_id"] for event in events}) == 20000


def bare_records_have_no_attributes_and_values_only_where_they_belong():
    generate("--partners", 20, "--output", "e.jsonl", "--bare")
    for event in rows("e.jsonl"):
        assert "attributes" not in event
        assert ("value" in event) == (event["action"] in ("invoice.upload", "survey.answer")), event
    generate("--partners", 20, "--output", "f.jsonl")
    assert all(set(event["attributes"]) == {"region", "tier"} for event in rows("f.jsonl"))


def labels_say_what_each_partner_is():
    generate("--partners", 300, "--days", 90, "--output", "e.jsonl", "--labels", "l.jsonl", "--mix",
             "steady=1,churned=1")
    labels = {label["partner_id"]: label for label in rows("l.jsonl")}
    assert len(labels) == 300
    kinds = collections.Counter(label["kind"] for label in labels.values())
    assert set(kinds) == {"steady", "churned"} and min(kinds.values()) > 100, kinds
    for event in rows("e.jsonl"):
        label = labels[event["partner_id"]]
        assert label["kind"] == "steady" or event["occurred_at"] < label["changes_at"], event
    assert all((label["changes_at"] is None) == (label["kind"] == "steady") for label in labels.values())


def replay_counts_the_faults_that_were_put_in():
    """S15: read = counted + duplicate + late + future + bad + filtered, and each is what was made."""
    for file_format in ("json", "avro"):
        run = generate("--partners", 100, "--days", 60, "--duplicates", 2, "--late", 1, "--malformed", 1.5,
                       "--format", file_format, "--output", "e")
        made = {word.split()[1]: int(word.split()[0]) for word in run.stderr.split(": ")[1].split(", ")}
        summary = replay("e")[1]
        assert (summary["counted"], summary["duplicate"], summary["late"], summary["bad"]) == (
            made["good"], made["duplicate"], made["late"], made["malformed"]), (summary, made)
        assert summary["filtered"] == summary["future"] == 0 and min(made[k] for k in made if k != "future") > 10
        assert summary["read"] == sum(made.values())


def events_out_of_order_change_no_counts():
    generate("--partners", 50, "--output", "a")
    generate("--partners", 50, "--output", "b", "--out-of-order", "3d")
    one, other = replay("a")[1], replay("b")[1]
    assert one["counted"] == other["counted"] == other["read"]
    lines = [pathlib.Path(name).read_text().splitlines() for name in "ab"]
    parsed = [[{k: v for k, v in json.loads(line).items() if k != "event_id"} for line in part] for part in lines]
    assert parsed[0] != parsed[1]
    key = json.dumps
    assert sorted(map(key, parsed[0])) == sorted(map(key, parsed[1]))


def partners_who_leave_are_found_and_steady_ones_are_left_alone():
    generate("--partners", 500, "--days", 180, "--output", "e", "--labels", "l")
    labels = {label["partner_id"]: label for label in rows("l")}
    found, silent = set(), set()
    for told in replay("e")[0]:
        if told["type"] != "churn_drop" or told["status"] != "opened":
            continue
        label = labels[told["partner_id"]]
        if label["changes_at"] is not None and told["at"] >= label["changes_at"]:
            found.add(told["partner_id"])
        if told["rule"] == "silent":
            silent.add(told["partner_id"])
    of = {kind: {p for p, label in labels.items() if label["kind"] == kind} for kind in ("churned", "fading", "steady")}
    for kind in ("churned", "fading"):
        assert len(of[kind] & found) >= 0.95 * len(of[kind]) > 20, kind
    assert len(of["steady"] & silent) <= 0.05 * len(of["steady"])


def wrong_use_is_one_line_with_the_way_out():
    for args, code, text in (
            (["--mix", "steady=0"], 2, "at least one share"),
            (["--mix", "sturdy=1"], 2, "kind=share"),
            (["--late", "101"], 2, "0 to 100"),
            (["--start", "2026-02-30"], 2, "a date such as"),
            (["--start", "2026-01-01", "--end", "now"], 2, "give one of them"),
            (["--output", "x", "--topic", "y"], 2, "give one of them"),
            (["--partners", "1", "--days", "1", "--events", "100M"], 7, "ask for more days or partners"),
            (["--config", "none.yaml"], 2, "none.yaml"),
            (["--output", "none/e"], 8, "none/e"),
            (["--labels", "none/l"], 8, "none/l"),
            (["--output", "/dev/full"], 8, "No space left")):
        run = engaged("generate", *args)
        lines = run.stderr.strip().splitlines()
        assert run.returncode == code and len(lines) == 1 and text in lines[0], (args, run.returncode, lines)


def main():
    tests = [f for name, f in sorted(globals().items())
             if callable(f) and getattr(f, "__module__", "") == "__main__" and not f.__code__.co_argcount
             and name.count("_") >= 2]
    failed = 0
    here = os.getcwd()
    for test in tests:
        folder = tempfile.mkdtemp(prefix="engaged-generate-")
        os.chdir(folder)
        try:
            test()
            print(f"ok    {test.__name__}", flush=True)
        except Exception as error:                                   # told and counted, the next one runs
            failed += 1
            print(f"FAIL  {test.__name__}: {type(error).__name__}: {error}", flush=True)
        finally:
            os.chdir(here)
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
