#!/usr/bin/env python3
"""SIGHUP: a running daemon reads its file again.

Under load the model changes where the journal says it did, and what is told is what replay tells with the change
there; after a kill -9 too. A file that cannot be taken up leaves everything as it was. Processes of a group that read
their files one after the other do not stop one another.
"""

import os
import re
import signal
import struct
import subprocess

import confluent_kafka
import harness
from harness import (ENGAGED, INPUT, Daemon, Progress, check, compare_with_replay, create_topic, end_offsets,
                     free_ports, generate, merged, read_topic, replay_records, say, shipped_config, staged, wait_for,
                     write_config)

PARTITIONS = 4
PER_SECOND = 20_000
QUICK = {"consumer": {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500},
         "producer": {"transaction.timeout.ms": 5000, "message.timeout.ms": 4000, "socket.timeout.ms": 4000}}
# Other weights, a window that was shorter before, an action that nobody has counted, and another alert.
SECOND = {
    "version": 2,
    "measures": {"logins": {"count": "platform.login", "over": "40d"},
                 "quizzes": {"count": "training.*", "over": "30d"}},
    "scores": {"engagement": {"dimensions": {"logins": {"weight": 60}, "quizzes": {"weight": 20, "target": 3}}}},
    "run": {"commit_interval": "50ms"},
}


def _config(broker, **changes):
    return shipped_config(broker.address, {"kafka": QUICK, "recovery": {"records": 5000}, **changes})


def _reload(daemon, config):
    write_config(os.path.dirname(daemon.config_path), config, os.path.basename(daemon.config_path))
    os.kill(daemon.pid, signal.SIGHUP)


def _result(daemon, result):
    return daemon.sum("engaged_config_reloads_total", result=result)


def _versions(daemon):
    """Versions of the model that are in force in its partitions, smallest first."""
    return sorted(daemon.metrics().get("engaged_model_version", {}).values())


def _change_points(broker, version):
    """{partition: offset} where the journal says that a version came into force."""
    points = {}
    for partition, messages in read_topic(broker, "state").items():
        for message in messages:
            if not message.key().startswith(b"journal/"):
                continue
            (count,) = struct.unpack_from(">I", message.value(), 4)
            for entry in range(count):
                kind, offset, what = struct.unpack_from(">BQQ", message.value(), 16 + 17 * entry)
                if kind == 4 and what == version:
                    check(partition not in points, f"partition {partition}: version {version} came twice")
                    points[partition] = offset
    return points


def _compare(context, broker, first, second):
    """What was told, with what replay tells when the model changes where the journal says."""
    points = _change_points(broker, 2)
    check(len(points) == PARTITIONS, f"version 2 came into force at {points}")
    old = write_config(context.folder, first, "first.yaml")
    new = write_config(context.folder, second, "second.yaml")

    def replayed(partition, records):
        return replay_records(context.folder, old, records, more=["--then", new, "--at", points[partition]])

    compare_with_replay(broker, context.folder, old, replayed)
    return points


def test_another_model_under_load_is_told_as_replay_tells_it(context):
    """G10."""
    with context.broker() as broker:
        first = _config(broker, run={"workers": 2})
        second = merged(first, SECOND)
        forwarder = staged(context, broker, 120_000, PER_SECOND)
        progress = Progress(broker)
        daemon = Daemon(context.folder, first).start()
        forwarder.allow(60_000)
        progress.wait_past(30_000, [daemon])
        _reload(daemon, second)
        wait_for("version 2 in every partition", lambda: _versions(daemon) == [2.0] * PARTITIONS, [daemon])
        forwarder.allow(90_000)
        progress.wait_past(80_000, [daemon])
        check(_result(daemon, "accepted") == 1, daemon.log_tail())
        check("settings=run.commit_interval" in daemon.log(), daemon.log_tail())
        daemon.kill()
        daemon.start()
        forwarder.finish()
        progress.wait_for_ends(end_offsets(broker, INPUT), [daemon])
        daemon.stop()
        points = _compare(context, broker, first, second)
        check(all(0 < offset < end for offset, end in zip(points.values(), end_offsets(broker, INPUT).values())),
              f"the change was not under load: {points}")
        check("pages" in daemon.log().rpartition("program engagement")[2], "the restart made the state anew")


