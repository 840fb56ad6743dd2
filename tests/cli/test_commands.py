"""The commands as a user meets them: what they print, where, and with which exit code.

Runs the program named by ENGAGED in a folder of its own. Each test is a function whose name is a sentence.
"""
import json
import os
import pathlib
import pty
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ENGAGED = os.environ["ENGAGED"]
SOURCE = pathlib.Path(os.environ["ENGAGED_SOURCE_DIR"])
GOLDEN = SOURCE / "tests" / "spec" / "golden"
CONFIG = """\
program: trial
measures:
  visits: {count: visit, over: 3d}
scores:
  s: {scale: 10, dimensions: {visits: {weight: 1, target: 2}}, bands: {low: 0, high: 5}}
"""
DAY = 86400000
START = 1767225600000


def engaged(*args, **more):
    return subprocess.run([ENGAGED, *map(str, args)], capture_output=True, text=True, timeout=60, **more)


def write(name, text):
    pathlib.Path(name).write_text(text)
    return name


def event(partner, at, **more):
    return json.dumps({"partner_id": partner, "action": "visit", "occurred_at": at, **more})


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


def expect(run, code, *texts):
    assert run.returncode == code, (run.returncode, run.stdout[-500:], run.stderr[-500:])
    for text in texts:
        assert text in run.stderr, (text, run.stderr)
    if code:
        lines = run.stderr.strip().splitlines()
        assert len(lines) == 1 and lines[0].startswith("engaged"), lines


def wrong_use_is_one_line_and_exit_code_2():
    write("c.yaml", CONFIG)
    expect(engaged(), 2, "no command given; see `engaged --help`")
    expect(engaged("relpay"), 2, "did you mean replay?")
    expect(engaged("replay"), 2, "--config FILE is needed")
    expect(engaged("replay", "--config", "c.yaml", "--untill", "3"), 2, "did you mean --until?")
    expect(engaged("replay", "--config", "c.yaml", "--until", "soon"), 2, "epoch milliseconds")
    expect(engaged("replay", "--config", "c.yaml", "--partitions", "0"), 2, "from 1 to 1024")
    expect(engaged("help", "nothing"), 2, "there is no command 'nothing'")
    expect(engaged("run", "--config", "c.yaml", "--log-level", "loud"), 2, "error|warn|info|debug")


def replay_tells_whose_score_will_fall():
    write("c.yaml", CONFIG)
    lines = [event("acme", START), event("acme", START + DAY), event("zenith", START + DAY), event("late", START + DAY)]
    run = engaged("replay", "--config", "c.yaml", "--forecast", "30d", write("e.jsonl", "\n".join(lines) + "\n"))
    expect(run, 0)
    falls = [row for row in rows(run.stdout) if row["type"] == "forecast"]
    assert {row["partner_id"]: row["at"] for row in falls} == {
        "acme": START + 4 * DAY, "zenith": START + 4 * DAY, "late": START + 4 * DAY}, falls
    assert all((row["score"], row["band"], row["previous_band"]) == ("s", "low", "high") for row in falls), falls
    run = engaged("replay", "--config", "c.yaml", "--forecast", "2d", "e.jsonl")
    assert not [row for row in rows(run.stdout) if row["type"] == "forecast"], run.stdout
    assert rows(run.stdout)[-1]["type"] == "summary"
    run = engaged("replay", "--config", "c.yaml", "--forecast", "401d", "e.jsonl")
    expect(run, 2, "34560000000 ms")


def help_goes_to_standard_output():
    for args in (["--help"], ["-h"], ["help"], ["replay", "--help"], ["help", "run"], ["help", "exit-codes"],
                 ["help", "metrics"], ["help", "markdown"], ["--version"]):
        run = engaged(*args)
        expect(run, 0)
        assert run.stdout.startswith(("engaged", "Exit codes", "# ")) and not run.stderr, args


def a_wrong_configuration_names_file_line_and_column():
    write("c.yaml", CONFIG.replace("weight: 1", "wieght: 1"))
    for command in ("check", "replay", "run"):
        expect(engaged(command, "--config", "c.yaml"), 2, "c.yaml:5:", "weight")
        expect(engaged(command, "--config", "none.yaml"), 2, "none.yaml", "No such file")


