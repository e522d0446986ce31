"""A clock that only a test advances."""

from datetime import UTC, datetime

from hourhook.clock import SECOND, to_timestamp

START = to_timestamp(datetime(2024, 5, 21, 10, 5, tzinfo=UTC))


class FakeClock:
    """The clock of the tests; it starts at 2024-05-21T10:05:00Z."""

    def __init__(self, moment: int = START) -> None:
        self.moment = moment

    def now(self) -> int:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += round(seconds * SECOND)
