"""One connection through the proxy: a client's end, a server's end, and what is on its way between them."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable

CHUNK_BYTES = 65_536
MAX_CHUNKS = 256
"""Chunks of one direction that are on their way; more wait in the sender's socket, as in a real network."""

UNREACHABLE_S = 0.2
"""Before a client is told that there is no server: told at once, it would ask again at once."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_Chunks = asyncio.Queue[tuple[float, bytes]]


class NetworkState:
    """What all connections share.

    Attributes:
        passes: Set while anything passes.
        dropping: New connections will never work.
        delay_s: How late everything arrives, in each direction.
    """

    def __init__(self) -> None:
        self.passes = asyncio.Event()
        self.passes.set()
        self.dropping = False
        self.delay_s = 0.0


class Link:
    """One client's connection, and the one to the server that belongs to it.

    Args:
        client: The client's end.
        state: The network.

    Attributes:
        lost: It will never work again, and nobody is told.
    """

    def __init__(self, client: Ends, state: NetworkState) -> None:
        self.lost = state.dropping
        self._client = client
        self._state = state
        self._writers = [client[1]]

    async def carry(self, connect: Callable[[], Awaitable[Ends]]) -> None:
        """Connect to the server, and carry both directions to their ends."""
        try:
            await self._state.passes.wait()
            if self.lost:
                await _swallow(self._client[0])
                return
            await self._carry_both(await self._reach(connect))
        except (OSError, ExceptionGroup):
            # One side is gone, or was never there: so is the other.
            self.reset()
        except asyncio.CancelledError:
            # The proxy closes.
            self.reset()
        finally:
            for writer in self._writers:
                writer.close()

    def reset(self) -> None:
        """End both connections as a dead host's are: with a reset."""
        for writer in self._writers:
            connection = writer.get_extra_info("socket")
            with contextlib.suppress(OSError, AttributeError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()

    async def _reach(self, connect: Callable[[], Awaitable[Ends]]) -> Ends:
        try:
            server = await connect()
        except OSError:
            await asyncio.sleep(UNREACHABLE_S)
            raise
        self._writers.append(server[1])
        return server

    async def _carry_both(self, server: Ends) -> None:
        async with asyncio.TaskGroup() as both:
            for (reader, _), (_, writer) in ((self._client, server), (server, self._client)):
                on_the_way: _Chunks = asyncio.Queue(MAX_CHUNKS)
                both.create_task(self._take(reader, on_the_way))
                both.create_task(self._deliver(on_the_way, writer))

    async def _take(self, reader: asyncio.StreamReader, on_the_way: _Chunks) -> None:
        data = b"?"
        while data:
            try:
                data = await reader.read(CHUNK_BYTES)
            except OSError:
                # The other side is not told of a reset before the network is whole.
                await self._state.passes.wait()
                raise
            await on_the_way.put((_now_s() + self._state.delay_s, data))

    async def _deliver(self, on_the_way: _Chunks, writer: asyncio.StreamWriter) -> None:
        data = b"?"
        while data:
            due_s, data = await on_the_way.get()
            await asyncio.sleep(due_s - _now_s())
            await self._state.passes.wait()
            if self.lost:
                continue
            if data:
                writer.write(data)
                await writer.drain()
            else:
                writer.write_eof()


async def _swallow(reader: asyncio.StreamReader) -> None:
    while await reader.read(CHUNK_BYTES):
        pass


def _now_s() -> float:
    return asyncio.get_running_loop().time()
