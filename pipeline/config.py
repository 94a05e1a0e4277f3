"""Settings: what can be set, and how a command gets them.

    resolved = load_settings({"kafka.prefix": "test."}, config_file=None)
    resolved.settings.kafka.prefix, resolved.origins["kafka.prefix"]     # 'test.', 'flag'

The models are in `settings/models.py` and `settings/connections.py`, the order of the sources in
`settings/resolve.py`.
"""

from pipeline.settings.connections import KafkaSettings, RaySettings, RedisSettings
from pipeline.settings.models import (
    CommitSettings,
    FrameSettings,
    LiveSettings,
    ModelSettings,
    NarratorSettings,
    ServicesSettings,
    Settings,
)
from pipeline.settings.resolve import ResolvedSettings, load_settings

__all__ = [
    "CommitSettings",
    "FrameSettings",
    "KafkaSettings",
    "LiveSettings",
    "ModelSettings",
    "NarratorSettings",
    "RaySettings",
    "RedisSettings",
    "ResolvedSettings",
    "ServicesSettings",
    "Settings",
    "load_settings",
]
