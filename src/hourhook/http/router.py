"""Route requests by path and method.

A path without parameters is one look-up in a dict. Any other walks a trie of segments, in which a literal segment comes
before a parameter, and which does not backtrack.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.context import NO_ROUTE, get_context
from hourhook.http.responses import Response, method_not_allowed

# Methods that reach a route. The middleware turns HEAD into GET, and any other method into PATCH, which none allows.
METHODS: Final = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")


@dataclass(frozen=True, slots=True)
class _Route:
    template: str
    parameters: tuple[str, ...]
    application: Application


@dataclass(slots=True)
class _Node:
    literals: "dict[str, _Node]" = field(default_factory=dict)
    parameter: "_Node | None" = None
    route: _Route | None = None


class Router:
    """An ASGI application that passes each request on to the application of its path.

    It sets ``scope["path_params"]``, as Starlette does, and the route in the request's context.
    """

    def __init__(self, routes: Mapping[str, Application], not_found: Application) -> None:
        self._literals: dict[str, _Route] = {}
        self._root = _Node()
        self._not_found = not_found
        for template, application in routes.items():
            self._add(template, application)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self.find(scope["path"])
        if found is None:
            await self._not_found(scope, receive, send)
            return
        route, scope["path_params"] = found
        get_context(scope).route = route.template
        await route.application(scope, receive, send)

    def find(self, path: str) -> tuple[_Route, dict[str, str]] | None:
        """Return the route of a path and the values of its parameters."""
        route = self._literals.get(path)
        if route is not None:
            return route, {}
        node = self._root
        values: list[str] = []
        for segment in path[1:].split("/"):
            child = node.literals.get(segment)
            if child is None:
                child = node.parameter
                if child is None:
                    return None
                values.append(segment)
            node = child
        route = node.route
        return None if route is None else (route, dict(zip(route.parameters, values, strict=True)))

    def _add(self, template: str, application: Application) -> None:
        segments = template[1:].split("/")
        parameters = tuple(segment[1:-1] for segment in segments if segment.startswith("{"))
        route = _Route(template, parameters, application)
        if not parameters:
            self._literals[template] = route
            return
        node = self._root
        for segment in segments:
            if segment.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        node.route = route


class MethodRoutes:
    """An ASGI application for one path that has another application for each method.

    OPTIONS is a 204 with ``Allow``; a method that is missing is a 405, and counts in logs and metrics as no route.
    """

    def __init__(self, applications: Mapping[str, Application]) -> None:
        self._applications = applications
        self._allowed: Collection[str] = {*applications, "OPTIONS"}
        self._options = Response(204, headers=((b"allow", ", ".join(sorted(self._allowed)).encode()),))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        application = self._applications.get(scope["method"])
        if application is None and scope["method"] == "OPTIONS":
            application = self._options
        elif application is None:
            get_context(scope).route = NO_ROUTE
            application = method_not_allowed(self._allowed)
        await application(scope, receive, send)
