"""Logging in actor processes: lines on standard error, which Ray keeps in a file per process."""

import logging


def log_as(name: str) -> None:
    """Log with an actor's name from now on."""
    logging.basicConfig(
        level=logging.INFO,
        format=f"%(asctime)s %(levelname)s {name} %(name)s: %(message)s",
        force=True,
    )
    # They warn of every refused connection and reconnect, which our own errors tell better.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
