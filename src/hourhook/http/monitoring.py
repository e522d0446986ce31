"""``/health`` and ``/metrics``, for those who watch over a server."""

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from litestar import Request, get
from litestar.types import ASGIApp, ControllerRouterHandler

from hourhook.domain import delivery_stats
from hourhook.errors import DatabaseUnavailable
from hourhook.http.asgi import Scope
from hourhook.http.client_addresses import is_forwarded, is_loopback, peer_address
from hourhook.http.metrics import Metrics
from hourhook.http.responses import NOT_FOUND, Response, json_response
from hourhook.settings import Settings
from hourhook.store.database import Database

PROMETHEUS = b"text/plain; version=0.0.4; charset=utf-8"
_UNCACHED = ((b"cache-control", b"no-store"),)


def monitoring_routes(
    settings: Settings, database: Database, metrics: Metrics, failure: Callable[[], str | None]
) -> Sequence[ControllerRouterHandler]:
    """The routes of ``/health`` and ``/metrics``; ``failure`` says why this process cannot serve, if so."""

    @get("/health")
    async def health() -> ASGIApp:
        reason = failure()
        if reason is None:
            try:
                await database.read(delivery_stats.is_reachable)
            except DatabaseUnavailable as error:
                reason = str(error)
        if reason is None:
            return json_response(200, {"status": "ok"}, _UNCACHED)
        return json_response(503, {"status": "unavailable", "message": reason}, _UNCACHED)

    @get("/metrics")
    async def show_metrics(request: Request[Any, Any, Any]) -> ASGIApp:
        if not _may_watch(request.scope, settings.metrics_token):
            return NOT_FOUND
        try:
            counted = await database.read(delivery_stats.collect)
        except DatabaseUnavailable:
            # What this process counts itself is wanted most when the database is away.
            counted = None
        return Response(200, metrics.exposition(counted), _UNCACHED, PROMETHEUS)

    return [health, show_metrics]


def _may_watch(scope: Scope, token: str | None) -> bool:
    if is_loopback(peer_address(scope)) and not is_forwarded(scope):
        return True
    given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, presented = given.partition(b" ")
    return token is not None and scheme.lower() == b"bearer" and secrets.compare_digest(presented, token.encode())
