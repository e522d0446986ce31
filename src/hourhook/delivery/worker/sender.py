"""Sign messages with the secrets of their webhooks, and send them."""

import asyncio
from collections.abc import Awaitable

import structlog

from hourhook.crypto import Keyring
from hourhook.delivery import envelope
from hourhook.delivery.signing import Header
from hourhook.delivery.targets import Target
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.transports.transport import Transport
from hourhook.delivery.worker.batches import Message
from hourhook.errors import OperatorError
from hourhook.store.database import Database

# The id, type, sequence and attempt of the first payload of a request.
First = tuple[str, str, int | None, int]

_log = structlog.get_logger()


class Sender:
    """Send the requests of a worker."""

    def __init__(self, database: Database, transport: Transport, keyring: Keyring) -> None:
        self._database = database
        self._transport = transport
        self._keyring = keyring

    def send(self, target: Target, message: Message) -> Awaitable[Outcome]:
        """Send the next request of a lane, or a payload once more."""
        head = message.payloads[0]
        first = (head.payload_id, head.event.type, head.sequence, message.numbers[0])
        return self.post(first, target, message.body, len(message.payloads))

    def post(
        self, first: First, target: Target, body: bytes, batch_count: int = 1, *more: Header
    ) -> Awaitable[Outcome]:
        """Send a body with the headers of its first payload."""
        now = self._database.clock.now()
        try:
            secrets = target.secrets_at(self._keyring, self._database.shared_clock.now())
            own_headers = target.own_headers(self._keyring)
        except OperatorError as error:
            _log.error("payload not signed", payload=first[0], error=str(error))
            unsent: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            unsent.set_result(Outcome(None, "secret", now, 0))
            return unsent
        headers = envelope.headers(*first, now, body, *secrets, batch_count=batch_count)
        headers += [*more, *own_headers]
        return self._transport.send(target.payload_uri, headers, body, timeout_seconds=target.timeout_seconds)
