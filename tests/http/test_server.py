"""HTTP as it arrives, below the application."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from hourhook.http.asgi import Receive, Scope, Send
from hourhook.http.bodies import read_body
from hourhook.http.responses import message_response
from hourhook.http.server import server_config
from tests.support.clients import Client, read_until_closed
from tests.support.servers import EventLoopThread, free_socket, serving

HEAD = b"GET / HTTP/1.1\r\nhost: x\r\n"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers a POST when its body is there, and everything else at once."""
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
    """Starts servers, with options of ``server_config``, and answers clients of them."""
    with ExitStack() as stack:

        def make(**options: Any) -> Client:
            bound = free_socket()
            stack.enter_context(serving(_loop, application, bound, **options))
            return Client(f"http://127.0.0.1:{bound.getsockname()[1]}")

        yield make


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    """A client of a server that waits a tenth of a second for a head, and another for a body."""
    return make_client(header_timeout_seconds=0.1, body_timeout_seconds=0.1)


def test_a_connection_on_which_nothing_comes_is_closed(client: Client) -> None:
    assert client.send_raw(b"") == b""


def test_a_head_that_does_not_come_to_its_end_is_not_waited_for(client: Client) -> None:
    assert client.send_raw(HEAD) == b""


def test_the_next_request_on_a_connection_is_not_waited_for_either(client: Client) -> None:
    with client.connect() as connection:
        connection.sendall(HEAD + b"\r\n")
        assert b"200 OK" in connection.recv(65_536)
        connection.sendall(HEAD)
        assert read_until_closed(connection) == b""


def test_a_connection_outlives_an_answer_for_longer_than_proxies_keep_theirs() -> None:
    longest_of_proxies_seconds = 120  # Caddy's; nginx keeps idle connections for 60 s.

    assert server_config(application).timeout_keep_alive > longest_of_proxies_seconds


def test_a_connection_on_which_nothing_comes_any_more_is_closed(make_client: Callable[..., Client]) -> None:
    client = make_client(keep_alive_seconds=0)

    assert b"200 OK" in client.send_raw(HEAD + b"\r\n")


@pytest.mark.parametrize("length", [b"content-length: 5\r\n\r\n12", b"transfer-encoding: chunked\r\n\r\n2\r\n12\r\n"])
def test_a_body_that_does_not_come_to_its_end_is_not_waited_for(client: Client, length: bytes) -> None:
    assert client.send_raw(HEAD.replace(b"GET", b"POST") + length) == b""


def test_nor_is_one_that_nobody_reads(client: Client) -> None:
    answer = client.send_raw(HEAD + b"content-length: 5\r\n\r\n12")

    assert b'{"message":"Here"}' in answer


def test_what_is_no_http_is_refused_in_json(client: Client) -> None:
    answer = client.send_raw(b"\x00\x01\x02")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b'{"message":"Invalid HTTP request received."}')
