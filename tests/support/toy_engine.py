"""An engine without a model: its state is a hash over all that it was shown and has said.

Its decisions and words differ from process to process, as those of a real model may in the last bits, so only
the journal can make two processes agree. `token_ids[0]` is the state from which a narration was made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch

from operators.errors import EngineError
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.streams.snapshot import StreamSnapshot
from operators.narrator.types import FrameInput, FrameOutcome, FramePosition, Narration
from pipeline.narrator.settings import WantedSettings

SETTINGS = StreamSettings(
    fps=2.0,
    theta=0.8,
    theta_low=0.5,
    average_segment_s=4.0,
    max_narration_tokens=100,
    max_segment_frames=50,
    max_new_tokens=8,
)
NAN = float("nan")


class ToyWanted(WantedSettings):
    """The same settings for every stream, unless a test says otherwise."""

    def __init__(self) -> None:
        self.default = SETTINGS
        self.by_stream: dict[str, StreamSettings] = {}

    def of(self, stream: str) -> StreamSettings:
        return self.by_stream.get(stream, SETTINGS)

    def silent_after_s(self, stream: str) -> float:
        return 60.0

    def prompt_version(self, settings: StreamSettings) -> str:
        return settings.prompt or "p"


def digest(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4])


@dataclass
class ToyState:
    state: int = 0
    num_frames: int = 0
    segment: int = 0
    start: FramePosition | None = None
    last: FramePosition | None = None
    settings: StreamSettings = SETTINGS


class ToyEngine:
    """See NarratorEngine; never more than `num_slots` streams."""

    def __init__(self, random: Random, num_slots: int, speaks: float = 0.4) -> None:
        self.random = random
        self.num_slots = num_slots
        self.speaks = speaks
        self.open: dict[str, ToyState] = {}
        self.num_opened = 0

    def open_stream(
        self, stream: str, settings: StreamSettings, snapshot: StreamSnapshot | None = None
    ) -> None:
        if stream in self.open or len(self.open) >= self.num_slots:
            raise EngineError(f"{stream} is open, or no slot is free")
        self.num_opened += 1
        state = self.open[stream] = ToyState(settings=settings)
        if snapshot is not None:
            state.state, state.num_frames = snapshot.next_position, snapshot.num_frames
            state.segment, state.start, state.last = snapshot.segment, snapshot.start, snapshot.position

    def change_settings(self, stream: str, settings: StreamSettings) -> None:
        assert self.open[stream].start is None, "settings change between segments only"
        self.open[stream].settings = settings
        self.open[stream].state = digest(self.open[stream].state, settings)

    def has_open_segment(self, stream: str) -> bool:
        return self.open[stream].start is not None

    def close_stream(self, stream: str) -> None:
        del self.open[stream]

    def snapshot(self, stream: str) -> StreamSnapshot:
        state = self.open[stream]
        empty = torch.zeros(0)
        return StreamSnapshot(
            settings=state.settings,
            model_hash="m",
            rules="paper",
            position=state.last,
            segment=state.segment,
            num_frames=state.num_frames,
            frames_since_narration=0,
            start=state.start,
            start_time_ns=0,
            last_narration_ns=0,
            p_skip_margin=None,
            end_of_turn_pending=False,
            next_position=state.state,
            prompt=(),
            narrations=(),
            visual=(),
            memory={},
            keys=empty,
            values=empty,
        )

    def step(self, frames: Sequence[FrameInput]) -> list[FrameOutcome]:
        assert frames
        assert len({frame.stream for frame in frames}) == len(frames)
        return [self._step(frame) for frame in frames]

    def end_stream(self, stream: str, time_ns: int) -> FrameOutcome | None:
        state = self.open[stream]
        if state.start is None or state.last is None:
            return None
        tokens = (state.state, self.random.randrange(100))
        return FrameOutcome(stream, state.last, NAN, NAN, _say(state, state.last, tokens))

    def _step(self, frame: FrameInput) -> FrameOutcome:
        state = self.open[frame.stream]
        assert state.last is None or frame.position > state.last
        state.state, state.last = digest(state.state, frame.position), frame.position
        state.start = state.start or frame.position
        speaks = state.num_frames == 0 or frame.end_of_stream or self.random.random() < self.speaks
        tokens: tuple[int, ...] | None = (state.state, self.random.randrange(100)) if speaks else None
        if frame.replay is not None:
            tokens = frame.replay.token_ids
        state.num_frames += 1
        narration = None if tokens is None else _say(state, frame.position, tokens)
        replayed = frame.replay is not None
        return FrameOutcome(frame.stream, frame.position, 0.5, 0.5, narration, replayed)


def _say(state: ToyState, end: FramePosition, tokens: tuple[int, ...]) -> Narration:
    assert state.start is not None
    narration = Narration(state.segment, state.start, end, 0, 0, str(tokens[1]), tokens, NAN, NAN, False)
    state.state = digest(state.state, tokens)
    state.segment, state.start = state.segment + 1, None
    return narration