def test_a_file_that_cannot_be_taken_up_leaves_everything_as_it_was(context):
    with context.broker() as broker:
        config = _config(broker)
        forwarder = staged(context, broker, 60_000, PER_SECOND)
        daemon = Daemon(context.folder, config).start()
        forwarder.allow(20_000)
        Progress(broker).wait_past(10_000, [daemon])
        refusals = [
            (merged(config, {"scores": {"engagement": {"dimensions": {"logins": {"weight": 60}}}}}),
             "`version` is 1 and was 1"),
            (merged(config, {"version": 2, "input": {"topic": "other"}}), "input.topic needs a restart"),
            (merged(config, {"version": 2, "time": {"zone": "Asia/Kolkata"}}), "`time.zone` is UTC and cannot become"),
            (merged(config, {"version": 2, "scores": {"engagement": {"margin": "much"}}}), "margin"),
        ]
        for number, (wrong, said) in enumerate(refusals, 1):
            _reload(daemon, wrong)
            wait_for("the refusal", lambda n=number: _result(daemon, "refused") == n, [daemon])
            check(said in daemon.log(), f"not said: {said}\n{daemon.log_tail()}")
            check(daemon.sum("engaged_config_reload_success") == 0, "it looks as if all were well")
            check(re.search(r"engaged\.yaml:\d+:\d+: ", daemon.log()), daemon.log_tail())
        check(said in daemon.get("/")[1], "the status page does not tell of the refusal")
        _reload(daemon, config)
        wait_for("all to be well", lambda: daemon.sum("engaged_config_reload_success") == 1, [daemon])
        check(_result(daemon, "unchanged") == 1, daemon.log_tail())
        forwarder.finish()
        Progress(broker).wait_for_ends(end_offsets(broker, INPUT), [daemon])
        check(daemon.sum("engaged_config_model_version") == 1, "another version of the model")
        check(_versions(daemon) == [1.0] * PARTITIONS, f"{_versions(daemon)}")
        daemon.stop()
        check(not _change_points(broker, 2), "the model has changed")
        compare_with_replay(broker, context.folder, daemon.config_path)


def test_processes_that_read_their_files_one_after_the_other_do_not_stop_one_another(context):
    with context.broker() as broker:
        first = _config(broker)
        other = merged(first, {"http": {"listen": f"127.0.0.1:{free_ports(1)[0]}"}})
        one, two = Daemon(context.folder, first, "one"), Daemon(context.folder, other, "two")
        forwarder = staged(context, broker, 80_000, PER_SECOND)
        progress = Progress(broker)
        one.start()
        two.start()
        forwarder.allow(30_000)
        owned = "engaged_assigned_partitions"
        wait_for("both to have partitions", lambda: one.sum(owned) == 2 == two.sum(owned), [one, two])
        progress.wait_past(15_000, [one, two])
        _reload(one, merged(first, SECOND))
        wait_for("version 2 in one process", lambda: _versions(one) == [2.0, 2.0], [one, two])
        one.stop()
        # The other has the older model: what it was given waits, and what it had goes on.
        wait_for("two partitions to wait", lambda: two.get("/readyz")[1].count('"phase":"outdated"') == 2, [two])
        check(_versions(two) == [1.0, 1.0], f"{_versions(two)}")
        check("waits until this process has read a newer configuration" in two.log(), two.log_tail())
        forwarder.allow(60_000)
        progress.wait_past(progress.total() + 10_000, [two])
        # A third one with the older file does not even join.
        third = Daemon(context.folder, merged(other, {"http": {"listen": "off"}}), "three").start()
        code = third.wait_exit()
        check(code == 2 and "greater version than 2" in third.log(), third.log_tail())
        check("joining" not in third.log(), third.log_tail())
        # Once the file is there it is read without being asked for.
        write_config(context.folder, merged(other, SECOND), "two.yaml")
        wait_for("version 2 everywhere", lambda: _versions(two) == [2.0] * PARTITIONS, [two])
        two.wait_ready()
        check(_result(two, "accepted") == 1, two.log_tail())
        forwarder.finish()
        progress.wait_for_ends(end_offsets(broker, INPUT), [two])
        two.stop()
        _compare(context, broker, first, merged(first, SECOND))


