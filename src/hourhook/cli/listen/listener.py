"""Follow the events of an account: print each one, forward it, and connect again where the stream broke."""

import asyncio
import signal
from contextlib import suppress
from typing import Never

import msgspec

from hourhook.cli.formatting import summarize_payload
from hourhook.cli.listen.forwarding import Forwarder, delivery_id
from hourhook.cli.listen.streams import AccountPosition, ConnectionLost, Refused, StreamClient
from hourhook.cli.terminal import Span, Terminal, truncate_or_pad
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.domain.events.feed import Event
from hourhook.errors import OperatorError

# Between attempts to connect again: doubled each time, up to the second value.
FIRST_RECONNECT_SECONDS = 0.1
MAX_RECONNECT_SECONDS = 5.0

_FAILURES = {
    "timeout": "no answer in time",
    "dns": "its name cannot be resolved",
    "connect": "connection refused or broken",
    "tls": "its certificate is not trusted",
    "protocol": "its answer was not valid HTTP",
}


class Listener:
    """Prints and forwards the events of an account. ``position`` is that of the last event dealt with."""

    def __init__(
        self, terminal: Terminal, client: StreamClient, forwarder: Forwarder | None, types: str | None
    ) -> None:
        self._terminal = terminal
        self._client = client
        self._forwarder = forwarder
        self._types = types
        self._position: int | None = None

    async def run(self, after: int | None) -> None:
        """Listen until Ctrl-C or SIGTERM; raises ``OperatorError``."""
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        self._terminal.on_pipe_broken = task.cancel
        with suppress(asyncio.CancelledError):
            await self._listen(after)
        task.uncancel()
        self._show_end()

    async def _listen(self, after: int | None) -> None:
        try:
            account = await self._client.read_account()
            self._position = account.position if after is None else after
            await self._follow(account)
        except ConnectionLost as error:
            raise OperatorError(
                f"cannot reach {self._client.server}: {error}; check --server, and that it is running"
            ) from None
        finally:
            if self._forwarder is not None:
                await self._forwarder.close()

    async def _follow(self, account: AccountPosition) -> Never:
        """Raises ``ConnectionLost`` only if the stream cannot be opened for the first time."""
        has_connected = is_lost = False
        delay = FIRST_RECONNECT_SECONDS
        while True:
            assert self._position is not None
            try:
                async with self._client.follow(self._position, self._types) as events:
                    if not has_connected:
                        self._show_start(account)
                    elif is_lost:
                        self._show_note(f"Connected again, after position {self._position}.", "dim")
                    has_connected, is_lost, delay = True, False, FIRST_RECONNECT_SECONDS
                    self._show_waiting()
                    async for event in events:
                        if event.position > self._position:
                            await self._handle(account, event)
                            self._show_waiting()
            except ConnectionLost as error:
                if not has_connected:
                    raise
                if not is_lost:
                    self._show_note(f"Connection lost ({error}); connecting again.", "yellow")
                is_lost = True
                self._terminal.set_footer([("Connecting again. ", "yellow"), ("Press Ctrl-C to stop.", "dim")])
            except Refused as error:
                if not has_connected:
                    raise
                raise OperatorError(f"{error}. The last position was {self._position}") from None
            await asyncio.sleep(delay)
            delay = min(delay * 2, MAX_RECONNECT_SECONDS)

    async def _handle(self, account: AccountPosition, event: Event) -> None:
        spans: list[Span] = [
            (f"{event.position:>8}  ", "cyan"),
            (truncate_or_pad(event.type, 26) + "  ", "bold"),
            (_summary(event), ""),
        ]
        answer: list[Span] = []
        if self._forwarder is not None:
            self._terminal.set_footer([*spans, ("  …", "dim")])
            id = delivery_id(account.id, account.created_at, event.position)
            outcome = await self._forwarder.forward(
                event, id, lambda *attempt: self._show_retry(event.position, *attempt)
            )
            answer = [_answer(outcome)]
            if outcome.is_gone and self._forwarder.is_retrying:
                raise OperatorError(
                    f"the receiver answered event {event.position} with 410 Gone, which disables a webhook: listening "
                    f"has ended. The last position was {self._position}"
                )
        self._terminal.print_line(spans, answer)
        self._position = event.position

    def _show_start(self, account: AccountPosition) -> None:
        rows = [("Account", f"{account.name} at {self._client.server}")]
        if self._forwarder is not None:
            repeats = ", until it accepts" if self._forwarder.is_retrying else ""
            rows += [("Forward to", f"{self._forwarder.url}{repeats}"), ("Secret", self._forwarder.secret)]
        rows.append(("Position", f"{self._position}; each line begins with one, to continue from with --after"))
        for name, value in rows:
            self._terminal.print_line([(f"{name:12}", "dim"), (value, "")])
        self._terminal.print_line()

    def _show_waiting(self) -> None:
        self._terminal.set_footer([("Listening. Press Ctrl-C to stop.", "dim")])

    def _show_retry(self, position: int, attempt: int, outcome: Outcome, delay_seconds: float) -> None:
        text, _ = _answer(outcome)
        self._show_note(f"{position}: attempt {attempt}: {text}; next in {delay_seconds:.1f} s", "yellow")

    def _show_note(self, text: str, style: str) -> None:
        # Indented, so that only events that are dealt with begin with a position.
        self._terminal.print_line([(" " * 10 + text, style)])

    def _show_end(self) -> None:
        self._terminal.set_footer([])
        if self._position is not None:
            self._terminal.print_line()
            self._terminal.print_line(
                [(f"Last position: {self._position}. To continue from here: --after {self._position}", "")]
            )


def _answer(outcome: Outcome) -> Span:
    if outcome.status is not None:
        return f"{outcome.status} in {outcome.duration_ms} ms", "green" if outcome.is_success else "red"
    return _FAILURES.get(outcome.error or "", outcome.error or ""), "red"


def _summary(event: Event) -> str:
    """Summarize an event in a part of a line. Control characters, which could reprogram the terminal, are replaced."""
    payload = {
        "type": event.type,
        "changes": msgspec.json.decode(event.changes),
        "object": msgspec.json.decode(event.object),
    }
    text = summarize_payload(payload)
    return truncate_or_pad("".join(char if char.isprintable() else "?" for char in text), 120).rstrip()