def check_explains_every_golden_case():
    for case in sorted(GOLDEN.iterdir()):
        if case.is_dir():
            run = engaged("check", "--config", case / "engaged.yaml")
            assert run.returncode == 0, (case, run.stderr)
            text = (case / "engaged.yaml").read_text()
            words = ["Program golden", "bytes a partner"]
            words += [name for name in ("Scores", "Matrices", "Reports", "Alerts", "Checks", "Ledgers",
                                   "Awards")
                      if f"\n{name.lower()}:" in text]
            for word in words + (["s: "] if "scores:" in text else []):
                assert word in run.stdout, (case, word)


def check_says_in_plain_words_what_awards_pay():
    run = engaged("check", "--config", GOLDEN / "74-award-streak" / "engaged.yaml")
    for text in ("days: 5 for platform.login, each time that 3 days in a row had one, to reward.",
                 "weeks: 20 for platform.login, each time that 2 weeks in a row had one, once for each partner, to",
                 "reward: all that is paid; never expires."):
        assert text in run.stdout, (text, run.stdout)
    run = engaged("check", "--config", GOLDEN / "70-award-each" / "engaged.yaml")
    for text in ("sale: 40 for each deal.won, to reward and score.",
                 "invoice: 0.1 for each 1 of the value for each invoice.upload, to score.",
                 "reward: at most 100 in a calendar month; never expires."):
        assert text in run.stdout, (text, run.stdout)


def check_says_in_plain_words_what_checks_look_for():
    run = engaged("check", "--config", GOLDEN / "90-checks" / "engaged.yaml")
    for text in ('twice: each invoice.upload with a text of "invoice_number" that one had in the 20 days up to its own',
                 "is told, and not counted.",
                 "too_many: each invoice.upload where source is portal that is more than number 2 in the 1 day up to",
                 "order: each deal.won before which there was no deal.registered in the 10 days up to its own is told",
                 "outlier: each points.redeemed with which redeemed is more than 0.5 times earned is told, and counts.",
                 'Goes out with: "The same invoice again."'):
        assert text in run.stdout, (text, run.stdout)


def check_says_in_plain_words_what_the_model_means():
    run = engaged("check", "--config", GOLDEN / "14-all-together" / "engaged.yaml")
    for text in ("logins: how many platform.login in the last 30 days",
                 "25.0 %  invoices: in full from 6",
                 "20 for each training.*",
                 "low, moderate from 5, high from 8; one is left when the score is past its edge by 0.4",
                 "active from 20, star above 60",
                 "or the value moved by 1.5 or more",
                 "when engagement falls from a higher band to low; at most once in 10d",
                 "2.5 or more below its highest value of the last 14 days",
                 "with a chance of 0.55 or more"):
        assert text in run.stdout, text
    for case, text in (("49-ratio", "used: redeemed divided by earned, and none while that is 0"),
                       ("50-ago", "count: how many x in the 3 days before the last 3 days"),
                       ("52-since", "idle: days since the newest platform.login or app.open in the last 5 days"),
                       ("52-since", "ever: days since the newest platform.login\n")):
        run = engaged("check", "--config", GOLDEN / case / "engaged.yaml")
        assert text in run.stdout, text


def explains(*names):
    for name, text in names:
        run = engaged("check", "--config", GOLDEN / name / "engaged.yaml")
        assert text in run.stdout, (text, run.stdout)


def check_says_when_alerts_are_opened_and_resolved():
    explains(
        ("54-drop-per-cent", "d: when s is 25 % or more below its highest value of the last 4 days."),
        ("55-below-above", "weak: when s falls below 3, until it is at 3.5 or above; at most once in 2d."),
        ("55-below-above", "strong: when s rises above 8, until it is at 8 or below."),
        ("58-held-while-provisional", "weak: when s falls below 3, until it is at 3 or above; "
         "not while that is provisional, but then if it still holds."),
        ("59-deadline", "soon: when no training.* has come within 7 days after the day of the first partner.joined,\n"
         "    1 day before that time is over, until one comes."),
        ("57-description", 'Goes out with: "Call \\"them\\".\\nToday.\\n"'),
        ("56-rises-to", "up: when s rises from a lower band to mid."))


def against(new, old, *more):
    write("old.yaml", old)
    write("new.yaml", new)
    return engaged("check", *more, "--config", "new.yaml", "--against", "old.yaml")


