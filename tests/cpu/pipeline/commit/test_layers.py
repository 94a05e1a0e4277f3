"""The protocol stays free of the services that it protects from."""

from __future__ import annotations

import subprocess
import sys

SERVICES = {"kafka", "redis", "ray"}

OWN = (
    "operators.errors",
    "operators.memory.histories.spec",
    "operators.narrator.types",
    "pipeline.commit",
    "pipeline.config",
    "pipeline.errors",
    "pipeline.kafka_io.records",
    "pipeline.messages",
    "pipeline.reader.admission",
    "pipeline.settings",
    "pipeline.wire",
)
"""What the protocol may import, even indirectly: no tensors, no clients."""

PROGRAM = """
import importlib, pkgutil, sys
import pipeline.commit
for module in pkgutil.walk_packages(pipeline.commit.__path__, "pipeline.commit."):
    importlib.import_module(module.name)
print(*sys.modules)
"""


def imported_by_the_protocol() -> list[str]:
    result = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    return result.stdout.split()


def test_the_protocol_imports_no_service_and_no_client_of_one() -> None:
    modules = imported_by_the_protocol()
    assert {"pipeline.commit.session", "pipeline.commit.recovery", "pipeline.commit.burst"} <= set(modules)
    assert {name.partition(".")[0] for name in modules} & SERVICES == set()
    own = [name for name in modules if name.startswith(("pipeline.", "operators.", "topologies."))]
    # The packages around an allowed module are imported with it; theirs are empty but for a docstring.
    around = {allowed[:dot] for allowed in OWN for dot, char in enumerate(allowed) if char == "."}
    strange = [
        name
        for name in own
        if name not in around and not any(f"{name}.".startswith(f"{allowed}.") for allowed in OWN)
    ]
    assert strange == []
