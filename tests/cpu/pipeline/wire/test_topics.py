from pipeline.config import FrameSettings, KafkaSettings
from pipeline.wire.topics import TopicNames, topic_specs


def test_names_and_partitions() -> None:
    specs = {
        spec.name: spec for spec in topic_specs(KafkaSettings(prefix="p.", partitions=7), FrameSettings())
    }
    names = TopicNames.of("p.")
    assert list(specs) == ["p.frames", "p.narrations", "p.checkpoints", "p.dlq", "p.cameras"]
    assert [spec.num_partitions for spec in specs.values()] == [7, 7, 7, 7, 1]
    assert specs[names.frames].configs["message.timestamp.type"] == "LogAppendTime"
    assert specs[names.checkpoints].configs["cleanup.policy"] == "compact"
    assert specs[names.narrations].configs["retention.ms"] == str(30 * 24 * 3600 * 1000)


def test_a_dead_letter_of_the_largest_record_fits_its_topic() -> None:
    specs = topic_specs(KafkaSettings(), FrameSettings(max_record_bytes=2048))
    sizes = {spec.name.removeprefix("flownar."): spec.max_record_bytes for spec in specs}
    assert sizes["frames"] == 2048
    assert sizes["dlq"] == 2048 + 64 * 1024
    assert all(spec.configs["max.message.bytes"] == str(spec.max_record_bytes) for spec in specs)