def check_against_another_file_says_what_the_change_would_do():
    new = CONFIG.replace("visits: {count: visit, over: 3d}",
                         "visits: {count: visit, over: 9d}\n  calls: {count: call, over: 5d}")
    new = new.replace("{visits: {weight: 1, target: 2}}",
                      "{visits: {weight: 1, target: 4}, calls: {weight: 1, target: 2}}")
    new += ("alerts: {quiet: {silence: visit, horizon: 20d}}\nversion: 2\nrun: {workers: 2, commit_interval: 1s}\n")
    old = CONFIG + "alerts: {fell: {score: s, falls_to: low}}\n"
    card = "reports: {card: {of: [s], every: %s}}\n"
    new, old = new + card % "week", old + card % "month"
    run = against(new, old)
    expect(run, 0)
    for text in ("version 2 of the model against version 1.",
                 "  visits: changed\n    over: 3d -> 9d\n  calls: new\n",
                 "  s: changed\n    dimensions.visits.target: 2 -> 4\n    dimensions.calls.weight: (not given) -> 1\n",
                 "  quiet: new\n  fell: gone\n",
                 "  card: changed\n    every: month -> week\n",
                 "  s: for 6 days, by visits, calls\n",
                 "quiet learns each partner's rhythm from the change on",
                 "told, with cause `config` (run.on_change: tell)",
                 "  run.workers: needs a restart\n  run.commit_interval: by a reload (SIGHUP), or a restart\n"):
        assert text in run.stdout, (text, run.stdout)
    run = against(CONFIG + "version: 2\n", CONFIG)
    expect(run, 0)
    assert ": the same model." in run.stdout and "is answered by the counts that there are" in run.stdout, run.stdout
    run = against(CONFIG, CONFIG, "--quiet")
    expect(run, 0)
    assert not run.stdout


def a_change_that_cannot_follow_has_exit_code_11_and_its_place():
    other = CONFIG.replace("target: 2", "target: 3")
    expect(against(other, CONFIG), 11, "new.yaml:1:1: `version` is 1 and was 1", "write 2 or more")
    expect(against("version: 1\n" + other, CONFIG), 11, "new.yaml:1:1: `version`")
    expect(against("version: 2\n" + CONFIG.replace("trial", "other"), CONFIG), 11,
           "new.yaml:2:1: `program` is trial and cannot become other")
    expect(against("version: 2\n" + CONFIG + "time:\n  zone: Asia/Kolkata\n", CONFIG, "--quiet"), 11,
           "new.yaml:8:3: `time.zone` is UTC and cannot become Asia/Kolkata")
    run = against(other, CONFIG)
    assert "dimensions.visits.target: 2 -> 3" in run.stdout, run.stdout
    expect(engaged("check", "--config", "new.yaml", "--against", "none.yaml"), 2, "none.yaml", "No such file")


def replay_changes_the_model_where_it_is_told_to():
    old = CONFIG.replace("bands:", "tell_every: 1, bands:")
    write("old.yaml", old)
    write("new.yaml", "version: 2\n" + old.replace("target: 2", "target: 4"))
    write("in.jsonl", "".join(event(f"p{i % 2}", START + i, event_id=str(i)) + "\n" for i in range(6)))
    whole = rows(engaged("replay", "--config", "old.yaml", "in.jsonl").stdout)
    for at in range(8):
        run = engaged("replay", "--config", "old.yaml", "--then", "new.yaml", "--at", at, "in.jsonl")
        expect(run, 0)
        told = [row for row in rows(run.stdout) if row["type"] == "score_change"]
        before = [row for row in told if row["model_version"] == 1]
        assert before == [row for row in whole if row["type"] == "score_change"
                          and int(row["id"].rpartition("/o")[2]) < at], (at, told)
        changed = [row for row in told if row["cause"] == "config"]
        assert len(changed) == [0, 1, 2, 2, 2, 2, 2, 0][at], (at, changed)
        assert all(row["id"].endswith("m2") for row in changed), changed
    expect(engaged("replay", "--config", "new.yaml", "--then", "old.yaml", "in.jsonl"), 2, "`version` is 1 and was 2")


def what_the_model_asks_for_and_the_schema_lacks_is_warned_about():
    schema = {"type": "record", "name": "Event", "fields": [
        {"name": "eventId", "type": "string"}, {"name": "org", "type": "string"},
        {"name": "kind", "type": "string"}, {"name": "at", "type": "long"},
        {"name": "amount", "type": ["null", "double"]}]}
    write("event.avsc", json.dumps(schema))
    mapping = "{id: %s, partner: org, action: kind, time: at, value: amount}"
    config = CONFIG + "input: {topic: in, format: avro, schema: event.avsc, fields: " + mapping + "}\n"
    write("good.yaml", config % "eventId")
    run = engaged("check", "--config", "good.yaml")
    expect(run, 0)
    assert "input.fields" not in run.stderr, run.stderr
    write("typo.yaml", config % "eventID")
    run = engaged("check", "--config", "typo.yaml", "--quiet")
    expect(run, 0)
    for word in ("warning: input.fields.id:", '"eventID"', "counted again", "dedup"):
        assert word in run.stderr, run.stderr
    write("off.yaml", "time: {dedup: 0}\n" + config % "eventID")
    assert "input.fields" not in engaged("check", "--config", "off.yaml").stderr


