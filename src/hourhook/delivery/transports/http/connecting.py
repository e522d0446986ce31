"""Open connections: to the checked address, or through a proxy; then TLS with the name of the host."""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial
from typing import cast

from hourhook.delivery.transports.http.addresses import is_address
from hourhook.delivery.transports.http.connection import HttpConnection
from hourhook.delivery.transports.http.proxy import Proxy, ProxyRules, TunnelRefused
from hourhook.delivery.transports.http.resolvers import Resolver
from hourhook.delivery.transports.http.tls import ClientContext, server_name
from hourhook.delivery.transports.http.uris import Origin

_TUNNEL_HEAD_LIMIT_BYTES = 16_384


class ConnectFailed(Exception):
    """No connection could be opened, so nothing was sent."""


class TlsFailed(Exception):
    """The connection was opened, but TLS failed, such as by a certificate that is not trusted."""


class Connector:
    """Open connections to origins. It resolves no name but the proxy's."""

    def __init__(self, rules: ProxyRules, context: Callable[[], ClientContext], resolver: Resolver) -> None:
        """Call ``context`` for the first connection with TLS: to read the trusted certificates takes a while."""
        self._rules = rules
        self._context = context
        self._resolver = resolver
        self._is_closed = False

    async def connect(self, origin: Origin, address: str) -> HttpConnection:
        """Open a connection to an address of an origin. Raises ``ConnectFailed`` or ``TlsFailed``."""
        connection = HttpConnection(address)
        proxy = self._rules.select(origin, address)
        if proxy is None:
            await _open(lambda: connection, address, origin.port)
        else:
            await self._open_through(proxy, connection, address, origin.port)
        if origin.scheme == "https":
            try:
                await self._start_tls(connection, server_name(origin.host))
            except BaseException:
                connection.abort()
                raise
        return connection

    def keep_session(self, origin: Origin, connection: HttpConnection) -> None:
        """Keep the TLS session of a connection for the next one to its host.

        Only once the connection closes: to copy a session takes a third of the time of a handshake.
        """
        if origin.scheme == "https":
            connection.keep_session(partial(self._keep_session, server_name(origin.host)))

    def close(self) -> None:
        """Keep no more sessions."""
        self._is_closed = True

    def _keep_session(self, name: str, ssl_object: ssl.SSLObject) -> None:
        if not self._is_closed:
            self._context().keep_session(name, ssl_object.session)

    async def _open_through(self, proxy: Proxy, connection: HttpConnection, address: str, port: int) -> None:
        reader = asyncio.StreamReader(_TUNNEL_HEAD_LIMIT_BYTES)
        protocol = asyncio.StreamReaderProtocol(reader)
        transport = await self._open_proxy(proxy, protocol)
        try:
            if proxy.scheme == "https":
                transport = await _secure(transport, protocol, self._context(), proxy.host)
            await proxy.open_tunnel(reader, transport, address, port)
        except TunnelRefused as error:
            transport.abort()
            raise ConnectFailed from error
        except BaseException:
            transport.abort()
            raise
        connection.connection_made(transport)
        transport.set_protocol(connection)

    async def _open_proxy(self, proxy: Proxy, protocol: asyncio.Protocol) -> asyncio.Transport:
        try:
            addresses = (proxy.host,) if is_address(proxy.host) else await self._resolver(proxy.host, proxy.port)
        except (OSError, UnicodeError) as error:
            raise ConnectFailed from error
        failure: ConnectFailed | None = None
        for address in dict.fromkeys(addresses):
            try:
                return await _open(lambda: protocol, address, proxy.port)
            except ConnectFailed as error:
                failure = error
        raise ConnectFailed from failure

    async def _start_tls(self, connection: HttpConnection, name: str) -> None:
        connection.transport = await _secure(connection.transport, connection, self._context(), name)


async def _open(factory: Callable[[], asyncio.Protocol], address: str, port: int) -> asyncio.Transport:
    try:
        transport, _ = await asyncio.get_running_loop().create_connection(factory, address, port)
    except OSError as error:
        raise ConnectFailed from error
    return transport


async def _secure(
    transport: asyncio.Transport, protocol: asyncio.Protocol, context: ssl.SSLContext, name: str
) -> asyncio.Transport:
    try:
        secured = await asyncio.get_running_loop().start_tls(transport, protocol, context, server_hostname=name)
    except (ssl.SSLError, UnicodeError, ValueError) as error:
        raise TlsFailed from error
    except OSError as error:
        raise ConnectFailed from error
    return cast(asyncio.Transport, secured)
