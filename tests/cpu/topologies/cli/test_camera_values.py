from __future__ import annotations

import pytest
import typer

from pipeline.cameras.effective import EffectiveValue, Origin
from pipeline.config import ModelSettings, Settings
from pipeline.messages.camera import CameraSettings
from topologies.cli.camera_values import changed, checked_camera, parse_changes, shown, topology_values


def test_settings_are_read_as_people_write_them() -> None:
    written = ["fps=1.5", "retain-narrations=3", "enabled=false", "prompt=Tell what = happens", "theta="]
    assert parse_changes(written, {"priority": "9", "fps": None}) == {
        "fps": 1.5,
        "retain_narrations": 3,
        "enabled": False,
        "prompt": "Tell what = happens",
        "theta": None,
        "priority": 9,
    }
    assert parse_changes(["prompt=12", "theta_low=null"], {}) == {"prompt": "12", "theta_low": None}


def test_a_change_leaves_the_rest_as_it_was() -> None:
    before = CameraSettings(priority=7, fps=1.0, prompt="Look.")
    after = changed(before, {"fps": 2, "prompt": None})
    assert after == CameraSettings(priority=7, fps=2)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fsp": 1}, "did you mean fps"),
        ({"fps": 1000}, "0.001 to 240"),
        ({"enabled": "no"}, "true or false"),
        ({"theta": 0.4, "theta_low": 0.6}, "must not exceed"),
    ],
)
def test_what_may_not_be_is_refused_with_what_may(
    changes: dict[str, object], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as caught:
        changed(CameraSettings(), changes)
    assert caught.value.exit_code == 2
    assert said in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("wrong", ["fps", "=1", ""])
def test_what_is_no_setting_is_refused(wrong: str) -> None:
    with pytest.raises(typer.Exit) as caught:
        changed(CameraSettings(), parse_changes([wrong], {}))
    assert caught.value.exit_code == 2


def test_a_camera_is_a_stream_or_all() -> None:
    assert checked_camera("*") == "*"
    assert checked_camera("dock/7") == "dock/7"
    with pytest.raises(typer.Exit):
        checked_camera("dock 7")


def test_the_topology_s_values_come_from_settings_and_model() -> None:
    settings = Settings.model_validate({"narrator": {"theta": 0.9}})
    values = topology_values(settings)
    assert (values["theta"], values["fps"]) == (0.9, 2.0)
    assert isinstance(values["prompt"], str)
    missing = settings.model_copy(update={"model": ModelSettings(path="nowhere")})
    assert topology_values(missing)["fps"] is None


def test_values_are_shown_for_people() -> None:
    assert shown("enabled", EffectiveValue(True, Origin.OWN)) == "true"
    assert shown("retain_narrations", EffectiveValue(None, Origin.TOPOLOGY)) == "all"
    assert shown("fps", EffectiveValue(None, Origin.TOPOLOGY)) == "the model's"
    assert shown("prompt", EffectiveValue("Look.", Origin.DEFAULT)) == "Look."
