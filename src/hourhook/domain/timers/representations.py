"""The JSON representation of a timer (`docs/api/timers.md`)."""

import msgspec

from hourhook.domain.enums import TimerState
from hourhook.domain.summaries import Date, SimpleProject, SimpleUser, Url
from hourhook.domain.timers.stopwatches import format_time
from hourhook.domain.timers.storing import StoredTimer


class Timer(msgspec.Struct, frozen=True):
    """A timer."""

    id: int
    state: TimerState
    seconds: int
    formatted_time: str
    date: Date
    description: str | None
    user: SimpleUser
    project: SimpleProject
    url: Url
    start_url: Url
    pause_url: Url
    add_or_subtract_time_url: Url
    log_url: Url


def represent(timer: StoredTimer, now: int) -> Timer:
    """Represent a stored timer at the time ``now``."""
    assert timer.id is not None
    seconds = timer.stopwatch.elapsed_seconds(now)
    url = timer.url
    return Timer(
        id=timer.id,
        state=timer.stopwatch.state,
        seconds=seconds,
        formatted_time=format_time(seconds),
        date=timer.date,
        description=timer.description,
        user=timer.user,
        project=timer.project,
        url=url,
        start_url=f"{url}/start",
        pause_url=f"{url}/pause",
        add_or_subtract_time_url=f"{url}/add_or_subtract_time",
        log_url=f"{url}/log",
    )
