"""METEOR's program: right answers, and an end with a reason whatever happens to it."""

import sys
from pathlib import Path

import pytest

from operators.errors import OperatorError
from operators.scoring.meteor import MeteorProcess

PAIRS = [("You open the drawer.", "You open the top drawer."), ("a b", "c d"), ("Café noir", "café noir")]


def stand_in(folder: Path, code: str) -> str:
    """A program that takes the place of Java."""
    program = folder / "java"
    program.write_text(f"#!{sys.executable}\nimport sys, time\n{code}\n")
    program.chmod(0o755)
    return str(program)


def test_scores_of_the_real_program():
    with MeteorProcess() as meteor:
        process = meteor._process
        scores = meteor.score(PAIRS)
        assert scores.pairs == pytest.approx([0.4766362624370249, 0.0, 1.0])
        assert min(scores.pairs) < scores.corpus < max(scores.pairs)
        assert meteor.score(PAIRS[:1]).corpus == pytest.approx(0.4766362624370249)
        marked = meteor.score([("You open\nthe drawer.", "||| You open the top\r\ndrawer."), ("a b", "")])
        assert marked.pairs == pytest.approx([0.4766362624370249, 0.0])
    assert process.returncode is not None


def test_missing_java_says_what_to_install():
    with pytest.raises(OperatorError, match=r"'no-such-java' can't be found.*make setup"):
        MeteorProcess(java="no-such-java")


@pytest.mark.parametrize("missing", ["meteor-1.5.jar", "paraphrase-en.gz"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str):
    (tmp_path / "data").mkdir()
    for name in {"meteor-1.5.jar", "data/paraphrase-en.gz"} - {missing, f"data/{missing}"}:
        (tmp_path / name).touch()
    with pytest.raises(OperatorError, match=f"{missing} is missing.*make setup"):
        MeteorProcess(java=stand_in(tmp_path, ""), folder=tmp_path)


def test_nothing_to_score_doesnt_wait(tmp_path: Path):
    with (
        MeteorProcess(java=stand_in(tmp_path, "time.sleep(600)")) as meteor,
        pytest.raises(OperatorError, match="nothing to score"),
    ):
        meteor.score([])


@pytest.mark.parametrize(
    "code", ["time.sleep(600)", "sys.stdin.readline(); print('1.0', flush=True); time.sleep(600)"]
)
def test_silence_ends_at_the_deadline(tmp_path: Path, code: str):
    with MeteorProcess(java=stand_in(tmp_path, code)) as meteor:
        with pytest.raises(OperatorError, match=r"didn't answer within 0\.3 s"):
            meteor.score(PAIRS, deadline_s=0.3)
        assert meteor._process.returncode is not None
        with pytest.raises(OperatorError, match="METEOR failed"):
            meteor.score(PAIRS)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("sys.exit('no memory left')", r"exit code 1.*no memory left"),
        ("sys.stdin.readline(); print('Error: specify SCORE', flush=True); time.sleep(600)", "specify SCORE"),
        ("for line in sys.stdin: print('what?', flush=True)", "could not convert"),
    ],
)
def test_failures_carry_the_programs_words(tmp_path: Path, code: str, message: str):
    with MeteorProcess(java=stand_in(tmp_path, code)) as meteor:
        with pytest.raises(OperatorError, match=message):
            meteor.score(PAIRS)
        assert meteor._process.returncode is not None