def check_prints_effective_settings_without_secrets():
    write("c.yaml", CONFIG + "input: {topic: in}\nkafka: {client: {sasl.password: \"${env:PASS}\", "
                             "security.protocol: SASL_SSL}}\n")
    run = engaged("check", "--config", "c.yaml", "--print-config", env={**os.environ, "PASS": "hunter2"})
    expect(run, 0)
    assert "hunter2" not in run.stdout + run.stderr
    assert 'sasl.password: "(not shown)"' in run.stdout
    assert 'security.protocol: "SASL_SSL"' in run.stdout
    assert 'listen: "127.0.0.1:8080"' in run.stdout and 'topic: "in"' in run.stdout
    expect(engaged("check", "--config", "c.yaml"), 2, "PASS")


def replay_reads_files_in_order_or_standard_input():
    write("c.yaml", CONFIG)
    first = event("a", START) + "\n"
    second = event("a", START + 1000)          # no newline at the end
    write("1.jsonl", first)
    write("2.jsonl", second)
    write("12.jsonl", first + "\n  \r\n" + second + "\n")
    want = engaged("replay", "--config", "c.yaml", "12.jsonl")
    expect(want, 0)
    assert rows(want.stdout)[-1]["read"] == 2 and rows(want.stdout)[0]["band"] == "high"
    assert engaged("replay", "--config", "c.yaml", "1.jsonl", "2.jsonl").stdout == want.stdout
    assert engaged("replay", "--config", "c.yaml", input=first + second).stdout == want.stdout
    assert engaged("replay", "--config", "c.yaml", "1.jsonl", "-", input=second).stdout == want.stdout
    summary = engaged("replay", "--config", "c.yaml", "--summary", "12.jsonl").stdout
    assert summary == want.stdout.splitlines()[-1] + "\n"


def replay_until_takes_milliseconds_or_a_date():
    write("c.yaml", CONFIG)
    write("e.jsonl", event("a", START) + "\n" + event("a", START + 1) + "\n")
    args = ["replay", "--config", "c.yaml", "e.jsonl", "--until"]
    text = engaged(*args, START + 3 * DAY).stdout
    assert [r.get("cause") for r in rows(text)] == ["event", "expiry", None]
    assert engaged(*args, "2026-01-04T05:30:00+05:30").stdout == text
    assert [r.get("cause") for r in rows(engaged(*args, START + 3 * DAY - 1).stdout)] == ["event", None]


def replay_of_bad_and_late_lines_accounts_for_all_of_them():          # S15, S4
    write("c.yaml", CONFIG)
    lines = [event("a", START + 9 * DAY, event_id="1"), "not json", event("a", START), '{"partner_id": 3}',
             event("a", START + 9 * DAY, event_id="1"), "[" * 5000, "\udcff".encode("utf-8", "surrogateescape"),
             event("a", START + 9 * DAY).replace("visit", "other")]
    data = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    pathlib.Path("e.jsonl").write_bytes(data)
    run = engaged("replay", "--config", "c.yaml", "--dead-letters", "dead.jsonl", "e.jsonl")
    expect(run, 0)
    summary = rows(run.stdout)[-1]
    assert summary["read"] == 8 == sum(summary[k] for k in
                                       ("counted", "duplicate", "late", "future", "bad", "filtered")), summary
    assert (summary["counted"], summary["duplicate"], summary["late"], summary["bad"]) == (1, 1, 1, 4)
    dead = rows(pathlib.Path("dead.jsonl").read_text())
    assert [d["reason"] for d in dead] == ["not-a-json-object", "late", "bad-action", "not-a-json-object",
                                           "not-a-json-object"], dead
    assert [d["record"] for d in dead] == [2, 3, 4, 6, 7] and dead[0]["value"] == "not json"
    assert dead[-1]["value_base64"] == "/w==" and all(d["file"] == "e.jsonl" for d in dead)


