"""The endpoints of the API, each declared once: as a function whose signature says what it takes and answers.

    endpoints = Endpoints("Entries", resource="Entry")

    @endpoints.get("/v2/entries")
    def index(call: Call, params: EntryFilters, errors: ValidationErrors) -> Page[Entry]:
        "List entries, newest date first."

    @endpoints.post("/v2/entries")
    def create(call: Call, params: NewEntry, errors: ValidationErrors) -> Created[Entry]: ...

    @endpoints.put("/v2/entries/invoiced_outside_of_freckle", hidden=True)      # an alias, not documented
    @endpoints.put("/v2/entries/{entry_id}/approved", role="supervisor", feature="approvals")
    def approve(call: Call, entry_id: int, params: Approval, errors: ValidationErrors) -> None: ...

- The function is plain and synchronous. It runs in a thread, inside ``database.read`` (GET) or inside
  ``database.write`` of the caller's account (everything else), with ``call.tx``, ``call.caller``, ``call.links`` and
  ``call.pagination``; ``call.dependencies`` is what rules need of this process.
- Names of the path are its parameters: ``int`` for ids (anything that cannot be an id is a 404) or ``str``.
- ``params: SomeInputs, errors: ValidationErrors`` are the inputs, read already but not checked: the rules look up the object, ask
  for the role and the state, add what they find, and then call ``faults.raise_if_any()``. GET and DELETE read the query, POST
  and PUT the body, or the query where the body is empty.
- The annotation of the result says the answer: ``Entry`` or ``list[Entry]`` 200, ``Page[Entry]`` 200 with ``Link``,
  ``Created[Entry]`` 201 with ``Location``, ``CreatedOrExisting[Authorization]`` that or 200, ``OkWithLocation[Timer]`` 200 with
  ``Location``, ``Accepted`` 202, ``None`` 204. Refusals are raised.
- ``role`` is the lowest role that may do this, for the documentation: the rules themselves ask for it, after the object
  was found. ``feature`` is asked for here, before.
- The docstring is the documentation: its first line the summary, the rest the description.

The order of checks is that of the contract (00-conventions §8): credential, lock, route, body, feature, object, role,
state, fields. A GET costs one visit to a thread; a write two, since its body is only read for somebody who may enter.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar, get_origin, get_type_hints
from urllib.parse import quote

import msgspec

from hourhook.api.pagination import Pairs, link_header, parse_paging
from hourhook.domain import inputs
from hourhook.domain.callers import Caller
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.inputs import Inputs, Query, RawInputs
from hourhook.domain.inputs.numbers import MAX_ID
from hourhook.domain.links import Links
from hourhook.domain.pages import Page, Pagination
from hourhook.errors import NotFound
from hourhook.http.responses import Headers, Response
from hourhook.store.transaction import Transaction

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Call:
    """One request that got as far as its endpoint."""

    tx: Transaction
    caller: Caller
    dependencies: Dependencies
    pagination: Pagination

    @property
    def links(self) -> Links:
        """What builds URLs."""
        return self.caller.links


@dataclass(frozen=True, slots=True)
class Created(Generic[T]):
    """The answer 201: what was made, and the URL where it is now, if it is at one.

    ``headers`` are more of them, by those names that the endpoint was declared with.
    """

    object: T
    location: str | None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreatedOrExisting(Generic[T]):
    """The answer 201 with the URL of what had to be made, or 200 where it was there before."""

    object: T
    location: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class OkWithLocation(Generic[T]):
    """The answer 200 that says where the object is, which may have been made just now."""

    object: T
    location: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer 202: it will be done."""


