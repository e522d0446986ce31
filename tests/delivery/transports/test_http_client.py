"""The HTTP client with real receivers on loopback; its deadline is short, so that timeouts are fast."""

import asyncio
import gzip
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

import pytest

from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.delivery.transports.outcomes import BODY_LIMIT_BYTES, HEADERS_LIMIT_BYTES, Outcome
from tests.support.http_sends import BODY, DEADLINE_SECONDS, HEADERS, NOW, ScriptedResolver, failure_of, transport
from tests.support.receivers import (
    ClientConnection,
    Handler,
    flooding,
    full_accept_queue,
    never_responding,
    resetting,
    responding,
    responding_in_order,
    running_receiver,
    sending_raw,
    trickling,
)

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\n"


async def send_to(script: Handler, **options: Any) -> Outcome:
    async with running_receiver(script) as receiver:
        return await transport(**options).send(receiver.uri(), HEADERS, BODY)


# Requests and outcomes


async def test_headers_and_body_arrive_unchanged() -> None:
    async with running_receiver(responding(200, b"thanks", b"X-Trace: 7\r\n")) as receiver:
        outcome = await transport().send(receiver.uri(path="/hook?a=b%20c#part"), HEADERS, BODY)
    [request] = receiver.requests
    assert (request.method, request.target, request.body) == ("POST", "/hook?a=b%20c", BODY)
    assert request.headers == {
        "content-type": "application/json",
        "user-agent": "Noko-Webhooks",
        "x-noko-delivery": "1",
        "accept": "*/*",
        "host": f"127.0.0.1:{receiver.port}",
        "content-length": str(len(BODY)),
    }
    assert outcome.is_success
    assert (outcome.status, outcome.body, outcome.started_at) == (200, b"thanks", NOW)
    assert outcome.headers == (("content-length", "6"), ("x-trace", "7"))
    assert 0 <= outcome.duration_ms < 5000


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_a_success(status: int) -> None:
    assert (await send_to(responding(status))).is_success


@pytest.mark.parametrize("status", [300, 304, 400, 404, 410, 429, 500, 501, 503, 999])
async def test_any_other_status_is_a_failure(status: int) -> None:
    outcome = await send_to(responding(status, b"" if status == 304 else b"no"))
    assert failure_of(outcome) == "status"
    assert outcome.status == status
    assert outcome.is_gone == (status == 410)


async def test_101_switching_protocols_is_a_failure() -> None:
    answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
    assert (await send_to(never_responding(answer))).status == 101


async def test_interim_responses_are_ignored() -> None:
    assert (await send_to(sending_raw(b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + OK + b"\r\n"))).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with running_receiver(responding()) as other:
        location = f"Location: {other.uri()}\r\n".encode()
        outcome = await send_to(responding(status, headers=location))
    assert failure_of(outcome) == "status"
    assert other.connections_count == 0


async def test_a_connection_is_reused() -> None:
    async with running_receiver(responding(200, b"ok")) as receiver:
        its = transport()
        for _ in range(5):
            assert (await its.send(receiver.uri(), HEADERS, BODY)).is_success
    assert receiver.connections_count == 1


async def test_a_connection_closed_by_the_receiver_is_not_reused() -> None:
    last = sending_raw(OK + b"Connection: close\r\nContent-Length: 0\r\n\r\n")
    async with running_receiver(responding_in_order(last, responding())) as receiver:
        its = transport()
        for _ in range(3):
            assert (await its.send(receiver.uri(), HEADERS, BODY)).is_success
    assert receiver.connections_count == 2


async def test_no_cookie_is_kept() -> None:
    async with running_receiver(responding(200, headers=b"Set-Cookie: a=b\r\n")) as receiver:
        its = transport()
        await its.send(receiver.uri(), HEADERS, BODY)
        await its.send(receiver.uri(), HEADERS, BODY)
    assert "cookie" not in receiver.requests[1].headers


@pytest.mark.parametrize(("status", "seconds"), [(429, 7), (503, 7), (500, None), (200, None)])
async def test_retry_after_is_read_only_on_429_and_503(status: int, seconds: float | None) -> None:
    outcome = await send_to(responding(status, headers=b"Retry-After: 7\r\n"))
    assert outcome.retry_after_seconds == seconds


