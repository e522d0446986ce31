"""The transport interface: a message in, an outcome out."""

from collections.abc import Awaitable
from typing import Protocol

from hourhook.delivery.signing import Headers
from hourhook.delivery.transports.outcomes import Outcome


class Transport(Protocol):
    """Send messages to receivers; implemented over HTTP, and by the simulator's network."""

    def send(
        self, uri: str, headers: Headers, body: bytes, /, *, timeout_seconds: float | None = None
    ) -> Awaitable[Outcome]:
        """Send a message once, within the transport's deadline, or within ``timeout_seconds`` if that is shorter.

        Raises for nothing that the network or a receiver can do.
        """
        ...
