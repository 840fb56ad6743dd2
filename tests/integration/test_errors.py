#!/usr/bin/env python3
"""What is wrong outside is said once, clearly, and waited for where waiting helps; else the exit code says why.

Broker not there (yet), input topic missing, output topic with another number of partitions, an input topic
that is compacted, no permission, wrong password; and a stop by SIGTERM in the middle of the work.
"""

import time

import harness
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType
from harness import (CHANGES, GROUP, INPUT, Daemon, Progress, check, compare_with_replay, create_topic, end_offsets,
                     generate, say, shipped_config, staged, wait_for, write_config)

EXIT_TOPIC, EXIT_DENIED = 4, 5
FEW = 2_000


def _said(daemon, *words):
    """Log lines with all of the words in them."""
    return [line for line in daemon.log().splitlines() if all(word.lower() in line.lower() for word in words)]


def _finish(context, broker, daemon):
    """The daemon works after all: it takes everything there is, and told it right."""
    Progress(broker).wait_for_ends(end_offsets(broker, INPUT), [daemon])
    daemon.stop()
    compare_with_replay(broker, context.folder, write_config(context.folder, shipped_config(broker.address)))


def _check_exit(daemon, wanted, *words):
    code = daemon.wait_exit()
    check(code == wanted, f"exit code {code}, not {wanted}:\n{daemon.log_tail()}")
    check(_said(daemon, *words), f"no line with {words}:\n{daemon.log_tail()}")


def test_a_broker_that_is_not_there_is_said_once_and_waited_for(context):
    broker = context.broker()
    daemon = Daemon(context.folder, shipped_config(broker.address)).start()
    wait_for("the log to name the broker", lambda: _said(daemon, broker.address), [daemon])
    time.sleep(5)
    lines = _said(daemon, broker.address)
    check(len(lines) <= 2, f"said {len(lines)} times:\n{daemon.log_tail()}")
    check(daemon.get("/healthz")[0] == 200, "not alive while waiting")
    check(daemon.get("/readyz")[0] == 503, "ready without a broker")
    with broker:
        create_topic(broker, INPUT)
        generate(context, broker, INPUT, FEW)
        _finish(context, broker, daemon)


def test_a_missing_input_topic_is_named(context):
    with context.broker() as broker:
        daemon = Daemon(context.folder, shipped_config(broker.address)).start()
        _check_exit(daemon, EXIT_TOPIC, INPUT)


def test_an_output_topic_with_other_partitions_is_refused(context):
    with context.broker() as broker:
        create_topic(broker, INPUT, 4)
        create_topic(broker, CHANGES, 3)
        daemon = Daemon(context.folder, shipped_config(broker.address)).start()
        _check_exit(daemon, EXIT_TOPIC, CHANGES, "3", "4")


def test_a_compacted_input_topic_is_refused(context):
    with context.broker() as broker:
        create_topic(broker, INPUT, 4, **{"cleanup.policy": "compact"})
        daemon = Daemon(context.folder, shipped_config(broker.address)).start()
        _check_exit(daemon, EXIT_TOPIC, INPUT, "compact")


# Permissions.

USER, PASSWORD = "engaged", "not-a-secret-1"

# Permissions that the daemon is first left without, and the word by which it has to name each.
NEEDS = {
    INPUT: (ResourceType.TOPIC, INPUT, AclOperation.READ),
    CHANGES: (ResourceType.TOPIC, CHANGES, AclOperation.WRITE),
    f'group "{GROUP}"': (ResourceType.GROUP, GROUP, AclOperation.READ),
    "transactional": (ResourceType.TRANSACTIONAL_ID, "*", AclOperation.WRITE),
}
ALWAYS = [(ResourceType.TOPIC, topic, operation)
          for topic in (INPUT, CHANGES, harness.DROPS, harness.DEAD, "state")
          for operation in (AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS)
          ] + [(ResourceType.TOPIC, topic, AclOperation.WRITE) for topic in (harness.DROPS, harness.DEAD, "state")
               ] + [(ResourceType.TOPIC, "state", AclOperation.READ)]


def _allow(broker, needs):
    rules = [AclBinding(kind, name, ResourcePatternType.LITERAL, f"User:{USER}", "*", operation,
                        AclPermissionType.ALLOW) for kind, name, operation in needs]
    admin = broker.admin()  # Has to live until the answers are there.
    for future in admin.create_acls(rules).values():
        future.result(60)


def _config(broker, password="${env:ENGAGED_TEST_PASSWORD}"):
    return shipped_config(broker.sasl_address, {
        "kafka": {"instance": "one", "client": {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
                             "sasl.username": USER, "sasl.password": password}}})


def _secured(context):
    return context.broker(users={USER: PASSWORD})


def _daemon(context, broker, name, **config):
    return Daemon(context.folder, _config(broker, **config), name, {"ENGAGED_TEST_PASSWORD": PASSWORD})


def _create_all(broker):
    for topic in (INPUT, CHANGES, harness.DROPS, harness.DEAD):
        create_topic(broker, topic)
    create_topic(broker, "state", **{"cleanup.policy": "compact"})


def test_each_missing_permission_ends_with_its_exit_code_and_name(context):
    """The daemon meets them one after the other, in its own order; each is granted once it has been named."""
    with _secured(context) as broker:
        _create_all(broker)
        generate(context, broker, INPUT, FEW)
        _allow(broker, ALWAYS)
        missing = dict(NEEDS)
        while missing:
            daemon = _daemon(context, broker, f"without-{len(missing)}").start()
            _check_exit(daemon, EXIT_DENIED)
            last = daemon.log().splitlines()[-1]
            named = [word for word in missing if word in last.lower()]
            check(len(named) == 1, f"one of {list(missing)} is missing, and not named:\n{daemon.log_tail()}")
            check(PASSWORD not in daemon.log(), "the password is in the log")
            say(last[:160])
            _allow(broker, [missing.pop(named[0])])
        daemon = _daemon(context, broker, "allowed").start()
        _finish(context, broker, daemon)


def test_a_wrong_password_is_said(context):
    with _secured(context) as broker:
        _create_all(broker)
        daemon = _daemon(context, broker, "wrong", password="something-else").start()
        _check_exit(daemon, EXIT_DENIED, "authentication")
        check("something-else" not in daemon.log(), "the password is in the log")


# A stop.

def test_sigterm_in_the_middle_of_the_work_loses_nothing(context):
    with context.broker() as broker:
        daemon = Daemon(context.folder, shipped_config(broker.address))
        forwarder = staged(context, broker, 100_000, 50_000)
        progress = Progress(broker)
        for stop in range(5):
            before = progress.total()
            forwarder.allow(forwarder.total * (stop + 1) // 6)
            daemon.start()
            progress.wait_past(before, [daemon])
            time.sleep(context.random.uniform(0, 0.3))
            daemon.stop()
            say(f"stop {stop + 1}: {progress.total()} of {forwarder.sent} records committed")
        forwarder.finish()
        daemon.start()
        _finish(context, broker, daemon)


if __name__ == "__main__":
    harness.main(globals())
