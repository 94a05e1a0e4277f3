"""Folders of recorded numbers."""

from pathlib import Path

import pytest

from tests.support.recorded import GOLDEN, write_small_folder


@pytest.fixture(scope="session")
def golden() -> Path:
    return GOLDEN


@pytest.fixture(scope="session")
def transcribed() -> Path:
    return GOLDEN.parent / "transcribed"


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_folder(tmp_path_factory.mktemp("recorded"))
