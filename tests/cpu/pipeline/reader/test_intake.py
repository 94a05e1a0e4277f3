from math import inf

import numpy as np
import pytest

from operators.frames.encode import encode_gop, encode_jpeg
from operators.frames.limits import FrameLimits
from operators.narrator.types import FramePosition
from pipeline.kafka_io.records import Record
from pipeline.messages.camera import CameraBook, CameraSettings
from pipeline.messages.events import FrameRange, GapKind, ShedReason
from pipeline.messages.reading import ReadingPlan, StreamStart
from pipeline.messages.records import ChainLink, DeadLetterEntry, FramesEntry, PassedEntry
from pipeline.reader.admission import AdmissionState
from pipeline.reader.gaps import GapRules
from pipeline.reader.intake import PartitionIntake
from pipeline.wire.frame_record import FrameHeaders, format_frame_headers
from pipeline.wire.partitioner import partition_of

NUM_PARTITIONS = 4
STREAMS = [s for s in (f"cam/{i}" for i in range(100)) if partition_of(s, NUM_PARTITIONS) == 2][:3]
A, B, C = STREAMS
ELSEWHERE = next(s for s in (f"cam/{i}" for i in range(100)) if partition_of(s, NUM_PARTITIONS) != 2)
PICTURE = np.full((64, 64, 3), 90, np.uint8)
JPEG = encode_jpeg(PICTURE)
SIZE = 48


def record(offset, stream=A, *, epoch=1, sequence=0, value=JPEG, end=False, time=None, **replaced):
    headers = FrameHeaders("image/jpeg" if value else "", epoch, sequence, (time or 1_000 + offset,), end)
    fields = dict(format_frame_headers(headers)) | {
        name.replace("_", "-"): text.encode() for name, text in replaced.items()
    }
    pairs = tuple((name, text) for name, text in fields.items() if text != b"remove")
    return Record("frames", 2, offset, 7, stream.encode() if stream else None, value, pairs)


def intake(position=0, committed=0, streams=None, fps=inf):
    plan = ReadingPlan(2, 5, position, committed, SIZE, streams or {}, fps)
    return PartitionIntake(plan, NUM_PARTITIONS, FrameLimits(max_pixels=10_000), GapRules(clock_jump_s=5.0))


def code_of(taken):
    assert isinstance(taken.entry, DeadLetterEntry)
    assert taken.frames == ()
    return taken.entry.letter.code


def test_frames_are_decoded_and_linked_to_the_one_before():
    taking = intake(position=10)
    first, other, second = (
        taking.take(record(10)),
        taking.take(record(12, B)),
        taking.take(record(13, sequence=1)),
    )
    assert first.entry.link == ChainLink(5, 10, None, 9)
    assert other.entry.link == ChainLink(5, 12, None, 10)
    assert second.entry.link == ChainLink(5, 13, 10, 12)
    assert isinstance(first.entry, FramesEntry)
    assert first.entry.stream == A
    assert first.frames[0].shape == (SIZE, SIZE, 3)
    assert first.num_bytes == SIZE * SIZE * 3
    assert second.entry.admission == AdmissionState(1, 1, 0b11, 1_013, 7)
    assert (second.entry.kept, second.entry.left_out_because, second.entry.gaps) == ((0,), None, ())


def test_a_group_of_pictures_gives_all_its_frames():
    value = encode_gop([PICTURE] * 3, 2.0)
    gop = record(0, value=value, content_type="video/h264", frame_count="3", frame_interval="500")
    taken = intake().take(gop)
    assert len(taken.frames) == 3
    assert taken.entry.headers.capture_times_ns == (1000, 1500, 2000)


