"""What is printed when outputs are not what they should be: how the brokers' logs tell it.

A reader is told what is committed, not who wrote it, in which epoch, and what ended the transaction. The files of the
log say all of that. They are read as they lie on a node's disk (record batches of version 2), so this works on a
cluster that is still up, and after it has ended.
"""

import collections
import datetime
import glob
import os
import struct

from harness import CHANGES, DROPS, decode, read_topic, say, schema
from offsets import TOPIC, commit_of

_HEADER = struct.Struct(">qiibIhiqqqhii")
_LENGTH_BEHIND = 12  # Of a batch, its offset and length not counted.
_COMPRESSED, _TRANSACTIONAL, _CONTROL = 7, 16, 32
AROUND, MOST_LINES = 6, 80
_SCHEMAS = {CHANGES: "score_change", DROPS: "churn_drop"}

Batch = collections.namedtuple("Batch", "first last time pid epoch sequence count transactional marker records")


def _number(data, at):
    """A zigzag number of variable length, and where it ends."""
    value, shift = 0, 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return (value >> 1) ^ -(value & 1), at


def _bytes(data, at):
    length, at = _number(data, at)
    return (None, at) if length < 0 else (data[at:at + length], at + length)


def _records(data, count):
    """(key, value) of each record."""
    at = 0
    for _ in range(count):
        length, at = _number(data, at)
        end = at + length
        _, at = _number(data, at + 1)  # Behind the attributes: time,
        _, at = _number(data, at)  # and offset, both as differences.
        key, at = _bytes(data, at)
        value, at = _bytes(data, at)
        yield key, value
        at = end


def batches(folder):
    """All batches of a partition's log, in order."""
    for path in sorted(glob.glob(os.path.join(folder, "*.log"))):
        with open(path, "rb") as file:
            data = file.read()
        at = 0
        while at + _HEADER.size <= len(data):
            first, length, _, _, _, bits, last, _, time, pid, epoch, sequence, count = _HEADER.unpack_from(data, at)
            end = at + _LENGTH_BEHIND + length
            if length == 0 or end > len(data):
                break
            body = data[at + _HEADER.size:end]
            records = list(_records(body, count)) if not bits & _COMPRESSED else []
            marker = ("ABORT", "COMMIT")[struct.unpack_from(">hh", records[0][0])[1]] if bits & _CONTROL else ""
            yield Batch(first, first + last, time, pid, epoch, sequence, count, bool(bits & _TRANSACTIONAL), marker,
                        records)
            at = end


def _commits(batch, group):
    """The offsets of the group in a batch: (group, topic, partition, offset, metadata)."""
    if batch.marker:  # Its key is of another kind.
        return []
    found = (commit_of(key, value) for key, value in batch.records if key is not None)
    return [one for one in found if one is not None and one[0] == group and one[4]]


def _line(batch, group):
    time = datetime.datetime.fromtimestamp(batch.time / 1000, datetime.timezone.utc).strftime("%H:%M:%S.%f")[:-3]
    text = batch.marker or ", ".join(f"{one[2]}@{one[3]} {' '.join(one[4].split()[1:3])}"
                                     for one in _commits(batch, group))
    return f"  {batch.first}..{batch.last} {time} producer {batch.pid} epoch {batch.epoch} {text}"


def _interesting(found, group):
    """Batches next to a transaction that was aborted, or to a commit whose number is not the next one."""
    marks, numbers = set(), {}
    for at, batch in enumerate(found):
        odd = batch.marker == "ABORT"
        for one in _commits(batch, group):
            number = int(one[4].split()[1])
            odd |= number != numbers.get(one[2], number - 1) + 1
            numbers[one[2]] = number
        if odd:
            marks |= set(range(at - AROUND, at + AROUND + 1))
    return sorted(mark for mark in marks if 0 <= mark < len(found))


def _tell_log(path, group, at_length):
    """False: nothing of the group is in this partition."""
    found = list(batches(path))
    if not any(_commits(batch, group) for batch in found):
        return False
    say(f"{path}: {len(found)} batches" + ("; around what was aborted or is out of order:" if at_length else ""))
    for at in _interesting(found, group)[-MOST_LINES:] if at_length else []:
        print(_line(found[at], group), flush=True)
    return True


def _told_twice(cluster, topic):
    """{partition: offsets} of the records whose id is there more than once."""
    parsed, found = schema(_SCHEMAS[topic]), {}
    for partition, messages in read_topic(cluster, topic).items():
        places = collections.defaultdict(list)
        for message in messages:
            places[decode(parsed, message.value())["id"]].append(message.offset())
        twice = sorted(offset for offsets in places.values() if len(offsets) > 1 for offset in offsets)
        if twice:
            found[partition] = twice
    return found


def _tell_twice(cluster, folder, topic):
    """Prints the batches that records which are there twice came in, and their neighbours."""
    for partition, offsets in _told_twice(cluster, topic).items():
        found = list(batches(os.path.join(folder, f"{topic}-{partition}")))
        marks = set()
        for at, batch in enumerate(found):
            if any(batch.first <= offset <= batch.last for offset in offsets):
                marks |= set(range(at - 2, at + 4))
        say(f"{topic} partition {partition}: {len(offsets)} records with an id that is there twice, in")
        for at in sorted(mark for mark in marks if 0 <= mark < len(found))[-MOST_LINES:]:
            batch = found[at]
            what = "" if batch.marker else f"{batch.count} records from number {batch.sequence} on"
            print(_line(batch, "") + what, flush=True)


def tell(cluster, group, daemons):
    """Prints what the group's commits, and outputs told twice, look like in the first node's logs, and what the
    daemons said of doubts."""
    told, folders = False, [str(node.data) for node in cluster.nodes]
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, f"{TOPIC}-*"))):
            told |= _tell_log(path, group, not told)
    for topic in _SCHEMAS:
        _tell_twice(cluster, folders[0], topic)
    for daemon in daemons:
        lines = [line for line in daemon.log().splitlines()
                 if any(word in line for word in ("doubt", "not committed", "after an abort", "lost", "restored to"))]
        say(f"{daemon.name} said:")
        for line in lines[-MOST_LINES:]:
            print("  " + line, flush=True)
