"""What the rules need of their process, as tests have it: receivers are on this machine, and the key is no secret."""

from hourhook.delivery.guard import AddressGuard
from hourhook.delivery.vaults import Vault
from hourhook.domain.outside import Outside

OUTSIDE = Outside(AddressGuard(allow_loopback=True), Vault("the key of the tests, which is no secret"))
