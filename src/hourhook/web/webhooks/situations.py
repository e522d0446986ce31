"""The situation of a lane: which sentence describes it, and which one act, the primary button, helps."""

from dataclasses import dataclass
from typing import Literal

from hourhook.clock import SECOND
from hourhook.delivery.history.lane_views import LaneView

Kind = Literal["idle", "busy", "failing", "unreachable", "stalled", "gone", "disabled", "lost"]
Remedy = Literal["ping", "retry", "edit", "enable", "replay", "none"]

_ADDRESS_ERRORS = ("dns", "refused_address", "tls")
_ERROR_SENTENCES = {
    "timeout": "Your receiver did not answer in time",
    "dns": "The host name of the address could not be resolved",
    "refused_address": "The address leads to a network that this server must not reach",
    "connect": "No connection to your receiver could be made",
    "tls": "No secure connection could be made: your receiver’s certificate is not valid or not trusted",
    "protocol": "What answered at the address does not speak HTTP",
    "secret": "Nothing was sent, because the key of this server cannot decrypt the secret of the webhook",
}
_MAX_QUOTE = 120


@dataclass(frozen=True, slots=True)
class Situation:
    """A situation: its kind, the remedy behind the primary button, and what the sentence names."""

    kind: Kind
    remedy: Remedy
    # What the last attempt of the head met, in words; empty if it got a response.
    trouble: str = ""
    # What the receiver said in its last response, shortened to one line.
    quote: str = ""
    # When the lane stalls if the head goes on failing, and how long the rest takes at the present pace.
    stalls_at: int | None = None
    remaining_seconds: int | None = None


def assess(lane: LaneView, now: int, retry_window_seconds: float, retention_seconds: float) -> Situation:
    """Return the situation of a lane."""
    match lane.state:
        case "gone":
            return Situation("gone", "enable")
        case "disabled":
            return Situation("disabled", "enable")
        case "stalled":
            return Situation("stalled", "enable", _trouble(lane), _quote(lane))
        case "failing":
            error = lane.last_attempt.error if lane.last_attempt else None
            is_unreachable = error in _ADDRESS_ERRORS
            started_at = lane.row.window_started_at
            return Situation(
                "unreachable" if is_unreachable else "failing",
                "edit" if is_unreachable else "retry",
                _trouble(lane),
                _quote(lane),
                stalls_at=None if started_at is None else started_at + round(retry_window_seconds * SECOND),
            )
    if lane.waiting_count:
        return Situation("busy", "none", remaining_seconds=_remaining_seconds(lane, now))
    return (
        Situation("lost", "replay") if _has_kept_neighbours(lane, now, retention_seconds) else Situation("idle", "ping")
    )


def _has_kept_neighbours(lane: LaneView, now: int, retention_seconds: float) -> bool:
    """Return whether payloads of the time in which others were lost are still kept, so that a replay sends them.

    A payload is lost when it is older than the retention, and those that waited with it are kept as long again.
    """
    row = lane.row
    if not row.lost_count or row.head_sequence == row.first_sequence:
        return False
    return row.lost_until is None or now < row.lost_until + round(2 * retention_seconds * SECOND)


def _trouble(lane: LaneView) -> str:
    attempt = lane.last_attempt
    if attempt is None or attempt.status is not None:
        return ""
    return _ERROR_SENTENCES.get(attempt.error, "The attempt failed")


def _quote(lane: LaneView) -> str:
    if lane.last_attempt is None:
        return ""
    text = " ".join(bytes(lane.last_attempt.response_body).decode(errors="replace").split())
    printable = "".join(character for character in text if character.isprintable())
    return printable if len(printable) <= _MAX_QUOTE else f"{printable[:_MAX_QUOTE]}…"


def _remaining_seconds(lane: LaneView, now: int) -> int | None:
    accepted_count = sum(attempt.error is None and attempt.started_at >= now - 60 * SECOND for attempt in lane.recent)
    return round(lane.waiting_count * 60 / accepted_count) if accepted_count else None