@dataclass(frozen=True, slots=True)
class Request:
    """What endpoints read of a request: where it goes, its query, and its body if it may have one."""

    path: str
    parameters: Mapping[str, str]
    pairs: Pairs
    query: Query
    body: Mapping[str, object]

    @property
    def raw(self) -> RawInputs:
        """The inputs: the body, or the query where the body is empty."""
        return self.body or self.query


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint, as it was declared."""

    method: str
    path: str
    function: Callable[..., object]
    group: str
    resource: str
    role: str
    feature: str | None
    is_hidden: bool
    # Headers of its success that no other endpoint has, for the documentation.
    headers: tuple[str, ...]
    # Names and types of the path's parameters, in order.
    parameters: Mapping[str, type]
    inputs: type[Inputs] | None
    # What the function is annotated to return, the status of its success, and whether that is one page of many.
    response_type: Any
    status: int
    is_paged: bool

    def run(self, tx: Transaction, caller: Caller, dependencies: Dependencies, request: Request) -> Response:
        """Run the endpoint in an open transaction and encode what it answers (raises refusals)."""
        if self.feature is not None:
            caller.require_feature(self.feature)
        arguments: dict[str, Any] = {}
        for name, kind in self.parameters.items():
            text = request.parameters[name]
            arguments[name] = _id(text) if kind is int else _text(text)
        if self.inputs is not None:
            arguments["params"], arguments["errors"] = inputs.parse(self.inputs, request.raw, resource=self.resource)
        call = Call(tx, caller, dependencies, parse_paging(request.query) if self.is_paged else Pagination())
        return self._encode(self.function(call, **arguments), call, request)

    def _encode(self, result: object, call: Call, request: Request) -> Response:
        if result is None or isinstance(result, Accepted):
            return Response(self.status)
        headers: Headers = ()
        status = self.status
        if isinstance(result, CreatedOrExisting):
            if result.is_new:
                headers = ((b"location", result.location.encode()),)
            else:
                status = 200
            result = result.object
        elif isinstance(result, Created | OkWithLocation):
            if result.location is not None:
                headers = ((b"location", result.location.encode()),)
            if isinstance(result, Created):
                more = ((name.lower().encode(), value.encode()) for name, value in result.headers.items())
                headers = (*headers, *more)
            result = result.object
        elif isinstance(result, Page):
            url = call.links.base_url + quote(request.path)
            link = link_header(url, request.pairs, call.pagination, result.total)
            if link is not None:
                headers = ((b"link", link.encode()),)
            result = result.items
        return Response(status, msgspec.json.encode(result), headers)


class Endpoints:
    """The endpoints of one group of the documentation; ``resource`` is what their errors are about."""

    def __init__(self, group: str, *, resource: str) -> None:
        self.group = group
        self.resource = resource
        self.all: list[Endpoint] = []
        self.get = partial(self._declare, "GET")
        self.post = partial(self._declare, "POST")
        self.put = partial(self._declare, "PUT")
        self.delete = partial(self._declare, "DELETE")

    def _declare(
        self,
        method: str,
        path: str,
        *,
        role: str = "contractor",
        feature: str | None = None,
        hidden: bool = False,
        headers: tuple[str, ...] = (),
    ) -> Callable[[F], F]:
        def declare(function: F) -> F:
            hints = get_type_hints(function)
            names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
            # Ways to be wrong here are found when the module is imported.
            expected = ["call", *names, *(["params", "errors"] if "params" in hints else [])]
            if sorted(inspect.signature(function).parameters) != sorted(expected):
                raise TypeError(f"{method} {path}: its function should take {expected}")
            endpoint = Endpoint(
                method=method,
                path=path,
                function=function,
                group=self.group,
                resource=self.resource,
                role=role,
                feature=feature,
                is_hidden=hidden,
                headers=headers,
                parameters={name: hints[name] for name in names},
                inputs=hints.get("params"),
                response_type=hints["return"],
                status=_STATUSES.get(get_origin(hints["return"]) or hints["return"], 200),
                is_paged=get_origin(hints["return"]) is Page,
            )
            self.all.append(endpoint)
            return function

        return declare


def group_by_path(endpoints: Iterable[Endpoint]) -> dict[str, dict[str, Endpoint]]:
    """The endpoints of each path by their verbs."""
    known: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        known.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return known


def _id(text: str) -> int:
    """An id of the path; what cannot be one is not found."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= MAX_ID):
        raise NotFound
    return int(text)


def _text(text: str) -> str:
    if "\0" in text:
        raise NotFound
    return text


_STATUSES: dict[Any, int] = {Created: 201, CreatedOrExisting: 201, Accepted: 202, type(None): 204}