async def test_an_implausible_retry_after_is_none() -> None:
    assert (await send_to(responding(429, headers=b"Retry-After: \xe9\r\n"))).retry_after_seconds is None


# Slow receivers


async def test_a_silent_receiver_times_out() -> None:
    outcome = await send_to(never_responding())
    assert failure_of(outcome) == "timeout"
    assert DEADLINE_SECONDS * 1000 <= outcome.duration_ms < 5000


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 Slow", OK + b"X-Slow", OK + b"X-Slow: "])
async def test_slowly_sent_headers_time_out(head: bytes) -> None:
    outcome = await send_to(trickling(head, b"w"))
    assert failure_of(outcome) == "timeout"
    assert outcome.duration_ms < 5000


async def test_endless_interim_responses_are_a_protocol_error() -> None:
    outcome = await send_to(flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), timeout_seconds=60)
    assert failure_of(outcome) == "protocol"


@pytest.mark.parametrize("length", [b"Content-Length: 1000000\r\n", b"", b"Content-Length: 9000000000000000000\r\n"])
async def test_a_slowly_sent_body_does_not_fail_a_success(length: bytes) -> None:
    async with running_receiver(trickling(OK + length + b"\r\nbegun", b".")) as receiver:
        outcome = await transport().send(receiver.uri(), HEADERS, BODY)
        await receiver.wait_until_idle()
    assert outcome.is_success
    assert outcome.body.startswith(b"begun.")
    assert outcome.duration_ms < 5000


async def test_a_missing_body_does_not_fail_a_success() -> None:
    outcome = await send_to(never_responding(OK + b"Content-Length: 5\r\n\r\n"))
    assert (outcome.status, outcome.error, outcome.body) == (200, None, b"")


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 10\r\n\r\nabc",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nno size\r\n",
        b"\r\nabc",
    ],
)
async def test_a_truncated_body_does_not_fail_a_success(rest: bytes) -> None:
    outcome = await send_to(sending_raw(OK + rest))
    assert (outcome.status, outcome.error, outcome.body) == (200, None, b"abc")


@pytest.mark.parametrize(
    "script",
    [flooding(OK + b"\r\n", b"x" * 1000), never_responding(OK + b"Content-Length: 9000\r\n\r\n" + b"x" * 5000)],
)
async def test_a_body_over_the_limit_is_truncated_and_its_connection_closed(script: Handler) -> None:
    async with running_receiver(script) as receiver:
        outcome = await transport(timeout_seconds=60).send(receiver.uri(), HEADERS, BODY)
        await receiver.wait_until_idle()
    assert outcome.is_success
    assert outcome.body == b"x" * BODY_LIMIT_BYTES


@pytest.mark.parametrize("size", [0, 1, BODY_LIMIT_BYTES - 1, BODY_LIMIT_BYTES])
async def test_a_body_within_the_limit_keeps_the_connection(size: int) -> None:
    async with running_receiver(responding(200, b"x" * size)) as receiver:
        its = transport()
        for _ in range(3):
            assert len((await its.send(receiver.uri(), HEADERS, BODY)).body) == size
    assert receiver.connections_count == 1


