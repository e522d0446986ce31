"""``/health`` and ``/metrics``, for monitoring (``docs/operating/monitoring.md``)."""

import asyncio
import secrets
from collections.abc import Callable, Mapping

from hourhook.domain import delivery_stats
from hourhook.domain.delivery_stats import DeliveryStats
from hourhook.errors import DatabaseUnavailable
from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.client_addresses import is_forwarded, is_loopback, peer_address
from hourhook.http.metrics import Metrics
from hourhook.http.responses import NOT_FOUND, Response, json_response
from hourhook.http.router import MethodRoutes
from hourhook.settings import Settings
from hourhook.store.database import Database

PROMETHEUS = b"text/plain; version=0.0.4; charset=utf-8"
# Long before a scrape is given up.
COLLECT_SECONDS = 4.0
_UNCACHED = ((b"cache-control", b"no-store"),)


def monitoring_routes(
    settings: Settings, database: Database, metrics: Metrics, failure: Callable[[], str | None]
) -> Mapping[str, Application]:
    """Return the routes. ``failure`` returns why this process cannot serve, or None."""

    async def show_health(scope: Scope, receive: Receive, send: Send) -> None:
        reason = failure()
        if reason is None:
            try:
                await database.require_writable()
            except DatabaseUnavailable as error:
                reason = str(error)
        if reason is None:
            response = json_response(200, {"status": "ok"}, _UNCACHED)
        else:
            response = json_response(503, {"status": "unavailable", "message": reason}, _UNCACHED, cause=reason)
        await response(scope, receive, send)

    async def show_metrics(scope: Scope, receive: Receive, send: Send) -> None:
        response = NOT_FOUND
        if _may_read_metrics(scope, settings.metrics_token):
            stats = await _collect_in_time(database)
            response = Response(200, metrics.exposition(stats, database.event_times.held_total), _UNCACHED, PROMETHEUS)
        await response(scope, receive, send)

    return {"/health": MethodRoutes({"GET": show_health}), "/metrics": MethodRoutes({"GET": show_metrics})}


async def _collect_in_time(database: Database) -> DeliveryStats | None:
    """Return the statistics of the database, or None while it is away: then those of the process matter most."""
    collecting = asyncio.ensure_future(database.read(delivery_stats.collect))
    # It is not cancelled: nobody waits for its interruption either.
    await asyncio.wait([collecting], timeout=COLLECT_SECONDS)
    if not collecting.done():
        collecting.add_done_callback(lambda late: late.cancelled() or late.exception())
        return None
    try:
        return collecting.result()
    except DatabaseUnavailable:
        return None


def _may_read_metrics(scope: Scope, token: str | None) -> bool:
    if is_loopback(peer_address(scope)) and not is_forwarded(scope):
        return True
    header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, presented = header.partition(b" ")
    return token is not None and scheme.lower() == b"bearer" and secrets.compare_digest(presented, token.encode())
