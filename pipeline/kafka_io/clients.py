"""Keyword arguments of every Kafka client, from the settings: addresses and how to authenticate."""

from typing import Any

from pipeline.config import KafkaSettings


def connection_kwargs(kafka: KafkaSettings) -> dict[str, Any]:
    """What kafka-python's consumer, producer and admin client all take."""
    kwargs: dict[str, Any] = {
        "bootstrap_servers": [
            server.strip() for server in kafka.bootstrap_servers.split(",") if server.strip()
        ],
        "security_protocol": kafka.security_protocol,
    }
    if kafka.security_protocol.startswith("SASL"):
        kwargs["sasl_mechanism"] = kafka.sasl_mechanism
        kwargs["sasl_plain_username"] = kafka.sasl_username
        kwargs["sasl_plain_password"] = kafka.sasl_password and kafka.sasl_password.get_secret_value()
    if kafka.security_protocol.endswith("SSL"):
        kwargs["ssl_cafile"] = kafka.ssl_cafile and str(kafka.ssl_cafile)
        kwargs["ssl_certfile"] = kafka.ssl_certfile and str(kafka.ssl_certfile)
        kwargs["ssl_keyfile"] = kafka.ssl_keyfile and str(kafka.ssl_keyfile)
        kwargs["ssl_password"] = kafka.ssl_password and kafka.ssl_password.get_secret_value()
    return kwargs
