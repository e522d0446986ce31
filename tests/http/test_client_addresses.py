"""The address of the client behind trusted proxies."""

import ipaddress

import pytest

from hourhook.http.client_addresses import client_address, client_network, is_forwarded, is_loopback, request_scheme

TRUSTED = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


def scope(peer: str | None, **headers: str) -> dict[str, object]:
    return {
        "client": None if peer is None else (peer, 1234),
        "scheme": "http",
        "headers": [
            (name.replace("_", "-").encode(), value.encode())
            for name, values in headers.items()
            for value in values.split("|")
        ],
    }


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.5, 10.0.0.7", "203.0.113.5"),
        ("10.0.0.1", "198.51.100.1|203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "10.0.0.8, 10.0.0.7", "10.0.0.8"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.5, <script>", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.5:4711", "203.0.113.5"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("fd00::1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (None, "198.51.100.1", ""),
    ],
)
def test_the_client_is_the_nearest_untrusted_address(peer: str | None, forwarded: str, client: str) -> None:
    assert client_address(scope(peer, x_forwarded_for=forwarded), TRUSTED) == client


def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    assert client_address(scope("10.0.0.1", x_forwarded_for="198.51.100.1"), ()) == "10.0.0.1"


def test_only_trusted_proxies_may_state_the_scheme() -> None:
    assert request_scheme(scope("10.0.0.1", x_forwarded_proto="https"), TRUSTED) == "https"
    assert request_scheme(scope("203.0.113.9", x_forwarded_proto="https"), TRUSTED) == "http"
    assert request_scheme(scope("10.0.0.1", x_forwarded_proto="gopher"), TRUSTED) == "http"


def test_forwarding_headers_mark_a_proxied_request() -> None:
    assert is_forwarded(scope("127.0.0.1", via="1.1 proxy"))
    assert not is_forwarded(scope("127.0.0.1", accept="*/*"))


def test_loopback_addresses_are_recognized_in_every_spelling() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]))
    assert not any(map(is_loopback, ["10.0.0.1", "", "localhost.example.org"]))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("a:b", "a:b"),
    ],
)
def test_rate_limits_apply_to_a_64_of_ipv6(address: str, network: str) -> None:
    assert client_network(address) == network
