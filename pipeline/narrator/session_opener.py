"""Opens the sessions of a narrator's partitions: with the first one, what they share is made."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from pipeline.commit.session import PartitionSession
from pipeline.config import Settings
from pipeline.narrator.partition_takeover import take_over
from pipeline.state_store import StateStore

if TYPE_CHECKING:
    from operators.checkpoints.config import FlowNarConfig


class SessionOpener:
    """Thread-safe.

    Attributes:
        store: Where the states are; None before the first session.

    Args:
        settings: All settings.
        narrator: Name of the narrator, written into the checkpoints for people.
        on_position: Told a partition and its position after each commit; must return at once.
    """

    def __init__(self, settings: Settings, narrator: str, on_position: Callable[[int, int], None]) -> None:
        self.store: StateStore | None = None
        self._settings = settings
        self._narrator = narrator
        self._on_position = on_position
        self._model_hash = ""
        self._lock = threading.Lock()

    def read_config(self) -> "FlowNarConfig":
        """The configuration of the model.

        Raises:
            CheckpointError: Its folder can't be read.
        """
        # Late, because it imports torch: the supervisor, which makes narrators, must start fast.
        from operators.checkpoints.folder import read_config  # noqa: PLC0415

        return read_config(self._settings.model.path)

    def open(self, partition: int, generation: int) -> PartitionSession:
        """Take a partition over; raises as `take_over` does, and StateStoreError while the store is down."""
        store = self._shared_store()
        # Nothing is taken from another owner that could not be gone on with.
        store.require_up()
        return take_over(
            partition,
            generation,
            self._settings,
            narrator=self._narrator,
            model_id=self._settings.model.path.name,
            model_hash=self._model_hash,
            blobs=store,
            on_position=lambda position: self._on_position(partition, position),
        )

    def _shared_store(self) -> StateStore:
        with self._lock:
            if self.store is None:
                from operators.checkpoints.folder import model_hash  # noqa: PLC0415 (see read_config)

                self._model_hash = model_hash(self._settings.model.path)
                self.store = StateStore(
                    self._settings.redis, self._settings.kafka.namespace, self._model_hash
                )
            return self.store
