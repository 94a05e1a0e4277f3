import io
import time
from dataclasses import fields
from pathlib import Path

from rich.console import Console

from pipeline.messages.health import Dependency
from pipeline.messages.status import ActorStatus, OwnershipStatus, RunIdentity, RunStatus
from pipeline.services.local import ServiceState
from pipeline.status.redis_view import RedisView
from pipeline.status.report import StatusReport
from pipeline.status.views import KafkaView, PartitionView, StreamView, TopicView
from topologies.cli.status_tables import print_status
from topologies.running import RunningTopology

LONG_ID = "a-very-long-stream-id/with/many/parts/that-fills/the-whole-table/camera-000017"


def report(**changes: object) -> StatusReport:
    service = ServiceState(
        "kafka", True, True, Path("/s/kafka"), 4711, "127.0.0.1:9092", 4000.0, 2**28, "/log"
    )
    now_ns = time.time_ns()
    kafka = KafkaView(
        topics=(TopicView("flownar.frames", 4, 12_345), TopicView("flownar.cameras", 0, 0)),
        partitions=(PartitionView(0, 100, 90, 10, 7, "narrator-0"), PartitionView(1, 5, -1, 5, -1, "")),
        streams=(
            StreamView(LONG_ID, 0, 17, False, "picks up [red] the cup" + 20 * " and puts it down", now_ns),
            StreamView("hall/1", 1, -1, True, "", 0),
        ),
    )
    redis = RedisView("redis://127.0.0.1:6379/0", "7.0.15", 3, 1000, 0.0, {})
    fields = {"services": (service,), "kafka": kafka, "kafka_error": "", "redis": redis, "redis_error": ""}
    return StatusReport(**{**fields, **changes})  # type: ignore[arg-type]


def running(failure: str = "") -> RunningTopology:
    return RunningTopology(
        "127.0.0.1:16379",
        RunStatus(
            identity=RunIdentity(*(["live"] * len(fields(RunIdentity)))),
            supervisor_pid=99,
            ready=not failure,
            waiting="Kafka at 127.0.0.1:9092 does not answer" if failure else "",
            actors=(ActorStatus("narrator-0", "narrator", 1234, not failure, bool(failure), failure),),
            partitions=(OwnershipStatus(0, "owned", 7, "narrator-0", "reader-0", 100, 90, 0, ""),),
            streams=(),
            dependencies=(
                Dependency("kafka", "down", 150.0, "no answer")
                if failure
                else Dependency("kafka", "up", 9.0),
            ),
        ),
    )


def shown(report: StatusReport, topology: RunningTopology, width: int = 100) -> str:
    file = io.StringIO()
    print_status(Console(file=file, width=width), report, topology, "127.0.0.1:9092")
    return file.getvalue()


def test_everything_fits_into_100_columns() -> None:
    text = shown(report(), running(failure="the process ended: " + 30 * "why "))
    assert max(map(len, text.splitlines())) <= 100
    for word in (
        "4711",
        "256 MiB",
        "67 min",
        "12,345",
        "missing",
        "narrator-0",
        "owned",
        "picks up [red]",
        "ended",
    ):
        assert word in text, word
    assert "a-very-long…" in text
    assert "camera-000017" in text
    assert "waiting: Kafka at 127.0.0.1:9092 does not answer" in text
    assert "kafka is down for 2 min: no answer" in text
    for word in ("waiting", "is down"):
        assert word not in shown(report(), running())


def test_a_ready_topology_none_and_one_that_cannot_be_asked() -> None:
    assert "topology live is ready on Ray at 127.0.0.1:16379 (supervisor pid 99)" in shown(
        report(), running()
    )
    assert "flownar run live" in shown(report(), RunningTopology(""))
    assert "Nothing answers" in shown(report(), RunningTopology("h:1", error="Nothing answers at h:1."))


def test_services_that_do_not_answer() -> None:
    text = shown(report(kafka=None, kafka_error="Kafka is gone.", services=()), RunningTopology(""))
    assert "no answer" in text
    assert "Kafka is gone." in text
    assert "flownar.frames" not in text
