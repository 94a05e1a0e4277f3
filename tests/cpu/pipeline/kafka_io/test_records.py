"""Sizes of records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.record.default_records import DefaultRecordBatchBuilder

from pipeline.errors import WireError
from pipeline.kafka_io.records import OutgoingRecord


@given(
    st.none() | st.binary(max_size=300),
    st.none() | st.binary(max_size=3000),
    st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=200)), max_size=20),
)
def test_the_size_is_never_told_too_small(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    record = OutgoingRecord("t", 0, key, value, tuple(headers))
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=1,
        producer_id=1,
        producer_epoch=1,
        base_sequence=1,
        batch_size=10**6,
    )
    builder.append(0, 10**13, key, value, headers)
    assert len(builder.build()) <= record.size_bytes


def test_a_record_that_is_too_large_is_refused() -> None:
    record = OutgoingRecord("t", 0, b"k", b"x" * 1000)
    record.check_size(record.size_bytes)
    with pytest.raises(WireError) as caught:
        record.check_size(record.size_bytes - 1)
    assert caught.value.code == "record-too-large"
