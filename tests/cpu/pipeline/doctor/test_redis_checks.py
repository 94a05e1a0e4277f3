import time
from dataclasses import replace

import pytest

from pipeline.config import RedisSettings
from pipeline.doctor import redis_checks
from pipeline.doctor.redis_checks import check_redis
from pipeline.status.redis_view import RedisView

GOOD = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


def levels(monkeypatch: pytest.MonkeyPatch, **changes: object) -> list[tuple[str, str]]:
    view = RedisView("redis://h:1/0", "7.0.15", 3, 1000, time.time(), GOOD)
    monkeypatch.setattr(redis_checks, "read_redis_view", lambda _: replace(view, **changes))
    return [(finding.area, finding.level) for finding in check_redis(RedisSettings())]


def test_a_redis_that_keeps_what_it_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    assert levels(monkeypatch) == [("redis", "ok")]


@pytest.mark.parametrize("policy", [GOOD | {"appendfsync": "everysec"}, GOOD | {"appendonly": "no"}, {}])
def test_a_policy_that_may_lose_writes_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, policy: dict[str, str]
) -> None:
    assert levels(monkeypatch, policy=policy) == [("redis", "ok"), ("redis", "warning")]


def test_a_policy_that_drops_blobs_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = GOOD | {"maxmemory-policy": "allkeys-lru"}
    assert levels(monkeypatch, policy=policy) == [("redis", "ok"), ("redis", "problem")]


def test_a_wrong_clock_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    assert levels(monkeypatch, time_s=time.time() - 60) == [("redis", "ok"), ("clocks", "warning")]


def test_a_redis_that_does_not_answer_is_a_problem() -> None:
    (finding,) = check_redis(RedisSettings(url="redis://127.0.0.1:1/0", timeout_s=1.0))
    assert (finding.area, finding.level) == ("redis", "problem")
    assert "flownar up" in finding.action
