"""What the rules need of the process they run in, besides the database."""

from dataclasses import dataclass

from hourhook.delivery.guard import AddressGuard
from hourhook.delivery.mails import Outbox
from hourhook.delivery.vaults import Vault


@dataclass(frozen=True, slots=True)
class Outside:
    """The guard, which knows what addresses may be reached from here, and the vault, which closes secrets.

    The outbox takes mails; it is None where no mail server is set.
    """

    guard: AddressGuard
    vault: Vault
    outbox: Outbox | None = None
