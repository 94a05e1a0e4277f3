"""Help texts fit terminals of any width."""

import typer
from typer.testing import CliRunner

from topologies.cli.help_texts import reflow, reflow_all


def test_lines_of_a_paragraph_are_joined_and_examples_stay() -> None:
    text = """Do something
        that takes two lines.

        Another
        paragraph.

          flownar do --this
          flownar do --that
        """
    assert reflow(text) == (
        "Do something that takes two lines.\n\nAnother paragraph.\n\n  flownar do --this\n  flownar do --that"
    )


def test_commands_of_groups_are_reflowed_too() -> None:
    app, group = typer.Typer(), typer.Typer()

    @group.command()
    def run() -> None:
        """First.

        One two
        three.
        """

    @group.command()
    def other() -> None:
        pass

    app.add_typer(group, name="group")
    reflow_all(app)
    assert "One two three." in CliRunner().invoke(app, ["group", "run", "--help"]).output