@pytest.mark.parametrize("length", [b"abc", b"\xff", b"7", b"9" * 5000, b"2, 2", b""])
async def test_an_ignored_content_length_does_no_harm(length: bytes) -> None:
    claimed = b"Content-Length: %b\r\n" % length
    chunked = await send_to(sending_raw(OK + claimed + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"))
    assert (chunked.status, chunked.error, chunked.body) == (200, None, b"ok")
    bodiless = await send_to(sending_raw(b"HTTP/1.1 204 No Content\r\n" + claimed + b"\r\n"))
    assert (bodiless.status, bodiless.error, bodiless.body) == (204, None, b"")


async def test_a_repeated_content_length_is_accepted() -> None:
    outcome = await send_to(sending_raw(OK + b"Content-Length: 2, 2\r\n\r\nok"))
    assert (outcome.status, outcome.error, outcome.body) == (200, None, b"ok")


async def test_a_compressed_body_is_not_decompressed() -> None:
    bomb = gzip.compress(bytes(20_000_000))
    assert len(bomb) > BODY_LIMIT_BYTES
    async with running_receiver(responding(200, bomb, b"Content-Encoding: gzip\r\n")) as receiver:
        outcome = await transport().send(receiver.uri(), HEADERS, BODY)
    assert outcome.body == bomb[:BODY_LIMIT_BYTES]
    assert "accept-encoding" not in receiver.requests[0].headers


# Invalid HTTP


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"<html>HTTP/0.9 knew no headers</html>",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"HTTP/1.1 1000 Many\r\n\r\n",
        OK + b"X-Nul: \x00\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        OK + b"Content-Length: 99999999999999999999\r\n\r\n",
    ],
)
async def test_invalid_http_is_a_protocol_error(data: bytes) -> None:
    assert failure_of(await send_to(sending_raw(data))) == "protocol"


@pytest.mark.parametrize("piece", [b"X-Header: value\r\n", b"x" * 1000])
async def test_endless_headers_are_a_protocol_error(piece: bytes) -> None:
    async with running_receiver(flooding(OK + b"X-First: ", piece)) as receiver:
        outcome = await transport(timeout_seconds=60).send(receiver.uri(), HEADERS, BODY)
        await receiver.wait_until_idle()
    assert failure_of(outcome) == "protocol"


async def test_headers_are_truncated_for_the_log() -> None:
    long = b"".join(b"X-Long-%d: %b\r\n" % (number, b"x" * 1000) for number in range(40))
    outcome = await send_to(responding(headers=long))
    assert outcome.is_success
    assert len(outcome.headers) > 10
    assert sum(len(name) + len(value) for name, value in outcome.headers) <= HEADERS_LIMIT_BYTES


async def test_a_non_ascii_header_loses_only_its_value() -> None:
    outcome = await send_to(responding(headers=b"X-Odd: \xe9\r\nX-Even: 1\r\nX-Even: 2\r\n"))
    assert outcome.headers == (("content-length", "0"), ("x-odd", "\ufffd"), ("x-even", "1"), ("x-even", "2"))


@pytest.mark.parametrize(
    "script", [sending_raw(b""), sending_raw(b"HTTP/1.1 20"), sending_raw(OK + b"Conte"), resetting()]
)
async def test_a_connection_broken_before_the_response_is_a_connect_error(script: Handler) -> None:
    assert failure_of(await send_to(script)) == "connect"


async def test_a_closed_port_is_a_connect_error() -> None:
    async with running_receiver(responding()) as receiver:
        pass
    assert failure_of(await transport().send(receiver.uri(), HEADERS, BODY)) == "connect"


# Names and addresses


async def test_a_name_is_connected_at_the_checked_address() -> None:
    async with running_receiver(responding()) as receiver:
        outcome = await transport(resolver=ScriptedResolver(["127.0.0.1"])).send(
            receiver.uri("hooks.invalid"), HEADERS, BODY
        )
    assert outcome.is_success
    assert receiver.requests[0].headers["host"] == f"hooks.invalid:{receiver.port}"


@pytest.mark.parametrize("host", ["hooks.invalid.", "HOOKS.invalid", "bücher.invalid"])
async def test_any_spelling_of_a_name_is_connected_at_the_checked_address(host: str) -> None:
    async with running_receiver(responding()) as receiver:
        assert (
            await transport(resolver=ScriptedResolver(["127.0.0.1"])).send(receiver.uri(host), HEADERS, BODY)
        ).is_success


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["fe80::1%1"]])
async def test_a_name_with_a_private_address_is_refused(answers: list[str]) -> None:
    async with running_receiver(responding()) as receiver:
        its = transport(guard=AddressGuard(), resolver=ScriptedResolver(answers))
        outcome = await its.send(receiver.uri("hooks.invalid"), HEADERS, BODY)
    assert failure_of(outcome) == "refused_address"
    assert receiver.connections_count == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "user@127.0.0.1"])
