"""One line about the failure of a remote call: Ray's texts have many."""


def describe(error: BaseException) -> str:
    """Class and first line of an error, or of what caused it in the other process."""
    cause = getattr(error, "cause", None)
    told = cause if isinstance(cause, Exception) else error
    first_line = next(iter(str(told).strip().splitlines()), "")
    return f"{type(told).__name__}: {first_line}" if first_line else type(told).__name__
