"""What is known of one request while it passes through, from the front to the line in the log."""

from dataclasses import dataclass, field

from hourhook.api.pagination import Pairs
from hourhook.domain.callers import Caller
from hourhook.http.asgi import Scope

_KEY = "hourhook.context"


@dataclass(slots=True)
class RequestContext:
    """One request: who sent it from where, and who it turned out to be."""

    request_id: str
    client_address: str
    method: str
    path: str
    # Monotonic, for durations only.
    started_at: float
    pairs: Pairs = field(default_factory=list)
    token: str = ""
    caller: Caller | None = None


def set_context(context: RequestContext, scope: Scope) -> None:
    """Keep the visit with its request."""
    scope[_KEY] = context


def get_context(scope: Scope) -> RequestContext:
    """The visit of a request."""
    context: RequestContext = scope[_KEY]
    return context
