"""`flownar publish` as a process: its output, its end, and how signals end it."""

import json
import signal
import time

import pytest

from pipeline.config import Settings
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import read_to_end
from pipeline.wire.frame_record import FrameHeaders, parse_frame_headers
from pipeline.wire.partitioner import partition_of
from pipeline.wire.topics import TopicNames
from tests.support.command_line import run_flownar, start_flownar
from tests.support.footage import BIKES, footage


def headers_of(settings: Settings, stream: str) -> list[FrameHeaders]:
    topic = TopicNames.of(settings.kafka.prefix).frames
    partition = partition_of(stream, settings.kafka.partitions)
    records = read_to_end(connection_kwargs(settings.kafka), topic, partition)
    mine = [r for r in records if r.key == stream.encode()]
    return [parse_frame_headers(r.headers, has_value=r.value is not None) for r in mine]


def test_a_file_is_published_to_its_end(fresh_settings: Settings) -> None:
    arguments = ["publish", str(footage(BIKES)), "--stream", "cli/1", "--speed", "0", "--json"]
    done = run_flownar(fresh_settings, [*arguments, "--codec", "h264", "--seconds", "5"])
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["stream"], summary["frames"], summary["records"]) == ("cli/1", 10, 6)
    assert summary["acknowledged"] == 6
    assert "cli/1 10 frames in" in done.stderr
    assert [h.num_frames for h in headers_of(fresh_settings, "cli/1")] == [2, 2, 2, 2, 2, 0]


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_a_camera_with_an_end_of_stream(
    fresh_settings: Settings, number: signal.Signals, exit_code: int
) -> None:
    stream = f"cli/{number.name}"
    arguments = ["publish", "world:200000", "--stream", stream, "--loop", "--fps", "5"]
    process = start_flownar(fresh_settings, arguments)
    try:
        deadline = time.monotonic() + 30
        while len(headers_of(fresh_settings, stream)) < 3 and time.monotonic() < deadline:
            time.sleep(0.2)
        process.send_signal(number)
        _, messages = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == exit_code, messages
    headers = headers_of(fresh_settings, stream)
    assert len(headers) >= 4
    assert headers[-1].end_of_stream
    assert [h.sequence for h in headers] == list(range(len(headers)))
    assert "ended" in messages


def test_mistakes_are_told_in_one_line(fresh_settings: Settings) -> None:
    cases = {
        ("nowhere.mp4", "--stream", "a"): (1, "nowhere.mp4 does not exist"),
        ("world:200000", "--stream", "a", "--fps", "0"): (2, "fps"),
    }
    for arguments, (exit_code, message) in cases.items():
        done = run_flownar(fresh_settings, ["publish", *arguments])
        assert done.returncode == exit_code, (arguments, done.stderr)
        assert message in done.stderr
        assert "Traceback" not in done.stderr
