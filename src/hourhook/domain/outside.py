"""What the rules for webhooks need of the process they run in, besides the database."""

from dataclasses import dataclass

from hourhook.delivery.guard import AddressGuard
from hourhook.delivery.vaults import Vault


@dataclass(frozen=True, slots=True)
class Outside:
    """The guard, which knows what addresses may be reached from here, and the vault, which closes secrets."""

    guard: AddressGuard
    vault: Vault
