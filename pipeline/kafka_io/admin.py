"""The administrator's view of Kafka: topics, their settings, offsets. Every call has a deadline."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, OffsetSpec
from kafka.errors import KafkaError, TopicAlreadyExistsError

from pipeline.config import KafkaSettings, Settings
from pipeline.errors import BrokerError, KafkaUnavailableError
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.deadline import call_with_deadline
from pipeline.wire.topics import TopicSpec, topic_specs

T = TypeVar("T")

REQUEST_TIMEOUT_S = 10.0
"""One administrative request: a loaded small machine needs seconds to create topics."""


_RETRY_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class TopicState:
    """What a topic is.

    Attributes:
        name: Full name.
        topic_id: Kafka's id of the topic: another one after it was deleted and made again.
        num_partitions: Partitions.
        configs: All settings in force.
    """

    name: str
    topic_id: str
    num_partitions: int
    configs: Mapping[str, str | None]


class KafkaAdmin:
    """An administrator's connection; use it in a `with` block.

    Args:
        kafka: Which Kafka.
        timeout_s: Deadline of connecting and of each call.

    Raises:
        KafkaUnavailableError: No broker answers in time.
    """

    def __init__(self, kafka: KafkaSettings, *, timeout_s: float = REQUEST_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._servers = kafka.bootstrap_servers
        timeout_ms = int(timeout_s * 1000)
        self._client: Any = self._call(
            "connecting",
            lambda: KafkaAdminClient(  # type: ignore[no-untyped-call]
                **connection_kwargs(kafka),
                client_id="flownar-admin",
                request_timeout_ms=timeout_ms,
                bootstrap_timeout_ms=timeout_ms,
                reconnect_backoff_max_ms=500,
            ),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._call("closing the connection", self._client.close)

    def describe_cluster(self) -> Mapping[str, Any]:
        """Cluster id, brokers and controller, as kafka-python tells them."""
        return self._call("describing the cluster", self._client.describe_cluster)

    def create_topics(self, specs: Iterable[TopicSpec], replication_factor: int = -1) -> list[str]:
        """Create those of the topics that do not exist; return their names when all are ready to use."""
        specs = list(specs)
        existing = {state.name for state in self.describe_topics([spec.name for spec in specs])}
        missing = [spec for spec in specs if spec.name not in existing]
        for spec in missing:
            self._create_topic(spec, replication_factor)
        names = [spec.name for spec in missing]
        wait_ms = int(self._timeout_s * 1000)
        self._call("waiting for topics", lambda: self._client.wait_for_topics(names, timeout_ms=wait_ms))
        return names

    def _create_topic(self, spec: TopicSpec, replication_factor: int) -> None:
        wanted = {
            "num_partitions": spec.num_partitions,
            "replication_factor": replication_factor,
            "configs": dict(spec.configs),
        }
        try:
            self._call(f"creating {spec.name}", lambda: self._client.create_topics({spec.name: wanted}))
        except BrokerError as error:
            # Another process may create the same topics at the same time.
            if not isinstance(error.__cause__, TopicAlreadyExistsError):
                raise

    def delete_topics(self, names: Sequence[str]) -> None:
        """Delete topics and all their records."""
        self._call("deleting topics", lambda: self._client.delete_topics(list(names)))

    def list_topics(self) -> list[str]:
        """Names of all topics, sorted."""
        return sorted(self._call("listing topics", self._client.list_topics))

    def describe_topics(self, names: Sequence[str]) -> list[TopicState]:
        """Those of the topics that exist, with their settings, in the order of `names`."""
        found = self._call("describing topics", lambda: self._client.describe_topics(list(names)))
        existing = {topic["name"]: topic for topic in found if topic["error_code"] == 0}
        resources: list[Any] = [
            ConfigResource("TOPIC", name)  # type: ignore[no-untyped-call]
            for name in names
            if name in existing
        ]
        if not resources:
            return []
        described = self._call(
            "describing settings", lambda: self._client.describe_configs(resources, config_filter="all")
        )
        configs = described["topic"]
        return [
            TopicState(
                name=name,
                topic_id=str(existing[name]["topic_id"]),
                num_partitions=len(existing[name]["partitions"]),
                configs={key: entry["value"] for key, entry in configs[name].items()},
            )
            for name in names
            if name in existing
        ]

    def end_offsets(self, topic: str, num_partitions: int) -> dict[int, int]:
        """Offset behind the last record of every partition (uncommitted transactions included)."""
        return self._offsets(topic, num_partitions, OffsetSpec.LATEST)

    def begin_offsets(self, topic: str, num_partitions: int) -> dict[int, int]:
        """Offset of the first record that every partition still has."""
        return self._offsets(topic, num_partitions, OffsetSpec.EARLIEST)

    def group_offsets(self, group: str, topic: str) -> dict[int, int]:
        """Offsets that a group has committed in a topic, by partition; empty if there are none."""
        found = self._call("reading group offsets", lambda: self._client.list_group_offsets({group: None}))
        return {
            partition.partition: entry.offset
            for partition, entry in found.get(group, {}).items()
            if partition.topic == topic and entry.offset >= 0
        }

    def _offsets(self, topic: str, num_partitions: int, spec: Any) -> dict[int, int]:
        wanted = {TopicPartition(topic, partition): spec for partition in range(num_partitions)}
        found = self._call("reading offsets", lambda: self._client.list_partition_offsets(wanted))
        return {partition.partition: entry.offset for partition, entry in found.items()}

    def _call(self, what: str, call: Callable[[], T]) -> T:
        what = f"{what} at {self._servers}"
        retry_until = time.monotonic() + self._timeout_s
        while True:
            try:
                # Twice the request's own timeout: a request may first have to find the controller.
                return call_with_deadline(what, 2 * self._timeout_s, call)
            except KafkaError as error:
                # A broker that has just started says for a second that some of its parts are not available.
                if error.retriable and time.monotonic() < retry_until:
                    time.sleep(_RETRY_PAUSE_S)
                    continue
                kind = KafkaUnavailableError if error.retriable else BrokerError
                raise kind(
                    f"Kafka: {what} failed: {error}.",
                    action="Check the broker and the settings with: flownar doctor",
                ) from error


def create_all_topics(settings: Settings) -> list[str]:
    """Create the topics of the settings that do not exist; returns their names.

    Raises:
        BrokerError: The broker can't be reached, or refuses.
    """
    with KafkaAdmin(settings.kafka) as admin:
        specs = topic_specs(settings.kafka, settings.frames)
        return admin.create_topics(specs, settings.kafka.replication_factor)
