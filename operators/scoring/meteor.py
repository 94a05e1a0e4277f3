"""METEOR 1.5 for English: the Java program of the package `pycocoevalcap`, asked line by line.

The program is what the method's authors use: exact, stem, synonym and paraphrase matches, text normalised by
the program itself. The package's own wrapper isn't used: it waits for ever when the program dies or has
nothing to score, may take 2 GB, and never says why Java failed. Loading the paraphrases takes seconds, so one
process should serve all corpora.

The package (105 MB, mostly jars) brings pycocotools, which is small and never imported here. The jar stays in
the package: METEOR is LGPL.
"""

import contextlib
import importlib.util
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import IO, Self

from operators.errors import OperatorError

START_DEADLINE_S = 180.0
"""Loading takes 6 s on one free core; a machine that is busy or has a slow disk takes many times that."""
PAIR_DEADLINE_S = 0.25
"""More than a hundred times what a pair of sentences takes."""
_HEAP = "768m"
"""Loading needs 400 MB and collects garbage all the time below 512."""
_JAR, _PARAPHRASES = "meteor-1.5.jar", "data/paraphrase-en.gz"


@dataclass(frozen=True, slots=True)
class MetricScores:
    """What a text metric says of a corpus.

    Attributes:
        corpus: Score of the corpus; for METEOR not the mean of the pairs.
        pairs: Score of every pair, in order.
    """

    corpus: float
    pairs: tuple[float, ...]


class MeteorProcess:
    """The running program; a context manager that always ends it. Not safe for several threads.

    Args:
        java: Name or path of the Java program.
        folder: Folder of the jar and its data; the package's if None.

    Raises:
        OperatorError: Java, the package, the jar or its data is missing.
    """

    def __init__(self, *, java: str = "java", folder: Path | None = None) -> None:
        program = shutil.which(java)
        if program is None:
            raise OperatorError(
                f"METEOR is a Java program, and {java!r} can't be found.",
                action="Run `make setup`, or install Java 8 or later and put it on the PATH.",
            )
        folder = folder or _package_folder()
        for name in (_JAR, _PARAPHRASES):
            if not (folder / name).is_file():
                raise OperatorError(
                    f"METEOR's file {folder / name} is missing.",
                    action="Install the locked packages again with `make setup`.",
                )
        # A file, not a pipe: nobody has to read along.
        self._errors: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        options = [f"-Xmx{_HEAP}", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8"]
        self._process = subprocess.Popen(  # noqa: S603
            [program, *options, "-jar", _JAR, "-", "-", "-stdio", "-l", "en", "-norm"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
            errors="replace",
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._questions, self._answers = self._process.stdin, self._process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process; safe to call again."""
        self._process.kill()
        self._process.wait()
        self._answers.close()
        self._errors.close()
        # What is still in the buffer can't reach a process that is gone.
        with contextlib.suppress(OSError):
            self._questions.close()

    def score(self, pairs: Sequence[tuple[str, str]], *, deadline_s: float | None = None) -> MetricScores:
        """Score predictions against one truth each.

        Args:
            pairs: (truth, prediction); line breaks become blanks, and METEOR's field mark `|||` goes.
            deadline_s: Longest wait, seconds, after which the process is ended; `START_DEADLINE_S` plus
                `PAIR_DEADLINE_S` for every pair if None.

        Raises:
            OperatorError: There is no pair, the deadline passed, or the program failed.
        """
        if not pairs:
            raise OperatorError(
                "METEOR has nothing to score.", action="Give at least one truth with a prediction."
            )
        if deadline_s is None:
            deadline_s = START_DEADLINE_S + PAIR_DEADLINE_S * len(pairs)
        until = monotonic() + deadline_s
        # A killed process ends every read and write, so each of them needs no deadline of its own.
        timer = threading.Timer(deadline_s, self._process.kill)
        timer.start()
        try:
            counts = [
                self._ask(f"SCORE ||| {_one_line(truth)} ||| {_one_line(text)}") for truth, text in pairs
            ]
            first = float(self._ask(" ||| ".join(["EVAL", *counts])))
            others = [float(self._read()) for _ in pairs]  # the other pairs, then the corpus
        except (OSError, EOFError, ValueError) as error:
            raise self._failure(error, deadline_s if monotonic() >= until else None) from error
        finally:
            timer.cancel()
        return MetricScores(others[-1], (first, *others[:-1]))

    def _ask(self, line: str) -> str:
        self._questions.write(line + "\n")
        self._questions.flush()
        return self._read()

    def _read(self) -> str:
        line = self._answers.readline()
        if not line:
            raise EOFError("its output has ended")
        if line.startswith("Error"):
            raise ValueError(line.strip())
        return line.strip()

    def _failure(self, error: Exception, passed_deadline_s: float | None) -> OperatorError:
        """The error to raise; ends the process, whose next answers would belong to old questions."""
        self._process.kill()
        code = self._process.wait()
        if passed_deadline_s is not None:
            return OperatorError(
                f"METEOR didn't answer within {passed_deadline_s:g} s and was ended.",
                action="Give it a longer deadline, or score fewer narrations at a time.",
            )
        said = ""
        if not self._errors.closed:
            self._errors.seek(0)
            said = self._errors.read().strip()[-500:]
        return OperatorError(
            f"METEOR failed (exit code {code}): {error}. {said}".strip(),
            action="Check that `java -version` runs and that 1 GB of memory is free, then start it again.",
        )


def _package_folder() -> Path:
    try:
        spec = importlib.util.find_spec("pycocoevalcap.meteor.meteor")
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.origin is None:
        raise OperatorError("The package pycocoevalcap isn't installed.", action="Run `make setup`.")
    return Path(spec.origin).parent


def _one_line(text: str) -> str:
    return " ".join(text.replace("|||", "").splitlines())
