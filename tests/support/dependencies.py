"""What the rules need of their process, as tests have it: receivers are on this machine, and the key is no secret."""

from hourhook.crypto import Vault
from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.domain.dependencies import Outside

OUTSIDE = Outside(AddressGuard(allow_loopback=True), Vault("the key of the tests, which is no secret"))
