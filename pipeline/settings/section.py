"""What all settings' models share."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

LocalPath = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
"""A path that means the same in every process, whatever its working directory."""


class Section(BaseModel):
    """Frozen; an unknown field is an error; the text under a field is its description."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
