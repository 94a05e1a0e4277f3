from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.config import RedisSettings, ResolvedSettings, Settings
from pipeline.settings.keys import known_keys
from pipeline.settings.show import REDACTED, redact_url, shown_settings


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://:secret@host:1/2", f"redis://:{REDACTED}@host:1/2"),
        ("rediss://me:a%40b@host/0?x=1", f"rediss://me:{REDACTED}@host/0?x=1"),
    ],
)
def test_passwords_in_urls_are_not_shown(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_every_setting_is_shown_as_a_json_value_without_secrets() -> None:
    redis = RedisSettings(url="redis://:secret@h:1/0", password=SecretStr("secret"))
    settings = Settings(redis=redis, state_dir=Path("/state"))
    shown = {
        s.key: s for s in shown_settings(ResolvedSettings(settings, dict.fromkeys(known_keys(), "here")))
    }
    assert shown.keys() == known_keys().keys()
    assert shown["redis.password"].value == REDACTED
    assert shown["state_dir"].value == "/state"
    assert "secret" not in str(shown)
