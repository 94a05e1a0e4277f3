"""Who holds a session, and what its outputs say about their origin."""

from dataclasses import dataclass

from pipeline.wire.topics import TopicNames


@dataclass(frozen=True, slots=True)
class SessionIdentity:
    """One ownership of one partition.

    Attributes:
        application: Id of the application (setting `kafka.application`).
        topics: Names of the topics.
        partition: Partition number, the same in all of them.
        num_partitions: Partitions of the topic of frames.
        generation: Generation of the ownership; the supervisor lets it only grow.
        narrator: Id of the narrator, for people.
        model_id: Name of the model.
        model_hash: Hash of its weights and configuration: snapshots of other models are not loaded.
    """

    application: str
    topics: TopicNames
    partition: int
    num_partitions: int
    generation: int
    narrator: str
    model_id: str
    model_hash: str
