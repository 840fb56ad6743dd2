"""What the integration tests share: a daemon to start and kill, topics to fill and read, and the
comparison of what the daemon told with what `engaged replay` says of the same events.

Nothing here uses code of the daemon: topics are read by another client (confluent-kafka) with
read_committed, records are decoded by another Avro library (fastavro).

A test file ends with `harness.main(globals())`; run it alone with --help to see the options. Waiting
is bounded by one generous limit that only guards against hanging; nothing is asserted about time.
"""

import argparse
import collections
import copy
import inspect
import io
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import traceback
import urllib.error
import urllib.request

import confluent_kafka
import fastavro
import yaml
from confluent_kafka.admin import NewTopic

import processes
from broker import Broker, free_ports, versions
from cluster import Cluster

SOURCE = os.environ.get("ENGAGED_SOURCE_DIR", os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..")))
TOOLS = os.environ.get("ENGAGED_TOOLS_DIR", os.path.join(SOURCE, "build"))
ENGAGED = os.environ.get("ENGAGED", os.path.join(SOURCE, "build", "release", "engaged"))
GUARD_S = 300

INPUT = "partner-actions"
GROUP = "engaged-test"
CHANGES, DROPS, DEAD = "changes", "drops", "dead"


class Failed(Exception):
    """A guarantee does not hold."""


def say(text):
    print(f"  {text}", flush=True)


def check(condition, text):
    if not condition:
        raise Failed(text)


def wait_for(what, condition, alive=(), poll_s=0.05):
    """Waits until condition() is true and returns its value; a daemon of `alive` that ends meanwhile
    is a failure."""
    deadline = time.monotonic() + GUARD_S
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        for daemon in alive:
            check(daemon.running(), f"{daemon.name} ended while waiting for {what}:\n{daemon.log_tail()}")
        time.sleep(poll_s)
    logs = "\n".join(daemon.log_tail() for daemon in alive)
    raise Failed(f"waited {GUARD_S} s for {what}\n{logs}")


# Configuration.

def merged(base, changes):
    """A deep copy of base with changes laid over it."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def core(config):
    """What config/engagement.yaml has at its heart: the score, its fall, drop and silence. That is what is tested and
    measured; streaks, newcomers, what is almost there and report cards are left out."""
    for name in [name for name in config["alerts"] if name.startswith(("newcomer_", "almost_"))]:
        config["alerts"].pop(name)
    config["measures"].pop("login_streak")
    config["scores"].pop("streak")
    config.pop("reports")
    return config


def shipped_config(address, changes=None):
    """The core of config/engagement.yaml for a test: own topics, no idle ticks unless asked for."""
    with open(os.path.join(SOURCE, "config", "engagement.yaml")) as file:
        base = core(yaml.safe_load(file))
    base = merged(base, {
        "time": {"idle_after": "12h"},
        "input": {"topic": INPUT, "schema": os.path.join(SOURCE, "schemas", "partner_action.avsc")},
        **plumbing(address)})
    return merged(base, changes or {})


def plumbing(address):
    return {
        "kafka": {"brokers": address, "group": GROUP},
        "output": {"score_changes": CHANGES, "churn_drops": DROPS, "dead_letters": DEAD, "state": "state"},
        "http": {"listen": f"127.0.0.1:{free_ports(1)[0]}"},
    }


def write_config(folder, config, name="engaged.yaml"):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        yaml.safe_dump(config, file, sort_keys=False)
    return path


# The daemon.

class Daemon:
    """One `engaged run`. May be started again after it has ended; the log goes on in the same file."""

    def __init__(self, folder, config, name="engaged", environment=None):
        self.name = name
        self.config_path = write_config(folder, config, f"{name}.yaml")
        self.log_path = os.path.join(folder, f"{name}.log")
        self._url = "http://" + config["http"]["listen"]
        self._environment = environment
        self._process = None

    def start(self):
        self._process = processes.start([ENGAGED, "run", "--config", self.config_path], self.log_path,
                                        self._environment)
        return self

    @property
    def pid(self):
        return self._process.pid

    def running(self):
        return self._process is not None and self._process.poll() is None

    def kill(self):
        """kill -9."""
        check(self.running(), f"{self.name} has ended by itself:\n{self.log_tail()}")
        processes.kill(self._process)

    def stop(self):
        """SIGTERM; the exit code has to be 0."""
        check(self.running(), f"{self.name} has ended by itself:\n{self.log_tail()}")
        code = processes.stop(self._process)
        check(code == 0, f"{self.name} ended with {code} after SIGTERM:\n{self.log_tail()}")

    def wait_exit(self):
        """Waits for the daemon to end by itself; the exit code."""
        try:
            self._process.wait(GUARD_S)
        except subprocess.TimeoutExpired:
            raise Failed(f"waited {GUARD_S} s for {self.name} to end\n{self.log_tail()}") from None
        return processes.finish(self._process)

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def log_tail(self):
        return f"--- end of {self.name}'s log:\n{processes.tail(self.log_path, 40)}---"

    def get(self, path, method="GET", headers=None):
        """(status, body) of a GET, or another method; (0, "") when nobody answers."""
        request = urllib.request.Request(self._url + path, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metrics(self):
        """{name: {labels: value}} with labels as a tuple of (name, value), sorted."""
        status, text = self.get("/metrics")
        check(status in (0, 200), f"/metrics: HTTP {status}")
        return parse_metrics(text)

    def sum(self, name, **labels):
        """A metric, summed over all of its series that have these labels."""
        wanted = set(labels.items())
        return sum(value for series, value in self.metrics().get(name, {}).items() if wanted <= set(series))

    def wait_ready(self):
        wait_for("/readyz", lambda: self.get("/readyz")[0] == 200, [self])
        return self


def parse_metrics(text):
    found = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        match = re.fullmatch(r'(\w+)(?:\{(.*)\})? (\S+)', line)
        check(match, f"/metrics: not a sample: {line}")
        labels = tuple(sorted(re.findall(r'(\w+)="([^"]*)"', match[2] or "")))
        found.setdefault(match[1], {})[labels] = float(match[3])
    return found


# Topics.

def create_topic(broker, name, partitions=4, **config):
    admin = broker.admin()  # Has to live until the answer is there.
    admin.list_topics(timeout=30)  # Once it knows the brokers, it lets go of the addresses it was given.
    for future in admin.create_topics([NewTopic(name, partitions, -1, config=config)]).values():
        try:
            future.result(60)
        except confluent_kafka.KafkaException as error:
            # A client that waits in vain asks again, and is told that what it asked for is there.
            if error.args[0].code() != confluent_kafka.KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def end_offsets(broker, topic, isolation="read_committed"):
    """{partition: offset behind the last record that a reader of this isolation can see}."""
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": broker.address, "group.id": "nobody", "isolation.level": isolation, "log_level": 0})

    def ask():
        try:
            metadata = consumer.list_topics(topic, timeout=30).topics[topic]
            places = [confluent_kafka.TopicPartition(topic, partition) for partition in sorted(metadata.partitions)]
            return {place.partition: consumer.get_watermark_offsets(place, timeout=30)[1] for place in places}
        except confluent_kafka.KafkaException:  # A leader that has just changed.
            return None
    try:
        return wait_for(f"the ends of {topic}", ask)
    finally:
        consumer.close()


class Progress:
    """The committed offsets of the daemon's group, asked of the broker itself by a client that never joins.

    An admin client could ask as well, but the one of confluent-kafka 2.16 crashes now and then while the
    broker still looks for the group's coordinator."""

    def __init__(self, broker, topic=INPUT, partitions=4, group=GROUP):
        self._consumer = confluent_kafka.Consumer({
            "bootstrap.servers": broker.address, "group.id": group, "isolation.level": "read_committed",
            "log_level": 0})
        self._places = [confluent_kafka.TopicPartition(topic, partition) for partition in range(partitions)]

    def offsets(self):
        """{partition: next offset}, without those that have none."""
        try:
            found = self._consumer.committed(self._places, timeout=10)
        except confluent_kafka.KafkaException:
            return {}
        return {one.partition: one.offset for one in found if one.offset >= 0}

    def total(self):
        return sum(self.offsets().values())

    def wait_past(self, total, alive):
        return wait_for(f"more than {total} records to be committed", lambda: self.total() > total, alive)

    def wait_on(self, forwarder, alive):
        """Until more is committed than now, or all that has been sent."""
        before = self.total()
        wait_for("more records to be committed", lambda: self.total() > before or before >= forwarder.sent, alive)

    def wait_for_ends(self, ends, alive):
        """Until everything is committed; partitions without a record may have no offset."""
        def done():
            now = self.offsets()
            return all(now.get(partition, 0) == end for partition, end in ends.items())
        wait_for(f"offsets {ends} to be committed", done, alive)


def settled_ends(broker, topic):
    """End offsets, once no transaction is open: one that a killed process has left behind hides what comes after it
    until the broker ends it."""
    deadline = time.monotonic() + GUARD_S
    while (ends := end_offsets(broker, topic)) != end_offsets(broker, topic, "read_uncommitted"):
        check(time.monotonic() < deadline, f"{topic}: a transaction is open since {GUARD_S} s, at {ends}")
        time.sleep(0.2)
    return ends


def read_topic(broker, topic, isolation="read_committed"):
    """{partition: [message, ...]} of everything that is committed now, in order."""
    ends = settled_ends(broker, topic)
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": broker.address, "group.id": "reader", "isolation.level": isolation,
        "enable.partition.eof": True, "enable.auto.commit": False, "log_level": 0,
        "queued.max.messages.kbytes": 262144})
    records = {partition: [] for partition in ends}
    consumer.assign([confluent_kafka.TopicPartition(topic, p, 0) for p in ends])
    open_partitions = {partition for partition, end in ends.items() if end > 0}
    deadline = time.monotonic() + GUARD_S
    while open_partitions:
        check(time.monotonic() < deadline, f"{topic}: waited {GUARD_S} s to read up to {ends}")
        for message in consumer.consume(10000, 0.1):
            error = message.error()
            if error is None:
                records[message.partition()].append(message)
            elif error.code() == confluent_kafka.KafkaError._PARTITION_EOF:
                if message.offset() >= ends[message.partition()]:
                    open_partitions.discard(message.partition())
            else:
                raise Failed(f"{topic}: {error}")
    consumer.close()
    return records


