"""Forward events to a receiver exactly as a webhook would be sent them."""

import asyncio
import base64
import hmac
import random
from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_network
from uuid import NAMESPACE_URL, uuid5

from hourhook.backoff import RetrySchedule
from hourhook.clock import SystemClock, to_timestamp
from hourhook.delivery import envelope
from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.delivery.transports.http.addresses import RESTRICTED_NETWORKS
from hourhook.delivery.transports.http.client import HttpTransport
from hourhook.delivery.transports.http.uris import InvalidUri, parse_uri
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.domain.events.feed import Event
from hourhook.errors import OperatorError
from hourhook.settings import Settings

WEBHOOK_ID = 0
WEBHOOK_NAME = "hourhook listen"
# The user names the receiver, so that no address is refused.
_ALL_NETWORKS = (ip_network("0.0.0.0/0"), ip_network("::/0"), *RESTRICTED_NETWORKS)


def make_secret(token: str) -> str:
    """Return the secret for a token: always the same, so that a receiver can keep it; the token cannot be computed."""
    return "whsec_" + base64.b64encode(hmac.digest(token.encode(), b"hourhook listen", "sha256")).decode()


def delivery_id(account_id: int, account_created_at: str, position: int) -> str:
    """Return the delivery id of an event: the same whenever it is sent.

    The creation time distinguishes accounts with the same id in databases that are made anew during development.
    """
    return str(uuid5(NAMESPACE_URL, f"hourhook:{account_id}:{account_created_at}:{position}"))


class Forwarder:
    """Posts events to one URL."""

    def __init__(self, url: str, secret: str, settings: Settings, *, is_retrying: bool) -> None:
        """Raises ``OperatorError`` if the URL or a setting is unusable."""
        self.url = url if "://" in url else f"http://{url}"
        try:
            parse_uri(self.url)
        except InvalidUri as error:
            raise OperatorError(
                f"--forward-to {url!r} {error}: name a URL as in --forward-to http://127.0.0.1:9000/hooks"
            ) from None
        self.secret = secret
        self.is_retrying = is_retrying
        self._clock = SystemClock()
        # It is used as long as it takes: a receiver that is being written must not stall.
        self._schedule = RetrySchedule(settings.retry_base_seconds, settings.retry_cap_seconds)
        self._transport = HttpTransport(
            self._clock,
            AddressGuard(_ALL_NETWORKS, allow_loopback=True),
            settings.send_timeout_seconds,
            settings.ca_file,
        )

    async def forward(self, event: Event, id: str, on_retry: Callable[[int, Outcome, float], None]) -> Outcome:
        """Send an event until it is accepted, or once; return the last outcome.

        ``on_retry`` is told of each attempt that has failed, and of the seconds until the next one. A receiver that
        answers 410 is asked no more.
        """
        timestamp = to_timestamp(datetime.fromisoformat(event.created_at))
        body = envelope.body(WEBHOOK_ID, WEBHOOK_NAME, event.type, timestamp, bytes(event.changes), bytes(event.object))
        attempt = 0
        while True:
            attempt += 1
            headers = envelope.headers(id, event.type, event.position, attempt, self._clock.now(), body, self.secret)
            outcome = await self._transport.send(self.url, headers, body)
            if outcome.is_success or outcome.is_gone or not self.is_retrying:
                return outcome
            delay = self._schedule.next_delay_seconds(attempt, 0, outcome.retry_after_seconds, random)
            assert delay is not None
            on_retry(attempt, outcome, delay)
            await asyncio.sleep(delay)

    async def close(self) -> None:
        await self._transport.close()
