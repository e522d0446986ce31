"""Routing by path and method."""

import asyncio
from typing import Any

import pytest

from hourhook.http.context import RequestContext, set_context
from hourhook.http.responses import Response
from hourhook.http.router import MethodRoutes, Router

ROUTES = (
    "/",
    "/projects",
    "/projects/archive",
    "/projects/{project_id}",
    "/projects/{project_id}/entries",
    "/projects/{id}/timer/log",
    "/authorizations/{subdomain}/clients/{client_id}",
    "/authorizations/{subdomain}/{authorization_id}",
)


@pytest.mark.parametrize(
    ("path", "template", "parameters"),
    [
        ("/", "/", {}),
        ("/projects", "/projects", {}),
        ("/projects/archive", "/projects/archive", {}),
        ("/projects/1", "/projects/{project_id}", {"project_id": "1"}),
        ("/projects/archive/entries", "/projects/{project_id}/entries", {"project_id": "archive"}),
        ("/projects/1/timer/log", "/projects/{id}/timer/log", {"id": "1"}),
        (
            "/authorizations/a/clients/b",
            "/authorizations/{subdomain}/clients/{client_id}",
            {"subdomain": "a", "client_id": "b"},
        ),
        ("/authorizations/a/b", "/authorizations/{subdomain}/{authorization_id}",
         {"subdomain": "a", "authorization_id": "b"}),
    ],
)  # fmt: skip
def test_a_path_is_routed_with_literals_before_parameters(path: str, template: str, parameters: dict[str, str]) -> None:
    context, scope, _ = request(path)

    assert (context.route, scope["path_params"]) == (template, parameters)


@pytest.mark.parametrize(
    "path",
    ["*", "/nothing", "/projects/1/nothing", "/projects/1/timer", "/authorizations/a", "/authorizations/a/b/c/d"],
)
def test_an_unknown_path_is_not_found(path: str) -> None:
    context, _, status = request(path)

    assert (context.route, status) == ("none", 404)


@pytest.mark.parametrize(
    ("method", "status", "allow", "route"),
    [
        ("GET", 200, None, "/projects"),
        ("OPTIONS", 204, b"GET, OPTIONS, POST", "/projects"),
        ("PATCH", 405, b"GET, HEAD, OPTIONS, POST", "none"),
    ],
)
def test_a_path_with_routes_by_method_allows_these(method: str, status: int, allow: bytes | None, route: str) -> None:
    routes = MethodRoutes({"GET": Response(200), "POST": Response(201)})
    context, scope, found = request("/projects", method, routes)

    assert (found, scope["sent"].get(b"allow"), context.route) == (status, allow, route)


def request(path: str, method: str = "GET", routes: Any = None) -> tuple[RequestContext, dict[str, Any], int]:
    """Route a request; return its context, its scope with the headers sent, and the status."""
    application = routes or Response(200)
    context = RequestContext("id", "192.0.2.1", method, path, 0.0)
    scope: dict[str, Any] = {"path": path, "method": method, "headers": [], "sent": {}}
    set_context(context, scope)
    statuses: list[int] = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
            scope["sent"] = dict(message["headers"])

    asyncio.run(Router(dict.fromkeys(ROUTES, application), Response(404))(scope, None, send))
    return context, scope, statuses[0]
