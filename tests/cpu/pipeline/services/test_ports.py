import socket

import pytest

from pipeline.errors import ServiceError
from pipeline.services import ports
from pipeline.services.ports import HOST, choose_port, is_free


def test_the_wanted_port_is_taken_only_if_it_is_free() -> None:
    free = choose_port(0)
    assert choose_port(free) == free
    with socket.create_server((HOST, free)):
        assert not is_free(free)
        other = choose_port(free)
        assert other != free
        assert is_free(other)
    assert choose_port(free) == free


def test_a_port_that_another_service_will_take_is_avoided() -> None:
    free = choose_port(0)
    assert choose_port(free, avoid=frozenset({free})) != free


def test_no_free_port_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda _: False)
    with pytest.raises(ServiceError, match="No free port"):
        choose_port(9092)
