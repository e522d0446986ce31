"""The dependencies of domain rules besides the database: address guard, keyring, mail outbox, and the retry window."""

from dataclasses import dataclass
from typing import Annotated

from hourhook.crypto import Keyring
from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.domain.inputs import HttpUri, UnsetType, ValidationErrors
from hourhook.mail.outbox import Outbox

PayloadUri = Annotated[HttpUri, "An absolute `http` or `https` URI that this server is allowed to reach."]


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Services of the process that rules use; ``outbox`` is None if no mail server is configured."""

    guard: AddressGuard
    keyring: Keyring
    outbox: Outbox | None = None
    # How long the head of a lane is retried before the lane stalls.
    retry_window_seconds: float = 259_200
    # How long events are kept.
    retention_seconds: float = 2_592_000
    # The deadline of an attempt; a webhook may have a shorter one.
    send_timeout_seconds: float = 10
    # How long a webhook fails until that is reported.
    alert_after_seconds: float = 3_600

    def check_uri(self, payload_uri: str | UnsetType, errors: ValidationErrors) -> None:
        """Add ``invalid`` for a payload URI that the SSRF check refuses (``docs/api/webhooks.md#addresses``)."""
        reason = self.guard.check_uri(payload_uri) if payload_uri else None
        if reason is not None:
            errors.add("payload_uri", "invalid", f"payload_uri {reason}: send a URL that this server may reach.")
