"""``/integrations/webhooks/ID``: the lane of a webhook, its last 24 hours, its completeness and its delivery log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hourhook.clock import DAY
from hourhook.delivery.history.contents import find_payload_id, find_sequence
from hourhook.delivery.history.entries import LoggedPayload
from hourhook.delivery.history.lane_views import LaneView, read_lane_view
from hourhook.delivery.history.pages import PayloadFilter, read_lane_page
from hourhook.delivery.history.sequences import STATES
from hourhook.domain.events.catalogue import PAYLOAD_TYPES
from hourhook.domain.pages import Pagination
from hourhook.errors import NotFound
from hourhook.web.display import Display
from hourhook.web.pages import Pages, Redirect, Values, View
from hourhook.web.webhooks.about import describe
from hourhook.web.webhooks.comparing import compare
from hourhook.web.webhooks.rehearsing import ANSWERS, find_rehearsal
from hourhook.web.webhooks.situations import assess

PATH = "/integrations/webhooks/{webhook_id}"
_HOURS = 24
_LOG_SIZE = 25
# The classes of answers, with their first status.
_ANSWERS = (("2xx", 200), ("3xx", 300), ("4xx", 400), ("5xx", 500), ("none", 0))
pages = Pages()


@dataclass(frozen=True, slots=True)
class Hour:
    """The attempts of one of the last hours."""

    starts_at: int
    accepted_count: int
    failed_count: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log: a payload, and what it is about."""

    payload: LoggedPayload
    about: str


@pages.get(PATH, template="webhooks/show", role="leader")
def show(view: View, webhook_id: int) -> Values | Redirect:
    lane = read_lane_view(view.tx, view.caller.account_id, webhook_id)
    if lane is None:
        raise NotFound
    found = _find(view, lane)
    if isinstance(found, Redirect):
        return found
    pagination = Pagination(view.pagination.page, _LOG_SIZE)
    payloads, total = read_lane_page(
        view.tx,
        lane.row,
        _filter(view),
        offset=pagination.offset,
        limit=pagination.limit,
        skipped=lane.skipped,
        with_objects=True,
    )
    return {
        "webhook_id": webhook_id,
        "lane": lane,
        "situation": assess(
            lane,
            view.display.now,
            view.dependencies.retry_window_seconds,
            view.dependencies.retention_seconds,
        ),
        "hours": _by_hour(lane.recent, view.display.now),
        "lines": _lines(view.display, payloads),
        "total": total,
        "pagination": pagination,
        "log_states": [(state, state.capitalize()) for state in STATES],
        "log_types": [(type, type) for type in PAYLOAD_TYPES],
        "is_filtered": any(view.argument(name) for name in ("state", "type", "answer", "from", "to")),
        "log_answers": [(name, name) for name, _ in _ANSWERS],
        "not_found": found,
        "comparison": compare(lane, view.argument("have")) if view.argument("have").strip() else None,
        "retention_seconds": view.dependencies.retention_seconds,
        "attempts": recent_attempts(lane),
        "rehearsal": find_rehearsal(view, webhook_id, lane.row.payload_uri),
        "rehearsal_answers": ANSWERS,
    }


def recent_attempts(lane: LaneView) -> Sequence[Any]:
    """Return the last 30 attempts, oldest first."""
    return list(reversed(lane.recent[:30]))


def _filter(view: View) -> PayloadFilter:
    state, type = view.argument("state"), view.argument("type")
    return PayloadFilter(
        [state] if state in STATES else None,
        [type] if type in PAYLOAD_TYPES else None,
        view.display.parse_local(view.argument("from")),
        view.display.parse_local(view.argument("to")),
        dict(_ANSWERS).get(view.argument("answer")),
    )


def _find(view: View, lane: LaneView) -> Redirect | str:
    """Lead to the payload with the id or sequence that was asked for; return what was asked for if there is none."""
    text = view.argument("find").strip()
    if not text:
        return ""
    row, number = lane.row, text.replace(",", "")
    if number.isascii() and number.isdigit() and len(number) < 19:
        payload_id = find_payload_id(view.tx, row.account_id, row.webhook_id, int(number))
    else:
        is_known = "\0" not in text and find_sequence(view.tx, row.account_id, row.webhook_id, text) is not None
        payload_id = text if is_known else None
    return text if payload_id is None else Redirect(f"/integrations/webhooks/{row.webhook_id}/payloads/{payload_id}")


def _lines(display: Display, payloads: Sequence[LoggedPayload]) -> list[Line]:
    return [Line(payload, describe(display, payload.type, payload.object)) for payload in payloads]


def _by_hour(recent: Sequence[Any], now: int) -> list[Hour]:
    """Return the last 24 hours, oldest first, the present one last."""
    hour = DAY // _HOURS
    accepted, failed = [0] * _HOURS, [0] * _HOURS
    for attempt in recent:
        index = _HOURS - 1 - (now - attempt.started_at) // hour
        if 0 <= index < _HOURS:
            (failed if attempt.error else accepted)[index] += 1
    first = now - _HOURS * hour
    return [Hour(first + index * hour, accepted[index], failed[index]) for index in range(_HOURS)]