def test_the_end_of_a_stream_needs_no_frame():
    taken = intake().take(record(0, value=None, end=True))
    assert isinstance(taken.entry, FramesEntry)
    assert taken.entry.headers.end_of_stream
    assert taken.frames == ()


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (record(0, value=JPEG[:200]), "image-corrupt"),
        (record(0, content_type="image/gif"), "content-type-unsupported"),
        (record(0, content_type="remove"), "header-missing"),
        (record(0, epoch="x"), "header-invalid"),
        (record(0, value=encode_jpeg(np.zeros((101, 100, 3), np.uint8))), "image-too-large"),
        (record(0, value=None), "value-missing"),
        (record(0, content_type="video/h264", frame_count="1"), "video-corrupt"),
    ],
)
def test_a_broken_record_becomes_a_dead_letter_of_its_stream(broken, code):
    taking = intake()
    taken = taking.take(broken)
    assert code_of(taken) == code
    assert taken.entry.stream == A
    assert taken.entry.letter.value == broken.value
    assert taken.entry.letter.headers == broken.headers
    following = taking.take(record(1, sequence=1))
    assert isinstance(following.entry, FramesEntry)
    assert following.entry.link.previous == 0


def test_records_of_no_stream_of_the_partition_share_a_chain_of_their_own():
    taking = intake()
    nameless = [
        taking.take(record(0, None)),
        taking.take(record(1, "a b")),
        taking.take(record(2, ELSEWHERE)),
    ]
    assert [code_of(taken) for taken in nameless] == [
        "stream-id-invalid",
        "stream-id-invalid",
        "wrong-partition",
    ]
    assert [taken.entry.stream for taken in nameless] == ["", "", ""]
    assert [taken.entry.link.previous for taken in nameless] == [None, 0, 1]


def test_repeated_late_and_stale_records_are_refused():
    taking = intake()
    codes = []
    for offset, (epoch, sequence) in enumerate([(5, 0), (5, 2), (5, 2), (5, 1), (4, 9), (6, 0)]):
        taken = taking.take(record(offset, epoch=epoch, sequence=sequence))
        codes.append(code_of(taken) if isinstance(taken.entry, DeadLetterEntry) else None)
    assert codes == [None, None, "duplicate-sequence", "sequence-out-of-order", "stale-epoch", None]


def test_a_decoder_that_breaks_stops_one_record_only(monkeypatch):
    def explode(*args):
        raise MemoryError("too much")

    taking = intake()
    with monkeypatch.context() as patched:
        patched.setattr("pipeline.reader.decoding.decode_image", explode)
        assert code_of(taking.take(record(0))) == "decoder-failed"
    assert isinstance(taking.take(record(1, sequence=1)).entry, FramesEntry)


def test_what_was_dealt_with_before_the_takeover_is_dropped():
    """A is covered through 12; B is not known, so the committed position (20) counts for it."""
    start = StreamStart(FramePosition(12), 13, AdmissionState(1, 6))
    taking = intake(position=10, committed=20, streams={A: start})
    assert taking.take(record(10, sequence=5)) is None
    assert taking.take(record(12, sequence=6)) is None
    assert taking.take(record(13, B)) is None
    assert taking.take(record(19, B, sequence=1)) is None
    replayed = taking.take(record(15, sequence=7))
    assert replayed.entry.link == ChainLink(5, 15, None, 9)
    assert replayed.entry.admission.sequence == 7
    assert isinstance(taking.take(record(20, B, sequence=2)).entry, FramesEntry)
    assert code_of(taking.take(record(21, sequence=6))) == "duplicate-sequence"


def test_what_was_dealt_with_at_the_end_is_passed_once():
    """Else the partition's position would wait for a record that may never come."""
    start = StreamStart(FramePosition(12), 13, AdmissionState(1, 6))
    taking = intake(position=10, committed=20, streams={A: start})
    assert taking.passed() is None
    assert taking.take(record(11, B)) is None
    assert taking.take(record(12, sequence=6)) is None
    assert taking.passed().entry == PassedEntry(ChainLink(5, 12, None, 9))
    assert taking.passed() is None
    assert taking.take(record(15, sequence=7)).entry.link == ChainLink(5, 15, None, 12)
    assert taking.passed() is None


def test_a_group_of_pictures_that_is_covered_in_part_comes_again():
    value = encode_gop([PICTURE] * 3, 2.0)
    gop = record(4, sequence=2, value=value, content_type="video/h264", frame_count="3", frame_interval="5")

    def again(index):
        start = StreamStart(FramePosition(4, index), 4, AdmissionState(1, 2))
        return intake(position=4, committed=4, streams={A: start}).take(gop)

    assert again(2) is None
    assert len(again(1).frames) == 3
    assert again(1).entry.admission == AdmissionState(1, 2), "admitted once, not twice"


