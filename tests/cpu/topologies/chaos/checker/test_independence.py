"""The checker shares nothing with what it checks but the wire contract."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import topologies.chaos.checker

FOLDER = Path(topologies.chaos.checker.__file__).parent
OWN = "topologies.chaos.checker"


def imported(path: Path) -> set[str]:
    """Modules that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module or "")
    return names


def test_it_imports_only_itself_the_standard_library_and_kafka_python() -> None:
    files = sorted(FOLDER.rglob("*.py"))
    assert len(files) > 10
    for path in files:
        for name in imported(path):
            is_own = name == OWN or name.startswith(f"{OWN}.")
            top = name.partition(".")[0]
            assert is_own or top in sys.stdlib_module_names or top == "kafka", f"{path.name} imports {name}"


def test_nothing_of_the_pipeline_is_loaded_with_it() -> None:
    modules = [f"{OWN}.{path.stem}" for path in FOLDER.glob("*.py") if path.stem != "__init__"]
    code = f"import {', '.join(modules)}, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"pipeline", "operators", "kernels", "ray", "redis", "torch", "numpy"}
