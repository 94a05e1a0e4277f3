"""Docstrings as help texts: their lines are joined, so that they fit terminals of any width."""

import inspect

import typer


def reflow(text: str) -> str:
    """Join the lines of each paragraph; indented ones, such as examples, stay as they are."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(_joined(paragraph) for paragraph in paragraphs)


def reflow_all(app: typer.Typer) -> None:
    """Reflow the help texts of all commands of an app and of its groups."""
    for command in app.registered_commands:
        written = command.help or (command.callback.__doc__ if command.callback else None)
        command.help = reflow(written) if written else None
    for group in app.registered_groups:
        if group.typer_instance is not None:
            reflow_all(group.typer_instance)


def _joined(paragraph: str) -> str:
    lines = paragraph.split("\n")
    return paragraph if any(line.startswith(" ") for line in lines) else " ".join(lines)
