#!/usr/bin/env python3
"""What a restart makes of the state topic: it reads again no more than the recovery target, goes on as if it had
never stopped, and refuses what does not fit, with the reason and a way out that works.
"""

import json
import os
import re
import subprocess
import urllib.parse

import confluent_kafka

import harness
from harness import (ENGAGED, INPUT, Daemon, Progress, check, compare_with_replay, create_topic, end_offsets, generate,
                     read_topic, say, shipped_config, wait_for, write_config)

PARTITIONS = 4
TARGET = 5_000


TOKEN = os.environ["ERASE_TOKEN"] = "a-token-that-is-not-in-any-log"


def _config(broker, records=TARGET):
    return shipped_config(broker.address, {
        "kafka": {"instance": "one", "consumer": {"session.timeout.ms": 6000}},
        "http": {"erase_token": "${env:ERASE_TOKEN}"},
        "recovery": {"records": records}})


def _daemon(context, broker, records=TARGET):
    return Daemon(context.folder, _config(broker, records))


def _state(daemon, word, *more):
    """(exit code, what it said) of `engaged state`."""
    command = [ENGAGED, "state", word, "--config", daemon.config_path, *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=harness.GUARD_S)
    return done.returncode, done.stdout + done.stderr


def _read_again(log):
    """Offsets that the newest start has read again, by its log."""
    newest = log.rpartition("program engagement")[2]
    found = [int(count) for count in re.findall(r"restoring: \d+ partners from pages, re-reading (\d+)", newest)]
    check(len(found) == PARTITIONS, f"{len(found)} partitions were restored")
    return sum(found)


def _needs_input(daemon):
    """A partition of which a start would read some offsets again, as `state verify` says."""
    code, said = _state(daemon, "verify")
    found = re.findall(r"partition (\d+): .* a start reads (\d+) offsets again", said)
    check(code == 0 and len(found) == PARTITIONS, f"verify: {code}: {said}")
    return next(int(partition) for partition, count in found if int(count) > 1)


def _changes_by(broker, version):
    """How many changes of scores this version of the model has made by coming into force."""
    told = harness.read_topic(broker, harness.CHANGES)
    return sum(dict(message.headers())["ce_id"].endswith(f"/m{version}".encode())
               for messages in told.values() for message in messages)


def _fill(context, broker, events):
    create_topic(broker, INPUT)
    generate(context, broker, INPUT, events)


def _work_off(broker, daemon):
    daemon.start()
    Progress(broker).wait_for_ends(end_offsets(broker, INPUT), [daemon])


def _delete_topic(broker, name):
    admin = broker.admin()  # Has to live until the answer is there.
    for future in admin.delete_topics([name]).values():
        future.result(60)


def _delete_input(broker, partition, offset):
    """Takes the records of a partition before an offset away, as retention does."""
    admin = broker.admin()
    for future in admin.delete_records([confluent_kafka.TopicPartition(INPUT, partition, offset)]).values():
        future.result(60)


def _expect_refusal(daemon, text, wanted=6):
    """The daemon ends by itself, saying this; so does `state verify`."""
    daemon.start()
    code = daemon.wait_exit()
    check(code == wanted, f"exit code {code}\n{daemon.log_tail()}")
    check(text in daemon.log(), f"not said: {text}\n{daemon.log_tail()}")
    code, said = _state(daemon, "verify")
    check(code == wanted and text in said, f"verify: {code}: {said}")


def _rebuild(daemon):
    code, said = _state(daemon, "rebuild")
    check(code == 0, f"rebuild: {code}: {said}")
    say(said.strip())


def test_a_restart_reads_no_more_again_than_the_recovery_target(context):
    """G12."""
    with context.broker() as broker:
        daemon = _daemon(context, broker)
        _fill(context, broker, 200_000)
        _work_off(broker, daemon)
        daemon.kill()
        code, said = _state(daemon, "verify")
        check(code == 0 and said.count("partners in pages") == PARTITIONS, f"verify: {code}: {said}")
        daemon.start().wait_ready()
        again = _read_again(daemon.log())
        check(again <= PARTITIONS * 3 * TARGET, f"{again} offsets read again")
        code, said = _state(daemon, "rebuild", "--wait", "0s")
        check(code == 9 and "has members" in said, f"rebuild beside a daemon: {code}: {said}")
        daemon.stop()
        daemon.start().wait_ready()
        left = _read_again(daemon.log())
        check(left == 0, f"{left} offsets read again after a graceful stop")
        say(f"read again: {again} after kill -9, {left} after a graceful stop")
        daemon.stop()
        compare_with_replay(broker, context.folder, daemon.config_path)


