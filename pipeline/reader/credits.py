"""Bounds of what one partition may have on its way from the reader to the narrator's answer."""


class Credits:
    """Counts records and bytes in flight. Mutable, not thread-safe.

    Records with frames and bare ones count apart: the bare ones cost next to nothing, so that thousands of
    frames that are left out do not wait for the few that are narrated.

    Args:
        num_with_frames: Records with frames in flight, at most.
        num_bare: Records without frames in flight, at most.
        num_bytes: Bytes in flight, at most; one record that is larger than that goes alone.
    """

    def __init__(self, num_with_frames: int, num_bare: int, num_bytes: int) -> None:
        self._max_with_frames = num_with_frames
        self._max_bare = num_bare
        self._max_bytes = num_bytes
        self.num_with_frames = 0
        self.num_bare = 0
        self.num_bytes = 0

    @property
    def num_records(self) -> int:
        """Records in flight."""
        return self.num_with_frames + self.num_bare

    @property
    def are_left(self) -> bool:
        """A record might go now, whatever it holds."""
        has_bytes = self.num_bytes < self._max_bytes
        return has_bytes and self.num_bare < self._max_bare and self.num_with_frames < self._max_with_frames

    def allows(self, num_bytes: int, *, has_frames: bool, max_with_frames: int | None = None) -> bool:
        """Whether one more record may go.

        Args:
            num_bytes: Its size.
            has_frames: It has frames.
            max_with_frames: A lower bound of records with frames for now.
        """
        if has_frames:
            limit = self._max_with_frames
            if max_with_frames is not None:
                limit = min(limit, max_with_frames)
            if self.num_with_frames >= limit:
                return False
        elif self.num_bare >= self._max_bare:
            return False
        return self.num_records == 0 or self.num_bytes + num_bytes <= self._max_bytes

    def take(self, num_bytes: int, *, has_frames: bool) -> None:
        """A record goes."""
        self.num_with_frames += has_frames
        self.num_bare += not has_frames
        self.num_bytes += num_bytes

    def give_back(self, num_with_frames: int, num_bare: int, num_bytes: int) -> None:
        """Records were answered.

        Raises:
            ValueError: More than were taken.
        """
        left = (self.num_with_frames - num_with_frames, self.num_bare - num_bare, self.num_bytes - num_bytes)
        if min(left) < 0:
            raise ValueError(
                f"{num_with_frames} records with frames and {num_bare} without, {num_bytes} bytes, are given "
                f"back, but {self.num_with_frames} and {self.num_bare}, {self.num_bytes} bytes, are in flight"
            )
        self.num_with_frames, self.num_bare, self.num_bytes = left