class Sender:
    """A plain producer that keeps order and gives back what could not be sent as a failure."""

    def __init__(self, broker):
        self._failures = []
        self._producer = confluent_kafka.Producer({
            "bootstrap.servers": broker.address, "enable.idempotence": True, "linger.ms": 5, "compression.type": "lz4",
            "partitioner": "murmur2_random", "queue.buffering.max.messages": 500000, "log_level": 0})

    def _delivered(self, error, _message):
        if error is not None:
            self._failures.append(str(error))

    def send(self, topic, value, key=None, partition=-1, headers=None):
        while True:
            try:
                self._producer.produce(topic, value, key, partition, headers=headers or [],
                                       on_delivery=self._delivered)
                break
            except BufferError:
                self._producer.poll(0.05)
        self._producer.poll(0)

    def flush(self):
        left = self._producer.flush(GUARD_S)
        check(not left and not self._failures, f"{left} records not sent; {self._failures[:3]}")


class Forwarder:
    """Copies records into the input topic at a pace, on a thread of its own, partition for partition.

    allow(n) lets it go on until n records have been sent. Each partition keeps its order."""

    def __init__(self, broker, records, per_second):
        self._sender = Sender(broker)
        self._queue = interleaved(records)
        self._per_second = per_second
        self._allowed = 0
        self._stopped = False
        self.sent = 0
        self.total = len(self._queue)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def allow(self, count):
        self._allowed = min(count, self.total)

    def allow_more(self, count):
        self.allow(self._allowed + count)

    def finish(self):
        """Sends all that is left and waits for it."""
        self.allow(self.total)
        self._thread.join(GUARD_S)
        check(self.sent == self.total, f"only {self.sent} of {self.total} records were sent")
        self._sender.flush()

    def _run(self):
        step = max(1, self._per_second // 50)
        while self.sent < self.total:
            for partition, key, value, headers in self._queue[self.sent:min(self.sent + step, self._allowed)]:
                self._sender.send(INPUT, value, key, partition, headers)
                self.sent += 1
            time.sleep(0.02)


def interleaved(records):
    """Messages of all partitions as (partition, key, value, headers), evenly mixed, each partition in its order."""
    places = [((index + 0.5) / len(messages), partition, message)
              for partition, messages in records.items() for index, message in enumerate(messages)]
    places.sort(key=lambda place: place[:2])
    return [(partition, message.key(), message.value(), message.headers()) for _, partition, message in places]


# Events.

def _generate(context, events, arguments):
    """Events of 120 days that end well in the past, by the seed of the test."""
    command = [ENGAGED, "generate", "--events", events, "--partners", max(100, events // 50), "--days", 120,
               "--start", "2025-01-01", "--seed", context.seed, *arguments]
    log = os.path.join(context.folder, "generate.log")
    code = processes.finish(processes.start(command, log))
    check(code == 0, f"{' '.join(map(str, command))}: exit {code}\n{processes.tail(log)}")


def generate(context, broker, topic, events):
    """Generated events into a topic, keyed by partner."""
    _generate(context, events, ["--format", "avro", "--topic", topic, "--brokers", broker.address])


def staged(context, broker, events, per_second):
    """The input topic, and generated events that a forwarder will send to it when it is let."""
    create_topic(broker, "staging")
    create_topic(broker, INPUT)
    generate(context, broker, "staging", events)
    return Forwarder(broker, read_topic(broker, "staging"), per_second)


def generate_lines(context, events):
    """Generated events as JSON lines."""
    path = os.path.join(context.folder, "generated.jsonl")
    _generate(context, events, ["--output", path])
    with open(path) as file:
        return file.read().splitlines()


# Avro, by another library.

def _plain(schema):
    """A schema without logical types, so that times stay integers."""
    if isinstance(schema, dict):
        return {key: _plain(value) for key, value in schema.items() if key != "logicalType"}
    return [_plain(part) for part in schema] if isinstance(schema, list) else schema


def schema(name):
    with open(os.path.join(SOURCE, "schemas", f"{name}.avsc")) as file:
        return fastavro.parse_schema(_plain(json.load(file)))


def decode(parsed, body):
    stream = io.BytesIO(body)
    value = fastavro.schemaless_reader(stream, parsed, None)
    check(stream.tell() == len(body), f"{len(body) - stream.tell()} bytes behind a record")
    return value


def encode(parsed, event):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, parsed, event)
    return out.getvalue()


def write_container(path, bodies, schema_text):
    """An Avro container of bodies that are encoded already, untouched."""
    sync = b"engaged-tests-16"
    with open(path, "wb") as file:
        file.write(b"Obj\x01" + _long(2) + _bytes(b"avro.schema") + _bytes(schema_text.encode())
                   + _bytes(b"avro.codec") + _bytes(b"null") + _long(0) + sync)
        for start in range(0, len(bodies), 5000):
            block = bodies[start:start + 5000]
            data = b"".join(block)
            file.write(_long(len(block)) + _long(len(data)) + data + sync)


def _long(value):
    zigzag = (value << 1) ^ (value >> 63)
    out = bytearray()
    while zigzag > 127:
        out.append(zigzag & 127 | 128)
        zigzag >>= 7
    out.append(zigzag)
    return bytes(out)


def _bytes(data):
    return _long(len(data)) + data


# Replay, and the comparison with it.

def replay_kinds(folder, config_path, file, until=None, more=()):
    """What `engaged replay`, with more options, tells of a file, by its type."""
    out = os.path.join(folder, "replay.out")
    if os.path.exists(out):
        os.remove(out)
    command = [ENGAGED, "replay", "--config", config_path] + (["--until", until] if until is not None else [])
    command += [*map(str, more), file]
    child = processes.start(command, (out, out + ".err"))
    code = processes.finish(child)
    check(code == 0, f"{' '.join(map(str, command))}: exit {code}\n{processes.tail(out + '.err')}")
    # What groups are of one partition alone is nobody's matter.
    told = {"score_change": [], "churn_drop": [], "abuse_flag": [], "digest": [], "group_result": [], "board": [],
            "summary": []}
    with open(out) as lines:
        for line in lines:
            effect = json.loads(line)
            told[effect.pop("type")].append(effect)
    check(len(told["summary"]) == 1, "replay printed no summary, or more than one")
    return told


def replay(folder, config_path, file, until=None, more=()):
    """([score changes], [churn drops], summary) of replay_kinds()."""
    told = replay_kinds(folder, config_path, file, until, more)
    return told["score_change"], told["churn_drop"], told["summary"][0]


def records_file(folder, records):
    """A file with the records of one partition, whose Avro bodies are taken as they are."""
    with open(os.path.join(SOURCE, "schemas", "partner_action.avsc")) as file:
        schema_text = file.read()
    path = os.path.join(folder, "replay.avro")
    write_container(path, [message.value() for message in records], schema_text)
    return path


def replay_records(folder, config_path, records, until=None, more=()):
    """replay() for the records of one partition."""
    return replay(folder, config_path, records_file(folder, records), until, more)


_SOURCE_IN_ID = re.compile(r"/o[^/:]*:(\d+)$")


def _without_nulls(value):
    """As JSON has it: what does not apply is left out, at any depth."""
    if isinstance(value, dict):
        return {key: _without_nulls(part) for key, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value


def told_by_daemon(broker, topic, name):
    """{partition: [effect, ...]} of an output topic, in the form that replay prints: decoded, nulls
    left out, ids without the part that names the input. Checks what is the same for every output
    record: its key and its CloudEvents headers."""
    parsed = schema(name)
    told = {}
    for partition, messages in read_topic(broker, topic).items():
        told[partition] = []
        for message in messages:
            effect = _without_nulls(decode(parsed, message.value()))
            headers = dict(message.headers() or [])
            key = effect["budget" if name == "digest" else "partner_id"]
            check(message.key() == key.encode(), f"{topic}: key {message.key()} of {effect}")
            check(headers.get("ce_id") == effect["id"].encode(), f"{topic}: ce_id {headers.get('ce_id')} of {effect}")
            effect["id"] = _SOURCE_IN_ID.sub(r"/o\1", effect["id"])
            told[partition].append(effect)
    return told


def _frozen(value):
    """Something hashable that is equal when the values are; 1 and 1.0 are equal."""
    if isinstance(value, dict):
        return tuple(sorted((key, _frozen(part)) for key, part in value.items()))
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _without(effects, others):
    """Those of effects that are not among others, each counted."""
    left = collections.Counter(_frozen(effect) for effect in others)
    rest = []
    for effect in effects:
        key = _frozen(effect)
        if left[key]:
            left[key] -= 1
        else:
            rest.append(effect)
    return rest


def compare(what, got, wanted):
    """Equal as a multiset (no effect lost, none told twice), and in the same order."""
    if got == wanted:
        return
    missing, extra = _without(wanted, got), _without(got, wanted)
    check(not missing and not extra,
          f"{what}: {len(got)} told, {len(wanted)} by replay; {len(missing)} missing, {len(extra)} too many\n"
          + "".join(f"    missing: {effect}\n" for effect in missing[:3])
          + "".join(f"    too many: {effect}\n" for effect in extra[:3]))
    for index, (one, other) in enumerate(zip(got, wanted)):
        check(one == other, f"{what}: number {index} out of order\n    told: {one}\n    replay: {other}")


def compare_with_replay(broker, folder, config_path, replayed=None, topics=(CHANGES, DROPS)):
    """Every partition's outputs against replay of that partition's input, read back. `replayed` turns
    the records of a partition into what replay says of them. Returns the summaries by partition."""
    replayed = replayed or (lambda partition, records: replay_records(folder, config_path, records))
    changes = told_by_daemon(broker, topics[0], "score_change")
    drops = told_by_daemon(broker, topics[1], "churn_drop")
    summaries, total = {}, 0
    for partition, records in read_topic(broker, INPUT).items():
        check(all(record.offset() == index for index, record in enumerate(records)),
              f"partition {partition}: the input's offsets have gaps, replay would number them otherwise")
        wanted_changes, wanted_drops, summaries[partition] = replayed(partition, records)
        compare(f"score changes of partition {partition}", changes[partition], wanted_changes)
        compare(f"churn drops of partition {partition}", drops[partition], wanted_drops)
        total += len(wanted_changes) + len(wanted_drops)
    check(total > 0, "replay told nothing: the test would prove nothing")
    say(f"equal to replay: {sum(len(told) for told in changes.values())} score changes, "
        f"{sum(len(told) for told in drops.values())} churn drops")
    return summaries


# Running tests.

class Context:
    """What a test function gets."""

    def __init__(self, options, kafka):
        self.long = options.long
        self.seed = options.seed
        self.random = random.Random(options.seed)
        self.kafka = kafka
        self.folder = processes.folder("test")

    def broker(self, **options):
        return Broker(TOOLS, self.kafka, **options)

    def cluster(self, **options):
        return Cluster(TOOLS, self.kafka, **options)


def every_version(test):
    """Marks a test that runs on the oldest and the newest Kafka; in the short form others run on the newest."""
    test.every_version = True
    return test


def only_long(test):
    """Marks a test that has no short form."""
    test.only_long = True
    return test


def _options(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", default=bool(os.environ.get("ENGAGED_LONG")),
                        help="the long form (also by ENGAGED_LONG=1)")
    parser.add_argument("--seed", type=int, default=os.environ.get("ENGAGED_SEED"),
                        help="repeat a run (also by ENGAGED_SEED; default: another one each time)")
    parser.add_argument("--kafka", default=None, help="only this version of Kafka")
    parser.add_argument("--only", default="", help="only tests whose name has this in it")
    parser.add_argument("--keep", action="store_true", help="keep the files of the test")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = int.from_bytes(os.urandom(4), "big")
    return options


def _run(test, options, kafka):
    title = f"{test.__name__[5:].replace('_', ' ')} (kafka {kafka})"
    print(f"== {title}", flush=True)
    began = time.monotonic()
    try:
        test(Context(options, kafka))
    except Exception as error:  # The next test runs all the same.
        if not isinstance(error, Failed):
            traceback.print_exc()
        print(f"FAILED {title}: {error}", flush=True)
        return False
    print(f"passed {title}, {time.monotonic() - began:.1f} s", flush=True)
    return True


def main(names):
    """Runs every test_* function of a module; ends the process."""
    options = _options(names["__doc__"])
    if not os.access(ENGAGED, os.X_OK):
        raise SystemExit(f"{ENGAGED} is not there: build it, or name it by ENGAGED")
    print(f"seed {options.seed} ({'long' if options.long else 'short'} form)", flush=True)
    there = versions(TOOLS)
    failed = 0
    for name, test in list(names.items()):
        if not (name.startswith("test_") and inspect.isfunction(test) and options.only in name):
            continue
        if getattr(test, "only_long", False) and not options.long:
            continue
        every = options.long or getattr(test, "every_version", False)
        for kafka in [options.kafka] if options.kafka else there if every else there[-1:]:
            failed += not _run(test, options, kafka)
    if options.keep:
        processes.keep_folders()
    sys.exit(1 if failed else 0)
