"""The network of the chaos command: what passes, what waits, what is lost, and who is told."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from topologies.chaos.proxy import Cut, TcpProxy

DEADLINE_S = 5.0
SILENCE_S = 0.2
"""Time in which nothing may arrive; a chunk that passes arrives in a millisecond."""


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        try:
            while data := self.request.recv(65_536):
                self.server.received += data  # type: ignore[attr-defined]
                self.request.sendall(data)
        except OSError:
            pass
        self.server.ended.set()  # type: ignore[attr-defined]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Echo)
        self.received = b""
        self.ended = threading.Event()


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as echo:
        thread = threading.Thread(target=echo.serve_forever, args=(0.01,))
        thread.start()
        yield echo
        echo.shutdown()
        thread.join()


@pytest.fixture
def network(server: _Server) -> Iterator[TcpProxy]:
    with TcpProxy(server.server_address[1]) as proxy:
        yield proxy


def connect(network: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", network.port), DEADLINE_S)


def ask(client: socket.socket, data: bytes) -> bytes:
    client.settimeout(DEADLINE_S)
    client.sendall(data)
    return receive(client, len(data))


def receive(client: socket.socket, num_bytes: int) -> bytes:
    got = b""
    while len(got) < num_bytes and (data := client.recv(num_bytes - len(got))):
        got += data
    return got


def is_silent(client: socket.socket) -> bool:
    client.settimeout(SILENCE_S)
    try:
        client.recv(1)
    except TimeoutError:
        return True
    finally:
        client.settimeout(DEADLINE_S)
    return False


def test_it_carries_both_directions_and_more_than_it_holds(network: TcpProxy) -> None:
    sent = bytes(range(256)) * 40_000
    with connect(network) as client:
        sender = threading.Thread(target=client.sendall, args=(sent,))
        sender.start()
        assert receive(client, len(sent)) == sent
        sender.join()


def test_an_end_is_passed_on(network: TcpProxy, server: _Server) -> None:
    with connect(network) as client:
        assert ask(client, b"hello") == b"hello"
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    assert server.ended.wait(DEADLINE_S)


def test_what_was_sent_during_a_hold_arrives_after_it(network: TcpProxy) -> None:
    with connect(network) as client:
        assert ask(client, b"before") == b"before"
        network.cut(Cut.HOLD)
        client.sendall(b"during")
        assert is_silent(client)
        network.restore()
        assert receive(client, 6) == b"during"


def test_what_was_sent_during_a_hold_arrives_although_its_sender_has_gone(
    network: TcpProxy, server: _Server
) -> None:
    with connect(network) as client:
        assert ask(client, b"before ") == b"before "
        network.cut(Cut.HOLD)
        client.sendall(b"during")
    assert not server.ended.wait(SILENCE_S)
    network.restore()
    assert server.ended.wait(DEADLINE_S)
    assert server.received == b"before during"


def test_a_new_connection_hangs_during_a_hold_and_works_after_it(network: TcpProxy) -> None:
    network.cut(Cut.HOLD)
    with connect(network) as client:
        client.sendall(b"hello")
        assert is_silent(client)
        network.restore()
        assert receive(client, 5) == b"hello"


def test_dropped_connections_never_work_again_and_nobody_is_told(network: TcpProxy, server: _Server) -> None:
    with connect(network) as old:
        assert ask(old, b"before") == b"before"
        network.cut(Cut.DROP)
        with connect(network) as during:
            # Also gives the proxy time to accept it: before that, it is not of the time of the cut.
            assert is_silent(during)
            network.restore()
            for client in (old, during):
                client.sendall(b"lost")
                assert is_silent(client)
    with connect(network) as new:
        assert ask(new, b"after") == b"after"
    assert server.received == b"beforeafter"


def test_a_reset_is_told_and_new_connections_are_refused(network: TcpProxy, server: _Server) -> None:
    with connect(network) as client:
        assert ask(client, b"before") == b"before"
        network.cut(Cut.RESET)
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert server.ended.wait(DEADLINE_S)
    with pytest.raises(ConnectionRefusedError):
        connect(network)
    port = network.port
    network.restore()
    assert network.port == port
    with connect(network) as client:
        assert ask(client, b"after") == b"after"


def test_a_delay_is_added_in_each_direction_and_takes_no_throughput(network: TcpProxy) -> None:
    network.delay_s = 0.15
    with connect(network) as client:
        began_s = time.monotonic()
        assert ask(client, b"ping") == b"ping"
        assert time.monotonic() - began_s >= 2 * network.delay_s
        began_s = time.monotonic()
        sent = bytes(1_000_000)
        threading.Thread(target=client.sendall, args=(sent,)).start()
        assert receive(client, len(sent)) == sent
        # Chunk after chunk, each waiting for its own delay, would take at least fifteen delays.
        assert time.monotonic() - began_s < 10 * network.delay_s


def test_a_server_that_comes_and_goes(server: _Server) -> None:
    port = server.server_address[1]
    server.server_close()
    with TcpProxy(port) as network:
        with connect(network) as client, pytest.raises(ConnectionResetError):
            client.recv(1)
        with _Server(port) as again:
            thread = threading.Thread(target=again.serve_forever, args=(0.01,))
            thread.start()
            with connect(network) as client:
                assert ask(client, b"back") == b"back"
            again.shutdown()
            thread.join()


def test_closing_ends_all_connections_and_can_be_repeated(server: _Server) -> None:
    network = TcpProxy(server.server_address[1])
    client = connect(network)
    assert ask(client, b"hello") == b"hello"
    network.cut(Cut.HOLD)
    network.close()
    network.close()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    client.close()
