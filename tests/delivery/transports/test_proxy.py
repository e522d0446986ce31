"""Egress proxies: what they are asked for, and which sends take them."""

from pathlib import Path

import pytest

from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.errors import OperatorError
from tests.support.certificates import CertificateAuthority
from tests.support.egress_proxies import connect_proxy, socks_proxy
from tests.support.http_sends import BODY, HEADERS, ScriptedResolver, failure_of, transport
from tests.support.receivers import responding, running_receiver

pytestmark = pytest.mark.anyio


async def test_a_proxy_of_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_receiver(responding()) as receiver, running_receiver(responding(500)) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.uri(path=""))
        assert (await transport().send(receiver.uri(), HEADERS, BODY)).is_success
    assert proxy.connections_count == 0


async def test_a_connect_proxy_gets_the_checked_address() -> None:
    async with running_receiver(responding(202)) as receiver, connect_proxy(receiver) as proxy:
        its = transport(egress_proxy=proxy.url, resolver=ScriptedResolver(["8.8.8.8", "1.1.1.1"]))
        assert (await its.send("http://hooks.invalid/hook", HEADERS, BODY)).status == 202
    assert proxy.targets == ["CONNECT 8.8.8.8:80"]
    [request] = receiver.requests
    assert (request.target, request.headers["host"], request.body) == ("/hook", "hooks.invalid", BODY)


async def test_a_connect_proxy_gets_an_ipv6_address_in_brackets() -> None:
    async with running_receiver(responding()) as receiver, connect_proxy(receiver) as proxy:
        its = transport(egress_proxy=proxy.url, resolver=ScriptedResolver(["2606:4700::1111"]))
        assert (await its.send("http://hooks.invalid:8080/", HEADERS, BODY)).is_success
    assert proxy.targets == ["CONNECT [2606:4700::1111]:8080"]


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
async def test_a_socks_proxy_gets_the_checked_address(address: str) -> None:
    async with running_receiver(responding(202)) as receiver, socks_proxy(receiver) as proxy:
        its = transport(egress_proxy=proxy.url, resolver=ScriptedResolver([address]))
        assert (await its.send("http://hooks.invalid/hook", HEADERS, BODY)).status == 202
    assert proxy.targets == [f"{address}:80"]


async def test_a_proxy_gets_its_credentials() -> None:
    async with running_receiver(responding()) as receiver:
        async with connect_proxy(receiver) as proxy:
            url = proxy.url.replace("://", "://us%65r:p%40ss@")
            assert (await transport(egress_proxy=url).send(receiver.uri(), HEADERS, BODY)).is_success
        assert proxy.credentials == ["Proxy-Authorization: Basic dXNlcjpwQHNz"]
        async with socks_proxy(receiver, password=True) as proxy:
            url = proxy.url.replace("://", "://user:p%40ss@")
            assert (await transport(egress_proxy=url).send(receiver.uri(), HEADERS, BODY)).is_success
        assert proxy.credentials == ["user:p@ss"]


async def test_tls_goes_through_the_tunnel_to_the_name(
    authority: CertificateAuthority, ca_file: str, tmp_path: Path
) -> None:
    tls = authority.make_server_context(tmp_path, "hooks.invalid")
    async with running_receiver(responding(200, b"ok"), tls) as receiver:
        for running_proxy in (connect_proxy, socks_proxy):
            async with running_proxy(receiver) as proxy:
                its = transport(
                    egress_proxy=proxy.url, ca_file=ca_file, resolver=ScriptedResolver(["8.8.8.8"]), timeout_seconds=5
                )
                assert (await its.send("https://hooks.invalid/hook", HEADERS, BODY)).body == b"ok"
            assert [target.removeprefix("CONNECT ") for target in proxy.targets] == ["8.8.8.8:443"]


async def test_a_tunnel_is_used_for_further_sends() -> None:
    async with running_receiver(responding()) as receiver, connect_proxy(receiver) as proxy:
        its = transport(egress_proxy=proxy.url, resolver=ScriptedResolver(["8.8.8.8"]))
        for _ in range(3):
            assert (await its.send("http://hooks.invalid/", HEADERS, BODY)).is_success
    assert len(proxy.targets) == 1


async def test_a_proxy_with_an_unknown_authority_is_refused(
    authority: CertificateAuthority, ca_file: str, tmp_path: Path
) -> None:
    tls = authority.make_server_context(tmp_path, "localhost")
    async with running_receiver(responding()) as receiver, connect_proxy(receiver, tls=tls) as proxy:
        for file, error in ((None, "tls"), (ca_file, None)):
            its = transport(
                egress_proxy=proxy.url.replace("127.0.0.1", "localhost"),
                ca_file=file,
                resolver=ScriptedResolver(["8.8.8.8"]),
                timeout_seconds=5,
            )
            assert (await its.send("http://hooks.invalid/", HEADERS, BODY)).error == error


@pytest.mark.parametrize("status", [b"403 Forbidden", b"407 Proxy Authentication Required", b"502 Bad Gateway"])
async def test_a_tunnel_that_a_proxy_declines_is_a_connect_error(status: bytes) -> None:
    async with running_receiver(responding()) as receiver, connect_proxy(receiver, status=status) as proxy:
        its = transport(egress_proxy=proxy.url, resolver=ScriptedResolver(["8.8.8.8"]))
        assert failure_of(await its.send("http://hooks.invalid/", HEADERS, BODY)) == "connect"
    assert not receiver.requests