def test_a_record_that_ends_its_stream_comes_again_until_the_stream_has_ended():
    ending = record(4, sequence=2, end_of_stream="true")

    def again(next_offset):
        start = StreamStart(FramePosition(4), next_offset, AdmissionState(1, 2))
        return intake(position=4, committed=4, streams={A: start}).take(ending)

    assert again(4).entry.headers.end_of_stream
    assert again(5) is None


def test_a_record_that_can_t_be_decoded_may_be_sent_again():
    taking = intake()
    assert code_of(taking.take(record(0, value=JPEG[:200]))) == "image-corrupt"
    assert isinstance(taking.take(record(1)).entry, FramesEntry)
    assert code_of(taking.take(record(2))) == "duplicate-sequence"


def test_a_switched_off_camera_is_admitted_and_not_decoded():
    """What can't be decoded is not noticed either."""
    taking = intake()
    taking.choice.set_cameras(CameraBook(cameras={A: CameraSettings(enabled=False)}))
    first, second = taking.take(record(0, value=b"no picture")), taking.take(record(1, sequence=3))
    assert first.frames == second.frames == ()
    assert (second.entry.kept, second.entry.left_out_because) == ((), ShedReason.DISABLED)
    assert [gap.sequences for gap in second.entry.gaps] == [(1, 2)]
    assert second.entry.admission.sequence == 3
    assert code_of(taking.take(record(2, sequence=3))) == "duplicate-sequence"
    assert [first.may_wait, second.may_wait] == [True, False], "what is missing is told at once"
    assert not taking.take(record(3, sequence=4, end=True)).may_wait, "so is the end of a stream"
    assert taking.take(record(4, B)).entry.kept == (0,)


def test_only_the_kept_frames_of_a_group_are_handed_on():
    """A group that a takeover finds decided on: its second frame had been left out."""
    colours = [np.full((64, 64, 3), shade, np.uint8) for shade in (20, 120, 220)]
    gop = record(
        4,
        sequence=2,
        value=encode_gop(colours, 2.0),
        content_type="video/h264",
        frame_count="3",
        frame_interval="5",
    )
    left_out = (FrameRange(FramePosition(4, 1), FramePosition(4, 1), 1),)
    start = StreamStart(FramePosition(3), 4, AdmissionState(1, 1), left_out, FramePosition(4, 2))
    taken = intake(position=4, committed=4, streams={A: start}).take(gop)
    assert (taken.entry.kept, taken.entry.left_out_because) == ((0, 2), ShedReason.OVERLOAD)
    assert [round(float(frame.mean()), -1) for frame in taken.frames] == [20, 220]


def test_a_camera_that_is_too_fast_is_not_decoded_in_full():
    taking = intake(fps=2.0)
    taken = [taking.take(record(i, sequence=i, time=10**18 + i * 10**7)) for i in range(500)]
    assert all(len(item.frames) == len(item.entry.kept) for item in taken)
    assert 10 < sum(len(item.frames) for item in taken) < 25
    assert {item.entry.left_out_because for item in taken} == {None, ShedReason.RATE}


def test_a_jump_of_the_clock_is_told():
    taking = intake()
    taking.take(record(0))
    (gap,) = taking.take(record(1, sequence=1, time=10**18)).entry.gaps
    assert (gap.kind, gap.before_ns, gap.after_ns) == (GapKind.CLOCK_JUMP, 1_000, 10**18)


def test_what_was_missing_is_found_again_after_a_takeover():
    """The state at the covered record holds all that is needed."""
    first, second = record(0), record(5, epoch=3, sequence=2)
    taking = intake()
    state = taking.take(first).entry.admission
    found = taking.take(second).entry.gaps
    assert [gap.kind for gap in found] == [GapKind.NEW_EPOCH, GapKind.MISSING_SEQUENCE]
    start = StreamStart(FramePosition(0), 1, state)
    assert intake(position=1, committed=1, streams={A: start}).take(second).entry.gaps == found
