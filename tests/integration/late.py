"""A request that arrives after its time.

A client whose connection breaks, or that waits in vain, asks once more on another connection. The first request
may still be on its way: in a buffer, in the queue of a broker that is slow. It arrives when what it is about
has long been done, by the second one, and the next transaction is open.

`Late` makes that happen at one chosen moment: a proxy keeps the next request of a kind and gives it to the broker just
before a certain later request of the same transactional id goes on.
"""

import asyncio
import struct

PRODUCE, INIT_PRODUCER_ID, ADD_PARTITIONS, ADD_OFFSETS, END_TXN, TXN_OFFSET_COMMIT = 0, 22, 24, 25, 26, 28

# The first version of each whose strings and headers are of the newer kind.
_FLEXIBLE = {PRODUCE: 9, INIT_PRODUCER_ID: 2, ADD_PARTITIONS: 3, ADD_OFFSETS: 3, END_TXN: 3, TXN_OFFSET_COMMIT: 3}

# When it does most harm: the request of a later transaction that it comes before, and which one of those.
# What ends a transaction comes when the next one has sent its outputs, but not its offsets; and offsets
# come when the next one has sent its own.
_BEFORE = {END_TXN: (TXN_OFFSET_COMMIT, 1), TXN_OFFSET_COMMIT: (END_TXN, 2)}
_BEFORE_OTHERS = (TXN_OFFSET_COMMIT, 2)

MUST_BE_REFUSED = (END_TXN, TXN_OFFSET_COMMIT)


def _transactional_id(frame):
    """Of one of the requests above, whose first field it is: bytes, or None for another request."""
    api, version = struct.unpack_from(">hh", frame, 4)
    if api not in _FLEXIBLE:
        return None
    client, = struct.unpack_from(">h", frame, 12)
    at = 14 + max(client, 0)
    if version >= _FLEXIBLE[api]:  # No tagged fields, then the length and one; ids are short.
        return frame[at + 2:at + 1 + frame[at + 1]]
    length, = struct.unpack_from(">h", frame, at)
    return frame[at + 2:at + 2 + max(length, 0)]


def _error(frame, answer):
    """The (last) error code of an answer to one of MUST_BE_REFUSED."""
    api, version = struct.unpack_from(">hh", frame, 4)
    flexible = version >= _FLEXIBLE[api]
    behind = (3 if api == TXN_OFFSET_COMMIT else 1) if flexible else 0
    return struct.unpack_from(">h", answer, len(answer) - behind - 2)[0]


class Late:
    """`silent`: the client's connection stays open until the client gives up; otherwise it is reset at once."""

    def __init__(self, api, silent):
        self.api, self.silent = api, silent
        self.again = False  # The client has asked once more.
        self.arrived = False
        self.error = None  # What the broker said; None: nothing, or nothing that matters here.
        self._frame = self._port = self._id = None
        self._before, self._left = _BEFORE.get(api, _BEFORE_OTHERS)

    async def passes(self, port, frame):
        """Called with every request to the broker at this port; False: it is kept."""
        api, = struct.unpack_from(">h", frame, 4)
        sender = _transactional_id(frame)
        if self._frame is None:
            if api != self.api or not sender:
                return True
            self._frame, self._port, self._id = frame, port, sender
            return False
        if sender == self._id:
            self.again |= api == self.api
            self._left -= api == self._before
            if self._left == 0:
                await self._arrive()
        return True

    async def _arrive(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(self._frame)
        size, = struct.unpack(">i", await reader.readexactly(4))
        answer = await reader.readexactly(size)
        if self.api in MUST_BE_REFUSED:
            self.error = _error(self._frame, answer)
        writer.close()
        self.arrived = True


class Held:
    """Keeps the next request of a kind back until it is let go, then it goes on as if nothing had been."""

    silent = False

    def __init__(self, api):
        self.api = api
        self.port = None  # Of the broker whose request is kept.
        self._gate = asyncio.Event()

    async def passes(self, port, frame):
        api, = struct.unpack_from(">h", frame, 4)
        if self.port is None and api == self.api:
            self.port = port
            await self._gate.wait()
        return True

    async def let_go(self):
        self._gate.set()
