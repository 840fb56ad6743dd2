#!/usr/bin/env python3
"""The model broker of the simulation answers as a real one does.

A random script of what transactional producers, readers and members of a group may do (docs/simulation.md) is
run step by step on both: on the model (build/release/tests/sim/sim_script) and, by librdkafka, on a real Kafka.
Each step's answer has to be the same: its class (ok, fenced, refused, unstable), records seen and their offsets,
committed offsets with their texts, last stable offset and high watermark. What comes a moment later on the real
broker, as markers do, is waited for.

The short form runs one script on the newest Kafka, the long form fifty on each.
"""

import os
import random
import subprocess
import time

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

import harness
from harness import check, say

SCRIPT = os.path.join(os.path.dirname(harness.ENGAGED), "tests", "sim", "sim_script")
PARTITIONS, IDS, MEMBERS = 4, 3, 3
STEPS, LONG_STEPS, LONG_SCRIPTS = 60, 120, 50
SETTLE_S, UNSTABLE_S = 10, 0.5
FENCED = {KafkaError._FENCED, KafkaError._FATAL, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED}


class Model:
    """The model broker, in a process of its own."""

    def __init__(self, seed):
        self._process = subprocess.Popen([SCRIPT, str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def answer(self, step):
        self._process.stdin.write(" ".join(str(word) for word in step) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        check(line, f"sim_script has ended in {step}")
        return line.strip()

    def close(self):
        self._process.stdin.close()
        check(self._process.wait() == 0, f"sim_script: exit code {self._process.returncode}")


def _class_of(error):
    """The class of a failure, as the model names it."""
    if error.code() in FENCED or error.fatal():
        return "fenced"
    if error.txn_requires_abort():
        return "refused"
    raise KafkaException(error)


class Real:
    """The same steps by librdkafka."""

    def __init__(self, broker, number):
        self._broker, self._name = broker, f"model-{number}"
        self._admin = AdminClient({"bootstrap.servers": broker.address, "log_level": 0})
        self._topic, self._input = f"{self._name}-log", f"{self._name}-in"
        for topic in (self._topic, self._input):
            harness.create_topic(broker, topic, PARTITIONS)
        self._producers, self._begun, self._members, self._kept = {}, set(), {}, {}
        self._reader = Consumer(self._of_group() | {"group.id": f"{self._name}-reader"})
        self._asker = Consumer(self._of_group())

    def _of_group(self):
        return {"bootstrap.servers": self._broker.address, "group.id": self._name, "enable.auto.commit": False,
                "auto.offset.reset": "earliest", "isolation.level": "read_committed", "session.timeout.ms": 30000,
                "heartbeat.interval.ms": 100, "partition.assignment.strategy": "range", "enable.partition.eof": True,
                "log_level": 0}

    def answer(self, step, expected):
        """Waits a while for what is expected, where it may come later."""
        function = getattr(self, f"_{step[0]}")
        deadline = time.monotonic() + SETTLE_S
        while True:
            answer = function(*step[1:])
            late = step[0] in ("ends", "read", "committed") and answer != expected
            if not late or time.monotonic() > deadline:
                return answer
            time.sleep(0.02)

    def _open(self, n, producer_id):
        self._producers[n] = producer = Producer({
            "bootstrap.servers": self._broker.address, "transactional.id": f"{self._name}-{producer_id}",
            "transaction.timeout.ms": 300000, "linger.ms": 0, "log_level": 0})
        producer.init_transactions(30)
        return "ok"

    def _begin(self, n):
        producer = self._producers[n]
        if n not in self._begun:
            producer.begin_transaction()
            self._begun.add(n)
        return producer

    def _produce(self, n, partition, key):
        errors = []
        try:
            producer = self._begin(n)
            producer.produce(self._topic, key=key, partition=partition, on_delivery=lambda e, _: errors.append(e))
            producer.flush(30)
        except KafkaException as error:
            return _class_of(error.args[0])
        except SystemError as error:  # A fatal error that came up while it called on_delivery.
            return _class_of(error.__cause__.args[0])
        check(errors, f"no delivery report of {key}")
        return "ok" if errors[0] is None else _class_of(errors[0])

    def _send_offsets(self, n, metadata, partition, offset, text):
        try:
            self._begin(n).send_offsets_to_transaction(
                [TopicPartition(self._input, partition, offset, metadata=text)], metadata, 30)
            return "ok"
        except KafkaException as error:
            return _class_of(error.args[0])

    def _offsets(self, n, member, *rest):
        return self._send_offsets(n, self._members[member].consumer_group_metadata(), *rest)

    def _stale(self, n, member, *rest):
        return self._send_offsets(n, self._kept[member], *rest)

    def _end(self, n, function):
        try:
            function(self._producers[n])
        except KafkaException as error:
            return _class_of(error.args[0])
        self._begun.discard(n)
        return "ok"

    def _commit(self, n):
        return self._end(n, lambda producer: producer.commit_transaction(30))

    def _abort(self, n):
        return self._end(n, lambda producer: producer.abort_transaction(30))

    def _let_group_rest(self):
        """Until every partition is somebody's, and stays so for some heartbeats."""
        since, deadline = None, time.monotonic() + 60
        while self._members and (since is None or time.monotonic() - since < 0.5):
            for member in self._members.values():
                member.poll(0.02)
            shares = [[part.partition for part in member.assignment()] for member in self._members.values()]
            settled = sorted(sum(shares, [])) == list(range(PARTITIONS)) and all(shares)
            since = (since or time.monotonic()) if settled else None
            check(time.monotonic() < deadline, f"the group does not come to rest: {shares}")
        return "ok"

    def _join(self, member):
        self._members[member] = Consumer(self._of_group())
        self._members[member].subscribe([self._input])
        return self._let_group_rest()

    def _leave(self, member):
        self._members.pop(member).close()
        return self._let_group_rest()

    def _keep(self, member):
        self._kept[member] = self._members[member].consumer_group_metadata()
        return "ok"

    def _end_of(self, partition, isolation):
        part = TopicPartition(self._topic, partition)
        futures = self._admin.list_offsets({part: OffsetSpec.latest()}, isolation_level=isolation)
        return futures[part].result().offset

    def _ends(self, partition):
        return " ".join(str(self._end_of(partition, level)) for level in
                        (IsolationLevel.READ_COMMITTED, IsolationLevel.READ_UNCOMMITTED))

    def _read(self, partition):
        self._reader.assign([TopicPartition(self._topic, partition, 0)])
        seen = ["read"]
        while True:
            message = self._reader.poll(10)
            check(message is not None, f"the end of partition {partition} does not come")
            if message.error() is not None:
                check(message.error().code() == KafkaError._PARTITION_EOF, str(message.error()))
                return " ".join(seen)
            seen.append(f"{message.key().decode()}@{message.offset()}")

    def _committed(self, partition):
        try:
            found = self._asker.committed([TopicPartition(self._input, partition)], UNSTABLE_S)[0]
        except KafkaException as error:  # A coordinator that is not ready yet is asked again.
            unstable = error.args[0].code() in (KafkaError._TIMED_OUT, KafkaError.UNSTABLE_OFFSET_COMMIT)
            return "unstable" if unstable else str(error)
        if found.error is not None:
            return "unstable" if found.error.code() == KafkaError.UNSTABLE_OFFSET_COMMIT else str(found.error)
        return f"{max(found.offset, -1)} {found.metadata or '-'}"

    def close(self):
        for consumer in (*self._members.values(), self._reader, self._asker):
            consumer.close()


class Script:
    """Draws steps that a client may take, given what the last ones were answered."""

    def __init__(self, chance):
        self._chance = chance
        self._count = 0
        self.live, self.dead, self.open, self.broken = {}, [], set(), set()
        self.members, self.kept = set(), set()

    def next(self):
        steps = [self._open, self._produce, self._produce, self._offsets, self._end, self._end, self._look, self._look,
                 self._look, self._member, self._old]
        step = None
        while step is None:
            step = self._chance.choice(steps)()
        self._count += 1
        return step

    def _partition(self):
        return self._chance.randrange(PARTITIONS)

    def _producer(self):
        return self._chance.choice(sorted(self.live.values())) if self.live else None

    def _open(self):
        """A new producer of an id: the one before is killed or fenced, whatever it was doing."""
        if len(self.live) == IDS and self._chance.random() < 0.6:
            return None
        return ("open", self._count, self._chance.randrange(IDS))

    def _produce(self):
        n = self._producer()
        return None if n is None or n in self.broken else ("produce", n, self._partition(), f"k{self._count}")

    def _offsets(self):
        n = self._producer()
        old = self.kept and self._chance.random() < 0.3
        of = self.kept if old else self.members
        if n is None or n in self.broken or not of:
            return None
        return ("stale" if old else "offsets", n, self._chance.choice(sorted(of)), self._partition(), self._count,
                f"t{self._count}")

    def _end(self):
        n = self._producer()
        if n not in self.open:
            return None
        return ("abort" if n in self.broken or self._chance.random() < 0.3 else "commit", n)

    def _old(self):
        """One that was fenced tries once more."""
        if not self.dead or self.dead[-1] in self.broken:
            return None
        n = self.dead.pop()
        return ("commit", n) if n in self.open else ("produce", n, self._partition(), "never")

    def _look(self):
        return (self._chance.choice(["ends", "read", "committed"]), self._partition())

    def _member(self):
        member = self._chance.randrange(MEMBERS)
        if member not in self.members:
            return ("join", member)
        return (self._chance.choice(["keep", "keep", "leave"]), member)

    def take(self, step, answer):
        """What follows from the answer for the steps to come."""
        name, who = step[0], step[1]
        if name == "open":
            if step[2] in self.live:
                self.dead.append(self.live[step[2]])
            self.live[step[2]] = who
        elif name in ("produce", "offsets", "stale"):
            self.open.add(who)
            if answer == "refused":
                self.broken.add(who)
        elif name in ("commit", "abort"):
            self.open.discard(who)
            self.broken.discard(who)
        elif name == "join":
            self.members.add(who)
        elif name == "leave":
            self.members.discard(who)
        elif name == "keep":
            self.kept.add(who)


def _run_script(broker, number, seed, steps=LONG_STEPS):
    """One script on both; the first answer that differs is a failure, told with all that came before."""
    script, model, real = Script(random.Random(seed)), Model(seed % 1000), Real(broker, number)
    told, classes = [], set()
    for _ in range(steps):
        step = script.next()
        expected = model.answer(step)
        answer = real.answer(step, expected)
        told.append(f"{' '.join(str(word) for word in step)}: {expected}")
        check(answer == expected, "\n".join([f"script {seed}: the real broker says \"{answer}\" in the last step of"] +
                                            told))
        script.take(step, answer)
        classes.add((step[0], answer.split()[0] if answer.split()[0].isalpha() else "number"))
    model.close()
    real.close()
    return classes


def _run_scripts(context, count, steps):
    began, classes = time.monotonic(), set()
    with context.broker() as broker:
        for number in range(count):
            classes |= _run_script(broker, number, context.seed + number, steps)
    say(f"{count} scripts of {steps} steps, the same on both, in {time.monotonic() - began:.1f} s; seen: " +
        ", ".join(sorted(f"{name} {answer}" for name, answer in classes)))


def test_the_model_broker_answers_as_a_real_one_does(context):
    _run_scripts(context, *((LONG_SCRIPTS, LONG_STEPS) if context.long else (1, STEPS)))


if __name__ == "__main__":
    harness.main(globals())
