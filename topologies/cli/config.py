"""`flownar config show`: every setting, its value and where it comes from."""

from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli.console import out, print_json

if TYPE_CHECKING:
    from pipeline.settings.show import ShownSetting

JSON_HELP = "Print one JSON object: {key: {value, origin, description, variable}}."
ALL_HELP = "Also those that have their default."

config_app = typer.Typer(name="config", help="Look at the settings.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(config_app)


@config_app.callback()
def config() -> None:
    """Look at the settings.

    They come from, the first wins: --set, FLOWNAR_* variables, --config or ./flownar.toml, the user's
    flownar/config.toml, the addresses that `flownar up` wrote, and the defaults.
    """


@config_app.command()
def show(
    everything: Annotated[bool, typer.Option("--all/--changed", help=ALL_HELP)] = True,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Show every setting, its value and where it comes from; secrets are redacted.

    Examples:

      flownar config show

      flownar config show --changed

      FLOWNAR_KAFKA__PREFIX=test. flownar config show --json
    """
    from pipeline.config import load_settings  # noqa: PLC0415
    from pipeline.settings.show import shown_settings  # noqa: PLC0415

    shown = [s for s in shown_settings(load_settings()) if everything or s.origin != "default"]
    if json:
        fields = ("value", "origin", "description", "variable")
        print_json({s.key: {field: getattr(s, field) for field in fields} for s in shown})
    else:
        _print_table(shown)


def _print_table(shown: "list[ShownSetting]") -> None:
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold", max_width=40)
    table.add_column("from", overflow="fold")
    for setting in shown:
        style = "dim" if setting.origin == "default" else None
        value = "" if setting.value is None else str(setting.value)
        table.add_row(setting.key, escape(value), escape(setting.origin), style=style)
    out.print(table, highlight=False, soft_wrap=False)
