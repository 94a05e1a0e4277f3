"""The command line `flownar`: one module per group of commands, each with `register(app)`."""

import importlib

import typer

from topologies.cli.help_texts import reflow_all

COMMAND_MODULES: tuple[str, ...] = (
    "options",
    "services",
    "topics",
    "config",
    "status",
    "doctor",
    "model",
    "run",
    "partitions",
    "publish",
    "watch",
    "narrate",
    "evaluate",
    "parity",
    "bench",
    "dlq",
    "cameras",
    "world",
    "demo",
    "chaos",
)
"""Modules of this package that add commands. They import only typer and rich at their top, the rest late."""


def build_app() -> typer.Typer:
    """Build the whole command line."""
    app = typer.Typer(
        name="flownar",
        help="Narrate live video from fleets of cameras.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )
    for name in COMMAND_MODULES:
        importlib.import_module(f"topologies.cli.{name}").register(app)
    reflow_all(app)
    return app


def main() -> None:
    """Entry point of the console script."""
    from topologies.cli.console import run_app  # noqa: PLC0415

    run_app(build_app())
