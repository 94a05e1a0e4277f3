"""Rules about what happens beside the processes: time, networks, the broker, the store, retention."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from pipeline.commit.special_streams import REMEMBER_ENDED_MS
from tests.support.crash_model.base import WorldMachine, choose, counted

FORGOTTEN_AFTER_S = REMEMBER_ENDED_MS / 1000 + 1.0


class ServiceRules(WorldMachine):
    """Whatever may happen to those who are only asked.

    Attributes:
        remembered_since_s: Everything that ended since then is remembered.
    """

    remembered_since_s = 0.0

    @precondition(lambda self: self.world.network.num_late)
    @rule(index=st.integers(0, 5))
    @counted
    def deliver_late(self, index: int) -> None:
        self.world.network.deliver(index)

    @rule(seconds=st.sampled_from([0.5, 12.0, 40.0, 700.0]), compacts=st.booleans(), changes=st.booleans())
    @counted
    def time_passes(self, seconds: float, compacts: bool, changes: bool) -> None:
        # Not so much that an end is forgotten while something late of the stream is on its way.
        left_s = self.remembered_since_s + REMEMBER_ENDED_MS / 1000 - 1.0 - self.world.clock.now_s
        self.world.let_pass(max(0.0, min(seconds, left_s)))
        self.world.settings += changes
        if compacts:
            self.world.broker.compact()

    @precondition(lambda self: self.world.broker.end == self.checker.position)
    @rule()
    @counted
    def ends_are_forgotten(self) -> None:
        """All is read, nothing comes, and so much time passes that streams which ended are forgotten."""
        self.world.let_pass(FORGOTTEN_AFTER_S)
        self.remembered_since_s = self.world.clock.now_s
        self.world.cameras.forget_ended()

    @precondition(lambda self: self.world.store.blobs)
    @rule(index=st.integers(0, 30), kind=st.sampled_from(["vanish", "vanish", "damage", "damage", "empty"]))
    @counted
    def lose_blobs(self, index: int, kind: str) -> None:
        if kind == "empty":
            self.world.store.come_back_empty()
        else:
            key = choose(sorted(self.world.store.blobs), index)
            self.world.store.lose(key, damage=kind == "damage")

    @rule(broker=st.integers(0, 2), store=st.integers(0, 2))
    @counted
    def go_down(self, broker: int, store: int) -> None:
        self.world.go_down(broker, store)

    @precondition(lambda self: self.world.broker.beginning < self.checker.position)
    @rule(num_offsets=st.integers(1, 10))
    @counted
    def delete_old_frames(self, num_offsets: int) -> None:
        broker = self.world.broker
        broker.delete_frames(min(broker.beginning + num_offsets, self.checker.position))

    @precondition(lambda self: self.world.broker.beginning < self.world.broker.end)
    @rule(num_offsets=st.integers(1, 10))
    @counted
    def delete_frames_too_early(self, num_offsets: int) -> None:
        broker = self.world.broker
        broker.delete_frames(max(broker.beginning, self.checker.position) + num_offsets)
