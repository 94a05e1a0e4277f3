from pipeline.config import FrameSettings, KafkaSettings
from pipeline.kafka_io.admin import TopicState
from pipeline.kafka_io.topic_check import check_topics
from pipeline.wire.topics import TopicSpec, topic_specs

SPECS = topic_specs(KafkaSettings(), FrameSettings())


def state_of(spec: TopicSpec, **configs: str | None) -> TopicState:
    return TopicState(spec.name, "id", spec.num_partitions, {"extra": "1", **spec.configs, **configs})


def test_topics_as_they_must_be_have_no_differences() -> None:
    assert check_topics(SPECS, [state_of(spec) for spec in reversed(SPECS)]) == []


def test_a_missing_topic_other_partitions_and_other_settings() -> None:
    frames, narrations, *others = SPECS
    other = TopicState(narrations.name, "id", 9, {**narrations.configs, "retention.ms": "5"})
    found = check_topics(SPECS, [other, *map(state_of, others)])
    assert [(d.topic, d.setting, d.found) for d in found] == [
        (frames.name, "topic", "missing"),
        (narrations.name, "partitions", "9"),
        (narrations.name, "retention.ms", "5"),
    ]
    assert [d.what for d in found] == [
        "does not exist",
        "has partitions 9, it must be 4",
        f"has retention.ms 5, it must be {30 * 24 * 3600 * 1000}",
    ]
    assert "topics create" in found[0].action
    assert "kafka.partitions to 9" in found[1].action
    assert "--add-config retention.ms=" in found[2].action
