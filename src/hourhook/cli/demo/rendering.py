"""The lines of the demo: what was done, what arrived and what did not, as pieces with a style each."""

import json
import textwrap
from typing import Any

from hourhook.cli.demo.activity import Deed
from hourhook.cli.demo.formatting import gist
from hourhook.cli.demo.receivers import Arrival, Receiver
from hourhook.cli.demo.terminal import Screen, Span, fit

NAME_WIDTH, SEQUENCE_WIDTH, TYPE_WIDTH = 10, 5, 23
INDENT = " " * 3
ERRORS = {
    "connect": "no connection",
    "timeout": "no answer in time",
    "protocol": "connection dropped",
    "tls": "no secure connection",
    "dns": "no such name",
    "refused_address": "address not allowed",
}


def show_heading(screen: Screen, text: str, more: str) -> None:
    """Begin a chapter."""
    screen.show()
    screen.tell(text, "bold", indent="")
    screen.tell(more, indent="")
    screen.show()


def show_deed(screen: Screen, deed: Deed, seconds: float) -> None:
    """Say what somebody has done, and how the API answered."""
    answer = deed.answer
    request = [(f"{answer.method} {answer.path} ", "dim"), (str(answer.status), "green")]
    screen.show([(f"{_clock(seconds)} ", "dim"), (deed.text, "bold")], request)


def show_arrival(screen: Screen, arrival: Arrival, later: str) -> None:
    """Say what a receiver got, and what it made of it; ``later`` tells a further attempt from the first."""
    if not arrival.is_verified:
        verdict = ("wrong signature", "red")
    elif arrival.status != 200:
        verdict = (f"answers {arrival.status}{later}", "red")
    elif arrival.is_repeat:
        verdict = ("seen before, same id", "yellow")
    elif not arrival.is_in_order:
        verdict = ("out of order", "red")
    else:
        verdict = ("verified", "green")
    _show_payload(screen, arrival.receiver, arrival.sequence, arrival.type, gist(arrival.payload), verdict)


def show_failure(screen: Screen, receiver: Receiver, payload: dict[str, Any], error: str, later: str) -> None:
    """Say that an attempt did not even arrive; ``payload`` is what the delivery log has of it."""
    about = gist(json.loads(payload["body"]))
    verdict = (f"{ERRORS.get(error, error)}{later}", "red")
    _show_payload(screen, receiver, payload["sequence"], payload["type"], about, verdict)


def show_remark(screen: Screen, text: str, style: str) -> None:
    """Say what happens beside the requests."""
    for line in textwrap.wrap(text, screen.width - len(INDENT) - 3):
        screen.show([(f"{INDENT}  {line}", style)])


def _show_payload(
    screen: Screen, receiver: Receiver, sequence: int | None, type: str, about: str, verdict: Span
) -> None:
    number = "ping" if sequence is None else f"#{sequence}"
    _, style = verdict
    left = [
        (f"{INDENT}{'✗' if style == 'red' else '✓'} ", style),
        (fit(receiver.name, NAME_WIDTH), receiver.style),
        (fit(number, SEQUENCE_WIDTH), receiver.style),
        (fit(type, TYPE_WIDTH), ""),
        (about, "dim"),
    ]
    screen.show(left, [verdict])


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"
