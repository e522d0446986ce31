"""The HTTP server: timeouts, keep-alive and invalid HTTP."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.bodies import read_body
from hourhook.http.responses import message_response
from hourhook.http.server import server_config
from tests.conftest import Logged
from tests.support.clients import Client, read_until_closed
from tests.support.servers import EventLoopThread, free_socket, serving

HEAD = b"GET / HTTP/1.1\r\nhost: x\r\n"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Respond to a POST after its body has arrived, and to any other request at once."""
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": f"{message['type']}.complete"})
        return
    if scope["method"] == "POST":
        await read_body(scope, receive, 1_000)
    await message_response(200, "Here")(scope, receive, send)


@pytest.fixture
def make_client(_loop: EventLoopThread) -> Iterator[Callable[..., Client]]:
    """Start a server with options of ``server_config``, and return a client of it."""
    with ExitStack() as stack:

        def make(application: Application = application, **options: Any) -> Client:
            bound = free_socket()
            stack.enter_context(serving(_loop, application, bound, **options))
            return Client(f"http://127.0.0.1:{bound.getsockname()[1]}")

        yield make


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    """A client of a server that waits a tenth of a second for a head, and another for a body."""
    return make_client(header_timeout_seconds=0.1, body_timeout_seconds=0.1)


def test_a_connection_without_a_request_is_closed(client: Client) -> None:
    assert client.send_raw(b"") == b""


def test_incomplete_headers_time_out(client: Client) -> None:
    assert client.send_raw(HEAD) == b""


def test_incomplete_headers_of_a_later_request_time_out(client: Client) -> None:
    with client.connect() as connection:
        connection.sendall(HEAD + b"\r\n")
        assert b"200 OK" in connection.recv(65_536)
        connection.sendall(HEAD)
        assert read_until_closed(connection) == b""


def test_an_idle_connection_stays_open_longer_than_proxies_keep_it() -> None:
    max_keep_alive_of_proxies_seconds = 120  # Caddy's; nginx keeps idle connections for 60 s.

    assert server_config(application).timeout_keep_alive > max_keep_alive_of_proxies_seconds


def test_an_idle_connection_is_closed_eventually(make_client: Callable[..., Client]) -> None:
    client = make_client(keep_alive_seconds=0)

    assert b"200 OK" in client.send_raw(HEAD + b"\r\n")


@pytest.mark.parametrize("length", [b"content-length: 5\r\n\r\n12", b"transfer-encoding: chunked\r\n\r\n2\r\n12\r\n"])
def test_an_incomplete_body_times_out(client: Client, length: bytes) -> None:
    assert client.send_raw(HEAD.replace(b"GET", b"POST") + length) == b""


def test_an_incomplete_body_that_is_not_read_times_out(client: Client) -> None:
    response = client.send_raw(HEAD + b"content-length: 5\r\n\r\n12")

    assert b'{"message":"Here"}' in response


def test_invalid_http_is_refused_in_json(client: Client) -> None:
    response = client.send_raw(b"\x00\x01\x02")

    assert response.startswith(b"HTTP/1.1 400 ")
    assert response.endswith(b'{"message":"Invalid HTTP request received."}')


def test_a_client_that_does_not_read_is_disconnected(make_client: Callable[..., Client]) -> None:
    is_over = threading.Event()

    async def send_much(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await application(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        # More than the buffers of both sides hold.
        for _ in range(64):
            await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
        is_over.set()

    with make_client(send_much, read_timeout_seconds=0.1).connect() as connection:
        connection.sendall(HEAD + b"\r\n")
        assert is_over.wait(10)


def test_a_connection_beyond_the_limit_is_refused_with_a_reason(
    make_client: Callable[..., Client], logged: Logged
) -> None:
    client = make_client(max_connections=1)
    with client.connect() as kept:
        kept.sendall(HEAD + b"\r\n")
        assert b"200 OK" in kept.recv(65_536)
        for _ in range(3):
            refusal = client.send_raw(HEAD + b"\r\n")
            assert refusal.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 1" in refusal
            assert b"too many connections are open" in refusal
        # The connection that is open is served on.
        kept.sendall(HEAD + b"\r\n")
        assert b"200 OK" in kept.recv(65_536)

    assert [line["limit"] for line in logged if line["event"] == "connection refused: too many are open"] == [1]
