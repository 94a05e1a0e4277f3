"""A state machine that tries to break the commit protocol: its rules are what happens in the world."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.support.crash_model.base import choose, counted
from tests.support.crash_model.cameras import STREAMS, Kind
from tests.support.crash_model.service_rules import ServiceRules
from tests.support.crash_model.world import COMMITTING, MODEL, STORING, Doing, Process

Fates = dict[int, int]

INDEX = st.integers(0, 5)
NO_FATES: st.SearchStrategy[Fates] = st.just({})
FATES = st.dictionaries(st.integers(1, 16), st.integers(0, 6), min_size=1, max_size=3)
MAYBE_FATES = st.one_of(NO_FATES, FATES)
KINDS = st.sampled_from([Kind.GOOD, Kind.GOOD, Kind.GOOD, Kind.GROUP, Kind.GROUP, *Kind])
PUBLISHED = st.tuples(st.sampled_from(STREAMS), KINDS, st.integers(0, 3), st.integers(0, 1))


class CrashMachine(ServiceRules):
    """Processes that own the partition, or believe so, at work; Hypothesis runs the rules in any order."""

    def narrators(self) -> list[Process]:
        """Processes that have the partition, or believe so; the newest first."""
        return [p for p in reversed(self.world.processes) if p.narrator is not None]

    def free(self, doing: set[Doing]) -> list[Process]:
        """Those of them that are in the middle of none of these."""
        return [p for p in self.narrators() if not doing & p.operations.keys()]

    def standing(self) -> list[tuple[Process, Doing]]:
        """What stands still."""
        return [(p, name) for p in self.world.processes for name in p.operations]

    @rule(published=st.lists(PUBLISHED, min_size=1, max_size=6))
    @counted
    def publish(self, published: list[tuple[str, Kind, int, int]]) -> None:
        for stream, kind, num_frames, hole in published:
            self.world.cameras.publish(stream, kind, num_frames, hole)

    @rule(
        published=st.lists(PUBLISHED, min_size=1, max_size=8),
        snapshots=st.sets(st.sampled_from(STREAMS)),
        steps=st.integers(0, 30),
    )
    @counted
    def live(self, published: list[tuple[str, Kind, int, int]], snapshots: set[str], steps: int) -> None:
        """What nearly always happens: frames come, are narrated and committed; some are in progress."""
        for stream, kind, num_frames, hole in published:
            self.world.cameras.publish(stream, kind, num_frames, hole)
        free = self.free(COMMITTING | STORING)
        process = free[0] if free else self.world.take_over(self.world.generation + 1, {})
        self.checker.check()
        if process.narrator is None or self._is_too_late(process):
            return
        process.narrator.catch_up(steps)
        for stream in sorted(snapshots):
            process.narrator.snapshot(stream)
        self.world.commit(process, {})

    @precondition(lambda self: len(self.narrators()) < 3)
    @rule(step=st.sampled_from([1, 1, 1, 1, 0, -1]), fates=MAYBE_FATES, other_model=st.integers(0, 15))
    @counted
    def take_over(self, step: int, fates: Fates, other_model: int) -> None:
        generation = max(self.world.generation + step, 1)
        model_hash = "other" if other_model == 15 else MODEL
        self.world.take_over(
            generation, fates, model_hash=model_hash, accept_state_loss=other_model not in (0, 1)
        )

    @precondition(lambda self: self.narrators())
    @rule(index=INDEX, num_records=st.integers(1, 6))
    @counted
    def read(self, index: int, num_records: int) -> None:
        process = choose(self.narrators(), index)
        if process.narrator is not None and not self._is_too_late(process):
            process.narrator.read(num_records)

    @precondition(lambda self: any(p.narrator.in_flight for p in self.narrators()))
    @rule(index=INDEX, batch=INDEX, again=st.sampled_from([False, False, True]))
    @counted
    def arrive(self, index: int, batch: int, again: bool) -> None:
        narrator = choose(
            [p for p in self.narrators() if p.narrator and p.narrator.in_flight], index
        ).narrator
        assert narrator is not None
        narrator.arrive(batch % len(narrator.in_flight), again=again)

    @precondition(lambda self: any(_has_work(p) for p in self.narrators()))
    @rule(index=INDEX, steps=st.lists(INDEX, min_size=1, max_size=16))
    @counted
    def step(self, index: int, steps: list[int]) -> None:
        narrator = choose([p for p in self.narrators() if _has_work(p)], index).narrator
        assert narrator is not None
        for step in steps:
            narrator.step(step)

    @precondition(lambda self: self.narrators())
    @rule(index=INDEX, stream=st.sampled_from(STREAMS))
    @counted
    def snapshot(self, index: int, stream: str) -> None:
        narrator = choose(self.narrators(), index).narrator
        assert narrator is not None
        for name in sorted({stream, *narrator.session.due_streams()}):
            narrator.snapshot(name)

    @precondition(lambda self: any(p.narrator.has_caught_up for p in self.narrators()))
    @rule(stream=st.sampled_from(STREAMS))
    @counted
    def fall_silent(self, stream: str) -> None:
        for process in self.narrators():
            if process.narrator is not None and process.narrator.has_caught_up:
                process.narrator.fall_silent(stream)

    @precondition(lambda self: self.free(COMMITTING))
    @rule(index=INDEX, fates=FATES, store=st.booleans())
    @counted
    def commit(self, index: int, fates: Fates, store: bool) -> None:
        self.world.commit(choose(self.free(COMMITTING), index), fates, store=store)

    @precondition(lambda self: self.free(STORING))
    @rule(index=INDEX, fates=FATES)
    @counted
    def store_snapshots(self, index: int, fates: Fates) -> None:
        self.world.store_snapshots(choose(self.free(STORING), index), fates)

    @precondition(lambda self: self.standing())
    @rule(index=INDEX, fates=MAYBE_FATES)
    @counted
    def go_on(self, index: int, fates: Fates) -> None:
        process, name = choose(self.standing(), index)
        self.world.go_on(process, name, fates)

    @precondition(lambda self: self.world.processes)
    @rule(index=INDEX)
    @counted
    def die(self, index: int) -> None:
        self.world.kill(choose(self.world.processes, index))

    def _is_too_late(self, process: Process) -> bool:
        """Retention took what the process would read next: it can only give up."""
        assert process.narrator is not None
        is_too_late = process.narrator.reader.next_offset < self.world.broker.beginning
        if is_too_late:
            self.world.kill(process)
        return is_too_late


def _has_work(process: Process) -> bool:
    return process.narrator is not None and bool(process.narrator.reports or process.narrator.busy_streams)
