"""Options of `flownar` itself, given before the command: settings, verbosity, version."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from topologies.cli.console import EXIT_USAGE, fail, out

CONFIG_HELP = "Settings file (TOML) instead of ./flownar.toml."
SET_HELP = "Set one setting, for example kafka.prefix=test. (repeatable; all of them: flownar config show)."
VERBOSE_HELP = "Log more; -vv also what libraries do."
QUIET_HELP = "Log errors only."
VERSION_HELP = "Print the version and end."


def register(app: typer.Typer) -> None:
    """Add the options."""
    app.callback()(options)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415

        out.print(f"flownar {version('flownar')}", highlight=False)
        raise typer.Exit


def options(
    config: Annotated[Path | None, typer.Option("--config", help=CONFIG_HELP, metavar="FILE")] = None,
    setting: Annotated[list[str] | None, typer.Option("--set", help=SET_HELP, metavar="KEY=VALUE")] = None,
    verbose: Annotated[int, typer.Option("--verbose", "-v", help=VERBOSE_HELP, count=True)] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=QUIET_HELP)] = False,
    version: Annotated[
        bool, typer.Option("--version", help=VERSION_HELP, is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Narrate live video from fleets of cameras.

    Start with `flownar demo`, or with `flownar up`, `flownar run live` and `flownar publish`.
    """
    _set_up_logging(verbose, quiet=quiet)
    if config is not None or setting:
        _export(config, setting or [])


def _export(config: Path | None, assignments: list[str]) -> None:
    from pipeline.config import load_settings  # noqa: PLC0415
    from pipeline.settings.environment import export_flags  # noqa: PLC0415

    flags: dict[str, str] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            fail(f"--set {assignment} has no value.", "Write --set KEY=VALUE.", EXIT_USAGE)
        flags[key.strip()] = value.strip()
    load_settings(flags, config)
    export_flags(flags, config)


def _set_up_logging(verbose: int, *, quiet: bool) -> None:
    levels = (logging.WARNING, logging.INFO, logging.DEBUG)
    level = logging.ERROR if quiet else levels[min(verbose, 2)]
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # It warns of every refused connection, which our own errors tell better.
    logging.getLogger("kafka").setLevel(logging.DEBUG if verbose > 1 else logging.CRITICAL)
