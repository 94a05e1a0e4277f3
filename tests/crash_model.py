"""Try to break the commit protocol for as many steps as asked for.

For example: python -m tests.crash_model --steps 100000
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from tests.support.crash_model.bugs import Bug, planted
from tests.support.crash_model.machine import CrashMachine
from tests.support.crash_model.promises import ViolationError
from tests.support.crash_model.running import Search, run_machines

MACHINES_PER_SEED = 200
MAX_STEPS_TO_FIND = 200_000


def main() -> int:
    """Returns 0 if no promise was broken and every planted bug was found."""
    options = _arguments()
    began_s = time.monotonic()
    num_steps = _search(options.seed, options.steps)
    search_s, seen = time.monotonic() - began_s, CrashMachine.seen.copy()
    num_crashes = sum(count for (_, fault), count in seen.items() if fault == "crash")
    num_failed, num_places = seen.total() - num_crashes, len({place for place, _ in seen})
    _say(
        f"{num_steps:,} steps in {search_s:.0f} s: no promise was broken. Processes died {num_crashes:,} "
        f"times in the middle of something, and {num_failed:,} requests failed, at {num_places} places."
    )
    found = {} if options.no_bugs else {bug: _find(bug, options.seed) for bug in Bug}
    if options.json:
        report = {
            "steps": num_steps,
            "seconds": round(search_s, 1),
            "violations": 0,
            "crashes": num_crashes,
            "failed_requests": num_failed,
            "places": num_places,
            "steps_to_find": {bug.value: steps for bug, steps in found.items()},
        }
        sys.stdout.write(json.dumps(report) + "\n")
    return 0 if None not in found.values() else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash_model",
        description="Let hypothesis drive the commit protocol through crashes, pauses, losses and two owners "
        "at once; then plant bugs, each of which must be found.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--steps", type=int, default=100_000, help="how many steps at least")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the next ones follow")
    parser.add_argument("--no-bugs", action="store_true", help="do not plant bugs")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    return parser.parse_args()


def _search(first_seed: int, min_steps: int) -> int:
    """Run seed after seed; a broken promise ends the program with its shortest story."""
    num_steps, seed = 0, first_seed
    while num_steps < min_steps:
        began_s = time.monotonic()
        try:
            num_seed_steps = run_machines(Search(MACHINES_PER_SEED, seed))
        except ViolationError:
            _say(f"seed {seed}: a promise is broken; this is the shortest story of it that was found")
            raise
        num_steps += num_seed_steps
        seconds = time.monotonic() - began_s
        _say(f"seed {seed}: {num_seed_steps:,} steps in {seconds:.1f} s, {num_steps:,} in all")
        seed += 1
    return num_steps


def _find(bug: Bug, first_seed: int) -> int | None:
    """How many steps it took to find a planted bug; None if it was not found."""
    before = CrashMachine.num_steps
    seed = first_seed
    with planted(bug):
        while CrashMachine.num_steps - before < MAX_STEPS_TO_FIND:
            try:
                run_machines(Search(MACHINES_PER_SEED, seed, shrink=False))
            except ViolationError as error:
                num_steps = CrashMachine.num_steps - before
                promise = str(error).partition(":")[0]
                _say(f"planted bug, {bug.value}: found after {num_steps:,} steps: {promise}")
                return num_steps
            seed += 1
    _say(f"planted bug, {bug.value}: NOT FOUND in {CrashMachine.num_steps - before:,} steps")
    return None


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
