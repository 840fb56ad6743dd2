"""A cluster with two daemons under load, and ways to break what they stand on.

Each `break_*` does one thing to the daemons, the nodes or the network, puts it right again, and waits until
more has been committed. What it does is said in one line, with the seconds since the beginning. All choices
come from the seed of the test. Whatever happened, `finish` compares every output with replay.
"""

import collections
import os
import signal
import time

import evidence
import groups
from cluster import NODES
from harness import (CHANGES, DEAD, DROPS, GROUP, INPUT, Daemon, Failed, Forwarder, Progress, check,
                     compare_with_replay, create_topic, decode, encode, end_offsets, free_ports, generate, merged,
                     read_topic, say, schema, shipped_config, wait_for)
from late import ADD_OFFSETS, ADD_PARTITIONS, END_TXN, INIT_PRODUCER_ID, PRODUCE, TXN_OFFSET_COMMIT, Held, Late
from offsets import check_only_forward
from proxy import TO_BROKER, TO_CLIENT

PARTITIONS = 4
PER_SECOND = 5_000
PER_BREAK = 6_000  # Records that come while something is broken,
NUDGES, PER_NUDGE = 5, 500  # and some more whenever progress is waited for.
PER_TRANSACTION = 100  # So many at a time while single transactions are waited for.
LATE_EVERY = 150
FETCH_S = 0.8  # A replica's question for more waits for half a second.
LATE_MS = 200 * 86_400_000

# A process that is gone is missed after three seconds, and its open transaction ends after five. Of connections
# that are closed librdkafka tells nobody, as it does by itself when they are closed again and again.
QUICK = {"consumer": {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500},
         "producer": {"transaction.timeout.ms": 5000, "log.connection.close": False}}


class _Late:
    """A record like another one, but so old that it has to become a dead letter."""

    def __init__(self, parsed, message):
        event = decode(parsed, message.value())
        event["event_id"] += "-late"
        event["occurred_at"] -= LATE_MS
        self._value = encode(parsed, event)
        self._key = message.key()

    def key(self):
        return self._key

    def value(self):
        return self._value

    def headers(self):
        return None


def _with_late(messages):
    """A partition's records, a late one after every LATE_EVERY."""
    parsed, mixed = schema("partner_action"), []
    for number, message in enumerate(messages, 1):
        mixed.append(message)
        if number % LATE_EVERY == 0:
            mixed.append(_Late(parsed, message))
    return mixed


