"""File descriptors: raise this process's limit at start, and share it between deliveries and clients.

Each request in flight needs one, and so does each connection of a client. A process that has run out of them can open
neither connections nor files, so both are bounded (``docs/operating/install.md#file-descriptors``).
"""

import resource
from dataclasses import dataclass

import structlog

from hourhook.delivery.worker.slots import BROADCAST_SLOTS, LANE_SLOTS, ONE_OFF_SLOTS, SlotLimits

# For the database, the log, the listening socket and the event loop.
RESERVED = 64
MAX_IDLE_CONNECTIONS = 1024
# A limit that reduces nothing.
UNBOUNDED = 1_000_000
# What a system whose hard limit is infinite may allow at most.
_FALLBACK_LIMIT = 10_240

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DescriptorShares:
    """What a limit of file descriptors allows: requests in flight by kind, idle connections, and clients."""

    lanes: SlotLimits
    one_offs: SlotLimits
    broadcasts: SlotLimits
    max_idle_connections: int
    max_clients: int

    @property
    def total(self) -> int:
        """The file descriptors that are in use at most, besides the reserved ones."""
        slots = self.lanes.total + self.one_offs.total + self.broadcasts.total
        return slots + self.max_idle_connections + self.max_clients


def share(limit: int) -> DescriptorShares:
    """Share a limit: a fifth for clients, and most of the rest for payloads."""
    free = max(0, limit - RESERVED)
    return DescriptorShares(
        LANE_SLOTS.within(free * 55 // 100),
        ONE_OFF_SLOTS.within(free * 10 // 100),
        BROADCAST_SLOTS.within(free * 5 // 100),
        min(MAX_IDLE_CONNECTIONS, free * 10 // 100),
        free * 20 // 100,
    )


def raise_limit() -> int:
    """Raise the soft limit of this process to the hard limit, as far as the system allows; return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (hard, _FALLBACK_LIMIT):
        if limit == resource.RLIM_INFINITY or 0 <= soft >= limit:
            continue
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        except (OSError, ValueError):
            continue
        return limit
    return _FALLBACK_LIMIT if soft == resource.RLIM_INFINITY else soft


def prepare_descriptors() -> DescriptorShares:
    """Raise the limit, log what it allows, and return it."""
    limit = raise_limit()
    shares = share(limit)
    figures = {"limit": limit, "requests_in_flight": shares.lanes.total, "clients": shares.max_clients}
    if shares.lanes.total < LANE_SLOTS.total:
        _log.warning("few file descriptors: fewer deliveries at once", **figures)
    else:
        _log.info("file descriptors", **figures)
    return shares
