"""Settings of what starts a Kafka, Redis and Ray for itself: demo, benchmarks, chaos."""

from typing import Any

from pipeline.config import Settings
from pipeline.services.local import ServiceState


def settings_in(folder: str, user: Settings, **sections: Any) -> Settings:
    """The user's settings of model, shape and services, in a state folder of their own.

    Args:
        folder: Its name, inside the user's state folder.
        user: The user's settings.
        sections: Further sections, instead of their defaults.
    """
    return Settings(
        model=user.model,
        live=user.live,
        services=user.services,
        state_dir=user.state_dir / folder,
        cache_dir=user.cache_dir,
        **sections,
    )


def with_addresses(settings: Settings, services: tuple[ServiceState, ...]) -> Settings:
    """The settings with the addresses at which the services answer."""
    address = {service.name: service.address for service in services}
    kafka = settings.kafka.model_copy(update={"bootstrap_servers": address["kafka"]})
    redis = settings.redis.model_copy(update={"url": f"redis://{address['redis']}/0"})
    return settings.model_copy(update={"kafka": kafka, "redis": redis})
