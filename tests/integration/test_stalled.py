#!/usr/bin/env python3
"""What does not get on is named, whatever stands still, and a stop comes to an end all the same.

A broker that takes requests and never answers is the worst: connections stay open and nothing fails. Nothing of
this fits into the short form, since it is about half minutes.
"""

import os
import signal
import time

import confluent_kafka

import harness
from harness import GROUP, INPUT, Sender, check, only_long, say, wait_for
from proxy import TO_CLIENT
from stage import Stage

EXITS_STOPPED, EXIT_UNAVAILABLE = (0, 10), 9
STOP_S = 30 + 5 + 15  # run.stop_deadline, what is given beyond it, and a slow machine.


def _goes_on(stage, cluster):
    """All is well again; those that have ended are started, as a supervisor would."""
    cluster.pass_on()
    for daemon in stage.daemons:
        if not daemon.running():
            daemon.start()
    stage.wait_for_progress()


@only_long
def test_a_coordinator_that_never_answers_is_named_and_nothing_is_lost(context):
    """G14: librdkafka may wait for it for ever: then the process ends. Or it knows that it has lost its place."""
    said = ("does not come back from", "no share of the partitions", "stalled:")
    with context.cluster() as cluster:
        stage = Stage(context, cluster, 4)
        for _ in range(2):
            stage.more_load()
            stage.wait_for_progress()
            lengths = [len(daemon.log()) for daemon in stage.daemons]
            cluster.group_coordinator(GROUP).proxy.stall(TO_CLIENT)
            stage.trace("the group's coordinator does not answer any more")
            for daemon, length in zip(stage.daemons, lengths):
                wait_for(f"{daemon.name} to say so", lambda: any(text in daemon.log()[length:] for text in said))
            time.sleep(50)
            for daemon in stage.daemons:
                if not daemon.running():
                    code = daemon.wait_exit()
                    check(code == EXIT_UNAVAILABLE, f"{daemon.name}: exit code {code}\n{daemon.log_tail()}")
                    stage.trace(f"{daemon.name} has ended: {daemon.log().splitlines()[-1]}")
            _goes_on(stage, cluster)
        stage.finish()


@only_long
def test_a_stop_comes_to_an_end_while_no_broker_answers(context):
    with context.cluster() as cluster:
        stage = Stage(context, cluster, 6)
        for turn in range(3):
            stage.more_load()
            stage.wait_for_progress()
            (cluster.stall if turn < 2 else cluster.group_coordinator(GROUP).proxy.stall)(TO_CLIENT)
            time.sleep(context.random.uniform(0, 8))
            began = time.monotonic()
            for daemon in stage.daemons:
                os.kill(daemon.pid, signal.SIGTERM)
            codes = [daemon.wait_exit() for daemon in stage.daemons]
            took = time.monotonic() - began
            stage.trace(f"stopped with {codes} after {took:.1f} s")
            check(all(code in EXITS_STOPPED for code in codes), f"exit codes {codes}")
            check(took < STOP_S, f"the stop took {took:.1f} s")
            _goes_on(stage, cluster)
        stage.finish()


@only_long
def test_an_open_transaction_in_the_input_that_holds_it_back_is_named(context):
    with context.broker() as broker:
        harness.create_topic(broker, INPUT)
        daemon = harness.Daemon(context.folder, harness.shipped_config(broker.address)).start().wait_ready()
        stranger = confluent_kafka.Producer({
            "bootstrap.servers": broker.address, "transactional.id": "stranger", "transaction.timeout.ms": 120_000,
            "log_level": 0})
        stranger.init_transactions(30)
        stranger.begin_transaction()
        stranger.produce(INPUT, b"held back", partition=1)
        stranger.flush()
        sender = Sender(broker)
        sender.send(INPUT, b"behind it", partition=1)
        sender.flush()
        wait_for("it to be named", lambda: "partition=1 stalled" in daemon.log(), [daemon])
        check("transaction is open in it" in daemon.log(), f"not named:\n{daemon.log_tail()}")
        wait_for("the metric to say so", lambda: daemon.sum("engaged_stalled") == 1, [daemon])
        stranger.abort_transaction()
        wait_for("it to get on", lambda: "partition=1 gets on again" in daemon.log(), [daemon])
        wait_for("the metric to take it back", lambda: daemon.sum("engaged_stalled") == 0, [daemon])
        say("held back by an open transaction: named, and taken back")
        daemon.stop()


if __name__ == "__main__":
    harness.main(globals())
