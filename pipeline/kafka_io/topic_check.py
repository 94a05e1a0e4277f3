"""Whether the topics are what the wire contract wants."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.kafka_io.admin import TopicState
from pipeline.wire.topics import TopicSpec


@dataclass(frozen=True, slots=True)
class TopicDifference:
    """One thing that is not as it must be.

    Attributes:
        topic: Full name of the topic.
        setting: Name of the setting, `partitions`, or `topic` if it does not exist.
        expected: What it must be.
        found: What it is.
        action: What to do.
    """

    topic: str
    setting: str
    expected: str
    found: str
    action: str

    @property
    def what(self) -> str:
        """The difference as the end of a sentence that begins with the topic."""
        if self.setting == "topic":
            return "does not exist"
        return f"has {self.setting} {self.found}, it must be {self.expected}"


def check_topics(specs: Sequence[TopicSpec], states: Sequence[TopicState]) -> list[TopicDifference]:
    """What differs, in the order of `specs`; settings that the contract does not name are free.

    Args:
        specs: What the topics must be.
        states: Those that exist.
    """
    existing = {state.name: state for state in states}
    differences: list[TopicDifference] = []
    for spec in specs:
        state = existing.get(spec.name)
        if state is None:
            create = "Create it: flownar topics create"
            differences.append(TopicDifference(spec.name, "topic", "exists", "missing", create))
            continue
        if state.num_partitions != spec.num_partitions:
            differences.append(_other_partitions(spec, state))
        differences += [
            TopicDifference(spec.name, key, value, str(state.configs.get(key)), _alter(spec.name, key, value))
            for key, value in spec.configs.items()
            if state.configs.get(key) != value
        ]
    return differences


def _other_partitions(spec: TopicSpec, state: TopicState) -> TopicDifference:
    return TopicDifference(
        spec.name,
        "partitions",
        str(spec.num_partitions),
        str(state.num_partitions),
        f"The number never changes: set kafka.partitions to {state.num_partitions} or use another prefix.",
    )


def _alter(topic: str, key: str, value: str) -> str:
    return f"Alter it on the broker: kafka-configs.sh --alter --topic {topic} --add-config {key}={value}"
