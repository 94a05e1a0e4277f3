"""Every command waits for what the command line imports."""

import subprocess
import sys

SLOW = ("torch", "transformers", "numpy", "kafka", "redis", "ray", "pydantic")


def test_the_command_line_is_built_without_slow_imports() -> None:
    build = "import sys; from topologies.cli import build_app; build_app()"
    code = f"{build}; print([m for m in {SLOW} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60.0, check=True
    )
    assert done.stdout.strip() == "[]"
