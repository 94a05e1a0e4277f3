"""Topics on a real broker."""

from collections.abc import Callable

import pytest

from pipeline.config import KafkaSettings, Settings
from pipeline.errors import KafkaUnavailableError
from pipeline.kafka_io.admin import KafkaAdmin
from pipeline.wire.topics import TopicNames, topic_specs


def test_topics_get_the_partitions_and_settings_of_the_wire_contract(fresh_settings: Settings) -> None:
    specs = topic_specs(fresh_settings.kafka, fresh_settings.frames)
    with KafkaAdmin(fresh_settings.kafka) as admin:
        states = admin.describe_topics([spec.name for spec in specs])
    assert [state.name for state in states] == [spec.name for spec in specs]
    for spec, state in zip(specs, states, strict=True):
        assert state.num_partitions == spec.num_partitions
        assert {key: state.configs[key] for key in spec.configs} == spec.configs


def test_creating_topics_again_changes_nothing(new_settings: Callable[..., Settings]) -> None:
    settings = new_settings(partitions=2, topics=False)
    specs = topic_specs(settings.kafka, settings.frames)
    with KafkaAdmin(settings.kafka) as admin:
        assert admin.create_topics(specs) == [spec.name for spec in specs]
        before = admin.describe_topics([specs[0].name])
        assert admin.create_topics(specs) == []
        assert admin.describe_topics([specs[0].name]) == before


def test_offsets_of_empty_topics_and_unknown_groups(fresh_settings: Settings) -> None:
    frames = TopicNames.of(fresh_settings.kafka.prefix).frames
    with KafkaAdmin(fresh_settings.kafka) as admin:
        assert admin.end_offsets(frames, 4) == admin.begin_offsets(frames, 4) == dict.fromkeys(range(4), 0)
        assert admin.group_offsets("nobody", frames) == {}


def test_an_unreachable_broker_is_an_error_within_the_deadline() -> None:
    with pytest.raises(KafkaUnavailableError, match=r"127\.0\.0\.1:1\b"):
        KafkaAdmin(KafkaSettings(bootstrap_servers="127.0.0.1:1"), timeout_s=1.0)
