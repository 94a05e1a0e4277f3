"""Bounds of what one partition may have on its way from the reader to the narrator's answer."""


class Credits:
    """Counts records and bytes in flight. Mutable, not thread-safe.

    Args:
        num_records: Records in flight, at most.
        num_bytes: Bytes in flight, at most; one record that is larger than that goes alone.
    """

    def __init__(self, num_records: int, num_bytes: int) -> None:
        self._max_records = num_records
        self._max_bytes = num_bytes
        self.num_records = 0
        self.num_bytes = 0

    @property
    def num_free(self) -> int:
        """Records that may be taken now, as far as their number goes; 0 if the bytes are used up."""
        return self._max_records - self.num_records if self.num_bytes < self._max_bytes else 0

    def allows(self, num_bytes: int) -> bool:
        """Whether one more record of this size may go."""
        if self.num_records >= self._max_records:
            return False
        return self.num_records == 0 or self.num_bytes + num_bytes <= self._max_bytes

    def take(self, num_bytes: int) -> None:
        """A record goes."""
        self.num_records += 1
        self.num_bytes += num_bytes

    def give_back(self, num_records: int, num_bytes: int) -> None:
        """Records were answered.

        Raises:
            ValueError: More than were taken.
        """
        if num_records > self.num_records or num_bytes > self.num_bytes:
            raise ValueError(
                f"{num_records} records of {num_bytes} bytes are given back, "
                f"but {self.num_records} of {self.num_bytes} are in flight"
            )
        self.num_records -= num_records
        self.num_bytes -= num_bytes
