"""The offsets of a group as the broker keeps them: every commit in its order, not only the last one.

Asking now and then for the committed offset sees few of the commits. The log of the coordinator
(`__consumer_offsets`) has them all. What a transaction has committed to it can be read as any other topic, with
read_committed; what was appended but aborted as well, with read_uncommitted.
"""

import struct

import harness
from harness import check, say

TOPIC = "__consumer_offsets"
_OFFSET_KEYS = (0, 1)


def _text(data, at):
    """A string with a length of two bytes before it, and where it ends."""
    length, = struct.unpack_from(">h", data, at)
    return data[at + 2:at + 2 + length].decode(), at + 2 + length


def _compact_text(data, at):
    """A string with its length and one as a variable number before it."""
    length, shift = 0, 0
    while True:
        length |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return data[at:at + length - 1].decode()


def commit_of(key, value):
    """(group, topic, partition, offset, metadata), or None: a record of something else, or of a deletion."""
    if value is None or struct.unpack_from(">h", key)[0] not in _OFFSET_KEYS:
        return None
    group, at = _text(key, 2)
    topic, at = _text(key, at)
    partition, = struct.unpack_from(">i", key, at)
    version, offset = struct.unpack_from(">hq", value)
    metadata = _compact_text(value, 14) if version >= 4 else _text(value, 14 if version == 3 else 10)[0]
    return group, topic, partition, offset, metadata


def commits(broker, group, topic, isolation="read_committed"):
    """{partition: [(offset, metadata), ...]} in the order of the log."""
    found = {}
    for messages in harness.read_topic(broker, TOPIC, isolation).values():
        for message in messages:
            one = commit_of(message.key(), message.value())
            if one is not None and one[:2] == (group, topic):
                found.setdefault(one[2], []).append(one[3:])
    return found


def _sequence(metadata):
    """The commit's number in the life of its partition (docs/state-topic.md)."""
    return int(metadata.split()[1])


def check_only_forward(broker, group, topic):
    """No committed offset is smaller than one before it, and each commit is the next one of its partition. One may be
    there twice, when its request was sent twice in its own transaction."""
    count = 0
    for partition, history in commits(broker, group, topic).items():
        for (before, old), (after, new) in zip(history, history[1:]):
            check((after, new) == (before, old) or (after >= before and _sequence(new) > _sequence(old)),
                  f"partition {partition}: a commit of {after} ({new}) follows one of {before} ({old})")
        count += len(set(history))
    check(count > 0, f"no commits of group {group}")
    say(f"{count} commits of offsets, each ahead of the one before")
