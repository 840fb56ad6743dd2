"""A real Apache Kafka for one test: KRaft, broker and controller in one process, on free ports of
127.0.0.1, with a folder of its own.

The jars come from tools/setup (build/kafka/<version>). A broker object chooses its ports when it is
made, so that a client can be pointed at a broker which is not there yet. Used as a context, it is
started on the way in and gone on the way out, whatever happened in between.

With `users`, a second listener speaks SASL/PLAIN, permissions are enforced (StandardAuthorizer), and
whoever comes by the first listener may do everything.
"""

import os
import random
import shutil
import socket
import time

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

import processes

# What makes a lone broker quick to start and to move groups; guarantees are left alone.
PROPERTIES = {
    "auto.create.topics.enable": "false",
    "controlled.shutdown.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "initial.broker.registration.timeout.ms": "300000",  # On a busy machine that takes more than a minute.
    "log.cleaner.dedupe.buffer.size": "4194304",
    "log.retention.ms": "-1",  # Records carry the time of the event, which is long ago.
    "log.segment.bytes": "1073741824",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
}
READY_S = 300
_PORTS = 12_000, 32_000
_choice = random.SystemRandom()  # Not by the seed of the test: two tests that run at once would choose the same.
CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg"


def versions(tools_dir):
    """The versions that tools/setup has fetched, oldest first."""
    folder = os.path.join(tools_dir, "kafka")
    found = os.listdir(folder) if os.path.isdir(folder) else []
    complete = [v for v in found if os.path.exists(os.path.join(folder, v, ".complete"))]
    if not complete:
        raise SystemExit(f"no Kafka in {folder}: run tools/setup")
    return sorted(complete, key=lambda version: [int(part) for part in version.split(".")])


def _is_free(port):
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_ports(count):
    """Ports of 127.0.0.1 that nobody listens on now. Not those that the system gives to connections: one of these
    may be taken between now and the moment when somebody listens on it."""
    ports = set()
    while len(ports) < count:
        port = _choice.randrange(*_PORTS)
        if _is_free(port):
            ports.add(port)
    return list(ports)


def archive(tools_dir, version):
    """Where the archive of a version's classes is, if there is one (see archive.py)."""
    return os.path.join(tools_dir, "kafka", version, "classes.jsa")


# The quick one of Java's two compilers is enough for a broker that lives for a minute.
BRIEF = ("-XX:TieredStopAtLevel=1",)


def java(tools_dir, version, heap, *arguments, options=BRIEF):
    """The command for a program of Kafka's."""
    jars, classes = os.path.join(tools_dir, "kafka", version, "*"), archive(tools_dir, version)
    if os.path.exists(classes):
        options = [*options, f"-XX:SharedArchiveFile={classes}"]
    return ["java", f"-Xmx{heap}", f"-Xms{heap}", "-XX:+UseSerialGC", *options,
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", jars, *arguments]


def write_properties(path, properties):
    with open(path, "w") as file:
        file.writelines(f"{key}={value}\n" for key, value in properties.items())


class Broker:
    def __init__(self, tools_dir, version, users=None, properties=None, heap="768m", java_options=BRIEF):
        self.version = version
        self.users = users or {}
        self._tools_dir = tools_dir
        self._extra = properties or {}
        self._heap = heap
        self._java_options = java_options
        self._folder = processes.folder(f"kafka-{version}")
        self._log = os.path.join(self._folder, "broker.log")
        self._process = None
        self._formatted = False
        plain, controller, sasl = free_ports(3)
        self._controller = f"127.0.0.1:{controller}"
        self.address = f"127.0.0.1:{plain}"
        self.sasl_address = f"127.0.0.1:{sasl}"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        """Formats the storage the first time; returns once the broker answers."""
        began = time.monotonic()
        if not self._formatted:
            self._write_properties()
            self._run_to_end("kafka.tools.StorageTool", "format", "--cluster-id",
                             CLUSTER_ID, "--config", self._path("server.properties"))
            self._formatted = True
        command = self._java("kafka.Kafka", self._path("server.properties"), options=self._java_options)
        self._process = processes.start(command, self._log)
        self._wait_until_ready()
        print(f"kafka {self.version}: ready after {time.monotonic() - began:.1f} s", flush=True)

    def stop(self):
        if self._process is not None:
            processes.kill(self._process)
            self._process = None

    def end(self):
        """SIGTERM: it ends by itself."""
        processes.stop(self._process)
        self._process = None

    def admin(self):
        return AdminClient({"bootstrap.servers": self.address, "log_level": 0})

    def _path(self, name):
        return os.path.join(self._folder, name)

    def _java(self, *arguments, options=BRIEF):
        return java(self._tools_dir, self.version, self._heap, *arguments, options=options)

    def _run_to_end(self, *arguments):
        child = processes.start(self._java(*arguments), self._log)
        if processes.finish(child) != 0:
            raise RuntimeError(f"{arguments[0]} failed:\n{processes.tail(self._log)}")

    def _write_properties(self):
        properties = {
            **PROPERTIES,
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{self._controller}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{self._controller}",
            "listener.security.protocol.map":
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT",
            "log.dirs": self._path("data"),
            **self._sasl_properties(),
            **self._extra,
        }
        write_properties(self._path("server.properties"), properties)

    def _sasl_properties(self):
        if not self.users:
            return {}
        login = "org.apache.kafka.common.security.plain.PlainLoginModule required " + " ".join(
            f'user_{user}="{password}"' for user, password in self.users.items()) + ";"
        return {
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{self._controller},"
                         f"SASL://{self.sasl_address}",
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.sasl.plain.sasl.jaas.config": login,
            "authorizer.class.name":
                "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }

    def _wait_until_ready(self):
        deadline = time.monotonic() + READY_S
        admin = self.admin()
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                if admin.list_topics(timeout=1).brokers:
                    return
            except KafkaException:
                time.sleep(0.1)
        raise RuntimeError(f"kafka {self.version} does not answer:\n{processes.tail(self._log)}")
