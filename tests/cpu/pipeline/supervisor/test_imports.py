"""A supervisor that is started again must be back soon: it imports nothing that takes seconds."""

import subprocess
import sys

SLOW = ("torch", "transformers", "av", "cv2")


def test_the_supervisor_starts_without_models() -> None:
    code = f"import sys; import pipeline.supervisor.actor; print([m for m in {SLOW} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60.0, check=True
    )
    assert done.stdout.strip() == "[]"
