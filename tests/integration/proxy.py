"""A network that can be told to misbehave: a TCP proxy before each broker.

Clients reach a broker through its proxy only, since that is the address the broker advertises. What a
proxy does to all of its connections, those of now and those to come:

    delay   bytes wait a while before they go on, in both directions
    stall   bytes of a direction wait until `pass_on`; connections stay open, and new ones are taken
    cut     every connection is reset, and what was on its way is gone

A stall that ends in a cut is a lost answer (or a lost request): the broker may have done what was asked. One
request at a time can be made to come late (see late.py).
"""

import asyncio
import struct
import threading

TO_BROKER, TO_CLIENT = 0, 1
_CHUNK = 1 << 16
_FOR_GOOD_S = 60  # Longer than any client waits.


async def _chunks(reader):
    while data := await reader.read(_CHUNK):
        yield data


async def _requests(reader):
    """Whole requests: four bytes of length, then so many more."""
    while True:
        size = await reader.readexactly(4)
        yield size + await reader.readexactly(*struct.unpack(">i", size))


class Network:
    """The event loop that all proxies of a test share, on a thread of its own."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.late = None

    def call(self, coroutine):
        """Runs a coroutine on the loop; its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def stop(self):
        self.call(self._end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)

    @staticmethod
    async def _end_all():
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Proxy:
    """A listener on a free port of 127.0.0.1 that hands on to another port."""

    def __init__(self, network, target_port):
        self._network = network
        self._target_port = target_port
        self._links = set()
        self._delay_s = 0
        self._open = None
        self.port = network.call(self._listen())

    async def _listen(self):
        self._open = [asyncio.Event(), asyncio.Event()]
        for one in self._open:
            one.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:  # The broker is down.
            writer.transport.abort()
            return
        link = (writer, there_writer)
        self._links.add(link)
        pumps = [asyncio.ensure_future(self._pump(_requests(reader), there_writer, TO_BROKER)),
                 asyncio.ensure_future(self._pump(_chunks(there_reader), writer, TO_CLIENT))]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        self._links.discard(link)
        is_reset = any(pump.done() and not pump.cancelled() and not pump.result() for pump in pumps)
        for end in link:
            end.transport.abort() if is_reset else end.close()

    async def _pump(self, pieces, writer, direction):
        """True: the sender has closed; False: somebody has reset."""
        try:
            async for data in pieces:
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                await self._open[direction].wait()
                if direction == TO_BROKER and not await self._passes(data):
                    return False
                writer.write(data)
                await writer.drain()
        except OSError:
            return False
        except asyncio.IncompleteReadError:
            pass  # Closed between two requests, or in one.
        return True

    async def _passes(self, request):
        """False: the request is kept, and its connection is of no more use."""
        late = self._network.late
        if late is None or await late.passes(self._target_port, request):
            return True
        if late.silent:
            await asyncio.sleep(_FOR_GOOD_S)
        return False

    def delay(self, seconds):
        self._delay_s = seconds

    def stall(self, *directions):
        """Without directions: both."""
        self._network.call(self._set(directions or (TO_BROKER, TO_CLIENT), False))

    def pass_on(self):
        self._delay_s = 0
        self._network.call(self._set((TO_BROKER, TO_CLIENT), True))

    async def _set(self, directions, passes):
        for direction in directions:
            self._open[direction].set() if passes else self._open[direction].clear()

    def cut(self):
        self._network.call(self._cut())

    async def _cut(self):
        for link in list(self._links):
            for end in link:
                end.transport.abort()
