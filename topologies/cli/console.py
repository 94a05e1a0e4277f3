"""What all commands share: consoles, JSON output, and errors turned into messages and exit codes."""

import json
import sys
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

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
    _print_error(message, action)
    raise typer.Exit(exit_code)


def _print_error(message: str, action: str) -> None:
    # Escaped, because messages quote what they found: '[kafka]' would be taken for a style and vanish.
    err.print(f"[bold red]error:[/] {escape(message)}", highlight=False)
    if action:
        err.print(f"  {escape(action)}", highlight=False)


def run_app(app: typer.Typer) -> None:
    """Run the command line; FlowNarError becomes its message, Ctrl-C exit code 130."""
    from operators.errors import FlowNarError  # noqa: PLC0415

    try:
        app()
    except FlowNarError as error:
        _print_error(error.message, error.action)
        sys.exit(getattr(error, "exit_code", EXIT_FAILED))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
