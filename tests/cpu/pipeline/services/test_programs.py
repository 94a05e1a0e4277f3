import pytest

from pipeline.errors import ProgramMissingError
from pipeline.services.programs import PACKAGES, require


@pytest.mark.parametrize("program", sorted(PACKAGES))
def test_a_missing_program_names_its_package(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ProgramMissingError, match=program) as caught:
        require(program)
    assert f"apt-get install {PACKAGES[program]}" in caught.value.action