def a_line_longer_than_the_limit_is_bad_and_the_next_one_is_read():
    write("c.yaml", CONFIG)
    with open("e.jsonl", "w") as out:
        out.write(event("a", START) + "\n")
        out.write('{"x": "' + "y" * (40 << 20) + '"}\n')
        out.write(event("a", START + 1) + "\n")
    summary = rows(engaged("replay", "--config", "c.yaml", "e.jsonl").stdout)[-1]
    assert (summary["read"], summary["counted"], summary["bad"]) == (3, 2, 1), summary


def partitions_have_a_clock_of_their_own():
    write("c.yaml", CONFIG)
    lines = [event(f"p{i}", START + i * DAY) for i in range(200)]
    write("e.jsonl", "\n".join(lines) + "\n")
    one = rows(engaged("replay", "--config", "c.yaml", "e.jsonl").stdout)
    four = rows(engaged("replay", "--config", "c.yaml", "--partitions", 4, "e.jsonl").stdout)
    assert one[-1]["partners"] == four[-1]["partners"] == 200 and four[-1]["counted"] == 200
    # With one clock every partner's visit has expired by the next one but two; with four it takes longer.
    expiries = [[r["at"] for r in result if r.get("cause") == "expiry"] for result in (one, four)]
    assert expiries[0] != expiries[1] and len(expiries[0]) >= len(expiries[1])


def containers_and_lines_give_the_same_output():
    schema = SOURCE / "schemas" / "partner_action.avsc"
    config = SOURCE / "config" / "engagement.yaml"
    runs = []
    for name, args in (("e.jsonl", []), ("e.avro", ["--format", "avro"])):
        run = engaged("generate", "--partners", 50, "--days", 40, "--seed", 7, "--output", name, *args)
        assert run.returncode == 0, run.stderr
        runs.append(engaged("replay", "--config", config, name))
        expect(runs[-1], 0)
    assert schema.exists() and runs[0].stdout == runs[1].stdout and len(runs[0].stdout) > 1000
    data = pathlib.Path("e.avro").read_bytes()
    both = engaged("replay", "--config", config, "--summary", "e.jsonl", "e.avro")
    assert rows(both.stdout)[-1]["read"] == 2 * rows(runs[0].stdout)[-1]["read"]
    pathlib.Path("cut.avro").write_bytes(data[:-20])
    expect(engaged("replay", "--config", config, "--summary", "cut.avro"), 3, "cut.avro")
    pathlib.Path("broken.avro").write_bytes(data[:len(data) // 2] + b"\xff" * 64 + data[len(data) // 2 + 64:])
    expect(engaged("replay", "--config", config, "--summary", "broken.avro"), 3, "broken.avro")
    pathlib.Path("head.avro").write_bytes(b"Obj\x01\x02\x16avro.schema\x06\"x\"\x00" + b"m" * 16)
    run = engaged("replay", "--config", config, "head.avro")
    assert run.returncode in (2, 3) and "head.avro" in run.stderr, run


def a_missing_input_is_exit_code_3_before_anything_is_printed():
    write("c.yaml", CONFIG)
    write("e.jsonl", event("a", START) + "\n")
    run = engaged("replay", "--config", "c.yaml", "e.jsonl", "none.jsonl")
    expect(run, 3, "none.jsonl", "No such file")
    assert run.stdout == ""
    expect(engaged("replay", "--config", "c.yaml", "."), 3, "is a directory")


def output_that_cannot_be_written_is_exit_code_8():
    write("c.yaml", CONFIG)
    write("e.jsonl", "".join(event(f"p{i % 500}", START + i * 1000) + "\n" for i in range(5000)))
    args = [ENGAGED, "replay", "--config", "c.yaml", "e.jsonl"]
    if os.path.exists("/dev/full"):
        for command in (args, [ENGAGED, "--help"], [ENGAGED, "check", "--config", "c.yaml"]):
            with open("/dev/full", "w") as full:
                run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
            assert run.returncode == 8 and "No space left" in run.stderr, run
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        error = process.stderr.read()
        assert process.wait() == 8 and "Broken pipe" in error, (process.returncode, error)
    run = subprocess.run(args, stdout=None, stderr=subprocess.PIPE, text=True, preexec_fn=lambda: os.close(1))
    assert run.returncode == 8 and "Bad file descriptor" in run.stderr, run
    expect(engaged(*args[1:], "--dead-letters", "no/such/folder"), 8, "no/such/folder")


def memory_that_is_not_there_is_exit_code_7():
    if sanitized():                                  # a sanitizer needs terabytes of address space
        return
    write("c.yaml", CONFIG)
    with open("e.jsonl", "w") as out:
        for i in range(400000):
            out.write(event(f"partner-with-a-long-name-{i}", START + i) + "\n")
    limit = 64 << 20
    run = engaged("replay", "--config", "c.yaml", "--summary", "e.jsonl",
                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    expect(run, 7, "memory")


def sanitized():
    return b"__asan_init" in pathlib.Path(ENGAGED).read_bytes() or \
        b"__tsan_init" in pathlib.Path(ENGAGED).read_bytes()


def run_needs_a_topic():
    write("c.yaml", CONFIG)
    expect_last(engaged("run", "--config", "c.yaml"), 2, "input.topic")


def expect_last(run, code, text):
    assert run.returncode == code, (run.returncode, run.stderr)
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith("engaged run: ") and text in last, run.stderr


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def run_says_when_its_port_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        write("c.yaml", CONFIG + f"input: {{topic: in, format: json}}\nhttp: {{listen: \"127.0.0.1:{port}\"}}\n")
        expect_last(engaged("run", "--config", "c.yaml"), 9, f"127.0.0.1:{port}")


def run_without_a_broker_waits_is_alive_and_stops_when_asked():
    broker, port = free_port(), free_port()
    write("c.yaml", CONFIG + f"input: {{topic: in, format: json}}\nkafka: {{brokers: \"127.0.0.1:{broker}\"}}\n"
                             f"http: {{listen: \"127.0.0.1:{port}\"}}\nrun: {{stop_deadline: 5s}}\n")
    with open("log", "w") as log, \
            subprocess.Popen([ENGAGED, "run", "--config", "c.yaml"], stderr=log) as process:
        try:
            deadline = time.monotonic() + 60
            health = None
            while health is None and process.poll() is None and time.monotonic() < deadline:
                try:
                    health = urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)
                except OSError:
                    time.sleep(0.05)
            assert health is not None, pathlib.Path("log").read_text()
            assert health.status == 200 and json.load(health) == {"alive": True}
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5)
                raise AssertionError("ready without a broker")
            except urllib.error.HTTPError as not_ready:
                assert not_ready.code == 503 and json.load(not_ready)["ready"] is False
            metrics = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
            assert "\nengaged_ready 0\n" in metrics
            process.send_signal(signal.SIGHUP)
            # Two signals that wait at the same time come in any order.
            while "SIGHUP" not in pathlib.Path("log").read_text() and time.monotonic() < deadline:
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        finally:
            if process.poll() is None:
                process.kill()
    log = pathlib.Path("log").read_text()
    assert "SIGHUP: the configuration says what it said before" in log and "SIGTERM" in log, log


def a_second_signal_ends_at_once_with_exit_code_10():
    write("c.yaml", CONFIG + f"input: {{topic: in, format: json}}\nkafka: {{brokers: \"127.0.0.1:{free_port()}\"}}\n"
                             "http: {listen: off}\n")
    with open("log", "w") as log, \
            subprocess.Popen([ENGAGED, "run", "--config", "c.yaml"], stderr=log) as process:
        time.sleep(1 if not sanitized() else 5)          # the workers are asking for the broker by now
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=30)
    assert code == 10, (code, pathlib.Path("log").read_text())