class Stage:
    def __init__(self, context, cluster, breaks, settings=None):
        self._context, self._cluster = context, cluster
        self._random = context.random
        self._began = time.monotonic()
        self._settings = merged(groups.SETTINGS, settings or {})
        self._named = self._random.random() < 0.5
        self._guests = 0
        self._lates = collections.Counter()  # By kind of request.
        self._make_topics((PER_BREAK + NUDGES * PER_NUDGE) * (breaks + 1))
        self._committed = {}
        self._forwarder = Forwarder(cluster, {
            partition: _with_late(messages) for partition, messages in read_topic(cluster, "staging").items()},
            PER_SECOND)
        self._progress = Progress(cluster)
        self.daemons = [self.daemon(name, name if self._named else None) for name in ("one", "two")]
        self.more_load()
        for one in self.daemons:
            one.start()
        self.wait_for_progress()
        self.trace(f"both run, {'with' if self._named else 'without'} kafka.instance")

    def _make_topics(self, events):
        for name in ("staging", INPUT, CHANGES, DROPS, DEAD):
            create_topic(self._cluster, name, PARTITIONS, **{"min.insync.replicas": "2"})
        for name, policy in (groups.RESULTS, "delete"), (groups.RANKS, "delete"), (groups.SUMS, "compact"):
            create_topic(self._cluster, name, 1, **{"min.insync.replicas": "2", "cleanup.policy": policy})
        self._cluster.wait_whole()
        generate(self._context, self._cluster, "staging", events)

    def trace(self, text):
        say(f"{time.monotonic() - self._began:6.1f} s  {text}")

    def daemon(self, name, instance=None):
        """A daemon that talks to the nodes through their proxies."""
        changes = merged({"kafka": QUICK, "http": {"listen": f"127.0.0.1:{free_ports(1)[0]}"},
                          "run": {"commit_interval": "40ms"}}, self._settings)
        if instance:
            changes["kafka"] = {**changes["kafka"], "instance": instance}
        return Daemon(self._context.folder, shipped_config(self._cluster.client_address, changes), name)

    # Load and progress.

    def _offsets(self):
        """The committed offsets, which may never go back."""
        now = self._progress.offsets()
        for partition, offset in now.items():
            before = self._committed.get(partition, 0)
            check(offset >= before, f"partition {partition}: the committed offset went back from {before} to {offset}")
            self._committed[partition] = offset
        return sum(self._committed.values())

    def more_load(self):
        self._forwarder.allow_more(PER_BREAK)

    def wait_for_progress(self):
        before = self._offsets()
        self._forwarder.allow_more(PER_NUDGE)
        wait_for("more to be committed", lambda: self._offsets() > before, self.daemons)

    def owned(self, daemon):
        return daemon.sum("engaged_assigned_partitions")

    def wait_until_owned(self, daemon, count):
        wait_for(f"{daemon.name} to own {count} partitions", lambda: self.owned(daemon) == count, [daemon])

    def _doze(self, most_s):
        time.sleep(self._random.uniform(0, most_s))

    # What breaks.

    def break_daemon(self):
        """kill -9 of a process; half of the time of the next one too, in its first seconds."""
        self.more_load()
        self.wait_for_progress()
        daemon = self._random.choice(self.daemons)
        self._doze(0.7)
        daemon.kill()
        self.trace(f"killed {daemon.name}, {self._offsets()} of {self._forwarder.sent} committed")
        if self._random.random() < 0.5:
            daemon.start()
            self._doze(2)
            daemon.kill()
            self.trace(f"killed {daemon.name} once more before it got far")
        self._doze(1)
        daemon.start()
        self.wait_for_progress()

    def _break_nodes(self, nodes, what):
        self.more_load()
        self.wait_for_progress()
        self._doze(0.5)
        for node in nodes:
            node.kill()
        self.trace(f"killed {what}: node {', '.join(str(node.number) for node in nodes)}")
        self._doze(6)
        for node in nodes:
            node.start()
        self._cluster.wait_whole()
        self.trace("all nodes are back and in sync")
        self.wait_for_progress()

    def break_node(self):
        self._break_nodes([self._cluster.nodes[self._random.randrange(NODES)]], "any node")

    def break_coordinators(self):
        """Those of the group and of a daemon's transactions: one node or two."""
        daemon = self._random.choice(("one", "two"))
        group = self._cluster.group_coordinator(GROUP)
        transactions = self._cluster.transaction_coordinator(f"{GROUP}-{daemon}-0")
        nodes = sorted({node for node in (group, transactions) if node}, key=lambda node: node.number)
        self._break_nodes(nodes, "the coordinators")

    def break_half_commit(self):
        """A coordinator has written down, alone, that a transaction is to be committed, dies, and is back at once.

        It then believes for a moment that it still leads, and begins to tell the partitions of the commit, of which the
        one that takes over knows nothing.
        """
        self.more_load()
        self.wait_for_progress()
        network, held = self._cluster.network, Held(END_TXN)
        network.late = held
        self._wait_late("a commit to be asked for", lambda: held.port is not None)
        network.late = None
        node = self._cluster.node_at(held.port)
        others = [one for one in self._cluster.nodes if one is not node]
        for one in others:
            os.kill(one.pid, signal.SIGSTOP)
        time.sleep(FETCH_S)  # What they have asked for already is answered, so nothing is on its way to them.
        network.call(held.let_go())
        self._doze(0.5)
        node.kill()
        for one in others:
            os.kill(one.pid, signal.SIGCONT)
        self.trace(f"killed the coordinator of a commit, node {node.number}, that nobody else has heard of")
        self._doze(0.5)
        node.start()
        self._cluster.wait_whole()
        self.trace("all nodes are back and in sync")
        self.wait_for_progress()

    def break_two_disks(self):
        """Nothing can be written any more until they are back."""
        self.break_disk(2)

    def break_disk(self, count=1):
        """Full disks; a node whose disk is full ends by itself. There is room again when it comes back."""
        self.more_load()
        self.wait_for_progress()
        nodes = self._random.sample(self._cluster.nodes, count)
        for node in nodes:
            node.disk.fill(node.pid)
            way = "disk" if node.disk.mounted else "limit of files"
            self.trace(f"the {way} of node {node.number} is full")
        wait_for("the nodes to end by it", lambda: not any(node.running() for node in nodes), self.daemons)
        self.trace(f"{count} of {NODES} nodes have ended by it")
        if count == 1:
            self.wait_for_progress()
        self._doze(3)
        for node in nodes:
            node.disk.free()
            node.start()
        self._cluster.wait_whole()
        self.trace("all nodes are back and in sync")
        self.wait_for_progress()

    def break_by_freezing(self):
        """SIGSTOP until the other one has taken over, then SIGCONT: what was frozen must not write any more."""
        self.more_load()
        self.wait_for_progress()
        frozen, other = self._random.sample(self.daemons, 2)
        self._doze(0.5)
        os.kill(frozen.pid, signal.SIGSTOP)
        self.trace(f"froze {frozen.name}")
        self.wait_until_owned(other, PARTITIONS)
        self.wait_for_progress()
        self._doze(3)
        os.kill(frozen.pid, signal.SIGCONT)
        self.trace(f"{other.name} has taken over and made progress; {frozen.name} wakes up")
        wait_for("both to share again", lambda: self.owned(frozen) > 0 and self.owned(other) < PARTITIONS,
                 self.daemons)
        self.wait_for_progress()

    def _break_network(self, what):
        """Of one node or of all."""
        self.more_load()
        self.wait_for_progress()
        proxies = [node.proxy for node in self._cluster.nodes]
        if self._random.random() < 0.5:
            proxies = [self._random.choice(proxies)]
        self._doze(0.5)
        self.trace(f"network of {'one node' if len(proxies) == 1 else 'all nodes'}: {what}")
        return proxies

    def break_by_delay(self):
        seconds = self._random.uniform(0.02, 0.4)
        proxies = self._break_network(f"all bytes come {seconds:.2f} s later")
        for proxy in proxies:
            proxy.delay(seconds)
        self._doze(4)
        for proxy in proxies:
            proxy.pass_on()
        self.wait_for_progress()

    def break_by_stall(self):
        """Nothing moves in one or both directions. It ends well, or in a cut."""
        directions = self._random.choice([(TO_BROKER,), (TO_CLIENT,), (TO_BROKER, TO_CLIENT)])
        seconds, cut = self._random.uniform(0.5, 9), self._random.random() < 0.5
        what = "all bytes" if len(directions) == 2 else "requests" if directions[0] == TO_BROKER else "answers"
        proxies = self._break_network(f"{what} stand still for {seconds:.1f} s, then {'are lost' if cut else 'go on'}")
        for proxy in proxies:
            proxy.stall(*directions)
        time.sleep(seconds)
        for proxy in proxies:
            if cut:
                proxy.cut()
            proxy.pass_on()
        self.wait_for_progress()

    def break_by_cut(self):
        times = self._random.randrange(1, 6)
        proxies = self._break_network(f"all connections are cut, {times} times")
        for _ in range(times):
            for proxy in proxies:
                proxy.cut()
            self._doze(0.8)
        self.wait_for_progress()

    def _wait_late(self, what, condition):
        """While more transactions come, but not more than that takes."""
        def look():
            self._forwarder.allow_more(PER_TRANSACTION)
            return condition()
        wait_for(what, look, self.daemons, 0.1)

    def _break_by_late(self, api, name):
        """A request is not answered and asked for again; the first one arrives in a later transaction. The client
        loses its connection, or, every other time of each kind, waits in vain."""
        self.wait_for_progress()
        late = Late(api, silent=self._lates[api] % 2 == 1)
        self._lates[api] += 1
        self._cluster.network.late = late
        if api == INIT_PRODUCER_ID:
            daemon = self._random.choice(self.daemons)
            daemon.kill()
            daemon.start()
        self._wait_late(f"{name} to be asked for again", lambda: late.again)
        self._wait_late("the first one to arrive", lambda: late.arrived)
        self._cluster.network.late = None
        how = "after a silence" if late.silent else "on another connection"
        self.trace(f"{name} was asked for again {how}, and came twice" +
                   (f"; the late one was answered {late.error}" if late.error is not None else ""))
        check(late.error != 0, f"{name} of an earlier transaction was accepted in a later one")
        self.wait_for_progress()

    def break_by_late_end(self):
        self._break_by_late(END_TXN, "EndTxn")

    def break_by_late_offsets(self):
        self._break_by_late(TXN_OFFSET_COMMIT, "TxnOffsetCommit")

    def break_by_any_late(self):
        self._break_by_late(*self._random.choice((
            (PRODUCE, "Produce"), (INIT_PRODUCER_ID, "InitProducerId"), (ADD_PARTITIONS, "AddPartitionsToTxn"),
            (ADD_OFFSETS, "AddOffsetsToTxn"))))

    def storm(self, joins):
        """Members come and go at any moment, some by SIGTERM and some by kill -9."""
        self.more_load()
        for _ in range(joins):
            self._guests += 1
            guest = self.daemon(f"guest-{self._guests}").start()
            self._doze(2.5)
            by_hand = self._random.random() < 0.5
            if by_hand:
                guest.kill()
            else:  # Before that a signal just ends it.
                wait_for("the guest to listen for signals", lambda: "http listens" in guest.log(), [guest])
                guest.stop()
            self._doze(0.3)
        self.trace(f"{joins} members have come and gone, {self._offsets()} of {self._forwarder.sent} committed")
        self.wait_for_progress()

    # The end.

    def finish(self):
        """Sends the rest, waits until all of it is committed, stops the daemons, and compares."""
        self._forwarder.finish()
        self._progress.wait_for_ends(end_offsets(self._cluster, INPUT), self.daemons)
        groups.compare_all(self._context, self._cluster, self.daemons, PARTITIONS)
        for daemon in self.daemons:
            daemon.stop()
        self.trace(f"{self._forwarder.total} records committed")
        told = {text: sum(daemon.log().count(text) for daemon in self.daemons)
                for text in ("lost its partitions", "joining again", "-> doubt", "stalled:", "does not come back")}
        say("in the logs: " + ", ".join(f"{count} times '{text}'" for text, count in told.items()))
        try:
            check_only_forward(self._cluster, GROUP, INPUT)
            summaries = compare_with_replay(self._cluster, self._context.folder, self.daemons[0].config_path)
        except Failed:
            evidence.tell(self._cluster, GROUP, self.daemons)
            raise
        read = sum(one["read"] for one in summaries.values())
        check(read == self._forwarder.total, f"replay has read {read} of {self._forwarder.total} records")
        self._check_dead_letters(summaries)

    def _check_dead_letters(self, summaries):
        """One for each late record, at its place, and no other."""
        parsed, due = schema("partner_action"), set()
        for partition, messages in read_topic(self._cluster, INPUT).items():
            due |= {(partition, message.offset()) for message in messages
                    if decode(parsed, message.value())["event_id"].endswith("-late")}
        found = []
        for messages in read_topic(self._cluster, DEAD).values():
            for message in messages:
                headers = dict(message.headers())
                found.append((int(headers["__streams.errors.partition"]), int(headers["__streams.errors.offset"])))
        check(len(found) == len(set(found)), f"{len(found) - len(set(found))} dead letters told twice")
        check(set(found) == due, f"{len(found)} dead letters, should be {len(due)}")
        told = sum(one["late"] for one in summaries.values())
        check(told == len(due), f"replay has {told} late records, should be {len(due)}")
        say(f"{len(found)} dead letters, each once")
