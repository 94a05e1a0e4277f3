from dataclasses import replace

import pytest

from pipeline.config import KafkaSettings, Settings
from pipeline.messages.status import RunIdentity
from pipeline.supervisor.kinds import Kind
from pipeline.supervisor.process_name import ProcessName, all_runs, choose, run_of, supervisor_name

SETTINGS = Settings(kafka=KafkaSettings(application="site-1"))
IDENTITY = RunIdentity("site-1", "0.1", "source", "model", "settings")
RUN = run_of(SETTINGS, IDENTITY)


def test_a_name_is_read_as_it_was_written() -> None:
    name = ProcessName.new(RUN, "narrator-12", restarts=3)
    assert ProcessName.parse(RUN, str(name)) == name
    assert (name.kind, name.restarts) == (Kind.NARRATOR, 3)
    assert ProcessName.new(RUN, "narrator-12", restarts=3) != name


@pytest.mark.parametrize("field", ["version", "source_hash", "model_hash", "settings_hash"])
def test_another_build_or_other_settings_are_another_run(field: str) -> None:
    other = run_of(SETTINGS, replace(IDENTITY, **{field: "other"}))
    name = str(ProcessName.new(other, "reader-0", 0))
    assert ProcessName.parse(RUN, name) is None
    assert name.startswith(all_runs(SETTINGS))


def test_the_supervisor_is_none_of_its_actors() -> None:
    assert not supervisor_name(SETTINGS).startswith(all_runs(SETTINGS))
    assert ProcessName.parse(RUN, f"{RUN}narrator-0#x") is None


def test_of_each_role_the_newest_goes_on() -> None:
    old, new = ProcessName(RUN, "reader-0", 9, "b"), ProcessName(RUN, "reader-0", 10, "a")
    unknown = ProcessName(RUN, "reader-7", 0, "c")
    assert choose([new, old, unknown], {"reader-0", "encoder-0"}) == {"reader-0": new}