async def test_a_literal_private_address_is_refused(host: str) -> None:
    async with running_receiver(responding()) as receiver:
        outcome = await transport(guard=AddressGuard()).send(receiver.uri(host), HEADERS, BODY)
    assert failure_of(outcome) == "refused_address"
    assert receiver.connections_count == 0


@pytest.mark.parametrize("uri", ["", "nonsense", "ftp://127.0.0.1/", "http://[", "http://127.0.0.1:0/", "http://\x00/"])
async def test_an_invalid_uri_is_refused(uri: str) -> None:
    assert failure_of(await transport().send(uri, HEADERS, BODY)) == "refused_address"


async def test_dns_rebinding_is_refused_without_connecting() -> None:
    async with running_receiver(responding()) as receiver:
        guard = AddressGuard([ip_network("127.0.0.1/32")])
        resolver = ScriptedResolver(["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1", "10.0.0.1"], ["127.0.0.1"])
        its = transport(guard=guard, resolver=resolver, dns_ttl_seconds=0)
        outcomes = [await its.send(receiver.uri("hooks.invalid"), HEADERS, BODY) for _ in range(4)]
    assert [outcome.error for outcome in outcomes] == [None, "refused_address", "refused_address", None]
    assert len(receiver.requests) == 2


async def test_a_name_is_resolved_once_for_many_sends() -> None:
    resolver = ScriptedResolver(["127.0.0.1"])
    async with running_receiver(responding()) as receiver:
        its = transport(resolver=resolver, timeout_seconds=5, dns_ttl_seconds=60)
        uri = receiver.uri("hooks.invalid")
        outcomes = await asyncio.gather(*(its.send(uri, HEADERS, BODY) for _ in range(50)))
        outcomes.append(await its.send(uri, HEADERS, BODY))
    assert all(outcome.is_success for outcome in outcomes)
    assert resolver.questions == ["hooks.invalid"]


async def test_a_connection_survives_reordered_dns_results() -> None:
    async with running_receiver(responding()) as receiver:
        resolver = ScriptedResolver(["127.0.0.1", "::1"], ["::1", "127.0.0.1"])
        its = transport(resolver=resolver, dns_ttl_seconds=0)
        for _ in range(3):
            assert (await its.send(receiver.uri("hooks.invalid"), HEADERS, BODY)).is_success
    assert receiver.connections_count == 1


async def test_a_new_dns_result_is_used() -> None:
    async with running_receiver(responding()) as receiver:
        its = transport(resolver=ScriptedResolver(["127.0.0.1"], ["::1"], ["127.0.0.1"]), dns_ttl_seconds=0)
        outcomes = [await its.send(receiver.uri("hooks.invalid"), HEADERS, BODY) for _ in range(3)]
    assert [outcome.error for outcome in outcomes] == [None, "connect", None]
    assert len(receiver.requests) == 2


async def test_another_address_is_tried_if_one_refuses_connections() -> None:
    async with running_receiver(responding()) as receiver:
        its = transport(resolver=ScriptedResolver(["::1", "127.0.0.1"]), timeout_seconds=5)
        uri = receiver.uri("hooks.invalid")
        outcomes = await asyncio.gather(*(its.send(uri, HEADERS, BODY) for _ in range(10)))
    assert all(outcome.is_success for outcome in outcomes)
    assert len(receiver.requests) == 10


async def test_no_other_address_is_tried_once_the_request_is_sent() -> None:
    resolver = ScriptedResolver(["127.0.0.1", "::1"])
    async with running_receiver(sending_raw(b"")) as receiver:
        its = transport(resolver=resolver)
        assert failure_of(await its.send(receiver.uri("hooks.invalid"), HEADERS, BODY)) == "connect"
    assert len(receiver.requests) == 1
    assert len(resolver.questions) == 1


async def test_another_address_is_tried_if_one_does_not_respond() -> None:
    with full_accept_queue() as receiver:
        its = transport(resolver=ScriptedResolver(["127.0.0.1", "::1"]), timeout_seconds=1)
        outcome = await its.send(receiver.uri("hooks.invalid"), HEADERS, BODY)
    assert failure_of(outcome) == "connect"  # the outcome of the other address
    assert outcome.duration_ms >= 500