def test_state_that_does_not_fit_is_refused_and_can_be_made_anew(context):
    """G5."""
    events = 60_000
    with context.broker() as broker:
        daemon = _daemon(context, broker, 1_000_000)  # No page is written but at a graceful stop.
        _fill(context, broker, events)
        _work_off(broker, daemon)
        daemon.kill()
        compare_with_replay(broker, context.folder, daemon.config_path)
        partition = _needs_input(daemon)
        _delete_input(broker, partition, end_offsets(broker, INPUT)[partition] - 1)
        _expect_refusal(daemon, "retention")
        _rebuild(daemon)
        daemon.start().wait_ready()
        read = daemon.sum("engaged_records_read_total")
        check(read == events, f"{read} records read, by the counters")
        daemon.stop()
        _delete_topic(broker, "state")
        _expect_refusal(daemon, "the state topic ends with 0")
        _rebuild(daemon)
        daemon.start().wait_ready()
        daemon.stop()


def test_another_version_of_the_model_takes_effect_without_reading_again(context):
    """G10."""
    events = 60_000
    with context.broker() as broker:
        config = _config(broker)
        daemon = Daemon(context.folder, config)
        _fill(context, broker, events)
        _work_off(broker, daemon)
        daemon.kill()

        def change(version, weight):
            write_config(context.folder, harness.merged(config, {
                "version": version, "scores": {"engagement": {"dimensions": {"logins": {"weight": weight}}}}}))

        for version, weight in (2, 60), (3, 5):
            change(version, weight)
            daemon.start().wait_ready()
            wait_for(f"version {version}", lambda v=version: _changes_by(broker, v) > 0, [daemon])
            said = daemon.log().count(f"version {version} of the model follows on")
            check(said == PARTITIONS, f"{said} partitions went over to version {version}")
            again = _read_again(daemon.log())
            check(again <= PARTITIONS * 3 * TARGET, f"{again} offsets read again")
            read = daemon.sum("engaged_records_read_total")
            check(read == events, f"{read} records read, by the counters")
            daemon.kill()
        say(f"{_changes_by(broker, 2)} scores changed by version 2, {_changes_by(broker, 3)} by version 3")
        change(2, 60)
        _expect_refusal(daemon, "greater version than 3", 2)


def test_who_was_erased_stays_so_after_kill_9(context):
    """G11."""
    with context.broker() as broker:
        daemon = _daemon(context, broker)
        _fill(context, broker, 20_000)
        _work_off(broker, daemon)
        daemon.wait_ready()
        partner = read_topic(broker, INPUT)[0][0].key().decode()
        path = "/partners/" + urllib.parse.quote(partner, safe="")
        check(daemon.get(path)[0] == 200, f"{partner} is not known")
        check(daemon.get(path, "DELETE")[0] == 401, "it was erased without the token")
        code, said = daemon.get(path, "DELETE", {"Authorization": f"Bearer {TOKEN}"})
        check(code == 202, f"DELETE: {code}: {said}")
        check(daemon.get(path)[0] == 404, "it is known after it was erased")
        receipts = harness.wait_for("the receipt", lambda: read_topic(broker, INPUT + ".erasures")[0], [daemon])
        check(json.loads(receipts[0].value())["partner_hash"] == json.loads(said)["partner_hash"], said)
        check(partner.encode() not in receipts[0].value() + receipts[0].key(), f"{partner} is in the receipt")
        daemon.kill()
        daemon.start().wait_ready()
        check(daemon.get(path)[0] == 404, "it is known again after a restart")
        daemon.stop()
        code, said = _state(daemon, "verify")
        check(code == 0, f"verify: {code}: {said}")
        check(TOKEN not in daemon.log(), "the token is in the log")


if __name__ == "__main__":
    harness.main(globals())
