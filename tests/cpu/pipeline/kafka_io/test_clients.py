from pathlib import Path

from pydantic import SecretStr

from pipeline.config import KafkaSettings
from pipeline.kafka_io.clients import connection_kwargs


def test_plain_connections_need_addresses_only() -> None:
    kafka = KafkaSettings(bootstrap_servers="a:1, b:2,")
    assert connection_kwargs(kafka) == {"bootstrap_servers": ["a:1", "b:2"], "security_protocol": "PLAINTEXT"}


def test_secured_connections_carry_what_they_need() -> None:
    kafka = KafkaSettings(
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="me",
        sasl_password=SecretStr("hunter2"),
        ssl_cafile=Path("/ca.pem"),
    )
    kwargs = connection_kwargs(kafka)
    assert kwargs["sasl_plain_password"] == "hunter2"
    assert (kwargs["sasl_mechanism"], kwargs["sasl_plain_username"]) == ("SCRAM-SHA-512", "me")
    assert (kwargs["ssl_cafile"], kwargs["ssl_certfile"]) == ("/ca.pem", None)
