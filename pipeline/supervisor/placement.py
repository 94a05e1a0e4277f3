"""Where a partition belongs: rendezvous hashing (highest random weight) with bounded load.

Every partition ranks all actors by a hash of both names, so an actor that joins or leaves changes the rank of
no other one. It goes to the first one in its ranking that has room: nobody gets much more than the average.
"""

import hashlib
from collections.abc import Collection, Iterable

SLACK = 0.25
"""Share of the average load that an actor may have above it."""

ROUNDING = 1e-9


def ranking(partition: int, names: Iterable[str]) -> list[str]:
    """All names, the one where the partition is most at home first."""
    return sorted(names, key=lambda name: _score(partition, name), reverse=True)


class Placement:
    """Places partitions one after the other. Mutable: each one counts for those after it.

    Args:
        names: Actors that can take partitions, at least one.
        total: Load of all partitions, in any unit.
        held: Who has what load already; names that are not in `names` are left out.
    """

    def __init__(self, names: Collection[str], total: float, held: Iterable[tuple[str, float]]) -> None:
        self._loads = dict.fromkeys(names, 0.0)
        self._limit = (1.0 + SLACK) * total / len(names)
        for name, load in held:
            if name in self._loads:
                self._loads[name] += load

    def place(self, partition: int, load: float, *, wanted: str = "", shunned: str = "") -> str:
        """Choose an actor for a partition.

        Args:
            partition: Partition number.
            load: Its load.
            wanted: This one, if it can take partitions.
            shunned: Not this one, if there is another.
        """
        name = wanted if wanted in self._loads else self._choose(partition, load, shunned)
        self._loads[name] += load
        return name

    def _choose(self, partition: int, load: float, shunned: str) -> str:
        ranked = ranking(partition, self._loads.keys() - {shunned} or self._loads)
        with_room = (name for name in ranked if self._loads[name] + load <= self._limit + ROUNDING)
        # min() takes the first of equal ones, which is the best ranked.
        return next(with_room, min(ranked, key=lambda name: self._loads[name]))


def _score(partition: int, name: str) -> bytes:
    return hashlib.blake2b(f"{partition}@{name}".encode(), digest_size=16).digest()
