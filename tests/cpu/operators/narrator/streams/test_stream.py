"""What a stream forgets, and that its positions stay in the trained range; without tensors."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from operators.narrator.context import PAPER
from operators.narrator.sequences import pieces
from operators.narrator.sequences.pieces import Piece, Region
from operators.narrator.streams.lifecycle import make_plan, new_stream
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.streams.sizing import slot_sizes
from operators.narrator.types import FrameInput, FramePosition
from tests.support.tiny_narrator import make_model

MAX_POSITION = 420
MODEL = make_model(max_trained_position=MAX_POSITION, max_narration_tokens=90)


def make_stream(**changes):
    stream_settings = replace(StreamSettings.from_config(MODEL.config), **changes)
    plan = make_plan("cam", stream_settings, MODEL, PAPER, MODEL.memory, MAX_POSITION)
    return new_stream("cam", 0, plan, slot_sizes(MODEL, [MODEL.memory]))


def feed(stream, fed):
    return [int(p) for piece in fed for p in stream.regions.append(piece.region, len(piece.token_ids))[1]]


def speak(stream, num_tokens):
    fed = feed(stream, pieces.reply(MODEL.layout, is_opening=stream.is_opening))
    for _ in range(num_tokens):
        fed += feed(stream, [Piece(Region.NARRATION, (1,))])
    return fed


@settings(deadline=None, max_examples=60)
@given(
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=120),
    retain=st.one_of(st.none(), st.integers(0, 4)),
    budget=st.integers(0, 90),
)
def test_bounds_hold_however_a_stream_goes(steps, retain, budget):
    stream = make_stream(retain_narrations=retain, max_narration_tokens=budget)
    for number, (speaks, num_tokens) in enumerate(steps):
        frame = FrameInput("cam", FramePosition(number), number * 500_000_000, None)
        before = stream.regions.next_position
        positions = feed(stream, stream.show(frame))
        if speaks or stream.is_opening:
            positions += speak(stream, num_tokens)
            stream.end_segment(frame.capture_time_ns, [MODEL.layout.end_of_turn])
            assert not stream.regions.visual
            assert stream.segment >= 1
        elif stream.is_full:
            stream.fold()
        assert positions == list(range(before, before + len(positions)))
        assert max(positions) <= MAX_POSITION
        stream.rebase()
        kept = stream.regions.narrations
        assert retain is None or stream.num_frames or len(kept) <= retain
        assert stream.regions.num_narration_tokens <= budget
        assert bool(kept) or not stream.end_of_turn_pending
        if stream.num_frames == 0:
            assert stream.regions.next_position + stream.plan.num_step_positions <= MAX_POSITION + 1
        _, seen = stream.regions.visible_keys()
        assert len(set(seen.tolist())) == len(seen)
        assert max(seen) < stream.regions.next_position


def test_a_rebase_moves_narrations_behind_the_prompt_and_keeps_their_distances():
    stream = make_stream()
    moved = False
    number = 0
    while not moved:
        frame = FrameInput("cam", FramePosition(number), number * 500_000_000, None)
        feed(stream, stream.show(frame))
        speak(stream, 4)
        stream.end_segment(frame.capture_time_ns, [MODEL.layout.end_of_turn])
        before = [run.position for run in stream.regions.narrations]
        prompt = [run.position for run in stream.regions.prompt]
        moved = stream.rebase()
        number += 1
    after = [run.position for run in stream.regions.narrations]
    dropped = len(before) - len(after)
    assert after[0] == stream.regions.prompt_end
    assert [b - a for a, b in zip(after, before[dropped:], strict=True)] == [
        before[dropped] - after[0]
    ] * len(after)
    assert [run.position for run in stream.regions.prompt] == prompt


def test_the_clock_starts_at_the_last_narration():
    stream = make_stream()
    frame = FrameInput("cam", FramePosition(0), 10_000_000_000, None)
    feed(stream, stream.show(frame))
    stream.end_segment(frame.capture_time_ns, [MODEL.layout.end_of_turn])
    low, high = stream.settings.theta_low, stream.settings.theta
    times_s = (10.5, 11.0, 11.5, 12.0)
    assert [stream.threshold(round(t * 1e9)) for t in times_s] == [low, low, high, high]
