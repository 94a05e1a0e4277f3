"""Free ports on loopback."""

import random
import socket
import time

from pipeline.errors import ServiceError

HOST = "127.0.0.1"

_RANDOM_PORTS = range(20_000, 32_000)
"""Below the range from which the kernel takes ports of outgoing connections (32768 and up)."""

_POLL_S = 0.01


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        # As servers do: a port that only waits for late packets of a server that ended is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def wait_until_free(port: int, deadline_s: float) -> bool:
    """Wait until the port is free; returns whether it is."""
    deadline = time.monotonic() + deadline_s
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def choose_port(wanted: int, *, avoid: frozenset[int] = frozenset()) -> int:
    """The wanted port if it is free, else a random free one; 0 wants any.

    Raises:
        ServiceError: No free port was found.
    """
    if wanted and wanted not in avoid and is_free(wanted):
        return wanted
    for port in random.sample(_RANDOM_PORTS, 200):
        if port not in avoid and is_free(port):
            return port
    raise ServiceError("No free port was found on 127.0.0.1.", action="See what listens with: ss -ltn")
