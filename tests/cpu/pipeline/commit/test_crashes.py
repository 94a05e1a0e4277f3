"""The protocol under crashes at every step, on a model of Kafka and Redis."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.commit.checkpoint_json import decode_stream
from pipeline.errors import FencedError, NotCommittedError, PipelineError
from tests.support.commit_model import TOPICS, CrashError, Faults, World
from tests.support.commit_narrator import BAD, END, GOOD, STRAY, Sent, ToyNarrator, check

REPEAT, STALE, RESTART = "repeat", "stale", "restart"


@st.composite
def frame_logs(draw: st.DrawFn, max_size: int = 24) -> list[Sent]:
    """What three cameras publish: good and bad records, repeated ones, restarts and ends."""
    kinds = st.sampled_from([GOOD] * 8 + [BAD, STRAY, END, REPEAT, STALE, RESTART])
    wanted = draw(st.lists(st.tuples(st.sampled_from("abc"), kinds, st.integers(0, 3)), max_size=max_size))
    sent: list[Sent] = []
    epoch = dict.fromkeys("abc", 1)
    sequence = dict.fromkeys("abc", 0)
    for stream, kind, num_frames in wanted:
        if kind == RESTART:
            epoch[stream], sequence[stream] = epoch[stream] + 1, 0
        elif kind == STRAY:
            sent.append(Sent("", STRAY, 1, 0, 0))
        elif kind in (REPEAT, STALE):
            # Without a good record of the same life there is nothing to repeat or to be older than.
            if sequence[stream]:
                e = epoch[stream] - (kind == STALE)
                sent.append(Sent(stream, GOOD, 1, e, sequence[stream] - 1))
        else:
            wanted_frames = num_frames if kind == END else max(num_frames, 1)
            sent.append(Sent(stream, kind, wanted_frames, epoch[stream], sequence[stream]))
            sequence[stream] += kind != BAD
            if kind == END:
                epoch[stream], sequence[stream] = epoch[stream] + 1, 0
    return sent


def fill(world: World, sent: list[Sent]) -> None:
    world.broker.frames = [item.record(offset) for offset, item in enumerate(sent)]


def survive(world: World, random: Random, *, links: bool = False, lose_blobs: bool = False) -> None:
    """Start processes until one comes through to the end."""
    for _ in range(100):
        try:
            narrator = ToyNarrator(world, world.take_over(), random)
            narrator.run(links=links)
            narrator.finish()
        except (CrashError, PipelineError):
            if lose_blobs:
                lose_newest_blobs(world, random)
        else:
            return
    pytest.fail("no process came through")


def lose_newest_blobs(world: World, random: Random) -> None:
    """Redis forgets blobs of which there is an older state."""
    records = {r.key: r.value for r in world.broker.logs[TOPICS.checkpoints]}
    for key, value in records.items():
        if value and key and not key.startswith(b"@") and random.random() < 0.5:
            record = decode_stream(value)
            older = record.previous
            if older and record.base.blob and (older.blob is None or older.blob.key in world.store.blobs):
                world.store.blobs.pop(record.base.blob.key, None)


def faults_from(steps: list[tuple[int, str]]) -> Faults:
    plan, at = {}, 0
    for gap, kind in steps:
        at += gap
        plan[at] = kind
    return Faults(plan)


FAULTS = st.lists(
    st.tuples(st.integers(1, 25), st.sampled_from(["crash", "crash", "crash", "unknown", "down"])), max_size=8
)


@given(frame_logs(), FAULTS, st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_crashes_change_nothing_that_readers_see(
    sent: list[Sent], steps: list[tuple[int, str]], seed: int
) -> None:
    world = World(faults_from(steps))
    fill(world, sent)
    survive(world, Random(seed))
    check(world)


@given(frame_logs(), FAULTS, st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_deliveries_may_come_out_of_order_if_they_are_linked(
    sent: list[Sent], steps: list[tuple[int, str]], seed: int
) -> None:
    world = World(faults_from(steps))
    fill(world, sent)
    survive(world, Random(seed), links=True)
    check(world)


@given(frame_logs(), FAULTS, st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_a_lost_blob_is_made_good_from_the_one_before(
    sent: list[Sent], steps: list[tuple[int, str]], seed: int
) -> None:
    world = World(faults_from(steps))
    fill(world, sent)
    survive(world, Random(seed), lose_blobs=True)
    check(world)


@given(frame_logs(), FAULTS, st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_after_the_loss_of_all_blobs_nothing_is_repeated_or_skipped(
    sent: list[Sent], steps: list[tuple[int, str]], seed: int
) -> None:
    world = World(faults_from(steps))
    fill(world, sent[: len(sent) // 2])
    survive(world, Random(seed))
    world.store.blobs.clear()
    fill(world, sent)
    survive(world, Random(seed + 1))
    check(world, lost_state=True)


@given(frame_logs(), st.integers(0, 24), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_a_store_that_comes_back_empty_gets_all_living_states_again(
    sent: list[Sent], until: int, seed: int
) -> None:
    world = World()
    fill(world, sent)
    former = ToyNarrator(world, world.take_over(), Random(seed))
    former.run(until // 2)
    former.finish()
    owner = ToyNarrator(world, world.take_over(), Random(seed + 1))
    owner.run(until)
    world.store.flush()
    owner.finish()
    records = {r.key: r.value for r in world.broker.logs[TOPICS.checkpoints]}
    streams = [decode_stream(value) for key, value in records.items() if value and key and key[:1] != b"@"]
    assert all(record.base.blob is None or record.base.blob.key in world.store.blobs for record in streams)
    survive(world, Random(seed + 2))
    check(world)


@given(frame_logs(), st.integers(0, 24), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_an_older_owner_that_still_runs_changes_nothing(sent: list[Sent], until: int, seed: int) -> None:
    world = World()
    fill(world, sent)
    random = Random(seed)
    zombie = ToyNarrator(world, world.take_over(), random)
    zombie.run(until)
    owner = ToyNarrator(world, world.take_over(), Random(seed + 1))
    owner.run(until // 2)
    logs = {topic: list(log) for topic, log in world.broker.logs.items()}
    try:
        assert zombie.session.commit() is None
    except FencedError:
        assert not zombie.session.is_alive
        with pytest.raises(NotCommittedError):
            zombie.session.commit()
    assert world.broker.logs == logs
    survive(world, random)
    check(world)


@given(frame_logs(), FAULTS, st.integers(0, 2**32), st.booleans())
@settings(max_examples=200, deadline=None)
def test_everything_is_tidy_in_the_end(
    sent: list[Sent], steps: list[tuple[int, str]], seed: int, lose_blobs: bool
) -> None:
    """The position is at the end, ended streams are forgotten, and only named blobs are left."""
    world = World(faults_from(steps))
    fill(world, sent)
    survive(world, Random(seed), lose_blobs=lose_blobs)
    world.faults.plan.clear()
    recovery = world.take_over().recovery
    assert recovery.position == recovery.committed_position == len(sent)
    assert not [stream for stream, state in recovery.streams.items() if state.ended]
    records = {r.key: r.value for r in world.broker.logs[TOPICS.checkpoints]}
    streams = [decode_stream(value) for key, value in records.items() if value and key and key[:1] != b"@"]
    named = {ref.key for record in streams for ref in record.blobs}
    assert set(world.store.blobs) <= named
    assert all(record.base.blob is None or record.base.blob.key in world.store.blobs for record in streams)
    assert lose_blobs or set(world.store.blobs) == named
    assert all(record.replay_from is None for record in streams)


def test_every_step_of_a_commit_and_of_a_takeover_is_among_the_faults() -> None:
    """The crash tests are only as good as the model's steps."""
    world = World()
    fill(world, [Sent("a", GOOD, 1, 1, n) for n in range(20)])
    survive(world, Random(0))
    survive(world, Random(1))
    assert set(world.faults.seen) == {
        "before put",
        "after put",
        "before begin",
        "inside the transaction",
        "before commit",
        "after commit",
        "before delete",
        "after delete",
        "before reading checkpoints",
        "before fencing",
        "after fencing",
        "before get",
        "before sweep",
        "before missing",
    }
