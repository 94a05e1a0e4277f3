"""Errors of flownar, drawn as a tree.

FlowNarError                 every error that a user can cause or mend
├── OperatorError            frames, models, memories, the narrator
│   ├── FrameError           a frame or video can't be read
│   ├── CheckpointError      a model folder can't be loaded
│   ├── LayoutError          a tokenizer can't write the sequence layout
│   └── EngineError          a stream can't be opened, stepped or restored
└── PipelineError            see pipeline/errors.py
"""


class FlowNarError(Exception):
    """Base of all errors of this project.

    Args:
        message: What went wrong, with the values that show it.
        action: What the user or operator does next; shown below the message.
    """

    def __init__(self, message: str, *, action: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.action = action

    def __str__(self) -> str:
        return f"{self.message} {self.action}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes whatever keyword arguments a subclass asks for."""
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[FlowNarError], args: tuple[object, ...], fields: dict[str, object]) -> FlowNarError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error


class OperatorError(FlowNarError):
    """Base of the errors of `operators`."""


class FrameError(OperatorError):
    """A frame or a video can't be read.

    Args:
        code: Machine-readable reason, used as `error-code` of a dead letter (for example `image-too-large`).
    """

    def __init__(self, message: str, *, code: str, action: str = "") -> None:
        super().__init__(message, action=action)
        self.code = code


class CheckpointError(OperatorError):
    """A model folder can't be loaded."""


class LayoutError(OperatorError):
    """A tokenizer can't write the sequence layout."""


class EngineError(OperatorError):
    """A stream can't be opened, stepped, snapshotted or restored."""