async def test_several_unreachable_addresses_are_one_failure() -> None:
    async with running_receiver(responding()) as receiver:
        pass
    its = transport(resolver=ScriptedResolver(["127.0.0.1", "::1"]), timeout_seconds=5)
    assert failure_of(await its.send(receiver.uri("hooks.invalid"), HEADERS, BODY)) == "connect"


@pytest.mark.parametrize("answer", [OSError("no such name"), UnicodeError("label too long"), []])
async def test_an_unresolvable_name_is_a_dns_error(answer: list[str] | Exception) -> None:
    assert (
        failure_of(await transport(resolver=ScriptedResolver(answer)).send("http://hooks.invalid/", HEADERS, BODY))
        == "dns"
    )


async def test_the_deadline_covers_dns_resolution() -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        answer: asyncio.Future[Sequence[str]] = asyncio.get_running_loop().create_future()
        return await answer

    its = transport(resolver=never)
    outcomes = await asyncio.gather(*(its.send("http://hooks.invalid/", HEADERS, BODY) for _ in range(3)))
    assert [outcome.error for outcome in outcomes] == ["timeout"] * 3
    await its.close()


async def test_slow_dns_resolution_leaves_less_time_for_the_response() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(0.9)
        return ["127.0.0.1"]

    async with running_receiver(never_responding()) as receiver:
        uri = receiver.uri("receiver.test")
        outcome = await transport(timeout_seconds=1, resolver=resolve).send(uri, HEADERS, BODY)
    assert failure_of(outcome) == "timeout"
    assert outcome.duration_ms < 1700


async def test_one_timed_out_lookup_does_not_cancel_it_for_others() -> None:
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def slow(host: str, port: int) -> Sequence[str]:
        asked.set()
        await may_answer.wait()
        return ["127.0.0.1"]

    async with running_receiver(responding()) as receiver:
        its = transport(resolver=slow, timeout_seconds=5)
        first = its.send(receiver.uri("hooks.invalid"), HEADERS, BODY)
        await asked.wait()
        second = its.send(receiver.uri("hooks.invalid"), HEADERS, BODY)
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        may_answer.set()
        assert (await second).is_success


async def test_the_deadline_covers_connecting() -> None:
    with full_accept_queue() as receiver:
        its = transport(resolver=ScriptedResolver(["127.0.0.1"]))
        for host in ("127.0.0.1", "hooks.invalid"):
            assert failure_of(await its.send(receiver.uri(host), HEADERS, BODY)) == "timeout"


# Clients


async def test_an_evicted_client_finishes_its_sends() -> None:
    arrived, may_answer = asyncio.Event(), asyncio.Event()

    async def patient(connection: ClientConnection) -> None:
        arrived.set()
        await may_answer.wait()
        await connection.send(OK + b"Content-Length: 2\r\n\r\nok")

    async with running_receiver(patient) as slow, running_receiver(responding()) as quick:
        its = transport(max_idle_connections=1, timeout_seconds=5)
        waiting = its.send(slow.uri(), HEADERS, BODY)
        await arrived.wait()
        assert (await its.send(quick.uri(), HEADERS, BODY)).is_success
        may_answer.set()
        assert (await waiting).body == b"ok"


async def test_the_number_of_clients_is_bounded() -> None:
    async with running_receiver(responding()) as one, running_receiver(responding()) as other:
        its = transport(max_idle_connections=1)
        for receiver in (one, one, other, one):
            assert (await its.send(receiver.uri(), HEADERS, BODY)).is_success
    assert (one.connections_count, other.connections_count) == (2, 1)


async def test_close_closes_the_connections() -> None:
    async with running_receiver(responding()) as receiver:
        its = transport()
        assert (await its.send(receiver.uri(), HEADERS, BODY)).is_success
        await its.close()
        await receiver.wait_until_idle()


async def test_a_slow_receiver_does_not_delay_another() -> None:
    async with running_receiver(never_responding()) as silent, running_receiver(responding()) as well:
        its = transport(timeout_seconds=2)
        waiting = [its.send(silent.uri(), HEADERS, BODY) for _ in range(50)]
        outcome = await its.send(well.uri(), HEADERS, BODY)
        assert outcome.is_success
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()
