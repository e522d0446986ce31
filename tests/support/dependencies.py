"""What the rules need of their process, as tests have it: receivers are on this machine, and the key is no secret."""

from hourhook.crypto import Keyring
from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.domain.dependencies import Dependencies

DEPENDENCIES = Dependencies(AddressGuard(allow_loopback=True), Keyring("the key of the tests, which is no secret"))
