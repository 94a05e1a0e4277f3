"""The model folder: there, and its parts fit together."""

from pipeline.config import ModelSettings
from pipeline.doctor.finding import Finding, ok, problem


def check_model(settings: ModelSettings) -> list[Finding]:
    """Read the model's files without running it."""
    # Imports torch, which the other checks do not need.
    from operators.checkpoints.inspect import inspect_model  # noqa: PLC0415
    from operators.errors import OperatorError  # noqa: PLC0415

    if not settings.path.is_dir():
        message = f"there is no model folder {settings.path}"
        return [problem("model", message, "Set model.path, or train one: make demo-model")]
    try:
        report = inspect_model(settings.path)
    except OperatorError as error:
        return [problem("model", error.message, error.action or "Get the folder again.")]
    return [ok("model", f"{settings.path} is complete, hash {report.hash}")]
