"""Declare the endpoints of the API: each one a function whose signature says what it takes and returns.

    endpoints = Endpoints("Entries", resource="Entry", description="Logged time.")

    @endpoints.get("/v2/entries")
    def index(call: Call, params: EntryFilters, errors: ValidationErrors) -> Page[Entry]:
        "List entries, newest date first."

    @endpoints.post("/v2/entries")
    def create(call: Call, params: EntryCreate, errors: ValidationErrors) -> Created[Entry]: ...

    @endpoints.put("/v2/entries/invoiced_outside_of_freckle", hidden=True)      # an alias, not documented
    @endpoints.put("/v2/entries/{entry_id}/approved", role="supervisor", feature="approvals")
    def approve(call: Call, entry_id: int, params: EntryApprove, errors: ValidationErrors) -> None: ...

- The function is plain and synchronous. ``api/dispatcher.py`` runs it in a thread, inside ``database.read`` (GET) or
  inside ``database.write`` of the caller's account (other methods). It takes the transaction and the caller from
  ``call``, and what rules need of this process from ``call.dependencies``.
- Parameters of the path are parameters of the function: ``int`` for ids (a value that cannot be an id is a 404) or
  ``str``.
- ``params: SomeInputs, errors: ValidationErrors`` are the inputs, parsed but not checked: the rules look up the object,
  check role and state, add the errors they find, and then call ``errors.raise_if_any()``. GET and DELETE take inputs
  from the query; POST and PUT from the body, or from the query where the body is empty.
- The return annotation defines the response: ``Entry`` or ``list[Entry]`` 200, ``Page[Entry]`` 200 with ``Link``,
  ``Created[Entry]`` 201 with ``Location``, ``CreatedOrExisting[Authorization]`` 201 or 200, ``OkWithLocation[Timer]``
  200 with ``Location``, ``Accepted`` 202, ``None`` 204, ``Feed[Event]`` and ``Stream[Event]`` 200 with events of the
  log. Errors are raised as refusals. The response is encoded after the commit, so it must not depend on the
  transaction.
- A ``Page`` takes ``after_id`` too, and its objects need an ``id``, unless the declaration says ``by_id=False``.
- ``role`` is the lowest role that may call the endpoint, for the documentation: the rules check it after they have
  found the object. ``feature`` is checked by the dispatcher before the function runs.
- The docstring is the documentation: its first line is the summary, the rest the description. The name of the function
  becomes the operation id (``api/openapi/operation_ids.py``), unless the endpoint declares an ``operation_id``.
"""

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar, get_origin, get_type_hints

from hourhook.domain.callers import Caller
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.inputs import Inputs
from hourhook.domain.links import Links
from hourhook.domain.pages import Page, Pagination
from hourhook.store.transaction import Transaction

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request on its way through an endpoint."""

    tx: Transaction
    caller: Caller
    dependencies: Dependencies
    pagination: Pagination
    # Of a stream, the last event that the client has seen.
    last_event_id: str = ""

    @property
    def links(self) -> Links:
        return self.caller.links


@dataclass(frozen=True, slots=True)
class Created(Generic[T]):
    """201 with the created object and its ``Location``, if it has one.

    ``headers`` are further ones, which the endpoint declares.
    """

    object: T
    location: str | None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreatedOrExisting(Generic[T]):
    """201 with the object and its ``Location`` if it is new, else 200 with the object."""

    object: T
    location: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class OkWithLocation(Generic[T]):
    """200 with the object, new or not, and its ``Location``."""

    object: T
    location: str


@dataclass(frozen=True, slots=True)
class Feed(Generic[T]):
    """200 with events of the log, and the position up to which they are complete.

    With ``wait_seconds``, the request is held until an event of the ``types`` follows ``after``, and then runs again.
    """

    items: list[T]
    position: int
    after: int = 0
    types: Collection[str] | None = None
    wait_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Stream(Generic[T]):
    """200 with a stream of the events of the log after ``position``, as they happen."""

    position: int
    types: Collection[str] | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """202: the work is queued."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The declaration of one endpoint."""

    method: str
    path: str
    function: Callable[..., object]
    group: str
    group_description: str
    resource: str
    # The resource and the name of its own for the operation id.
    operation_resource: str
    operation_id: str | None
    role: str
    feature: str | None
    is_hidden: bool
    # Names of response headers of its own, for the documentation.
    headers: tuple[str, ...]
    # Names and types of the parameters in the path, in order.
    parameters: Mapping[str, type]
    inputs: type[Inputs] | None
    # The return annotation of the function, the status that follows from it, and whether it is paginated.
    response_type: Any
    status: int
    is_paged: bool
    # Whether it is a collection of objects with ids, which ``after_id`` lists by id.
    is_by_id: bool


class Endpoints:
    """The endpoints of one group of the documentation, with its description.

    ``resource`` is named in their validation errors. ``operation_resource`` stands in operation ids; by default it is
    the same.
    """

    def __init__(self, group: str, *, resource: str, description: str, operation_resource: str | None = None) -> None:
        self.group = group
        self.resource = resource
        self.description = description
        self.operation_resource = operation_resource or _snake_case(resource)
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
        operation_id: str | None = None,
        headers: tuple[str, ...] = (),
        by_id: bool = True,
    ) -> Callable[[F], F]:
        def declare(function: F) -> F:
            hints = get_type_hints(function)
            names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
            # A wrong declaration fails when its module is imported.
            expected = ["call", *names, *(["params", "errors"] if "params" in hints else [])]
            if sorted(inspect.signature(function).parameters) != sorted(expected):
                raise TypeError(f"{method} {path}: its function should take {expected}")
            is_paged = get_origin(hints["return"]) is Page
            endpoint = Endpoint(
                method=method,
                path=path,
                function=function,
                group=self.group,
                group_description=self.description,
                resource=self.resource,
                operation_resource=self.operation_resource,
                operation_id=operation_id,
                role=role,
                feature=feature,
                is_hidden=hidden,
                headers=headers,
                parameters={name: hints[name] for name in names},
                inputs=hints.get("params"),
                response_type=hints["return"],
                status=_STATUSES.get(get_origin(hints["return"]) or hints["return"], 200),
                is_paged=is_paged,
                is_by_id=is_paged and by_id,
            )
            self.all.append(endpoint)
            return function

        return declare


def group_by_path(endpoints: Iterable[Endpoint]) -> dict[str, dict[str, Endpoint]]:
    """Return the endpoints of each path by method."""
    paths: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return paths


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


_STATUSES: dict[Any, int] = {Created: 201, CreatedOrExisting: 201, Accepted: 202, type(None): 204}