async def test_a_socks_proxy_that_declines_is_a_connect_error() -> None:
    async with running_receiver(responding()) as receiver, socks_proxy(receiver, reply=2) as proxy:
        its = transport(egress_proxy=proxy.url, resolver=ScriptedResolver(["8.8.8.8"]))
        assert failure_of(await its.send("http://hooks.invalid/", HEADERS, BODY)) == "connect"


async def test_a_server_that_is_no_proxy_is_a_connect_error() -> None:
    async with running_receiver(responding()) as receiver:
        its = transport(egress_proxy=f"socks5://127.0.0.1:{receiver.port}", resolver=ScriptedResolver(["8.8.8.8"]))
        assert failure_of(await its.send("http://hooks.invalid/", HEADERS, BODY)) in ("connect", "timeout")


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_does_not_disable_the_address_guard(scheme: str) -> None:
    async with running_receiver(responding()) as receiver, connect_proxy(receiver) as proxy:
        its = transport(
            egress_proxy=proxy.url.replace("http", scheme),
            guard=AddressGuard(),
            resolver=ScriptedResolver(["10.0.0.1"]),
        )
        for uri in ("http://hooks.invalid/", "http://10.0.0.1/", "http://169.254.169.254/"):
            assert failure_of(await its.send(uri, HEADERS, BODY)) == "refused_address"
    assert proxy.targets == []


async def test_a_name_that_moves_is_not_reached_by_its_old_tunnel() -> None:
    async with running_receiver(responding()) as receiver, connect_proxy(receiver) as proxy:
        resolver = ScriptedResolver(["8.8.8.8"], ["1.1.1.1"], ["10.0.0.1"])
        its = transport(egress_proxy=proxy.url, guard=AddressGuard(), resolver=resolver, dns_ttl_seconds=0)
        outcomes = [await its.send("http://hooks.invalid/", HEADERS, BODY) for _ in range(3)]
    assert [outcome.error for outcome in outcomes] == [None, None, "refused_address"]
    assert proxy.targets == ["CONNECT 8.8.8.8:80", "CONNECT 1.1.1.1:80"]


# A proxy that resolves names itself


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_a_proxy_that_resolves_gets_the_name(scheme: str) -> None:
    resolver = ScriptedResolver(OSError("this machine resolves nothing"))
    async with running_receiver(responding()) as receiver:
        async with connect_proxy(receiver) as proxy:
            its = transport(egress_proxy=proxy.url, proxy_resolves=True, resolver=resolver)
            assert (await its.send("http://hooks.invalid/", HEADERS, BODY)).is_success
        assert proxy.targets == ["CONNECT hooks.invalid:80"]
        async with socks_proxy(receiver) as proxy:
            url = proxy.url.replace("socks5", scheme)
            its = transport(egress_proxy=url, proxy_resolves=scheme == "socks5", resolver=resolver)
            assert (await its.send("http://hooks.invalid/", HEADERS, BODY)).is_success
        assert proxy.targets == ["hooks.invalid:80"]


async def test_a_literal_address_is_checked_even_if_the_proxy_resolves() -> None:
    async with running_receiver(responding()) as receiver, connect_proxy(receiver) as proxy:
        its = transport(egress_proxy=proxy.url, proxy_resolves=True, guard=AddressGuard())
        assert failure_of(await its.send("http://10.0.0.1/", HEADERS, BODY)) == "refused_address"
    assert proxy.targets == []


# Exceptions


@pytest.mark.parametrize(
    ("exception", "is_direct"),
    [
        ("hooks.invalid", True),
        ("invalid", True),
        (".invalid", True),
        ("*.invalid", True),
        ("HOOKS.INVALID.", True),
        ("*", True),
        ("127.0.0.1", True),
        ("127.0.0.0/8", True),
        ("ooks.invalid", False),
        ("other.invalid", False),
        ("10.0.0.0/8", False),
    ],
)
async def test_an_exception_is_reached_without_the_proxy(exception: str, is_direct: bool) -> None:
    async with running_receiver(responding()) as receiver, connect_proxy(receiver) as proxy:
        its = transport(egress_proxy=proxy.url, no_proxy=[exception], resolver=ScriptedResolver(["127.0.0.1"]))
        assert (await its.send(receiver.uri("hooks.invalid"), HEADERS, BODY)).is_success
    assert proxy.targets == ([] if is_direct else [f"CONNECT 127.0.0.1:{receiver.port}"])


async def test_an_exception_is_resolved_and_checked_here() -> None:
    async with running_receiver(responding()) as receiver, connect_proxy(receiver) as proxy:
        its = transport(
            egress_proxy=proxy.url,
            proxy_resolves=True,
            no_proxy=["hooks.invalid"],
            guard=AddressGuard(),
            resolver=ScriptedResolver(["10.0.0.1"]),
        )
        assert failure_of(await its.send(receiver.uri("hooks.invalid"), HEADERS, BODY)) == "refused_address"
    assert proxy.targets == []


@pytest.mark.parametrize("address", ["nonsense", "ftp://127.0.0.1", "http://"])
def test_an_invalid_egress_proxy_is_refused(address: str) -> None:
    with pytest.raises(OperatorError, match="HOURHOOK_EGRESS_PROXY"):
        transport(egress_proxy=address)
