"""The lines of the demo: what was done, what arrived and what did not, as pieces with a style each."""

import json
import textwrap
from typing import Any

from hourhook.cli.demo.activity import Action
from hourhook.cli.demo.formatting import summarize_payload
from hourhook.cli.demo.receivers import Arrival, Receiver
from hourhook.cli.demo.terminal import Span, Terminal, truncate_or_pad

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


def show_heading(terminal: Terminal, text: str, more: str) -> None:
    """Begin a chapter."""
    terminal.print_line()
    terminal.print_paragraph(text, "bold", indent="")
    terminal.print_paragraph(more, indent="")
    terminal.print_line()


def show_action(terminal: Terminal, action: Action, seconds: float) -> None:
    """Say what somebody has done, and how the API answered."""
    response = action.response
    request = [(f"{response.method} {response.path} ", "dim"), (str(response.status), "green")]
    terminal.print_line([(f"{_clock(seconds)} ", "dim"), (action.text, "bold")], request)


def show_arrival(terminal: Terminal, arrival: Arrival, later: str) -> None:
    """Say what a receiver got, and what it made of it; ``later`` tells a further attempt from the first."""
    if not arrival.is_verified:
        verdict = ("wrong signature", "red")
    elif arrival.status != 200:
        verdict = (f"answers {arrival.status}{later}", "red")
    elif arrival.is_duplicate:
        verdict = ("seen before, same id", "yellow")
    elif not arrival.is_in_order:
        verdict = ("out of order", "red")
    else:
        verdict = ("verified", "green")
    _show_payload(
        terminal, arrival.receiver, arrival.sequence, arrival.type, summarize_payload(arrival.payload), verdict
    )


def show_failure(terminal: Terminal, receiver: Receiver, payload: dict[str, Any], error: str, later: str) -> None:
    """Say that an attempt did not even arrive; ``payload`` is what the delivery log has of it."""
    about = summarize_payload(json.loads(payload["body"]))
    verdict = (f"{ERRORS.get(error, error)}{later}", "red")
    _show_payload(terminal, receiver, payload["sequence"], payload["type"], about, verdict)


def show_remark(terminal: Terminal, text: str, style: str) -> None:
    """Say what happens beside the requests."""
    for line in textwrap.wrap(text, terminal.width - len(INDENT) - 3):
        terminal.print_line([(f"{INDENT}  {line}", style)])


def _show_payload(
    terminal: Terminal, receiver: Receiver, sequence: int | None, type: str, about: str, verdict: Span
) -> None:
    number = "ping" if sequence is None else f"#{sequence}"
    _, style = verdict
    left = [
        (f"{INDENT}{'✗' if style == 'red' else '✓'} ", style),
        (truncate_or_pad(receiver.name, NAME_WIDTH), receiver.style),
        (truncate_or_pad(number, SEQUENCE_WIDTH), receiver.style),
        (truncate_or_pad(type, TYPE_WIDTH), ""),
        (about, "dim"),
    ]
    terminal.print_line(left, [verdict])


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"
