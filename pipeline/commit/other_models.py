"""States that another model made: they are refused, unless their loss is accepted."""

from collections import Counter
from collections.abc import Iterable

from pipeline.commit.checkpoint_record import StreamCheckpoint
from pipeline.errors import OtherModelError


def others_states(records: Iterable[StreamCheckpoint], model_hash: str) -> Counter[str]:
    """How many living streams have a state of which other model, by the model's hash."""
    return Counter(
        record.model_hash for record in records if record.model_hash != model_hash and _has_state(record)
    )


def refuse_others_states(found: Counter[str], model_hash: str) -> None:
    """Raise OtherModelError if there are any.

    Args:
        found: What `others_states` found.
        model_hash: The model that is to narrate.
    """
    if not found:
        return
    models = ", ".join(f"{count} by model {model}" for model, count in found.most_common())
    num_streams = found.total()
    raise OtherModelError(
        f"The memory of {num_streams} stream{'s' * (num_streams != 1)} was made by another model: {models}. "
        f"This is {model_hash}, for which it means nothing.",
        action="Go on with the model of before, or let these streams begin anew: "
        "flownar run live --accept-state-loss",
    )


def _has_state(record: StreamCheckpoint) -> bool:
    return not record.ended and (record.base.blob is not None or bool(record.journal))
