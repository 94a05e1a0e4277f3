"""Kafka: reachable, topics as they must be, publishers' clocks and partitioners."""

import time
from collections.abc import Sequence

from pipeline.config import Settings
from pipeline.doctor.finding import Finding, ok, problem, warning
from pipeline.errors import PipelineError, WireError
from pipeline.kafka_io.admin import KafkaAdmin, TopicState
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import PartitionConsumer
from pipeline.kafka_io.records import Record
from pipeline.kafka_io.topic_check import check_topics
from pipeline.wire.frame_record import parse_frame_headers
from pipeline.wire.partitioner import partition_of
from pipeline.wire.stream_id import parse_stream_key
from pipeline.wire.topics import TopicNames, topic_specs

CONNECT_TIMEOUT_S = 5.0
TAIL_RECORDS = 20
"""Records of each partition that are looked at: the newest show what publishers do now."""

TAIL_DEADLINE_S = 15.0
CLOCK_TOLERANCE_S = 5.0
"""A frame captured after the broker received it shows a wrong clock; NTP keeps well below this."""


def check_kafka(settings: Settings) -> list[Finding]:
    """All checks that need Kafka."""
    where = settings.kafka.bootstrap_servers
    try:
        with KafkaAdmin(settings.kafka, timeout_s=CONNECT_TIMEOUT_S) as admin:
            brokers = admin.describe_cluster()["brokers"]
            specs = topic_specs(settings.kafka, settings.frames)
            states = admin.describe_topics([spec.name for spec in specs])
        findings = [ok("kafka", f"{where} answers, {len(brokers)} broker(s)")]
        differences = check_topics(specs, states)
        findings += [problem("topics", f"{d.topic} {d.what}", d.action) for d in differences]
        if not differences:
            findings.append(ok("topics", f"all {len(specs)} are as they must be"))
        return findings + _check_frames(settings, states)
    except PipelineError as error:
        return [
            problem("kafka", error.message, "Start one with `flownar up`, or set kafka.bootstrap_servers.")
        ]


def _check_frames(settings: Settings, states: Sequence[TopicState]) -> list[Finding]:
    topic = TopicNames.of(settings.kafka.prefix).frames
    state = next((state for state in states if state.name == topic), None)
    if state is None:
        return []
    records = _newest(settings, topic, state.num_partitions)
    if not records:
        return [ok("frames", "none yet")]
    findings = _check_partitions(records, state.num_partitions) + _check_clocks(records)
    return findings or [ok("frames", f"the newest {len(records)} have the right partition and sane times")]


def _newest(settings: Settings, topic: str, num_partitions: int) -> list[Record]:
    deadline = time.monotonic() + TAIL_DEADLINE_S
    records: list[Record] = []
    connection = connection_kwargs(settings.kafka)
    with PartitionConsumer(connection, client_id="flownar-doctor", read_committed=False) as consumer:
        for partition in range(num_partitions):
            bounds = consumer.bounds(topic, partition)
            consumer.assign(topic, partition, max(bounds.beginning, bounds.end - TAIL_RECORDS))
            records += consumer.read_to(topic, partition, bounds.end, deadline)
            consumer.unassign(topic, partition)
    return records


def _check_partitions(records: Sequence[Record], num_partitions: int) -> list[Finding]:
    for record in records:
        try:
            stream = parse_stream_key(record.key)
        except WireError:
            # Dead letters tell of these.
            continue
        if record.partition != partition_of(stream, num_partitions):
            return [
                problem(
                    "partitioner",
                    f"frames of {stream} are in partition {record.partition}, "
                    f"they belong into {partition_of(stream, num_partitions)} and are refused",
                    "Set the publisher's partitioner to murmur2 (librdkafka: partitioner=murmur2_random).",
                )
            ]
    return []


def _check_clocks(records: Sequence[Record]) -> list[Finding]:
    findings = []
    newest = max(record.timestamp_ms for record in records) / 1000
    if newest > time.time() + CLOCK_TOLERANCE_S:
        message = f"the broker's clock is {newest - time.time():.0f} s ahead of this machine's"
        findings.append(warning("clocks", message, "Set both clocks by NTP: latencies are wrong."))
    for record in records:
        try:
            headers = parse_frame_headers(record.headers, has_value=record.value is not None)
        except WireError:
            continue
        ahead_s = headers.capture_times_ns[0] / 1e9 - record.timestamp_ms / 1000
        if ahead_s > CLOCK_TOLERANCE_S:
            stream = (record.key or b"").decode(errors="replace")
            message = f"a frame of {stream} was captured {ahead_s:.0f} s after the broker received it"
            findings.append(warning("clocks", message, "Set the publisher's clock by NTP."))
            break
    return findings
