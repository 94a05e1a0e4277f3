"""The core of the protocol stays free of the services that it protects from."""

import subprocess
import sys

PURE = ("ledger", "stream_ledger", "positions", "restore", "recovery", "checkpoint_log", "render", "session")


def test_the_core_imports_no_kafka_redis_or_ray() -> None:
    program = f"""
import importlib, sys
for name in {PURE!r}:
    importlib.import_module("pipeline.commit." + name)
print(sorted({{name.partition(".")[0] for name in sys.modules}} & {{"kafka", "redis", "ray"}}))
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
