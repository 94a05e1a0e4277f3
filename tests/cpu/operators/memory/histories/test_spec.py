"""Names and sizes of visual histories, as written in settings."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.errors import OperatorError
from operators.memory.histories.spec import HISTORY_NAMES, SIZED_NAMES, HistorySpec

SIZED = st.builds(HistorySpec, st.sampled_from(SIZED_NAMES), st.integers(1, 10**6))
SPEC = st.builds(HistorySpec, st.sampled_from(HISTORY_NAMES)) | SIZED


@given(SPEC)
def test_round_trip(spec: HistorySpec) -> None:
    assert HistorySpec.parse(str(spec)) == spec


def test_parse() -> None:
    assert HistorySpec.parse(" recent:4 ") == HistorySpec("recent", 4)
    assert HistorySpec.parse("clam") == HistorySpec("clam")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recents:4", r"'recents'.*nearest known one is 'recent'"),
        ("movie-chat", r"'movie-chat'.*nearest known one is 'moviechat'"),
        ("", r"unknown visual history ''.*nearest"),
        ("recent:0", r"'recent:0': the size must be at least 1.*'none'"),
        ("kmeans:-3", "at least 1"),
        ("recent:", r"size '' is no whole number.*recent:4"),
        ("recent:4:5", r"size '4:5' is no whole number"),
        ("clam:20", r"'clam:20': clam has no size.*Write 'clam'"),
        ("retnet:20", "has no size"),
        ("token_mlp:20", "has no size"),
        ("retain_all:20", "has no size"),
    ],
)
def test_wrong_ones_are_refused(text: str, message: str) -> None:
    with pytest.raises(OperatorError, match=message):
        HistorySpec.parse(text)


def test_settings_need_no_torch() -> None:
    code = "import sys, operators.memory.histories.spec; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
