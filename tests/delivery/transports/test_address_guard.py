import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hourhook.delivery.transports.http.address_guard import AddressGuard, AddressRefused, NameNotFound
from hourhook.delivery.transports.http.resolvers import SystemResolver

REFUSED_IPV4 = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
]

REFUSED_IPV6 = [
    "::",
    "::1",
    "::2",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "64:ff9b:1::808:808",
    "fc00::1",
    "fd00:42::42",
    "fd00:c1::a9fe:a9fe",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fdff::1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "ff02::1",
]

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "64:ff9b::808:808",
    "::ffff:8.8.8.8",
]

HOSTILE_URIS = [
    "http://127.0.0.1/",
    "http://127.0.0.1./",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://①②⑦.0.0.1/",
    "http://127。0。0。1/",
    "http://%31%32%37.0.0.1/",
    "http://0/",
    "http://0.0.0.0:8080/",
    "http://[::]/",
    "http://[::1]:8080/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "https://192.168.0.1/",
    "https://10.0.0.1:8443/",
]

BAD_URIS = [
    "",
    "example.com/hook",
    "//example.com/hook",
    "/hook",
    "ftp://example.com/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "gopher://example.com/",
    "http:example.com",
    "http:/example.com",
    "http:///example.com",
    "http://",
    "http://?",
    "http://#",
    "http://:80/",
    "http://user@example.com/",
    "http://user:password@example.com/",
    "http://@example.com/",
    "http://example.com:0/",
    "http://example.com:65536/",
    "http://example.com:port/",
    "http://example.com:-1/",
    " http://example.com/",
    "http://example.com/ ",
    "http://exa mple.com/",
    "http://example.com/a b",
    "http://example.com/\n",
    "http://example.com/\x00",
    "http://example.com/\x7f",
    "http://example.com/\u2028",
    "http://example.com\\@127.0.0.1/",
    "http://[::1/",
    "http://[fe80::1%25eth0]/",
    "http://1.2.3.4.5/",
    "http://example.com/" + "a" * 2048,
]


def embedded_forms(ipv4: IPv4Address) -> list[IPv6Address]:
    number = int(ipv4)
    return [
        IPv6Address(0xFFFF << 32 | number),  # mapped
        IPv6Address(number),  # compatible
        IPv6Address(0x0064_FF9B << 96 | number),  # NAT64
        IPv6Address(0x0064_FF9B_0001 << 80 | number),  # NAT64, local
        IPv6Address(0x2002 << 112 | number << 80 | 1),  # 6to4
        IPv6Address(0x2001 << 112 | 0x0808_0808 << 64 | ~number & 0xFFFF_FFFF),  # Teredo, the host
        IPv6Address(0x2001 << 112 | number << 64 | ~0x0808_0808 & 0xFFFF_FFFF),  # Teredo, the relay
        IPv6Address(0x2606_4700 << 96 | 0x5EFE << 32 | number),  # ISATAP
        IPv6Address(0x2606_4700 << 96 | 0x0200_5EFE << 32 | number),
    ]


