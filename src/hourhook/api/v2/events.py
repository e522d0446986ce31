"""``/v2/events``: the event log, beyond the Noko v2 API (``docs/api/events.md#feed``)."""

from hourhook.api.endpoints import Call, Endpoints, Feed, Stream
from hourhook.domain.events import feed
from hourhook.domain.events.feed import Event, EventFilters, StreamFilters
from hourhook.domain.inputs import ValidationErrors, value_or

_DESCRIPTION = "The event log of the account: everything that webhooks are told, to pull or to stream."

endpoints = Endpoints("Events", resource="Event", description=_DESCRIPTION)
streams = Endpoints("Events", resource="Event", description=_DESCRIPTION)


@endpoints.get("/v2/events", role="leader")
def index(call: Call, params: EventFilters, errors: ValidationErrors) -> Feed[Event]:
    """List events, oldest first.

    `X-Hourhook-Position` is the `after` of the next request. With `wait`, the request is held until there is an event,
    and then answered at once. An `after` before the earliest event that is kept is refused with `expired`.
    """
    part = feed.read(call.tx, call.caller, params, errors)
    wait_seconds = 0 if part.events else value_or(params.wait, 0)
    return Feed(part.events, part.position, part.after, part.types, wait_seconds)


@streams.get("/v2/events/stream", role="leader", operation_id="stream_events")
def stream(call: Call, params: StreamFilters, errors: ValidationErrors) -> Stream[Event]:
    """Stream events as they happen.

    Server-Sent Events: `id` is the position, `event` the type, `data` the event on one line. A client that reconnects
    with `Last-Event-ID` misses nothing. Without it and `after`, the stream begins now.
    """
    position, types = feed.begin_stream(call.tx, call.caller, params, errors, call.last_event_id)
    return Stream(position, types)
