"""File descriptors and memory: raise the limit of the former at start, and bound what deliveries and clients take.

Each request in flight needs a file descriptor, and so does each connection of a client. A process that has run out of
them can open neither connections nor files, so both are bounded (``docs/operating/install.md#file-descriptors``).
"""

import resource
from dataclasses import dataclass

import structlog

from hourhook.delivery.worker.slots import BROADCAST_SLOTS, LANE_SLOTS, ONE_OFF_SLOTS, SlotLimits
from hourhook.process.memory import memory_limit

# For the database, the log, the listening socket and the event loop.
RESERVED = 64
MAX_IDLE_CONNECTIONS = 4096
# Bytes of a connection with TLS and of the request on it, as measured (``docs/benchmarks.md#memory``).
CONNECTION_BYTES = 80 * 1024
# With fewer requests in flight, receivers that take long slow the deliveries to many webhooks.
FEW_REQUESTS = 1024
# A limit that reduces nothing.
UNBOUNDED, UNBOUNDED_BYTES = 1_000_000, 1 << 62
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


def share(limit: int, memory_bytes: int) -> DescriptorShares:
    """Share a limit: a fifth for clients, and most of the rest for payloads.

    Requests in flight take at most a quarter of the memory, and idle connections a sixteenth.
    """
    free = max(0, limit - RESERVED)
    affordable = memory_bytes // CONNECTION_BYTES
    return DescriptorShares(
        LANE_SLOTS.within(min(free * 55 // 100, affordable // 4)),
        ONE_OFF_SLOTS.within(free * 10 // 100),
        BROADCAST_SLOTS.within(free * 5 // 100),
        min(MAX_IDLE_CONNECTIONS, free * 10 // 100, affordable // 16),
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
    """Raise the limit, log what it and the memory allow, and return that."""
    limit, memory_bytes = raise_limit(), memory_limit()
    shares = share(limit, memory_bytes)
    figures = {
        "limit": limit,
        "memory_mib": memory_bytes // 2**20,
        "requests_in_flight": shares.lanes.total,
        "clients": shares.max_clients,
    }
    if share(limit, UNBOUNDED_BYTES).lanes.total < FEW_REQUESTS:
        _log.warning("few file descriptors: fewer deliveries at once", **figures)
    else:
        _log.info("file descriptors", **figures)
    return shares