@pytest.mark.parametrize("address", REFUSED_IPV4 + REFUSED_IPV6)
def test_a_non_public_address_is_refused(address: str) -> None:
    assert not AddressGuard().is_allowed(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert AddressGuard().is_allowed(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f.1", "example.com", "1.1.1.1/32", "::ffff:"])
def test_a_malformed_address_is_refused(text: str) -> None:
    assert not AddressGuard(allow_loopback=True).is_allowed(text)


@pytest.mark.parametrize("refused", REFUSED_IPV4)
def test_a_refused_address_is_refused_in_every_embedded_form(refused: str) -> None:
    for form in embedded_forms(IPv4Address(refused)):
        assert not AddressGuard().is_allowed(str(form)), form


@given(st.ip_addresses(v=4))
def test_no_embedded_form_of_a_refused_address_is_allowed(ipv4: IPv4Address) -> None:
    guard = AddressGuard()
    if not guard.is_allowed(str(ipv4)):
        assert not any(guard.is_allowed(str(form)) for form in embedded_forms(ipv4))


@given(st.ip_addresses(v=4))
def test_allowing_all_ipv6_does_not_allow_embedded_addresses(ipv4: IPv4Address) -> None:
    assume(int(ipv4) > 1)  # :: and ::1 are not embedded addresses, and ::/0 includes them
    guard = AddressGuard([ip_network("::/0")])
    if not guard.is_allowed(str(ipv4)):
        assert not any(guard.is_allowed(str(form)) for form in embedded_forms(ipv4))


@given(st.ip_addresses(v=6))
def test_only_global_unicast_and_nat64_ipv6_addresses_are_allowed(ipv6: IPv6Address) -> None:
    if AddressGuard().is_allowed(str(ipv6)):
        assert ipv6 in ip_network("2000::/3") or ipv6 in ip_network("64:ff9b::/96") or ipv6.ipv4_mapped


def test_an_allowed_network_allows_only_its_addresses() -> None:
    guard = AddressGuard([ip_network("10.1.0.0/16"), ip_network("fd12::/16")])
    assert guard.is_allowed("10.1.2.3")
    assert guard.is_allowed("fd12::1")
    assert guard.is_allowed("::ffff:10.1.2.3")
    assert guard.is_allowed("64:ff9b::10.1.2.3")
    assert not guard.is_allowed("10.2.0.1")
    assert not guard.is_allowed("fd13::1")
    assert not guard.is_allowed("127.0.0.1")


def test_allow_loopback_allows_only_loopback_addresses() -> None:
    guard = AddressGuard(allow_loopback=True)
    assert guard.is_allowed("127.0.0.1")
    assert guard.is_allowed("127.8.8.8")
    assert guard.is_allowed("::1")
    assert guard.is_allowed("::ffff:127.0.0.1")
    for refused in ("0.0.0.0", "::", "10.0.0.1", "169.254.169.254", "fe80::1", "fd00:ec2::254"):
        assert not guard.is_allowed(refused)


@pytest.mark.parametrize(
    ("wide", "narrow", "address"),
    [
        ("0.0.0.0/0", "169.254.169.254/32", "169.254.169.254"),
        ("168.0.0.0/6", "169.254.0.0/16", "169.254.1.1"),
        ("100.64.0.0/10", "100.100.100.200/32", "100.100.100.200"),
        ("192.0.0.0/24", "192.0.0.192/32", "192.0.0.192"),
        ("::/0", "fe80::/10", "fe80::1"),
        ("fc00::/7", "fd00:ec2::254/128", "fd00:ec2::254"),
    ],
)
def test_link_local_and_metadata_need_a_network_within_them(wide: str, narrow: str, address: str) -> None:
    assert not AddressGuard([ip_network(wide)], allow_loopback=True).is_allowed(address)
    assert AddressGuard([ip_network(narrow)]).is_allowed(address)


@pytest.mark.parametrize("uri", HOSTILE_URIS)
def test_an_address_is_refused_in_every_spelling(uri: str) -> None:
    assert AddressGuard().check_uri(uri) == "leads to an address that is not allowed"


@pytest.mark.parametrize("uri", BAD_URIS)
def test_an_invalid_uri_is_refused_with_a_reason(uri: str) -> None:
    problem = AddressGuard([ip_network("0.0.0.0/0"), ip_network("::/0")], allow_loopback=True).check_uri(uri)
    assert problem
    assert "leads to" not in problem


@given(st.text())
def test_check_uri_never_raises(text: str) -> None:
    guard = AddressGuard()
    for uri in (text, "http://" + text, "https://example.com/" + text):
        assert guard.check_uri(uri) is None or guard.check_uri(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "http://example.com",
        "https://example.com/hook?token=a%20b#part",
        "HTTPS://Example.COM:8443/",
        "http://example.com:65535/",
        "http://bücher.example/",
        "http://localhost:9000/hook",  # a name: its addresses are checked when sending
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]:8443/hook",
    ],
)
def test_an_absolute_http_uri_is_accepted(uri: str) -> None:
    assert AddressGuard().check_uri(uri) is None


def test_a_loopback_uri_is_accepted_if_loopback_is_allowed() -> None:
    assert AddressGuard(allow_loopback=True).check_uri("http://127.0.0.1:9000/hooks/time") is None


def test_a_name_resolves_to_its_distinct_addresses_in_order() -> None:
    assert resolve(["8.8.8.8", "2606:4700::1", "8.8.8.8", "::ffff:1.1.1.1"]) == (
        "8.8.8.8",
        "2606:4700::1",
        "1.1.1.1",
    )


@pytest.mark.parametrize("answers", [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["fe80::1%2", "8.8.8.8"], ["what"]])
def test_a_name_is_refused_if_any_of_its_addresses_is(answers: list[str]) -> None:
    with pytest.raises(AddressRefused):
        resolve(answers)


@pytest.mark.parametrize("failure", [OSError("no such name"), UnicodeError("label too long"), None])
def test_a_name_without_addresses_is_not_found(failure: Exception | None) -> None:
    with pytest.raises(NameNotFound):
        resolve([], failure)


def test_the_system_resolver_resolves_localhost_and_rejects_nonsense() -> None:
    async def ask() -> None:
        resolver = SystemResolver()
        assert "127.0.0.1" in await resolver("127.0.0.1", 80)
        with pytest.raises((OSError, UnicodeError)):
            await resolver("a..b", 80)

    asyncio.run(ask())


def resolve(answers: list[str], failure: Exception | None = None) -> tuple[str, ...]:
    async def answer(host: str, port: int) -> Sequence[str]:
        if failure is not None:
            raise failure
        return answers

    return asyncio.run(AddressGuard().resolve("hooks.example", 443, answer))
