"""What is known of one request while it passes through, from the front to the line in the log."""

from dataclasses import dataclass, field

from hourhook.api.pagination import Pairs
from hourhook.domain.callers import Caller
from hourhook.http.asgi import Scope

_KEY = "hourhook.visit"


@dataclass(slots=True)
class Visit:
    """One request: who sent it from where, and who it turned out to be."""

    request_id: str
    client: str
    method: str
    path: str
    # Monotonic, for durations only.
    started_at: float
    pairs: Pairs = field(default_factory=list)
    token: str = ""
    caller: Caller | None = None


def attach(visit: Visit, scope: Scope) -> None:
    """Keep the visit with its request."""
    scope[_KEY] = visit


def visit_of(scope: Scope) -> Visit:
    """The visit of a request."""
    visit: Visit = scope[_KEY]
    return visit
