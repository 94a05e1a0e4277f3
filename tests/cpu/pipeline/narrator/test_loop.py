"""From records to committed outputs, with crashes at every step, any order of arrival, and few slots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.narrator.types import FramePosition
from pipeline.errors import PipelineError
from pipeline.kafka_io.records import Record
from pipeline.messages.camera import CameraBook, CameraSettings
from pipeline.messages.events import FrameRange, Shed
from pipeline.messages.records import Receipt, RecordBatch
from pipeline.narrator.work import Ticket
from pipeline.reader.admission import AdmissionState, admit
from pipeline.wire.frame_record import FrameHeaders, format_frame_headers
from pipeline.wire.narration_event import NarrationEvent
from pipeline.wire.notice_event import NoticeEvent
from pipeline.wire.stream_event import decode_stream_event
from tests.support.commit_model import TOPICS, CrashError, Faults, World
from tests.support.toy_engine import SETTINGS, digest
from tests.support.toy_process import BAD_IMAGE, IMAGE, ToyProcess, decode_toy_gop, decode_toy_image


@pytest.fixture(autouse=True)
def toy_decoders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.reader.decoding.decode_image", decode_toy_image)
    monkeypatch.setattr("pipeline.reader.decoding.decode_gop", decode_toy_gop)


def record(
    offset: int,
    stream: str,
    epoch: int,
    sequence: int,
    num_frames: int,
    *,
    bad: bool = False,
    end: bool = False,
) -> Record:
    times = tuple(range(offset * 10, offset * 10 + max(num_frames, 1)))
    content_type = "" if num_frames == 0 else "image/jpeg" if num_frames == 1 else "video/h264"
    headers = FrameHeaders(content_type, epoch, sequence, times, end)
    value = None if num_frames == 0 else BAD_IMAGE if bad else IMAGE
    return Record(TOPICS.frames, 0, offset, 0, stream.encode(), value, format_frame_headers(headers))


@st.composite
def frame_logs(draw: st.DrawFn) -> list[Record]:
    """What three cameras publish: images, groups, bad ones, repeated ones, restarts, ends, foreign keys."""
    kinds = st.sampled_from(["good"] * 9 + ["bad", "repeat", "restart", "end", "bare end", "stray"])
    wanted = draw(st.lists(st.tuples(st.sampled_from("abc"), kinds, st.integers(1, 3)), max_size=24))
    epoch, sequence = dict.fromkeys("abc", 1), dict.fromkeys("abc", 0)
    records = []
    for stream, kind, num_frames in wanted:
        offset = 2 * len(records)
        if kind == "stray":
            records.append(record(offset, "no//stream", 1, 0, 1))
            continue
        if kind == "restart":
            epoch[stream], sequence[stream] = epoch[stream] + 1, 0
        if kind == "repeat":
            sequence[stream] = max(sequence[stream] - 1, 0)
        frames = 0 if kind == "bare end" else num_frames
        ends, bad = kind in ("end", "bare end"), kind == "bad"
        records.append(record(offset, stream, epoch[stream], sequence[stream], frames, bad=bad, end=ends))
        sequence[stream] += 1
        if ends:
            # Whoever goes on after the end is a new publisher.
            epoch[stream], sequence[stream] = epoch[stream] + 1, 0
    return records


def faults_from(steps: list[tuple[int, str]]) -> Faults:
    plan, at = {}, 0
    for gap, kind in steps:
        at += gap
        plan[at] = kind
    return Faults(plan)


FAULTS = st.lists(st.tuples(st.integers(1, 25), st.sampled_from(["crash", "unknown", "down"])), max_size=6)


@given(frame_logs(), FAULTS, st.integers(0, 2**32), st.integers(1, 3))
@settings(max_examples=250, deadline=None)
def test_readers_see_every_narration_once_and_in_order(
    records: list[Record], steps: list[tuple[int, str]], seed: int, num_slots: int
) -> None:
    world, random = World(faults_from(steps)), Random(seed)
    world.broker.frames = records
    survive(world, lambda: ToyProcess(world, random, num_slots))


@given(frame_logs(), FAULTS, st.integers(0, 2**32), st.integers(1, 3))
@settings(max_examples=250, deadline=None)
def test_left_out_frames_and_changed_settings_are_the_same_in_every_replay(
    records: list[Record], steps: list[tuple[int, str]], seed: int, num_slots: int
) -> None:
    world, random = World(faults_from(steps)), Random(seed)
    world.broker.frames = records
    survive(world, lambda: ToyProcess(world, random, num_slots, sheds=0.4, prompts=("x", "y")))


@given(frame_logs(), FAULTS, st.integers(0, 2**32), st.integers(1, 3))
@settings(max_examples=250, deadline=None)
def test_what_the_reader_leaves_out_is_the_same_in_every_replay(
    records: list[Record], steps: list[tuple[int, str]], seed: int, num_slots: int
) -> None:
    """Every process finds another load, and cameras with other settings."""
    world, random = World(faults_from(steps)), Random(seed)
    world.broker.frames = records

    def start() -> ToyProcess:
        process = ToyProcess(world, random, num_slots)
        choice = process.intake.choice
        choice.set_ratios({stream: random.choice([0.3, 0.5, 1.0]) for stream in "abc"})
        rates = {stream: random.choice([None, 1e8]) for stream in "abc"}
        switched_off = random.choice("abcdef")
        choice.set_cameras(
            CameraBook(cameras={s: CameraSettings(s != switched_off, fps=fps) for s, fps in rates.items()})
        )
        return process

    survive(world, start)


def survive(world: World, start: Callable[[], ToyProcess]) -> None:
    """Start processes until one comes through to the end, and hold what they published against the log."""
    for _ in range(50):
        try:
            process = start()
            process.run()
            process.finish()
            break
        except (CrashError, PipelineError):
            continue
    assert process.receipts == [Receipt.PROCESSED] * process.num_batches
    assert process.session.position == world.broker.frame_bounds().end, "something would be read again"
    check(world)


def check(world: World) -> None:
    """Compute all states again from the log and from what was published."""
    told = [decode_stream_event(r.value, r.headers) for r in world.broker.logs[TOPICS.narrations]]
    ids = [(event.stream, event.epoch, event.number) for event in told]
    assert len(set(ids)) == len(ids), "an event was published twice"
    events = [event for event in told if isinstance(event, NarrationEvent)]
    sheds = [
        (e.stream, e.content) for e in told if isinstance(e, NoticeEvent) and isinstance(e.content, Shed)
    ]
    left_out = [(stream, frames) for stream, shed in sheds for frames in shed.ranges]
    ends: dict[str, list[FramePosition]] = {}
    for event in events:
        ends.setdefault(event.stream, []).append(event.narration.end)
    assert all(seen == sorted(seen) for seen in ends.values()), "narrations are out of order"
    published = {(event.stream, event.narration.end): event for event in events}
    assert len(published) == len(events)
    refused = _replay(world.broker.frames, published, left_out)
    assert not published, "a narration of frames that are not there"
    assert not left_out, "frames are told to be left out that are not there, or twice"
    dead = [int(dict(r.headers)["error-offset"]) for r in world.broker.logs[TOPICS.dlq]]
    assert sorted(dead) == refused


def _replay(
    records: list[Record],
    published: dict[tuple[str, FramePosition], NarrationEvent],
    left_out: list[tuple[str, FrameRange]],
) -> list[int]:
    """Follow every stream through the log, and take out of `published` and `left_out` what it explains."""
    refused = []
    admissions: dict[str, AdmissionState] = {}
    states: dict[str, tuple[int, int, int]] = {}
    for item in records:
        stream, headers = (item.key or b"").decode(), dict(item.headers)
        if stream == "no//stream":
            refused.append(item.offset)
            continue
        admission, code = admit(admissions.get(stream), int(headers["epoch"]), int(headers["sequence"]))
        # What is left out is not decoded, so nobody knows that it is bad.
        is_bad = item.value == BAD_IMAGE and not _is_left_out(left_out, stream, FramePosition(item.offset))
        if code is not None or is_bad:
            refused.append(item.offset)
            continue
        admissions[stream] = admission
        for index in range(int(headers.get("frame-count", b"1")) if item.value else 0):
            position = FramePosition(item.offset, index)
            state, num_frames, segment = states.get(stream, (0, 0, 0))
            if _take_left_out(left_out, stream, position):
                assert (stream, position) not in published or "end-of-stream" in headers
                if event := published.pop((stream, position), None):
                    # The end of the stream narrated what was shown before this frame.
                    assert event.narration.token_ids[0] == state
                continue
            state = digest(state, position)
            event = published.pop((stream, position), None)
            assert event is not None or num_frames > 0, f"the first frame of {stream} says nothing"
            if event is not None:
                assert event.narration.token_ids[0] == state, f"{stream} {position}: from another state"
                assert event.narration.segment == segment
                assert event.narration.segment == segment
                state, segment = digest(state, event.narration.token_ids), segment + 1
                following = min((e for (s, p), e in published.items() if s == stream), key=_end, default=None)
                if following is not None and following.prompt_version != event.prompt_version:
                    version = following.prompt_version
                    is_new_life = _ends_between(records, stream, position, following.narration.end)
                    settings = SETTINGS if version == "p" else replace(SETTINGS, prompt=version)
                    state = state if is_new_life else digest(state, settings)
            states[stream] = (state, num_frames + 1, segment)
        if "end-of-stream" in headers:
            states.pop(stream, None)
    return refused


def _end(event: NarrationEvent) -> FramePosition:
    return event.narration.end


def _ends_between(records: list[Record], stream: str, after: FramePosition, through: FramePosition) -> bool:
    """Whether the stream ends between two narrations: the later one is of a new life."""
    return any(
        record.key == stream.encode() and after.offset <= record.offset < through.offset
        for record in records
        if "end-of-stream" in dict(record.headers)
    )


def _is_left_out(left_out: list[tuple[str, FrameRange]], stream: str, position: FramePosition) -> bool:
    return any(name == stream and frames.first <= position <= frames.last for name, frames in left_out)


def _take_left_out(left_out: list[tuple[str, FrameRange]], stream: str, position: FramePosition) -> bool:
    """Whether a frame is told to be left out; its last frame takes a range off the list."""
    for item in left_out:
        if item[0] == stream and item[1].first <= position <= item[1].last:
            if position == item[1].last:
                left_out.remove(item)
            return True
    return False


def test_a_lost_partition_is_refused_and_its_streams_are_closed() -> None:
    world = World()
    world.broker.frames = [record(0, "a", 1, 0, 1), record(2, "a", 1, 1, 1)]
    process = ToyProcess(world, Random(1))
    entries = [process.intake.take(item).entry for item in world.broker.frames]  # type: ignore[union-attr]
    batch = RecordBatch(0, 1, tuple(entries))
    receipts: list[Receipt] = []
    process.owned.deliver(batch)
    process.loop.receive(process.owned, batch, None, Ticket(2, receipts.append))
    process.owned.lose("for a test")
    process.loop.step()
    assert receipts == [Receipt.NOT_OWNED]
    assert not process.engine.open
    process.loop.receive(process.owned, batch, None, Ticket(2, receipts.append))
    assert receipts == [Receipt.NOT_OWNED] * 2


def test_a_refused_record_is_decided_on() -> None:
    """A reader that left it out in a replay would cover it twice."""
    world = World()
    world.broker.frames = [record(0, "a", 1, 0, 1), record(2, "a", 1, 1, 2, bad=True)]
    process = ToyProcess(world, Random(1))
    process.run()
    process.finish()
    start = ToyProcess(world, Random(2)).owned.plan(1).streams["a"]
    assert start.decided_through >= FramePosition(2, 1)


def test_one_slot_serves_many_streams() -> None:
    world = World()
    world.broker.frames = [record(i, f"s{i % 5}", 1, i // 5, 1) for i in range(50)]
    process = ToyProcess(world, Random(3), num_slots=1)
    process.run()
    process.finish()
    assert process.engine.num_opened > 5
    check(world)
