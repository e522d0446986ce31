"""Egress proxies: which sends take one, and the tunnel through it (``docs/settings.md#delivery``).

The tunnel leads to the address that was checked, by HTTP CONNECT (RFC 9110 section 9.3.6) or SOCKS5 (RFC 1928,
RFC 1929), so a proxy has nothing to resolve. Only a proxy that is trusted to resolve and to check gets the name.
"""

import asyncio
import base64
from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Literal
from urllib.parse import unquote, urlsplit

from hourhook.delivery.transports.http.addresses import Network
from hourhook.delivery.transports.http.uris import Origin, bracketed
from hourhook.errors import OperatorError

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_SOCKS_NO_AUTH, _SOCKS_PASSWORD = 0, 2
_SOCKS_IPV4, _SOCKS_NAME, _SOCKS_IPV6 = 1, 3, 4
_SOCKS_SUCCEEDED = 0


class TunnelRefused(Exception):
    """The proxy did not open a tunnel, or does not speak its protocol."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """An egress proxy. ``resolves`` is whether it gets names and checks them itself."""

    scheme: Literal["http", "https", "socks5"]
    host: str
    port: int
    resolves: bool = False
    user: str | None = None
    password: str = field(default="", repr=False)

    async def open_tunnel(
        self, reader: asyncio.StreamReader, transport: asyncio.WriteTransport, host: str, port: int
    ) -> None:
        """Ask the proxy for a connection to a host. Raises ``TunnelRefused`` if it declines."""
        try:
            if self.scheme == "socks5":
                await self._open_by_socks(reader, transport, host, port)
            else:
                await self._open_by_connect(reader, transport, f"{bracketed(host)}:{port}")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise TunnelRefused from error

    async def _open_by_connect(
        self, reader: asyncio.StreamReader, transport: asyncio.WriteTransport, authority: str
    ) -> None:
        lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
        if self.user is not None:
            credentials = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            lines.append(f"Proxy-Authorization: Basic {credentials}")
        transport.write("\r\n".join([*lines, "", ""]).encode())
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            version, _, rest = head.partition(b" ")
            if not version.startswith(b"HTTP/1."):
                raise TunnelRefused
            if rest[:1] == b"2":
                return
            if rest[:1] != b"1":
                raise TunnelRefused(rest[:3].decode("ascii", "replace"))

    async def _open_by_socks(
        self, reader: asyncio.StreamReader, transport: asyncio.WriteTransport, host: str, port: int
    ) -> None:
        methods = bytes([_SOCKS_NO_AUTH] if self.user is None else [_SOCKS_NO_AUTH, _SOCKS_PASSWORD])
        transport.write(bytes([5, len(methods)]) + methods)
        version, method = await reader.readexactly(2)
        if version != 5 or method not in methods:
            raise TunnelRefused
        if method == _SOCKS_PASSWORD:
            user, password = (self.user or "").encode(), self.password.encode()
            transport.write(bytes([1, len(user)]) + user + bytes([len(password)]) + password)
            if (await reader.readexactly(2))[1] != _SOCKS_SUCCEEDED:
                raise TunnelRefused
        transport.write(bytes([5, 1, 0]) + _socks_address(host) + port.to_bytes(2, "big"))
        version, reply, _, kind = await reader.readexactly(4)
        if version != 5 or reply != _SOCKS_SUCCEEDED:
            raise TunnelRefused
        length = {_SOCKS_IPV4: 4, _SOCKS_IPV6: 16}.get(kind)
        if length is None:
            length = (await reader.readexactly(1))[0]
        await reader.readexactly(length + 2)  # the proxy's own address


class ProxyRules:
    """Decide which sends take the egress proxy."""

    def __init__(self, proxy: Proxy | None, exceptions: Collection[str]) -> None:
        """Take ``proxy`` for all hosts but the exceptions: names, domains, addresses, networks, or ``*``."""
        self.proxy = proxy
        self._networks: list[Network] = []
        self._domains: list[str] = []
        for exception in exceptions:
            try:
                self._networks.append(ip_network(exception.strip("[]"), strict=False))
            except ValueError:
                self._domains.append(exception.lower().lstrip("*").strip("."))

    def names_resolver(self, origin: Origin) -> bool:
        """Return whether the proxy resolves the name of a host, so that it must not be resolved here."""
        return self.proxy is not None and self.proxy.resolves and not origin.is_ip_literal and not self._names(origin)

    def select(self, origin: Origin, address: str) -> Proxy | None:
        """Return the proxy to an address of a host, or None for a direct connection."""
        if self.proxy is None or self._names(origin):
            return None
        if self._networks and not self.names_resolver(origin):
            parsed = ip_address(address)
            if any(parsed in network for network in self._networks):
                return None
        return self.proxy

    def _names(self, origin: Origin) -> bool:
        host = origin.host.rstrip(".")
        return any(not domain or host == domain or host.endswith(f".{domain}") for domain in self._domains)


def parse_proxy(url: str, resolves: bool = False) -> Proxy:
    """Parse the URL of an egress proxy; ``socks5h`` is a proxy that resolves names.

    Raises ``OperatorError`` if it is invalid.
    """
    # The value is not repeated: it may contain a password.
    refusal = OperatorError("HOURHOOK_EGRESS_PROXY cannot be used: write a URL such as http://proxy.example.com:3128")
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise refusal from None
    if not parts.hostname or any(len(unquote(text or "").encode()) > 255 for text in (parts.username, parts.password)):
        raise refusal
    scheme: Literal["http", "https", "socks5"] = (
        "http" if parts.scheme == "http" else "https" if parts.scheme == "https" else "socks5"
    )
    return Proxy(
        scheme,
        parts.hostname,
        port,
        resolves or parts.scheme == "socks5h",
        None if parts.username is None else unquote(parts.username),
        unquote(parts.password or ""),
    )


def _socks_address(host: str) -> bytes:
    try:
        address = ip_address(host)
    except ValueError:
        name = host.encode("ascii")
        return bytes([_SOCKS_NAME, len(name)]) + name
    return bytes([_SOCKS_IPV4 if address.version == 4 else _SOCKS_IPV6]) + address.packed
