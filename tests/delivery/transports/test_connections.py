"""Connections of the HTTP transport: which are kept, which are closed, and what happens when one ends."""

import asyncio

import pytest

from tests.support.http_sends import BODY, HEADERS, ScriptedResolver, failure_of, transport
from tests.support.receivers import (
    ClientConnection,
    resetting,
    responding,
    responding_in_order,
    running_receiver,
    sending_raw,
)

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = OK + b"Content-Length: 0\r\n\r\n"


async def test_a_connection_that_ends_before_a_response_is_replaced_at_once() -> None:
    async def hanging_up(connection: ClientConnection) -> None:
        connection.hang_up()

    for ending in (hanging_up, resetting()):
        async with running_receiver(responding_in_order(responding(), ending, responding(201))) as receiver:
            its = transport()
            assert (await its.send(receiver.uri(), HEADERS, BODY)).status == 200
            assert (await its.send(receiver.uri(), HEADERS, BODY)).status == 201
        assert [request.body for request in receiver.requests] == [BODY] * 3
        assert receiver.connections_count == 2


async def test_a_new_connection_is_not_replaced() -> None:
    async with running_receiver(sending_raw(b"")) as receiver:
        assert failure_of(await transport().send(receiver.uri(), HEADERS, BODY)) == "connect"
    assert len(receiver.requests) == 1


async def test_a_request_is_not_repeated_after_the_beginning_of_a_response() -> None:
    async with running_receiver(
        responding_in_order(responding(), sending_raw(b"HTTP/1.1 2"), responding())
    ) as receiver:
        its = transport()
        assert (await its.send(receiver.uri(), HEADERS, BODY)).is_success
        assert failure_of(await its.send(receiver.uri(), HEADERS, BODY)) == "connect"
    assert len(receiver.requests) == 2


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        OK + b"Content-Length: 2\r\n\r\nok and more",
        b"HTTP/1.1 204 No Content\r\n\r\nok",
        EMPTY + EMPTY,
    ],
)
async def test_a_connection_with_anything_after_the_response_is_closed(response: bytes) -> None:
    async def sending(connection: ClientConnection) -> None:
        await connection.send(response)

    async with running_receiver(responding_in_order(sending, responding(201))) as receiver:
        its = transport()
        assert (await its.send(receiver.uri(), HEADERS, BODY)).is_success
        assert (await its.send(receiver.uri(), HEADERS, BODY)).status == 201
    assert receiver.connections_count == 2


async def test_an_idle_connection_that_says_anything_is_closed() -> None:
    may_speak = asyncio.Event()

    async def timing_out(connection: ClientConnection) -> None:
        await connection.send(EMPTY)
        await may_speak.wait()
        await connection.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        await connection.wait_closed()

    async with running_receiver(responding_in_order(timing_out, responding(201))) as receiver:
        its = transport()
        assert (await its.send(receiver.uri(), HEADERS, BODY)).is_success
        may_speak.set()
        await receiver.wait_until_idle()
        assert (await its.send(receiver.uri(), HEADERS, BODY)).status == 201


async def test_an_idle_connection_is_closed_after_a_while() -> None:
    async with running_receiver(responding()) as receiver:
        its = transport(idle_seconds=0)
        for _ in range(2):
            assert (await its.send(receiver.uri(), HEADERS, BODY)).is_success
    assert receiver.connections_count == 2


async def test_concurrent_sends_have_a_connection_each() -> None:
    arrived: list[ClientConnection] = []
    all_arrived = asyncio.Event()

    async def answering_together(connection: ClientConnection) -> None:
        arrived.append(connection)
        if len(arrived) == 5:
            all_arrived.set()
        await all_arrived.wait()
        await connection.send(EMPTY)

    async with running_receiver(answering_together) as receiver:
        its = transport(timeout_seconds=5)
        outcomes = await asyncio.gather(*(its.send(receiver.uri(), HEADERS, BODY) for _ in range(5)))
        assert all(outcome.is_success for outcome in outcomes)
        assert receiver.connections_count == 5


async def test_a_name_that_moves_takes_its_connections_along() -> None:
    async with running_receiver(responding()) as receiver:
        its = transport(resolver=ScriptedResolver(["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1"]), dns_ttl_seconds=0)
        errors = [(await its.send(receiver.uri("hooks.invalid"), HEADERS, BODY)).error for _ in range(3)]
    assert errors == [None, "connect", None]
    assert receiver.connections_count == 2


@pytest.mark.parametrize("size", [100_000, 1_000_000])
async def test_a_response_to_an_unread_request_counts(size: int) -> None:
    async def answering_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(answering_early, "127.0.0.1", 0)
    async with server:
        uri = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        outcome = await transport(timeout_seconds=5).send(uri, HEADERS, b"x" * size)
    assert outcome.status == 413


async def test_header_names_are_spelled_as_documented() -> None:
    received = asyncio.get_running_loop().create_future()

    async def recording(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.set_result(await reader.readuntil(b"\r\n\r\n"))
        writer.write(EMPTY)

    server = await asyncio.start_server(recording, "127.0.0.1", 0)
    async with server:
        uri = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        await transport().send(uri, [("X-Noko-EventCategory", "entry"), ("webhook-id", "1")], BODY)
    head = (await received).decode()
    assert "\r\nX-Noko-EventCategory: entry\r\n" in head
    assert "\r\nwebhook-id: 1\r\n" in head
    assert "\r\nContent-Length: 23\r\n" in head


# Heads that RFC 9112 tells recipients to accept


@pytest.mark.parametrize(
    ("head", "header"),
    [
        (OK + b"X-Long: one\r\n  two\r\n\tthree\r\nContent-Length: 2\r\n\r\n", "one two three"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n b\r\n\r\n" + OK + b"X-Long: 1\r\nContent-Length: 2\r\n\r\n", "1"),
        (b"HTTP/1.1 200 OK\nX-Long: 1\nContent-Length: 2\n\n", "1"),
        (b"HTTP/1.1 200\r\nX-Long: 1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n", "1"),
    ],
)
@pytest.mark.parametrize("in_pieces", [False, True])
async def test_an_old_spelling_of_a_head_is_accepted(head: bytes, header: str, in_pieces: bool) -> None:
    async def sending(connection: ClientConnection) -> None:
        for piece in [head[i : i + 1] for i in range(len(head))] if in_pieces else [head]:
            await connection.send(piece)
            await asyncio.sleep(0)
        await connection.send(b"ok")

    async with running_receiver(sending) as receiver:
        its = transport(timeout_seconds=5)
        for _ in range(2):
            outcome = await its.send(receiver.uri(), HEADERS, BODY)
            assert (outcome.status, outcome.body, dict(outcome.headers)["x-long"]) == (200, b"ok", header)
    assert receiver.connections_count == 1


async def test_hundreds_of_headers_are_accepted_and_thousands_refused() -> None:
    for count, error in ((400, None), (2000, "protocol")):
        headers = b"".join(b"X-%d: a\r\n" % number for number in range(count))
        async with running_receiver(responding(headers=headers)) as receiver:
            assert (await transport().send(receiver.uri(), HEADERS, BODY)).error == error
