"""The command `flownar` as people run it: a process with settings in its environment."""

import os
import subprocess
import sys
from collections.abc import Sequence

from pipeline.config import Settings

COMMAND = (sys.executable, "-c", "from topologies.cli import main; main()")


def environment(settings: Settings) -> dict[str, str]:
    """The environment with the settings' services in it, and no terminal's colours."""
    values = {
        "FLOWNAR_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "FLOWNAR_KAFKA__PREFIX": settings.kafka.prefix,
        "FLOWNAR_KAFKA__APPLICATION": settings.kafka.application,
        "FLOWNAR_KAFKA__PARTITIONS": str(settings.kafka.partitions),
        "FLOWNAR_REDIS__URL": settings.redis.url,
        "FLOWNAR_STATE_DIR": str(settings.state_dir),
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }
    return {**os.environ, **values}


def run_flownar(
    settings: Settings, arguments: Sequence[str], timeout_s: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )


def start_flownar(settings: Settings, arguments: Sequence[str]) -> subprocess.Popen[str]:
    """Start the command; the caller ends it."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
