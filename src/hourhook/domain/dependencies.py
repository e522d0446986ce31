"""What the rules need of the process they run in, besides the database."""

from dataclasses import dataclass
from typing import Annotated

from hourhook.crypto import Keyring
from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.domain.inputs import HttpUri, UnsetType, ValidationErrors
from hourhook.mail.outbox import Outbox

PayloadUri = Annotated[HttpUri, "An absolute `http` or `https` URI that this server is allowed to reach."]


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The guard, which knows what addresses may be reached from here, and the vault, which closes secrets.

    The outbox takes mails; it is None where no mail server is set.
    """

    guard: AddressGuard
    keyring: Keyring
    outbox: Outbox | None = None

    def check_uri(self, payload_uri: str | UnsetType, errors: ValidationErrors) -> None:
        """Note ``invalid`` for a payload URI that leads to where nothing may be sent."""
        if payload_uri and self.guard.check_uri(payload_uri) is not None:
            errors.add("payload_uri", "invalid")
