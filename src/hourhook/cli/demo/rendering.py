"""Render the lines of the demo: headings, actions, arrivals, failures and remarks."""

import json
import textwrap
from typing import Any

from hourhook.cli.demo.activity import Action
from hourhook.cli.demo.receivers import Arrival, Receiver
from hourhook.cli.formatting import summarize_payload
from hourhook.cli.terminal import Span, Terminal, truncate_or_pad

NAME_WIDTH, SEQUENCE_WIDTH, TYPE_WIDTH = 10, 5, 23
INDENT = " " * 3
ERRORS = {
    "connect": "no connection",
    "timeout": "timed out",
    "protocol": "connection dropped",
    "tls": "TLS failed",
    "dns": "unknown host",
    "refused_address": "address not allowed",
    "secret": "secret unreadable",
}


def show_heading(terminal: Terminal, text: str, more: str) -> None:
    """Print the heading and the introduction of a section."""
    terminal.print_line()
    terminal.print_paragraph(text, "bold", indent="")
    terminal.print_paragraph(more, indent="")
    terminal.print_line()


def show_action(terminal: Terminal, action: Action, seconds: float) -> None:
    """Print an action and the status of its request."""
    response = action.response
    request = [(f"{response.method} {response.path} ", "dim"), (str(response.status), "green")]
    terminal.print_line([(f"{_clock(seconds)} ", "dim"), (action.text, "bold")], request)


def show_arrival(terminal: Terminal, arrival: Arrival, prefix: str) -> None:
    """Print a request that arrived and how the receiver judged it; ``prefix`` marks a retry."""
    if not arrival.is_verified:
        verdict = ("invalid signature", "red")
    elif arrival.status != 200:
        verdict = (f"{prefix}answered {arrival.status}", "red")
    elif arrival.is_duplicate:
        verdict = ("duplicate, same id", "yellow")
    elif not arrival.is_in_order:
        verdict = ("out of order", "red")
    else:
        verdict = ("verified", "green")
    _show_payload(
        terminal, arrival.receiver, arrival.sequence, arrival.type, summarize_payload(arrival.payload), verdict
    )


def show_failure(terminal: Terminal, receiver: Receiver, payload: dict[str, Any], error: str, prefix: str) -> None:
    """Print an attempt that did not arrive; ``payload`` is its entry in the delivery log."""
    about = summarize_payload(json.loads(payload["body"]))
    verdict = (f"{prefix}{ERRORS.get(error, error)}", "red")
    _show_payload(terminal, receiver, payload["sequence"], payload["type"], about, verdict)


def show_remark(terminal: Terminal, text: str, style: str) -> None:
    """Print a remark between the requests."""
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
