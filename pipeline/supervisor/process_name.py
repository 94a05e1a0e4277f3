"""Names of actor processes: they tell a new supervisor what it finds.

`flownar/<application>/<identity>/<role>#<restarts>-<token>`, where `<identity>` is a hash of what the run was
started from: a process of another build or with other settings must not be used.
"""

import hashlib
import secrets
from dataclasses import astuple, dataclass

from pipeline.config import Settings
from pipeline.messages.status import RunIdentity
from pipeline.supervisor.kinds import Kind


@dataclass(frozen=True, slots=True)
class ProcessName:
    """Name of one process, never used again.

    Attributes:
        run: Begins the names of all processes of this run.
        role: For example `narrator-0`; the process that replaces it has the same.
        restarts: Processes that had the role before it.
        token: Random.
    """

    run: str
    role: str
    restarts: int
    token: str

    def __str__(self) -> str:
        return f"{self.run}{self.role}#{self.restarts}-{self.token}"

    @property
    def kind(self) -> Kind:
        """What the process does."""
        return Kind(self.role.rpartition("-")[0])

    @classmethod
    def new(cls, run: str, role: str, restarts: int) -> "ProcessName":
        """A name for a process that is to be started."""
        return cls(run, role, restarts, secrets.token_hex(4))

    @classmethod
    def parse(cls, run: str, name: str) -> "ProcessName | None":
        """The name of a process of this run; None if it is none."""
        if not name.startswith(run):
            return None
        role, _, rest = name.removeprefix(run).partition("#")
        restarts, _, token = rest.partition("-")
        return cls(run, role, int(restarts), token) if restarts.isdecimal() else None


def supervisor_name(settings: Settings) -> str:
    """Name of the topology's supervisor."""
    return f"flownar/{settings.kafka.application}"


def all_runs(settings: Settings) -> str:
    """Begins the names of all actors of the application, whatever run they belong to."""
    return f"{supervisor_name(settings)}/"


def run_of(settings: Settings, identity: RunIdentity) -> str:
    """Begins the names of all actors of a run."""
    digest = hashlib.sha256("\n".join(astuple(identity)).encode()).hexdigest()
    return f"{all_runs(settings)}{digest[:12]}/"


def choose(found: list[ProcessName], roles: set[str]) -> dict[str, ProcessName]:
    """Which of the processes that were found to go on with: of each role the newest."""
    chosen: dict[str, ProcessName] = {}
    for name in sorted(found, key=lambda name: (name.restarts, name.token)):
        if name.role in roles:
            chosen[name.role] = name
    return chosen
