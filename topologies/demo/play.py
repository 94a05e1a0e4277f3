"""The demo from first to last: system up, cameras on, narrations as they land, checks, system down."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.config import Settings
from pipeline.watch.dead_letters import read_dead_letters
from pipeline.watch.events import BEGINNING
from pipeline.watch.narrations import NarrationReader
from topologies.demo.cameras import CAMERAS, RunningCamera, running_cameras
from topologies.demo.settings import MIN_MEAN_F1, DemoOptions
from topologies.demo.system import DemoSystem, Say, running_system
from topologies.demo.verify import CameraResult, SeenNarration, check_camera, mean_f1

KILL_AT = 0.4
"""Share of the video after which a process is killed."""

LAST_WORDS_DEADLINE_S = 90.0
"""For the last narrations to land after the last frame: longer than a killed actor takes to come back."""

POLL_S = 0.2
MAX_DEAD_LETTERS = 1000


@dataclass(frozen=True, slots=True)
class DemoReport:
    """How the demo went.

    Attributes:
        results: One per camera.
        seen: All narrations as they were read, in that order.
        problems: What is wrong beyond single cameras.
        first_narration_s: From the beginning of the demo to the first visible narration.
    """

    results: tuple[CameraResult, ...]
    seen: tuple[SeenNarration, ...]
    problems: tuple[str, ...]
    first_narration_s: float

    @property
    def passed(self) -> bool:
        """Nothing is lost, doubled or missing, and the narrations are right often enough."""
        camera_problems = any(result.problems for result in self.results)
        return not self.problems and not camera_problems and mean_f1(self.results) >= MIN_MEAN_F1


def play(
    settings: Settings, options: DemoOptions, say: Say, on_narration: Callable[[SeenNarration, int], None]
) -> DemoReport:
    """Run the whole demo.

    Args:
        settings: From `demo_settings`.
        options: What the user asked for.
        say: Told in a line of text what happens now.
        on_narration: Called with each narration as it lands, and its camera's first capture time.

    Raises:
        FlowNarError: The system can't be started, or a camera can't publish.
    """
    began_s = time.monotonic()
    with running_system(settings, say, keep=options.keep) as system:
        say(f"{len(CAMERAS)} cameras publish {options.duration_s:g} s of video")
        seen: list[SeenNarration] = []
        first_s = float("nan")
        with running_cameras(system.settings, options.duration_s) as cameras:
            for narration in _watch(system, cameras, options, say):
                if not seen:
                    first_s = time.monotonic() - began_s
                seen.append(narration)
                start_ns = _camera_of(cameras, narration).counters.start_time_ns
                on_narration(narration, start_ns)
            problems = [] if _all_said(cameras, seen) else ["the last narrations did not land in time"]
            letters = read_dead_letters(system.settings.kafka, MAX_DEAD_LETTERS)
            if not options.keep:
                say("draining")
                system.drain()
            problems += _reread_problems(system.settings, seen)
        results = tuple(
            check_camera(
                one.camera.stream,
                [narration for narration in seen if narration.event.stream == one.camera.stream],
                one.sent.capture_times_ns,
                one.camera.truth(options.duration_s),
                Counter(letter.letter.code for letter in letters if letter.letter.key == one.key),
                one.camera.expected_dead_letters,
            )
            for one in cameras
        )
        return DemoReport(results, tuple(seen), tuple(problems), first_s)


def _watch(
    system: DemoSystem, cameras: Sequence[RunningCamera], options: DemoOptions, say: Say
) -> Iterator[SeenNarration]:
    """Narrations as they become visible, until the last words of every camera have landed."""
    kill_at_s = time.monotonic() + KILL_AT * options.duration_s if options.kill else float("inf")
    deadline_s = time.monotonic() + options.duration_s + LAST_WORDS_DEADLINE_S
    seen: list[SeenNarration] = []
    with NarrationReader(system.settings.kafka, start=BEGINNING, client_id="flownar-demo") as reader:
        while not _all_said(cameras, seen) and time.monotonic() < deadline_s:
            if options.kill and time.monotonic() >= kill_at_s:
                say(f"killed {system.kill(options.kill)} with SIGKILL")
                kill_at_s = float("inf")
            for read in reader.read(POLL_S):
                seen.append(SeenNarration(read.event, time.time_ns()))
                yield seen[-1]


def _all_said(cameras: Sequence[RunningCamera], seen: Sequence[SeenNarration]) -> bool:
    last_ns = {narration.event.stream: narration.event.narration.end_time_ns for narration in seen}
    return all(
        one.has_ended and last_ns.get(one.camera.stream) == one.sent.capture_times_ns[-1] for one in cameras
    )


def _reread_problems(settings: Settings, seen: Sequence[SeenNarration]) -> list[str]:
    """Read everything again: what became visible once stays as it was, and nothing comes after it."""
    with NarrationReader(settings.kafka, start=BEGINNING, client_id="flownar-demo") as reader:
        again = [read.event for read in reader.read_present()]
    streams = {narration.event.stream for narration in seen} | {event.stream for event in again}
    return [
        f"a second reading of {stream} differs from the first"
        for stream in sorted(streams)
        if [str(event) for event in again if event.stream == stream]
        != [str(narration.event) for narration in seen if narration.event.stream == stream]
    ]


def _camera_of(cameras: Sequence[RunningCamera], narration: SeenNarration) -> RunningCamera:
    return next(one for one in cameras if one.camera.stream == narration.event.stream)
