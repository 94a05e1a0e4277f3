"""The end of every story: all is well again, a healthy process takes over, and everything must be true."""

from __future__ import annotations

from operators.narrator.types import FramePosition
from pipeline.commit.special_streams import REMEMBER_ENDED_MS
from tests.support.crash_model.cameras import STREAMS, Kind
from tests.support.crash_model.checker import Checker
from tests.support.crash_model.promises import require
from tests.support.crash_model.world import World

_ROUNDS = 10


def bring_to_an_end(world: World, checker: Checker) -> None:
    """Heal the world, end all streams, process everything, and check it.

    Raises:
        ViolationError: A promise is broken.
    """
    world.heal()
    process = world.take_over(world.generation + 1, {})
    checker.check()
    assert process.narrator is not None
    for stream in STREAMS:
        # What was deleted may have been an end.
        if world.cameras.is_live(stream) or checker.reader.streams[stream].is_partly_deleted:
            world.cameras.publish(stream, Kind.END, 1, 0)
    # Some streams end in one process, and one in the next.
    process.narrator.catch_up_with_all_but_one()
    world.commit(process, {})
    process = world.take_over(world.generation + 1, {})
    assert process.narrator is not None
    process.narrator.catch_up()
    for _ in range(_ROUNDS):
        world.commit(process, {})
        world.clock.now_s += 100.0
    position = process.narrator.session.position
    require(position == world.broker.end, "when all is told, nothing is read again", position)
    world.let_pass(REMEMBER_ENDED_MS / 1000)
    world.cameras.publish(STREAMS[0], Kind.STRAY, 0, 0)
    process.narrator.catch_up()
    world.commit(process, {})
    checker.check()
    for stream in STREAMS:
        log = checker.reader.streams[stream]
        # Takes in the ends too, which must have left nothing untold.
        checker.fold(process.number, stream).state_at(FramePosition(world.broker.end))
        checker.reader.check_gaps(stream, world.broker.end)
        if not log.is_partly_deleted:
            _check_dead_letters(world, checker, stream)
    _check_dead_letters(world, checker, "")
    last = world.take_over(world.generation + 1, {})
    assert last.narrator is not None
    recovery = last.narrator.session.recovery
    require(recovery.position == world.broker.end, "the position comes to the end", recovery.position)
    checker.check()
    # Of some nothing was ever taken, so they never ended; and an end may be deleted before anybody reads it.
    begun = [name for name, stream in recovery.streams.items() if stream.admission is not None]
    left = [name for name in begun if not checker.reader.streams[name].is_partly_deleted]
    require(not left, "streams that ended are forgotten", left)
    named = {blob.key for record in checker.records.values() for blob in record.blobs}
    require(world.store.blobs.keys() <= named, "blobs that nobody names are deleted", world.store.blobs)


def _check_dead_letters(world: World, checker: Checker, stream: str) -> None:
    offsets = world.cameras.of_stream[stream]
    beginning = world.broker.beginning
    wanted = {o for o in offsets if o in world.cameras.refused}
    found = checker.dead_offsets & set(offsets)
    # Strays that were deleted belong to no stream that could tell it.
    is_exact = found == wanted or (not stream and {o for o in wanted if o >= beginning} <= found <= wanted)
    require(is_exact, "what can't be used is dead-lettered, and nothing else", stream, wanted, found)
