"""`--from`: what people may write."""

import pytest

from pipeline.errors import ConfigError
from pipeline.watch.events import BEGINNING, NOW, StartAt
from topologies.cli.start_at import parse_start

NOW_NS = 1_767_323_045_000_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("beginning", BEGINNING),
        ("now", NOW),
        ("-90s", StartAt(NOW_NS // 10**6 - 90_000)),
        ("-10m", StartAt(NOW_NS // 10**6 - 600_000)),
        ("-1.5h", StartAt(NOW_NS // 10**6 - 5_400_000)),
        ("-2d", StartAt(NOW_NS // 10**6 - 172_800_000)),
        ("-99999d", BEGINNING),
        ("2026-01-02T03:04:05Z", StartAt(NOW_NS // 10**6)),
        ("2026-01-02T04:04:05.5+01:00", StartAt(NOW_NS // 10**6 + 500)),
    ],
)
def test_a_beginning_is_read(text: str, expected: StartAt) -> None:
    assert parse_start(text, NOW_NS) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "10m", "-10", "-10y", "2026-01-02"])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ConfigError, match="is no time") as caught:
        parse_start(text, NOW_NS)
    assert "-10m" in caught.value.action
