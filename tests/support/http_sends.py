"""Sends by the HTTP transport: its clock, its resolver, a message, and what is expected of an outcome."""

from collections.abc import Sequence
from typing import Any

from hourhook.clock import SECOND
from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.delivery.transports.http.client import HttpTransport
from hourhook.delivery.transports.outcomes import ErrorKind, Outcome

NOW = 1_714_552_200 * SECOND
HEADERS = [("Content-Type", "application/json"), ("User-Agent", "Noko-Webhooks"), ("X-Noko-Delivery", "1")]
BODY = b'{"type":"webhook.ping"}'
DEADLINE_SECONDS = 0.3


class FixedClock:
    def now(self) -> int:
        return NOW


class ScriptedResolver:
    """A resolver that returns one result per lookup, and repeats the last one; it knows localhost."""

    def __init__(self, *answers: list[str] | Exception) -> None:
        self.answers = list(answers)
        self.questions: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        if host == "localhost":
            return ["127.0.0.1"]
        self.questions.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def transport(
    guard: AddressGuard | None = None, timeout_seconds: float = DEADLINE_SECONDS, **options: Any
) -> HttpTransport:
    return HttpTransport(FixedClock(), guard or AddressGuard(allow_loopback=True), timeout_seconds, **options)


def failure_of(outcome: Outcome) -> ErrorKind | None:
    assert not outcome.is_success
    assert (outcome.status is None) == (outcome.error != "status")
    return outcome.error
