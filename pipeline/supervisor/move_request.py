"""Whether somebody's wish to move a partition can be granted."""

from pipeline.messages.status import MoveReply
from pipeline.supervisor.actor_keeper import ActorKeeper
from pipeline.supervisor.kinds import Kind
from pipeline.supervisor.table import Phase, Table


def refusal(
    table: Table, actors: ActorKeeper, partition: int, narrator: str, waiting: str
) -> MoveReply | None:
    """Why a partition can't be moved to a narrator; None if it can, or has only to stay there.

    Args:
        table: Who owns what.
        actors: All actors.
        partition: Which one.
        narrator: Where to.
        waiting: The services that must come back before anybody can take anything over; "" if none.
    """
    if not 0 <= partition < len(table):
        last = len(table) - 1
        return _refuse(
            f"There is no partition {partition}.", f"There are 0 to {last}: flownar partitions list"
        )
    wanted = actors.get(narrator)
    if wanted is None or wanted.kind is not Kind.NARRATOR:
        names = ", ".join(actor.name for actor in actors.of(Kind.NARRATOR))
        return _refuse(f"There is no narrator {narrator!r}.", f"There is: {names}")
    if not wanted.is_usable:
        state = "does not answer" if wanted.silent else "is starting"
        return _refuse(f"{narrator} {state} and can't take a partition now.", "See: flownar status")
    row = table[partition]
    is_there = row.phase is Phase.OWNED and row.narrator == narrator
    if waiting and not is_there:
        return _refuse(f"Nothing can be moved now: {waiting}.", "Try again when it is back: flownar status")
    return None


def _refuse(message: str, action: str) -> MoveReply:
    return MoveReply(accepted=False, message=message, action=action)