def _rebuild(daemon, *more):
    command = [ENGAGED, "state", "rebuild", "--config", daemon.config_path, *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=harness.GUARD_S)
    return done.returncode, done.stdout + done.stderr


def test_a_measure_that_nobody_has_counted_is_filled_by_reading_the_input_again(context):
    with context.broker() as broker:
        first = _config(broker)
        second = merged(first, SECOND)
        daemon = Daemon(context.folder, first)
        create_topic(broker, INPUT)
        generate(context, broker, INPUT, 40_000)
        daemon.start()
        Progress(broker).wait_for_ends(end_offsets(broker, INPUT), [daemon])
        _reload(daemon, second)
        wait_for("version 2 in every partition", lambda: _versions(daemon) == [2.0] * PARTITIONS, [daemon])
        daemon.wait_ready()
        partner = read_topic(broker, INPUT)[0][0].key().decode()
        check('"provisional":true' in daemon.get(f"/partners/{partner}")[1], "it is not provisional after the change")
        daemon.stop()
        told = sum(end_offsets(broker, harness.CHANGES).values())
        code, said = _rebuild(daemon, "--measure", "quizes")
        check(code == 2 and "no measure 'quizes'" in said, f"{code}: {said}")
        code, said = _rebuild(daemon, "--measure", "invoices")
        check(code == 0 and said.count("invoices is known from 2025-") == PARTITIONS and "nothing was done" in said,
              f"{code}: {said}")
        code, said = _rebuild(daemon, "--measure", "quizzes")
        say(said.strip())
        check(code == 0 and said.count("is provisional until 2025-") == PARTITIONS and "The next start" in said,
              f"{code}: {said}")
        daemon.start().wait_ready()
        check('"provisional":true' not in daemon.get(f"/partners/{partner}")[1], "it is still provisional")
        read = daemon.sum("engaged_records_read_total")
        check(read == 40_000, f"{read} records read, by the counters")
        check(sum(end_offsets(broker, harness.CHANGES).values()) == told, "the rebuild has told something")
        daemon.stop()
        code, said = _rebuild(daemon, "--measure", "quizzes")
        check(code == 0 and "nothing was done" in said, f"{code}: {said}")
        # What retention has taken cannot be read again, and is not given up for the sake of one measure.
        third = merged(second, {"version": 3, "measures": {"badges": {"count": "badge.*", "over": "30d"}},
                                "scores": {"engagement": {"dimensions": {"badges": {"weight": 1, "target": 3}}}}})
        daemon.start().wait_ready()
        _reload(daemon, third)
        wait_for("version 3 in every partition", lambda: _versions(daemon) == [3.0] * PARTITIONS, [daemon])
        daemon.stop()
        admin = broker.admin()  # Has to live until the answer is there.
        for future in admin.delete_records([confluent_kafka.TopicPartition(INPUT, 0, 100)]).values():
            future.result(60)
        code, said = _rebuild(daemon, "--measure", "badges")
        check(code == 4 and "lose what they know of 100 offsets" in said, f"{code}: {said}")
        daemon.start().wait_ready()
        daemon.stop()


if __name__ == "__main__":
    harness.main(globals())
