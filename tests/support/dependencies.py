"""The ``Dependencies`` of tests: receivers on loopback are allowed, and the key is public."""

from hourhook.crypto import Keyring
from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.domain.dependencies import Dependencies

DEPENDENCIES = Dependencies(AddressGuard(allow_loopback=True), Keyring("the key of the tests, which is no secret"))
