"""Resolve the names of receivers, check what they resolve to, and remember the result for seconds."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from time import monotonic

from hourhook.delivery.transports.http.address_guard import AddressGuard, AddressRefused
from hourhook.delivery.transports.http.resolvers import Resolver
from hourhook.delivery.transports.http.uris import Origin

_MAX_NAMES = 16_384


@dataclass(slots=True, eq=False)
class Resolution:
    """The checked addresses of a host, the one to try first in front."""

    addresses: tuple[str, ...]
    valid_until: float

    def demote(self, address: str) -> None:
        """Try an address last that could not be connected to."""
        self.addresses = (*(other for other in self.addresses if other != address), address)


class Names:
    """Resolve hosts; concurrent lookups of one host share one attempt."""

    def __init__(self, guard: AddressGuard, resolver: Resolver, ttl_seconds: float) -> None:
        """Resolve again after ``ttl_seconds``."""
        self._guard = guard
        self._resolver = resolver
        self._ttl_seconds = ttl_seconds
        self._resolutions: OrderedDict[Origin, Resolution] = OrderedDict()
        self._lookups: dict[Origin, asyncio.Task[Resolution]] = {}

    def find(self, origin: Origin) -> Resolution | None:
        """Return the resolution of a host, or None if there is none or it has expired."""
        resolution = self._resolutions.get(origin)
        return None if resolution is None or resolution.valid_until < monotonic() else resolution

    async def resolve(self, origin: Origin) -> Resolution:
        """Look up a host and check its addresses. Raises what ``AddressGuard.resolve`` raises."""
        lookup = self._lookups.get(origin)
        if lookup is None:
            lookup = self._lookups[origin] = asyncio.create_task(self._look_up(origin))
            lookup.add_done_callback(lambda task: self._end_lookup(origin, task))
        # Shielded: one caller's timeout must not cancel the lookup for the others.
        return await asyncio.shield(lookup)

    def close(self) -> None:
        """Cancel the lookups in progress."""
        for lookup in self._lookups.values():
            lookup.cancel()

    def _end_lookup(self, origin: Origin, lookup: asyncio.Task[Resolution]) -> None:
        del self._lookups[origin]
        if not lookup.cancelled():
            lookup.exception()  # retrieved here in case no caller waits any more

    async def _look_up(self, origin: Origin) -> Resolution:
        addresses = self._keep_order(origin, await self._find_addresses(origin))
        resolution = Resolution(addresses, monotonic() + self._ttl_seconds)
        self._resolutions[origin] = resolution
        self._resolutions.move_to_end(origin)
        while len(self._resolutions) > _MAX_NAMES:
            self._resolutions.popitem(last=False)
        return resolution

    async def _find_addresses(self, origin: Origin) -> tuple[str, ...]:
        if not origin.is_ip_literal:
            return await self._guard.resolve(origin.host, origin.port, self._resolver)
        if not self._guard.is_allowed(origin.host):
            raise AddressRefused(origin.host)
        return (origin.host,)

    def _keep_order(self, origin: Origin, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Keep the order of the last resolution while its addresses are the same: it put the unreachable ones last."""
        last = self._resolutions.get(origin)
        return addresses if last is None or set(last.addresses) != set(addresses) else last.addresses
