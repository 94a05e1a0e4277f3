"""States of the visual histories of all streams, one slot per stream, one pool per kind of history."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from operators.errors import EngineError
from operators.memory.history import HistoryState, VisualHistory

PENDING = "pending"
"""Name of the tokens that a lagging state has not seen yet, among its tensors."""


class HistoryPool:
    """The states of all streams with one kind of history; updated in place.

    With `lags`, a state is always behind: it knows the last frame's first token only, the others wait in
    `pending` until the next frame comes. What a read gives is then what the rules `memory_read` =
    `first_token` ask for, at the price of one update a frame. Histories that take whole frames don't lag.

    Args:
        history: How states change.
        num_slots: Most streams at a time.
        num_frame_tokens: N.
        dim: D, width of the features.
        lags: See above.
        device: Where the pending tokens wait.
    """

    def __init__(
        self,
        history: VisualHistory,
        num_slots: int,
        *,
        num_frame_tokens: int,
        dim: int,
        lags: bool,
        device: torch.device,
    ) -> None:
        self.history = history
        self._states = {name: t.clone() for name, t in history.initial_state(num_slots).items()}
        self._start = history.initial_state(1)
        self._lags = lags and history.token_wise and num_frame_tokens > 1
        waiting = num_frame_tokens - 1 if self._lags else 0
        self._pending = torch.zeros((num_slots, waiting, dim), device=device)
        self._has_pending = [False] * num_slots

    def update(self, slots: Sequence[int], features: Tensor) -> None:
        """Fold one frame [B, N, D] into the states of different slots."""
        if not self._lags:
            self._fold(slots, features)
            return
        for is_waiting in (True, False):
            rows = [row for row, slot in enumerate(slots) if self._has_pending[slot] is is_waiting]
            if rows:
                chosen = [slots[row] for row in rows]
                first = features[rows, :1]
                self._fold(chosen, torch.cat([self._pending[chosen], first], dim=1) if is_waiting else first)
        self._pending[list(slots)] = features[:, 1:].to(self._pending.dtype)
        for slot in slots:
            self._has_pending[slot] = True

    def read(self, slots: Sequence[int]) -> Tensor:
        """Memory tokens [B, M, D] of slots."""
        index = list(slots)
        return self.history.read({name: state[index] for name, state in self._states.items()})

    def reset(self, slot: int, state: HistoryState | None) -> None:
        """Set a slot to what `export` gave, or to the start.

        Raises:
            EngineError: The state is not one of this history.
        """
        given = dict(self._start_of_slot() if state is None else state)
        pending = given.pop(PENDING, None)
        shapes = {name: tuple(t.shape) for name, t in given.items()}
        if shapes != {name: tuple(t.shape[1:]) for name, t in self._states.items()}:
            raise EngineError(
                f"a state of {shapes} is none of the history {self.history.name!r}.",
                action="Use the snapshot with the history it was taken with, or start without it.",
            )
        if pending is not None and pending.shape != self._pending.shape[1:]:
            raise EngineError(
                f"{list(pending.shape)} pending tokens are not {list(self._pending.shape[1:])}."
            )
        for name, value in given.items():
            self._states[name][slot] = value.to(self._states[name].device)
        self._has_pending[slot] = pending is not None
        if pending is not None:
            self._pending[slot] = pending.to(self._pending.device)

    def export(self, slot: int) -> dict[str, Tensor]:
        """Copy a slot's state; each tensor without the dimension of the streams."""
        state = {name: t[slot].clone() for name, t in self._states.items()}
        return state | ({PENDING: self._pending[slot].clone()} if self._has_pending[slot] else {})

    def _start_of_slot(self) -> dict[str, Tensor]:
        return {name: t[0] for name, t in self._start.items()}

    def _fold(self, slots: Sequence[int], features: Tensor) -> None:
        index = list(slots)
        state = {name: t[index] for name, t in self._states.items()}
        for name, value in self.history.update(state, features).items():
            self._states[name][index] = value


class MemorySlots:
    """Slots of streams with different histories.

    Args:
        make_pool: Makes the pool of a kind of history when the first stream asks for it; may raise.
    """

    def __init__(self, make_pool: Callable[[str], HistoryPool]) -> None:
        self._make_pool = make_pool
        self._pools: dict[str, HistoryPool] = {}
        self._kinds: dict[int, str] = {}

    def history(self, kind: str) -> VisualHistory:
        """The history of a kind, as settings name it.

        Raises:
            OperatorError: The model can't have it.
        """
        return self._pool(kind).history

    def open(self, slot: int, kind: str, state: Mapping[str, Tensor] | None) -> None:
        """Give a slot a kind of history, at its start or at a state that `export` gave.

        Raises:
            OperatorError: The model can't have that history, or the state is not one of it.
        """
        self._pool(kind).reset(slot, state)
        self._kinds[slot] = kind

    def update(self, slots: Sequence[int], features: Tensor) -> None:
        """Fold one frame [B, N, D] into the states of different slots."""
        for kind, rows in self._by_kind(slots).items():
            chosen = features if len(rows) == len(slots) else features[rows]
            self._pools[kind].update([slots[row] for row in rows], chosen)

    def read(self, slots: Sequence[int]) -> list[Tensor]:
        """Memory tokens [M, D] of each slot; M is its history's."""
        tokens: dict[int, Tensor] = {}
        for kind, rows in self._by_kind(slots).items():
            read = self._pools[kind].read([slots[row] for row in rows])
            tokens |= dict(zip(rows, read.unbind(0), strict=True))
        return [tokens[row] for row in range(len(slots))]

    def export(self, slot: int) -> dict[str, Tensor]:
        """Copy a slot's state; each tensor without the dimension of the streams."""
        return self._pools[self._kinds[slot]].export(slot)

    def _pool(self, kind: str) -> HistoryPool:
        if kind not in self._pools:
            self._pools[kind] = self._make_pool(kind)
        return self._pools[kind]

    def _by_kind(self, slots: Sequence[int]) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, slot in enumerate(slots):
            rows.setdefault(self._kinds[slot], []).append(row)
        return rows
