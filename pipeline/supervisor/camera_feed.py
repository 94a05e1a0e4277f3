"""The settings of cameras as the topic `cameras` has them now, read by a thread of its own."""

import logging
import threading
import time

from pipeline.cameras.follower import CameraFollower
from pipeline.messages.camera import CameraBook
from pipeline.messages.dead_letter import DeadLetter

_log = logging.getLogger(__name__)

PAUSE_S = 0.5
"""Between two looks at the topic, and after an error."""


class CameraFeed:
    """Starts at once, and goes on for as long as the process lives.

    Args:
        follower: Reads the topic; only this thread uses it.

    Attributes:
        book: The last book; None before the topic was read to its end once.
        refused: The documents that can't be used, in their order.
    """

    def __init__(self, follower: CameraFollower) -> None:
        self.book: CameraBook | None = None
        self.refused: tuple[DeadLetter, ...] = ()
        self._follower = follower
        threading.Thread(target=self._run, name="cameras", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                # Both are replaced whole, so that other threads need no lock.
                self.book = self._follower.poll() or self.book
                if (refused := self._follower.refused()) != self.refused:
                    self.refused = refused
            except Exception:
                # Without this thread nobody would hear of changes any more.
                _log.exception("following the cameras' settings failed")
            time.sleep(PAUSE_S)
