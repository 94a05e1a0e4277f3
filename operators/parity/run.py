"""All parts of the comparison with a folder of recorded numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from operators.errors import OperatorError
from operators.parity.comparison import UNREADABLE, FileResult

PARTS: Mapping[str, str] = {
    "clam": "check_clam",
    "mask": "check_mask",
    "stream": "check_stream",
    "teacher": "check_teacher",
    "metrics": "check_metrics",
}
"""Part, which is also its folder's and module's name: the function that checks it."""


def check_folder(folder: Path, parts: Sequence[str] = tuple(PARTS)) -> Iterator[FileResult]:
    """Compare the recorded files of a folder with what this implementation computes.

    A file that can't be computed fails like one that differs; the other parts go on.

    Args:
        folder: A folder in the form of tests/golden.
        parts: Which of `PARTS`.

    Yields:
        A result per file.

    Raises:
        OperatorError: The folder is missing, or a part is unknown.
    """
    if not folder.is_dir():
        raise OperatorError(f"there is no folder {folder}.", action="Give one in the form of tests/golden.")
    for part in parts:
        if part not in PARTS:
            raise OperatorError(f"unknown part {part!r}.", action=f"Known parts: {', '.join(PARTS)}.")
    for part in parts:
        yield from _check_part(folder, part)


def _check_part(folder: Path, part: str) -> Iterator[FileResult]:
    check: Callable[[Path], Iterator[FileResult]]
    check = getattr(import_module(f"operators.parity.{part}"), PARTS[part])
    count = 0
    try:
        for result in check(folder):
            count += 1
            yield result
    except UNREADABLE as error:
        yield FileResult.of_failure(f"{part}/", part, f"stopped after {count} files: {error!r}")
        return
    if not count:
        yield FileResult.of_failure(f"{part}/", part, f"no recorded files in {folder / part}")
