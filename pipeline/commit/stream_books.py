"""The ledgers of all streams of a partition, and which of them the next plan must write."""

from collections.abc import Callable, Iterable, Mapping

from pipeline.commit.checkpoint_record import StreamCheckpoint
from pipeline.commit.stream_ledger import StreamLedger


class StreamBooks:
    """Mutable; touches nothing but itself.

    Attributes:
        streams: Ledger by stream.
        changed: Streams whose record is written with the next plan, in the order in which they changed.

    Args:
        model_hash: Model that narrates.
        records: The streams' records to go on from.
        changed: Streams whose record differs from the log's.
        now_s: Monotonic time.
        position: The partition's committed position: a new stream begins there. What it had before that, if
            anything, was dealt with in a former life of the stream.
    """

    def __init__(
        self,
        model_hash: str,
        records: Mapping[str, StreamCheckpoint],
        changed: Iterable[str],
        now_s: float,
        position: Callable[[], int],
    ) -> None:
        self._model_hash = model_hash
        self._position = position
        self.streams = {
            stream: StreamLedger(record, is_stored=True, now_s=now_s) for stream, record in records.items()
        }
        self.changed: dict[str, None] = dict.fromkeys(sorted(changed))

    def of(self, stream: str, now_s: float) -> StreamLedger:
        """The stream's ledger; a new one if it has none."""
        ledger = self.streams.get(stream)
        if ledger is None:
            record = StreamCheckpoint.new(self._model_hash, self._position())
            ledger = self.streams[stream] = StreamLedger(record, is_stored=False, now_s=now_s)
        return ledger

    def note(self, stream: str) -> None:
        """Write the stream's record with the next plan."""
        self.changed[stream] = None
