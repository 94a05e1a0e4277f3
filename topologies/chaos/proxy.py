"""A TCP proxy on loopback: a network between clients and a server that can be cut, mended and made slow.

with TcpProxy(broker_port) as network:
    network.cut(Cut.HOLD)
    network.restore()
"""

import asyncio
import threading
from collections.abc import Coroutine
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from pipeline.services.ports import HOST
from topologies.chaos.link import Link, NetworkState

CALL_DEADLINE_S = 10.0
"""Time for the proxy's own thread to do what it is told; it takes milliseconds."""


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

    Raises:
        OSError: The port can't be listened on.
    """

    def __init__(self, target_port: int, port: int = 0) -> None:
        self.port = port
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._state = NetworkState()
        self._links: dict[Link, asyncio.Task[Any]] = {}
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

    @property
    def delay_s(self) -> float:
        """How late everything arrives, in each direction; may be set at any time."""
        return self._state.delay_s

    @delay_s.setter
    def delay_s(self, seconds: float) -> None:
        self._state.delay_s = seconds

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
        self._state.passes.clear()
        self._state.dropping = mode is Cut.DROP
        if mode is Cut.RESET:
            await self._stop_listening()
        for link in self._links:
            if mode is Cut.RESET:
                link.reset()
            elif mode is Cut.DROP:
                link.lost = True

    async def _restore(self) -> None:
        self._state.dropping = False
        if self._server is None:
            await self._listen()
        self._state.passes.set()

    async def _end(self) -> None:
        await self._stop_listening()
        links = dict(self._links)
        for link, task in links.items():
            link.reset()
            task.cancel()
        await asyncio.gather(*links.values(), return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        link = Link((reader, writer), self._state)
        self._links[link] = task
        try:
            await link.carry(lambda: asyncio.open_connection(HOST, self._target_port))
        finally:
            del self._links[link]
