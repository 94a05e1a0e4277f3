"""What all commands share: consoles, JSON output, and errors turned into messages and exit codes."""

import json
import sys
from typing import Any, NoReturn

import typer
from rich.console import Console

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNHEALTHY = 3
EXIT_INTERRUPTED = 130

out = Console(soft_wrap=True)
"""Results go here (stdout)."""

err = Console(stderr=True, soft_wrap=True)
"""Progress and messages go here (stderr)."""


def print_json(value: Any) -> None:
    """Write one JSON value and a newline to stdout, unstyled, so that a program can read it."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def fail(message: str, action: str = "", exit_code: int = EXIT_FAILED) -> NoReturn:
    """Print an error and what to do about it to stderr, and end the command."""
    err.print(f"[bold red]error:[/] {message}", highlight=False)
    if action:
        err.print(f"  {action}", highlight=False)
    raise typer.Exit(exit_code)


def run_app(app: typer.Typer) -> None:
    """Run the command line; FlowNarError becomes its message, Ctrl-C exit code 130."""
    from operators.errors import FlowNarError  # noqa: PLC0415

    try:
        app()
    except FlowNarError as error:
        err.print(f"[bold red]error:[/] {error.message}", highlight=False)
        if error.action:
            err.print(f"  {error.action}", highlight=False)
        sys.exit(getattr(error, "exit_code", EXIT_FAILED))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
