"""The context of a request: what the layers in front of its endpoint find out about it, down to the line in the log."""

from dataclasses import dataclass, field

from hourhook.domain.callers import Caller
from hourhook.http.asgi import Scope
from hourhook.http.client_addresses import client_network
from hourhook.http.queries import Pairs

# The route of a request that no route takes, in logs and metrics.
NO_ROUTE = "none"
_KEY = "hourhook.context"


@dataclass(slots=True)
class RequestContext:
    """One request: where it came from, the route it takes, and its caller once authenticated."""

    request_id: str
    client_address: str
    method: str
    path: str
    # Monotonic, for durations only.
    started_at: float
    # The template of its path, such as ``/v2/entries/{entry_id}``.
    route: str = NO_ROUTE
    pairs: Pairs = field(default_factory=list)
    token: str = ""
    caller: Caller | None = None
    # Up to where in the account's log its response is complete, at the least.
    position: int = 0

    @property
    def client_network(self) -> str:
        """The network of the client, to which rate limits apply."""
        return client_network(self.client_address)


def set_context(context: RequestContext, scope: Scope) -> None:
    scope[_KEY] = context


def get_context(scope: Scope) -> RequestContext:
    context: RequestContext = scope[_KEY]
    return context
