"""The narrator: one loop that advances any number of streams by one frame each, batched."""

from collections.abc import Sequence

import torch
from torch import Tensor

from operators.errors import EngineError
from operators.memory.history import VisualHistory
from operators.narrator.admission import FrameLimits, admit
from operators.narrator.batch import Feed
from operators.narrator.context import ContextRules, rules_named
from operators.narrator.history_pools import history_pool
from operators.narrator.model import NarratorModel
from operators.narrator.observer import EngineObserver
from operators.narrator.runner import LanguageRunner, best_tokens, skip_decisions
from operators.narrator.sequences import pieces
from operators.narrator.sequences.pieces import Piece, Region
from operators.narrator.streams import lifecycle, saving
from operators.narrator.streams.memory_slots import MemorySlots
from operators.narrator.streams.regions import RegionSizes
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.streams.sizing import slot_sizes
from operators.narrator.streams.snapshot import StreamSnapshot
from operators.narrator.streams.stream import Stream
from operators.narrator.streams.turn import Turn
from operators.narrator.types import FrameInput, FrameOutcome


class NarratorEngine:
    """Narrates streams; not thread-safe. An exception other than EngineError leaves it unusable: discard it.

    Args:
        model: The model; its device is the engine's.
        num_slots: Most streams that are open at a time.
        rules: What streams are shown, when they speak and what they forget; None for those that the model was
            trained for.
        histories: Visual histories, as settings name them, that streams will have besides the model's own:
            the slots get room for them.
        sizes: Room of a slot; None for what limits and histories ask for.
        observer: Is told what happens inside; slows the engine down.

    Raises:
        OperatorError: The model can't have one of the histories.
    """

    def __init__(
        self,
        model: NarratorModel,
        *,
        num_slots: int,
        rules: ContextRules | None = None,
        histories: Sequence[str] = (),
        sizes: RegionSizes | None = None,
        observer: EngineObserver | None = None,
    ) -> None:
        self._model = model
        self._rules = rules or rules_named(model.config.rules)
        self._observer = observer
        self._memory = MemorySlots(lambda kind: history_pool(kind, model, self._rules, num_slots))
        known = [self._memory.history(kind) for kind in {model.memory.name, *histories}]
        self._sizes = sizes or slot_sizes(model, known)
        self._last_position = lifecycle.max_position(model, self._rules, self._sizes)
        self._runner = LanguageRunner(model.decoder, num_slots, self._sizes, self._last_position)
        self._free_slots = list(range(num_slots))[::-1]
        self._streams: dict[str, Stream] = {}
        self._limits = FrameLimits(
            shape=(model.layout.num_frame_tokens, model.config.vision.hidden_size),
            vocab_size=model.decoder.config.vocab_size,
            end_of_turn=model.layout.end_of_turn,
            max_new_tokens=model.config.limits.max_new_tokens,
        )

    @property
    def streams(self) -> frozenset[str]:
        """Names of the open streams."""
        return frozenset(self._streams)

    def history(self, kind: str) -> VisualHistory:
        """The visual history of a kind, as settings name it.

        Raises:
            OperatorError: The model can't have it.
        """
        return self._memory.history(kind)

    @torch.inference_mode()
    def open_stream(
        self, stream: str, settings: StreamSettings, snapshot: StreamSnapshot | None = None
    ) -> None:
        """Open a stream, at its beginning or where a snapshot was taken.

        Raises:
            EngineError: It is open already, no slot is free, the settings don't fit the model, or the
                snapshot doesn't fit settings or model. Nothing is opened then.
            LayoutError: The prompt can't be written.
        """
        if stream in self._streams:
            raise EngineError(f"stream {stream} is open already.")
        if not self._free_slots:
            raise EngineError(
                f"all {len(self._streams)} slots are taken.", action="Raise live.num_slots or add narrators."
            )
        history = self._memory.history(settings.history)
        plan = lifecycle.make_plan(stream, settings, self._model, self._rules, history, self._last_position)
        opened = lifecycle.new_stream(stream, self._free_slots[-1], plan, self._sizes)
        if snapshot is None:
            self._memory.open(opened.slot, settings.history, None)
        else:
            saving.restore_snapshot(
                opened, snapshot, self._runner.cache, self._memory, self._model.model_hash
            )
        self._streams[stream] = opened
        self._free_slots.pop()

    def close_stream(self, stream: str) -> None:
        """Forget a stream.

        Raises:
            EngineError: It is not open.
        """
        self._free_slots.append(self._stream(stream).slot)
        del self._streams[stream]

    @torch.inference_mode()
    def change_settings(self, stream: str, settings: StreamSettings) -> None:
        """Narrate a stream by other settings from its next segment on.

        If the prompt changes, the context begins anew with it: the memory goes on, no narration is kept, and
        the next frame is narrated like a first one. Another history begins empty.

        Raises:
            EngineError: The stream is not open or has an open segment, or the settings don't fit the model.
                Then nothing was changed.
            LayoutError: The prompt can't be written.
        """
        changing = self._stream(stream)
        history = self._memory.history(settings.history)
        plan = lifecycle.make_plan(stream, settings, self._model, self._rules, history, self._last_position)
        old_history = changing.settings.history
        lifecycle.change_plan(changing, plan, self._sizes)
        if settings.history != old_history:
            self._memory.open(changing.slot, settings.history, None)

    def has_open_segment(self, stream: str) -> bool:
        """Tell whether a stream was shown frames since its last narration.

        Raises:
            EngineError: It is not open.
        """
        return self._stream(stream).start is not None

    def settings(self, stream: str) -> StreamSettings:
        """By which settings a stream is narrated.

        Raises:
            EngineError: It is not open.
        """
        return self._stream(stream).settings

    def num_cached_tokens(self, stream: str) -> int:
        """Count the visible tokens of a stream: the length of its cache.

        Raises:
            EngineError: It is not open.
        """
        return self._stream(stream).regions.num_tokens

    @torch.inference_mode()
    def snapshot(self, stream: str) -> StreamSnapshot:
        """Copy a stream's complete state, between two steps.

        Raises:
            EngineError: It is not open.
        """
        return saving.take_snapshot(
            self._stream(stream), self._runner.cache, self._memory, self._model.model_hash
        )

    @torch.inference_mode()
    def step(self, frames: Sequence[FrameInput]) -> list[FrameOutcome]:
        """Advance streams by one frame each.

        Args:
            frames: At most one per stream, of open streams, in any order.

        Returns:
            What each led to, in the order of `frames`. A bad frame is refused by itself (`error`).

        Raises:
            EngineError: A stream is not open or stands there twice; nothing was changed.
        """
        turns = [Turn(self._stream(frame.stream), frame) for frame in frames]
        if len({frame.stream for frame in frames}) < len(frames):
            raise EngineError("a step takes at most one frame of each stream.")
        turns, features, refused = admit(turns, self._limits, self._runner.device)
        if turns:
            for turn, decision in zip(turns, self._show(turns, features), strict=True):
                turn.decide(*decision)
            self._write([turn for turn in turns if turn.speaks])
        outcomes = {turn.frame.stream: self._finish(turn) for turn in turns}
        for turn in turns:
            if turn.stream.rebase():
                self._runner.move_keys(turn.stream)
        return [
            outcomes.get(frame.stream) or FrameOutcome.of_refused(frame, refused[frame.stream])
            for frame in frames
        ]

    @torch.inference_mode()
    def end_stream(self, stream: str, time_ns: int) -> FrameOutcome | None:
        """Narrate the open segment of a stream that ended, at `time_ns`, without a further frame.

        Returns:
            None if nothing was shown since the last narration, or if the rules narrate no end.

        Raises:
            EngineError: It is not open.
        """
        ending = self._stream(stream)
        if ending.position is None or not ending.num_frames or not self._rules.narrate_at_end:
            return None
        last = FrameInput(stream, ending.position, time_ns, torch.empty(0), end_of_stream=True)
        turn = Turn(ending, last, speaks=True, forced=True)
        self._write([turn])
        return self._finish(turn)

    def _show(self, turns: Sequence[Turn], features: Tensor) -> list[tuple[float, bool]]:
        """Feed a frame to every stream: memory, language model, what the trigger asks."""
        vision = [features.flatten(0, 1)]
        vision += self._memory.read([turn.stream.slot for turn in turns if turn.stream.opens_segment])
        self._memory.update([turn.stream.slot for turn in turns], features)
        feeds = [Feed(turn.stream, turn.stream.show(turn.frame)) for turn in turns]
        embedded = self._model.connector(torch.cat(vision).to(self._runner.dtype))
        logits = self._runner.extend(feeds, embedded)
        if self._observer is not None:
            for row, turn in enumerate(turns):
                self._observer.frame_shown(turn.stream, logits[row])
        return skip_decisions(logits, self._model.layout.skip)

    def _write(self, writing: Sequence[Turn]) -> None:
        """Write the narrations of all streams that speak, one token of each at a time."""
        layout = self._model.layout
        feeds = [
            Feed(turn.stream, pieces.reply(layout, is_opening=turn.stream.is_opening)) for turn in writing
        ]
        while feeds:
            logits = self._runner.extend(feeds)
            if self._observer is not None:
                for row, turn in enumerate(writing):
                    self._observer.token_chosen(turn.stream, logits[row])
            best = best_tokens(logits)
            writing = [turn for turn, choice in zip(writing, best, strict=True) if turn.take(*choice)]
            feeds = [Feed(turn.stream, [Piece(Region.NARRATION, (turn.tokens[-1],))]) for turn in writing]

    def _finish(self, turn: Turn) -> FrameOutcome:
        if self._observer is not None and turn.speaks:
            self._observer.narration_written(turn.stream)
        outcome = turn.finish()
        if self._observer is not None:
            self._observer.frame_finished(turn.stream, outcome)
        return outcome

    def _stream(self, name: str) -> Stream:
        if name not in self._streams:
            raise EngineError(f"stream {name} is not open.", action="Open it before its first frame.")
        return self._streams[name]
