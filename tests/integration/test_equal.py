#!/usr/bin/env python3
"""What the daemon tells is what `engaged replay` tells of the same events.

A million generated events over four partitions go through `engaged run`; its outputs, read back by an
independent client with read_committed, are equal to replay of each partition's events as a multiset and
in order (S13: ids too), and every event is accounted for (S15).
"""

import harness
from harness import (DEAD, INPUT, Daemon, Progress, check, compare_with_replay, create_topic, end_offsets, generate,
                     read_topic, shipped_config)


def _run(context, events, changes=None):
    with context.broker() as broker:
        daemon = Daemon(context.folder, shipped_config(broker.address, changes))
        create_topic(broker, INPUT)
        generate(context, broker, INPUT, events)
        ends = end_offsets(broker, INPUT)
        check(sum(ends.values()) == events, f"{events} events generated, but the topic has {ends}")
        daemon.start()
        Progress(broker).wait_for_ends(ends, [daemon])
        check(daemon.sum("engaged_events_total", outcome="counted") > 0, "/metrics counts nothing")
        daemon.stop()
        summaries = compare_with_replay(broker, context.folder, daemon.config_path)
        check(sum(one["read"] for one in summaries.values()) == events, f"replay has read {summaries}")
        check(not any(read_topic(broker, DEAD).values()), "dead letters, though every record is good")


@harness.every_version
def test_the_outputs_of_a_million_events_are_those_of_replay(context):
    """G4."""
    _run(context, 1_000_000)


def test_two_workers_in_one_process_tell_the_same_as_one(context):
    """G4."""
    _run(context, 1_000_000 if context.long else 200_000, {"run": {"workers": 2}})


if __name__ == "__main__":
    harness.main(globals())
