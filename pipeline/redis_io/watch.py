"""Whether Redis works and which data set it has, found out by a thread of its own."""

import logging
import secrets
import threading
from collections.abc import Callable

import redis

from pipeline.messages.health import Dependency
from pipeline.redis_io.client import REDIS_ERRORS, RedisClient, reason_of
from pipeline.redis_io.replication import NotReplicatedError
from pipeline.state_log import StateLog

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
"""How soon it is noticed that the data set is another one, or that Redis is away while nobody asks it."""

_ANSWERS = (redis.ResponseError, NotReplicatedError)
"""Errors with which Redis answers."""

TRY_EVERY_S = 1.0
"""The same for its return."""


class RedisWatch:
    """While Redis is down nobody else needs to wait for it: it is tried from here.

    Args:
        client: Which Redis.
        namespace: Begins the keys.
        try_write: Writes a value under a key, as everybody does: a Redis that is full or read-only is down.
    """

    def __init__(self, client: RedisClient, namespace: str, try_write: Callable[[str], None]) -> None:
        self.data_set_key = f"{namespace}:dataset"
        self._client = client
        self._probe_key = f"{namespace}:probe"
        self._try_write = try_write
        self._state = StateLog("redis", f"Redis at {client.where}", _log)
        self._answers = True
        self._data_set = ""
        self._look_now = threading.Event()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="redis-watch", daemon=True)
        self._thread.start()

    @property
    def is_up(self) -> bool:
        """Redis answers and takes writes, as far as is known."""
        return self._state.is_up

    @property
    def answers(self) -> bool:
        """Redis answers, although it may be full or lack replicas, so that it takes no writes."""
        return self._answers

    @property
    def data_set(self) -> str:
        """Id of the data set that was seen last; "" before the first."""
        return self._data_set

    def dependency(self) -> Dependency:
        """What there is to tell in a status."""
        return self._state.dependency()

    def failed(self, error: Exception) -> None:
        """Somebody's request failed."""
        self._answers = isinstance(error, _ANSWERS)
        self._state.down(reason_of(error))

    def saw(self, data_set: str | None) -> None:
        """Somebody's request told the data set's id; None if there is none."""
        if data_set != self._data_set:
            self._look_now.set()

    def close(self) -> None:
        """Look no more."""
        self._is_closing = True
        self._look_now.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        while not self._is_closing:
            try:
                self._data_set = self._read_data_set()
                self._answers = True
                if not self._state.is_up:
                    self._try_write(self._probe_key)
                self._state.up()
            except REDIS_ERRORS as error:
                self.failed(error)
            except Exception:
                _log.exception("looking at Redis failed")
            self._look_now.wait(LOOK_EVERY_S if self._state.is_up else TRY_EVERY_S)
            self._look_now.clear()

    def _read_data_set(self) -> str:
        """The id of the data set, which gets one if it has none."""
        commands = self._client.commands()
        if (found := commands.get(self.data_set_key)) is None:
            commands.set(self.data_set_key, secrets.token_hex(8), nx=True)
            found = commands.get(self.data_set_key)
        return (found or b"").decode()
