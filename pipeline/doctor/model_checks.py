"""The model folder: there, and its parts fit together."""

from operators.errors import OperatorError
from pipeline.config import ModelSettings
from pipeline.doctor.finding import Finding, ok, problem


def check_model(settings: ModelSettings) -> list[Finding]:
    """Read the model's files without running it."""
    if not settings.path.is_dir():
        message = f"there is no model folder {settings.path}"
        return [problem("model", message, "Set model.path, or train one: make demo-model")]
    # Imports torch, which takes seconds and which the other checks do not need.
    from operators.checkpoints.inspect import inspect_model  # noqa: PLC0415

    try:
        report = inspect_model(settings.path)
    except OperatorError as error:
        return [problem("model", error.message, error.action or "Get the folder again.")]
    return [ok("model", f"{settings.path} is complete, hash {report.hash}")]
