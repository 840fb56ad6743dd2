"""Three nodes of Kafka for one test: each a process of its own, broker and controller, on free ports of
127.0.0.1. Everything is kept three times and written twice before it is acknowledged, so that any one node
may fail at any time.

A node has two listeners for clients. The tests' own clients and the other nodes use DIRECT; the daemon uses
CLIENT, which is advertised as the address of a proxy (see proxy.py) that stands before the node.
"""

import pathlib
import shutil
import time

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

import processes
from broker import CLUSTER_ID, PROPERTIES, READY_S, free_ports, java, write_properties
from disk import Disk
from proxy import Network, Proxy

NODES = 3

# A node that has died is missed after three seconds.
_PROPERTIES = {
    **PROPERTIES,
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "replica.lag.time.max.ms": "5000",
    "transaction.state.log.min.isr": "2",
    "transaction.state.log.replication.factor": "3",
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "DIRECT",
    "listener.security.protocol.map": "DIRECT:PLAINTEXT,CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
}


def java_hash(text):
    """String.hashCode(), as Kafka uses it to find a coordinator: never negative."""
    value = 0
    for char in text:
        value = (value * 31 + ord(char)) & 0xFFFFFFFF
    return value & 0x7FFFFFFF


class Node:
    """One process. It may be killed and started again; its files stay."""

    def __init__(self, cluster, number, ports, voters):
        self.number = number
        self._cluster = cluster
        self._direct, self.client_port, self._controller = ports
        self.folder = cluster.folder / str(number)
        self.data = self.folder / "data"
        self.log = self.folder / "broker.log"
        self._voters = voters
        self._process = None
        self.proxy = Proxy(cluster.network, self.client_port)
        self.address = f"127.0.0.1:{self._direct}"
        self.client_address = f"127.0.0.1:{self.proxy.port}"
        self.data.mkdir(parents=True)
        self.disk = Disk(self.data, cluster.disk_megabytes) if cluster.disk_megabytes else None

    def _configuration(self):
        return str(self.folder / "server.properties")

    def write_properties(self):
        names = {"DIRECT": self._direct, "CLIENT": self.client_port, "CONTROLLER": self._controller}
        write_properties(self._configuration(), {
            **_PROPERTIES,
            "node.id": self.number,
            "controller.quorum.voters": self._voters,
            "listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in names.items()),
            "advertised.listeners": f"DIRECT://{self.address},CLIENT://{self.client_address}",
            "log.dirs": self.data,
        })

    def begin_format(self):
        return processes.start(self._cluster.java("kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID,
                                                  "--config", self._configuration()), self.log)

    def start(self):
        self._process = processes.start(self._cluster.java("kafka.Kafka", self._configuration()), self.log)

    def running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    def kill(self):
        """kill -9."""
        if self._process is not None:
            processes.kill(self._process)
        self._process = None


class Cluster:
    """With disk_megabytes, each node has a disk of its own, of that size."""

    def __init__(self, tools_dir, version, disk_megabytes=0, heap="384m"):
        self.version = version
        self.disk_megabytes = disk_megabytes
        self._tools_dir = tools_dir
        self._heap = heap
        self.folder = pathlib.Path(processes.folder(f"cluster-{version}"))
        self.network = Network()
        ports = free_ports(3 * NODES)
        voters = ",".join(f"{n + 1}@127.0.0.1:{ports[3 * n + 2]}" for n in range(NODES))
        self.nodes = [Node(self, n + 1, ports[3 * n:3 * n + 3], voters) for n in range(NODES)]
        self.address = ",".join(node.address for node in self.nodes)
        self.client_address = ",".join(node.client_address for node in self.nodes)

    def __enter__(self):
        began = time.monotonic()
        for node in self.nodes:
            node.write_properties()
        for child in [node.begin_format() for node in self.nodes]:
            if processes.finish(child) != 0:
                raise RuntimeError("a node's storage cannot be formatted:\n" + self.tails())
        for node in self.nodes:
            node.start()
        self.wait_whole()
        print(f"kafka {self.version}: {NODES} nodes ready after {time.monotonic() - began:.1f} s", flush=True)
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            node.kill()
            if node.disk is not None:
                node.disk.remove()
        self.network.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def java(self, *arguments):
        return java(self._tools_dir, self.version, self._heap, *arguments)

    def admin(self):
        return AdminClient({"bootstrap.servers": self.address, "log_level": 0})

    def tails(self):
        return "".join(f"--- end of node {node.number}'s log:\n{processes.tail(node.log)}" for node in self.nodes)

    def _metadata(self):
        try:
            return self.admin().list_topics(timeout=2)
        except KafkaException:
            return None

    def _is_whole(self):
        metadata = self._metadata()
        return metadata is not None and len(metadata.brokers) == NODES and all(
            len(partition.isrs) == len(partition.replicas)
            for topic in metadata.topics.values() for partition in topic.partitions.values())

    def wait_whole(self):
        """Until every node is there and every replica is in sync."""
        deadline = time.monotonic() + READY_S
        while not self._is_whole():
            if time.monotonic() > deadline:
                raise RuntimeError(f"kafka {self.version}: not whole after {READY_S} s\n{self.tails()}")
            time.sleep(0.2)

    def leader(self, topic, partition):
        """The node that leads a partition now; None: none does."""
        metadata = self._metadata()
        found = metadata.topics.get(topic) if metadata is not None else None
        number = found.partitions[partition].leader if found and partition in found.partitions else -1
        return self.nodes[number - 1] if number > 0 else None

    def node_at(self, port):
        """The node whose clients come in by this port."""
        return next(node for node in self.nodes if node.client_port == port)

    def group_coordinator(self, group):
        return self.leader("__consumer_offsets", java_hash(group) % int(PROPERTIES["offsets.topic.num.partitions"]))

    def transaction_coordinator(self, transactional_id):
        count = int(PROPERTIES["transaction.state.log.num.partitions"])
        return self.leader("__transaction_state", java_hash(transactional_id) % count)

    def delay(self, seconds):
        for node in self.nodes:
            node.proxy.delay(seconds)

    def stall(self, *directions):
        for node in self.nodes:
            node.proxy.stall(*directions)

    def pass_on(self):
        for node in self.nodes:
            node.proxy.pass_on()

    def cut(self):
        for node in self.nodes:
            node.proxy.cut()
