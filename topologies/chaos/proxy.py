"""A TCP proxy on loopback: a network between clients and a server that can be cut, mended and made slow.

with TcpProxy(broker_port) as network:
    network.cut(Cut.HOLD)
    network.restore()
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from pipeline.services.ports import HOST

CALL_DEADLINE_S = 10.0
"""Time for the proxy's own thread to do what it is told; it takes milliseconds."""

CHUNK_BYTES = 65_536
MAX_CHUNKS = 256
"""Chunks of one direction that are on their way; more wait in the sender's socket, as in a real network."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Cut(StrEnum):
    """What a cut does.

    HOLD: nothing passes, nobody is told; what was sent arrives when the network is restored, as TCP's
        repetitions do, even if its sender has given up by then. New connections hang.
    DROP: as HOLD, but connections of before and during the cut never work again, and still nobody is told.
    RESET: connections are reset, new ones are refused.
    """

    HOLD = "hold"
    DROP = "drop"
    RESET = "reset"


class TcpProxy:
    """Forwards connections to a port of this machine. Every method may be called from any thread.

    Args:
        target_port: Port of the server; it may come and go.
        port: Port to listen on; 0 takes a free one.

    Attributes:
        port: Port that clients connect to.
        delay_s: How late everything arrives, in each direction; may be set at any time.

    Raises:
        OSError: The port can't be listened on.
    """

    def __init__(self, target_port: int, port: int = 0) -> None:
        self.port = port
        self.delay_s = 0.0
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._passes = asyncio.Event()
        self._passes.set()
        self._dropping = False
        self._links: set[_Link] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        self._thread.start()
        try:
            self._call(self._listen())
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def cut(self, mode: Cut = Cut.HOLD) -> None:
        """Cut the network until `restore`."""
        self._call(self._cut(mode))

    def restore(self) -> None:
        """Mend the network; nothing happens if it is not cut."""
        self._call(self._restore())

    def close(self) -> None:
        """End all connections and listen no more; may be called again."""
        if self._loop.is_closed():
            return
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_DEADLINE_S)
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_DEADLINE_S)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _cut(self, mode: Cut) -> None:
        self._passes.clear()
        self._dropping = mode is Cut.DROP
        if mode is Cut.RESET:
            await self._stop_listening()
        for link in self._links:
            if mode is Cut.RESET:
                link.reset()
            elif mode is Cut.DROP:
                link.lost = True

    async def _restore(self) -> None:
        self._dropping = False
        if self._server is None:
            await self._listen()
        self._passes.set()

    async def _end(self) -> None:
        await self._stop_listening()
        links = list(self._links)
        for link in links:
            link.reset()
            link.task.cancel()
        await asyncio.gather(*(link.task for link in links), return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        link = _Link(task, [writer], lost=self._dropping)
        self._links.add(link)
        try:
            await self._passes.wait()
            if link.lost:
                await self._swallow(reader)
                return
            server_reader, server_writer = await asyncio.open_connection(HOST, self._target_port)
            link.writers.append(server_writer)
            async with asyncio.TaskGroup() as both:
                for source, sink in ((reader, server_writer), (server_reader, writer)):
                    on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MAX_CHUNKS)
                    both.create_task(self._take(source, on_the_way))
                    both.create_task(self._deliver(on_the_way, sink, link))
        except (OSError, ExceptionGroup):
            # One side is gone, or was never there: so is the other.
            link.reset()
        except asyncio.CancelledError:
            # The proxy closes.
            link.reset()
        finally:
            self._links.discard(link)
            for end in link.writers:
                end.close()

    async def _take(
        self, reader: asyncio.StreamReader, on_the_way: "asyncio.Queue[tuple[float, bytes]]"
    ) -> None:
        data = b"?"
        while data:
            try:
                data = await reader.read(CHUNK_BYTES)
            except OSError:
                # The other side is not told of a reset before the network is whole.
                await self._passes.wait()
                raise
            await on_the_way.put((self._loop.time() + self.delay_s, data))

    async def _deliver(
        self, on_the_way: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter, link: "_Link"
    ) -> None:
        data = b"?"
        while data:
            due_s, data = await on_the_way.get()
            await asyncio.sleep(due_s - self._loop.time())
            await self._passes.wait()
            if link.lost:
                continue
            if data:
                writer.write(data)
                await writer.drain()
            else:
                writer.write_eof()

    async def _swallow(self, reader: asyncio.StreamReader) -> None:
        while await reader.read(CHUNK_BYTES):
            pass


class _Link:
    """One client's connection, and the one to the server that belongs to it."""

    def __init__(
        self, task: "asyncio.Task[None]", writers: list[asyncio.StreamWriter], *, lost: bool
    ) -> None:
        self.task = task
        self.writers = writers
        self.lost = lost

    def reset(self) -> None:
        """End both connections as a dead host's are: with a reset."""
        for writer in self.writers:
            connection = writer.get_extra_info("socket")
            with contextlib.suppress(OSError, AttributeError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()
