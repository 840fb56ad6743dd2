"""Archives of classes: a Java that is given one starts a broker with a third of the work.

    python tests/integration/archive.py

makes one for each version of Kafka that has none (tools/setup does so). Java writes it when a broker ends; what the
broker was asked for until then is in it. Without an archive, or with one of another Java, tests take longer.
"""

import os

import confluent_kafka

import broker
import harness

TOPIC, GROUP, WAIT_S = "archived", "archived", 60


def _consumer(one):
    return confluent_kafka.Consumer({
        "bootstrap.servers": one.address, "group.id": GROUP, "auto.offset.reset": "earliest",
        "enable.auto.commit": False, "log_level": 0})


def _use(one):
    """A transaction as the daemon makes them, and somebody who reads it."""
    harness.create_topic(one, TOPIC, 1)
    consumer = _consumer(one)
    consumer.subscribe([TOPIC])
    harness.wait_for("the partition", lambda: [consumer.poll(0.1), consumer.assignment()][1])
    producer = confluent_kafka.Producer({
        "bootstrap.servers": one.address, "transactional.id": TOPIC, "compression.type": "lz4", "log_level": 0})
    producer.init_transactions(WAIT_S)
    producer.begin_transaction()
    producer.produce(TOPIC, b"one", partition=0)
    place = confluent_kafka.TopicPartition(TOPIC, 0, 1)
    producer.send_offsets_to_transaction([place], consumer.consumer_group_metadata(), WAIT_S)
    producer.commit_transaction(WAIT_S)
    harness.wait_for("the record", lambda: consumer.poll(0.1))
    harness.check(consumer.committed([place], WAIT_S)[0].offset == 1, "the offset is not there")
    consumer.close()


def make(version):
    path = broker.archive(harness.TOOLS, version)
    fresh = f"{path}.{os.getpid()}"
    with broker.Broker(harness.TOOLS, version, java_options=[f"-XX:ArchiveClassesAtExit={fresh}"]) as one:
        _use(one)
        one.end()
    os.rename(fresh, path)


def main():
    for version in broker.versions(harness.TOOLS):
        if not os.path.exists(broker.archive(harness.TOOLS, version)):
            make(version)


if __name__ == "__main__":
    main()
