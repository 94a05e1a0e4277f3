"""Errors of the pipeline, drawn as a tree.

FlowNarError                        see operators/errors.py
└── PipelineError                   Kafka, Redis, settings, services, ownership
    ├── ConfigError                 a setting is unknown, wrong or missing (exit code 2)
    ├── WireError                   a record breaks the wire contract; carries the dead letter's code
    │   └── RecordTooLargeError     a record is larger than its topic takes; it was not sent
    ├── ServiceError                a local service can't be started or stopped
    │   └── ProgramMissingError     a program that a local service needs is not installed
    ├── BrokerError                 Kafka refuses a request (exit code 3)
    │   ├── KafkaUnavailableError   Kafka can't be reached, or does not answer in time
    │   ├── TopicError              topics are missing or have other settings than they must
    │   └── OffsetOutOfRangeError   a position is not in the log (any more)
    ├── StateStoreError             a state blob can't be written, read or verified (exit code 3)
    │   └── BlobLostError           a state blob is not there or damaged
    ├── OtherModelError             streams' states were made by another model (exit code 3)
    ├── CheckpointRecordError       a checkpoint record can't be understood (exit code 3)
    ├── TopologyError               a topology can't be started, found or stopped (exit code 3)
    │   └── EncoderError            an encoder can't encode
    └── OwnershipError              a partition is not, or perhaps not, ours any more
        ├── FencedError             a newer producer with our transactional id took over
        ├── HigherGenerationError   the checkpoints name an owner of a higher generation (exit code 3)
        ├── NotCommittedError       a transaction failed and surely was not committed
        └── OutcomeUnknownError     whether a transaction was committed can't be known
"""

from operators.errors import FlowNarError


class PipelineError(FlowNarError):
    """Base of the errors of `pipeline`."""


class ConfigError(PipelineError):
    """A setting is unknown, has a wrong value, or can't be read."""

    exit_code = 2


class WireError(PipelineError):
    """A record breaks the wire contract.

    Args:
        code: Machine-readable reason, used as `error-code` of a dead letter (for example `header-missing`).
    """

    def __init__(self, message: str, *, code: str, action: str = "") -> None:
        super().__init__(message, action=action)
        self.code = code


class RecordTooLargeError(WireError):
    """A record is larger than its topic takes; it was not sent."""

    def __init__(self, message: str, *, action: str = "") -> None:
        super().__init__(message, code="record-too-large", action=action)


class ServiceError(PipelineError):
    """A local service can't be started, found or stopped."""


class ProgramMissingError(ServiceError):
    """A program that a local service needs is not installed.

    Args:
        program: Name of the executable.
        package: Debian package that contains it.
    """

    def __init__(self, program: str, package: str) -> None:
        super().__init__(
            f"The program '{program}' is not installed.",
            action=f"Install it: apt-get install {package}",
        )
        self.program = program
        self.package = package


class BrokerError(PipelineError):
    """Kafka refuses a request."""

    exit_code = 3


class KafkaUnavailableError(BrokerError):
    """Kafka can't be reached, or does not answer in time."""


class TopicError(BrokerError):
    """Topics are missing, or have other partitions or settings than they must."""


class OffsetOutOfRangeError(BrokerError):
    """A position is not in the log: retention has passed it, or the topic is another one.

    Args:
        offset: The wanted offset.
        beginning: First offset of the log.
        end: Offset after the last one of the log.
    """

    def __init__(self, message: str, *, offset: int, beginning: int, end: int, action: str = "") -> None:
        super().__init__(message, action=action)
        self.offset = offset
        self.beginning = beginning
        self.end = end


class StateStoreError(PipelineError):
    """A state blob can't be written, read or verified."""

    exit_code = 3


class BlobLostError(StateStoreError):
    """A state blob is not there or damaged: the store answered, so trying again won't help."""


class OtherModelError(PipelineError):
    """Streams' states were made by another model: with this one they would be lost."""

    exit_code = 3


class CheckpointRecordError(PipelineError):
    """A checkpoint record can't be understood."""

    exit_code = 3


class TopologyError(PipelineError):
    """A topology can't be started, found or stopped, or a part of it fails."""

    exit_code = 3


class EncoderError(TopologyError):
    """An encoder can't encode: its model can't be loaded, or the computation failed."""


class OwnershipError(PipelineError):
    """A partition is not, or perhaps not, ours any more: stop it and ask the supervisor."""


class FencedError(OwnershipError):
    """A newer producer with our transactional id took over; the last commit's outcome is unknown."""


class HigherGenerationError(OwnershipError):
    """The partition's checkpoints name an owner of a higher generation than ours.

    Args:
        found: The generation found in the checkpoints.
    """

    exit_code = 3

    def __init__(self, message: str, *, found: int, action: str = "") -> None:
        super().__init__(message, action=action)
        self.found = found


class NotCommittedError(OwnershipError):
    """A transaction failed before its commit was asked for: nothing of it will ever be visible."""


class OutcomeUnknownError(OwnershipError):
    """Whether a transaction was committed can't be known: only the log tells, at the next takeover."""
