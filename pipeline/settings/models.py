"""What can be set: frozen, validated models with their defaults."""

from pathlib import Path
from typing import Literal, Self

import platformdirs
from pydantic import Field, field_validator, model_validator

from operators.errors import OperatorError
from operators.memory.histories.spec import HistorySpec
from pipeline.settings.connections import KafkaSettings, RaySettings, RedisSettings
from pipeline.settings.section import LocalPath, Section

REPO_ROOT = Path(__file__).resolve().parents[2]
"""Folder that holds `models/` and `infra/`: the repository, found by this file's place."""


class ModelSettings(Section):
    """Which model narrates, and where it computes."""

    path: LocalPath = REPO_ROOT / "models" / "world"
    """Model folder in Hugging Face layout."""
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    """auto takes a GPU if there is one."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """auto takes float32 on a CPU, bfloat16 on a GPU."""
    torch_threads: int | None = Field(default=None, ge=1)
    """Threads of torch in each actor; None leaves it to the topology."""


class LiveSettings(Section):
    """The shape of the topology `live`."""

    num_readers: int = Field(default=1, ge=1)
    """Reader actors; partitions are spread over them."""
    num_encoders: int = Field(default=1, ge=1)
    """Encoder actors."""
    num_narrators: int = Field(default=1, ge=1)
    """Narrator actors; partitions are spread over them."""
    num_slots: int = Field(default=64, ge=1)
    """Streams that one narrator holds at a time."""
    encoder_batch: int = Field(default=16, ge=1)
    """Frames that are encoded at once, at most."""
    credits: int = Field(default=64, ge=1)
    """Records in flight per partition, from the reader to the narrator's answer."""
    lease_s: float = Field(default=5.0, gt=0)
    """An actor that gives no answer for so long loses its partitions."""
    silent_after_s: float = Field(default=60.0, gt=0)
    """A camera without a record for so long is told to be silent."""
    clock_jump_s: float = Field(default=5.0, gt=0)
    """A capture time that is off by more than this, by the broker's clock, is told as a jump."""
    shed_after_s: float | None = Field(default=30.0, gt=0)
    """Frames are left out where the oldest one waits longer than this, and ever longer; None: never."""


class NarratorSettings(Section):
    """How streams are narrated; None takes what the model was trained with."""

    prompt: str | None = None
    """The user's instruction."""
    fps: float | None = Field(default=None, gt=0)
    """Frames per second that the model sees."""
    theta: float | None = Field(default=None, gt=0, lt=1)
    """Threshold of p(skip) when the segment is longer than average."""
    theta_low: float | None = Field(default=None, gt=0, lt=1)
    """Threshold of p(skip) before that."""
    average_segment_s: float | None = Field(default=None, gt=0)
    """Length of an average segment."""
    retain_narrations: int | None = Field(default=None, ge=0)
    """Narrations that stay in the context."""
    max_narration_tokens: int | None = Field(default=None, ge=1)
    """Budget of all retained narrations."""
    max_segment_frames: int | None = Field(default=None, ge=1)
    """A longer segment folds silently into the memory."""
    max_new_tokens: int | None = Field(default=None, ge=1)
    """Longest narration."""
    history: str | None = None
    """Visual history: the model's own memory, or `none`, `recent:4`, `kmeans`, `moviechat`, `retain_all`."""

    @field_validator("history")
    @classmethod
    def _history_is_known(cls, history: str | None) -> str | None:
        try:
            return history if history is None else str(HistorySpec.parse(history))
        except OperatorError as error:
            raise ValueError(str(error).rstrip(".")) from error

    @model_validator(mode="after")
    def _thetas_are_ordered(self) -> Self:
        if self.theta is not None and self.theta_low is not None and self.theta_low > self.theta:
            raise ValueError(f"theta_low ({self.theta_low}) must not exceed theta ({self.theta})")
        return self


class CommitSettings(Section):
    """When things become true, and how long that may take."""

    interval_ms: int = Field(default=150, ge=1, le=60_000)
    """Time between two commits of a partition that has something to commit."""
    snapshot_every_segments: int = Field(default=4, ge=1)
    """Segments of a stream between two snapshots of its state."""
    snapshot_every_s: float = Field(default=30.0, gt=0)
    """Time between two snapshots of a stream that moved on."""
    snapshot_lag_records: int = Field(default=10_000, ge=1)
    """A stream gets a snapshot when its oldest record outside one is further behind its partition."""
    commit_deadline_s: float = Field(default=25.0, gt=0)
    """After this a commit's outcome is unknown and the partition is taken over again."""
    takeover_deadline_s: float = Field(default=60.0, gt=0)
    """Time for one takeover of a partition, reading its checkpoints included."""
    transaction_timeout_ms: int = Field(default=30_000, ge=1_000)
    """The broker aborts a transaction that is open for longer."""
    accept_state_loss: bool = False
    """Streams whose state another model made begin anew; else the start is refused."""


class FrameSettings(Section):
    """Bounds of what a publisher may send."""

    max_pixels: int = Field(default=33_177_600, ge=1)
    """Pixels of one frame: 7680x4320 unless set."""
    max_record_bytes: int = Field(default=8 * 1024 * 1024, ge=1024, le=64 * 1024 * 1024)
    """Size of one frame record, headers included."""


class ServicesSettings(Section):
    """The Kafka and Redis that `flownar up` starts on this machine."""

    kafka_port: int = Field(default=9092, ge=0, le=65_535)
    """Wanted port of the broker; another free one is taken if it is in use or 0."""
    controller_port: int = Field(default=9093, ge=0, le=65_535)
    """Wanted port of the broker's controller."""
    redis_port: int = Field(default=6379, ge=0, le=65_535)
    """Wanted port of Redis."""
    kafka_advertised: str | None = Field(default=None, pattern=r"^[^:\s]+:\d+$")
    """host:port that the broker tells its clients, for example of a proxy in front of it; None: its own."""
    kafka_heap_mb: int = Field(default=512, ge=192)
    """Java heap of the broker."""
    kafka_libs: LocalPath | None = None
    """Folder with the broker's jars, for machines without Maven; KAFKA_LIBS sets it too."""
    start_deadline_s: float = Field(default=90.0, gt=0)
    """Time until a started service must answer."""
    stop_deadline_s: float = Field(default=20.0, gt=0)
    """Time that a service has to end by itself before it is killed."""


class Settings(Section):
    """All settings."""

    kafka: KafkaSettings = KafkaSettings()
    redis: RedisSettings = RedisSettings()
    ray: RaySettings = RaySettings()
    model: ModelSettings = ModelSettings()
    live: LiveSettings = LiveSettings()
    narrator: NarratorSettings = NarratorSettings()
    commit: CommitSettings = CommitSettings()
    frames: FrameSettings = FrameSettings()
    services: ServicesSettings = ServicesSettings()
    state_dir: LocalPath = Path(platformdirs.user_state_dir("flownar", appauthor=False))
    """Folder of the local services' data, logs and addresses."""
    cache_dir: LocalPath = Path(platformdirs.user_cache_dir("flownar", appauthor=False))
    """Folder of what can be downloaded again, such as the broker's jars."""