def progress_is_drawn_on_a_terminal_only_and_taken_away_again():
    write("c.yaml", CONFIG)
    with open("e.jsonl", "w") as out:
        for i in range(400000):
            out.write(event(f"p{i % 100}", START + i) + "\n")
    args = [ENGAGED, "replay", "--config", "c.yaml", "--summary", "e.jsonl"]
    assert engaged(*args[1:]).stderr == ""
    ours, theirs = pty.openpty()
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        drawn = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:                               # how Linux says that the other side is closed
                break
            if not piece:
                break
            drawn += piece
        os.close(ours)
        assert rows(process.stdout.read().decode())[-1]["read"] == 400000 and process.wait() == 0
    assert b" events, " in drawn and b" %, " in drawn and drawn.endswith(b"\r\x1b[K"), drawn[-200:]


def main():
    tests = [f for name, f in sorted(globals().items())
             if callable(f) and getattr(f, "__module__", "") == "__main__" and not f.__code__.co_argcount
             and "_" in name and name not in ("free_port",)]
    chosen = [t for t in tests if not sys.argv[1:] or t.__name__ in sys.argv[1:]]
    failed = 0
    here = os.getcwd()
    for test in chosen:
        folder = tempfile.mkdtemp(prefix="engaged-cli-")
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
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
