#!/usr/bin/env python3
"""Whatever breaks, outputs are those of an uninterrupted run.

Two daemons work on a topic of a cluster of three nodes while events keep coming. Processes are killed or frozen,
nodes and coordinators die and come back, disks are full, the network is slow, stands still or is cut, requests arrive
after their time, members of the group come and go. Afterwards every output is equal to replay of its partition's
events: nothing lost, nothing told twice, all in order; no committed offset has ever gone back; and there is a dead
letter for each record that had to be refused.

The short form does each once or a few times. The long form (--long) adds a test of each alone, many times.
What is done when comes from the seed, which is printed and can be given by --seed or ENGAGED_SEED; what the
machine makes of it is not the same each time.
"""

import harness
from harness import only_long
from stage import Stage


DISK_MEGABYTES = 500
LONG_MS = 30_000  # Nodes come back within some seconds; a busy machine needs more.


def _run(context, names, storms=0, joins=0, settings=None):
    """Breaks what is named, in that order, and lets `storms` storms of members pass at the end."""
    with context.cluster(disk_megabytes=DISK_MEGABYTES) as cluster:
        stage = Stage(context, cluster, len(names) + storms, settings)
        for name in names:
            getattr(stage, f"break_{name}")()
        for _ in range(storms):
            stage.storm(joins)
        stage.finish()


def test_whatever_breaks_nothing_is_lost_or_told_twice(context):
    """G2, G3, G4, G16."""
    names = ["daemon"] * 5 + ["by_delay", "by_stall", "by_stall", "by_cut", "node", "coordinators", "by_freezing",
             "disk", "by_late_offsets", "by_late_end", "by_any_late"]
    names *= 4 if context.long else 1
    context.random.shuffle(names)
    _run(context, names, 1, 20 if context.long else 5)


@only_long
def test_a_hundred_kills_of_the_process_change_nothing(context):
    _run(context, ["daemon"] * 100)


@only_long
def test_nodes_and_coordinators_that_die_and_come_back_change_nothing(context):
    names = ["node"] * 10 + ["coordinators"] * 15
    context.random.shuffle(names)
    _run(context, names)


@only_long
def test_disks_that_are_full_change_nothing(context):
    _run(context, ["disk", "two_disks"] * 5)


@only_long
def test_a_process_that_wakes_up_behind_its_time_writes_nothing(context):
    """G6."""
    _run(context, ["by_freezing"] * 20)


@only_long
def test_a_network_that_is_slow_or_stands_still_or_is_cut_changes_nothing(context):
    names = ["by_delay"] * 10 + ["by_stall"] * 35 + ["by_cut"] * 15
    context.random.shuffle(names)
    _run(context, names)


@only_long
def test_a_request_that_arrives_in_a_later_transaction_is_refused_or_changes_nothing(context):
    """G7."""
    names = ["by_late_offsets", "by_late_end", "by_any_late"] * 10
    context.random.shuffle(names)
    _run(context, names)


def test_a_commit_that_only_its_dying_coordinator_knows_of_is_not_torn(context):
    """G7. As long as there is a coordinator again before the transaction times out."""
    _run(context, ["half_commit"] * (12 if context.long else 3),
         settings={"kafka": {"producer": {"transaction.timeout.ms": LONG_MS}}})


@only_long
def test_members_that_come_and_go_all_the_time_change_nothing(context):
    _run(context, [], 5, 20)


if __name__ == "__main__":
    harness.main(globals())
