"""The programs that local services need, and the Debian packages that contain them."""

import shutil

from pipeline.errors import ProgramMissingError

PACKAGES = {"java": "default-jre-headless", "mvn": "maven", "redis-server": "redis-server"}


def require(program: str) -> str:
    """Path of a program.

    Raises:
        ProgramMissingError: It is not installed; the error names the package.
    """
    path = shutil.which(program)
    if path is None:
        raise ProgramMissingError(program, PACKAGES[program])
    return path
