"""Dead letters cover frames too: a record that is refused without reason is lost."""

from collections.abc import Iterator, Mapping, Sequence

from topologies.chaos.checker.frames import NUMBERING_CODES, DeadLetter, FrameRecord, StreamKey
from topologies.chaos.checker.verdict import Category, Problem


def refusal_problems(
    letters: Sequence[DeadLetter], streams: Mapping[StreamKey, Sequence[FrameRecord]]
) -> Iterator[Problem]:
    """Dead letters of records that are not there, and those for a numbering that did not go back."""
    places = {(record.partition, record.offset) for records in streams.values() for record in records}
    for letter in letters:
        if (letter.partition, letter.offset) not in places:
            what = f"a dead letter ({letter.code}) of a record that is not there, at {letter.offset}"
            yield Problem(Category.DOUBLED, "", letter.partition, what)
    for (partition, stream), records in streams.items():
        newest = (-1, -1)
        for record in records:
            number = (record.epoch, record.sequence)
            if not record.refused:
                newest = max(newest, number)
            elif NUMBERING_CODES & {*record.refused} and number > newest:
                what = (
                    f"the record at {record.offset}, {number} after {newest}, was refused: {record.refused}"
                )
                yield Problem(Category.LOST, stream, partition, what, max(1, record.num_frames))


def calm_refusal_problems(
    letters: Sequence[DeadLetter],
    calm: Sequence[DeadLetter],
    streams: Mapping[StreamKey, Sequence[FrameRecord]],
) -> Iterator[Problem]:
    """Records that were refused in only one of two runs on the same frames, or with another code."""
    ours, theirs = ({(one.partition, one.offset): one.code for one in run} for run in (letters, calm))
    for (partition, stream), records in streams.items():
        for record in records:
            code, calm_code = ours.get((partition, record.offset)), theirs.get((partition, record.offset))
            if code != calm_code:
                what = f"the record at {record.offset} was refused: {code}; without faults: {calm_code}"
                category = Category.LOST if calm_code is None else Category.CHANGED_TEXT
                yield Problem(category, stream, partition, what, max(1, record.num_frames))
