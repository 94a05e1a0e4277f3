import pickle

import pytest

from operators.errors import FlowNarError, FrameError
from pipeline import errors


@pytest.mark.parametrize(
    "error",
    [
        errors.WireError("m", code="c", action="a"),
        errors.RecordTooLargeError("m", action="a"),
        errors.ProgramMissingError("java", "default-jre-headless"),
        errors.HigherGenerationError("m", found=3, action="a"),
        FrameError("m", code="c", action="a"),
    ],
)
def test_errors_travel_between_processes_with_all_they_carry(error: FlowNarError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)
    assert str(copy) == str(error)


def test_the_tree_at_the_top_names_every_class() -> None:
    classes = [name for name, value in vars(errors).items() if isinstance(value, type)]
    tree = errors.__doc__ or ""
    assert [name for name in classes if name not in tree] == []
