"""Warn at start if the clock is behind the latest events.

See ``docs/operating/troubleshooting.md#the-clock-is-wrong``.
"""

import structlog

from hourhook.clock import format_timestamp
from hourhook.domain import delivery_stats
from hourhook.store.database import Database

MARGIN_SECONDS = 60

_log = structlog.get_logger()


def warn_if_clock_is_behind(database: Database) -> None:
    """Name the accounts whose latest event is in the future: the clock is behind now, or was ahead before."""
    for account in database.read_now(delivery_stats.find_accounts_ahead, MARGIN_SECONDS):
        _log.warning(
            "the clock is behind the latest event: it is wrong now, or was ahead before",
            account=account.name,
            latest_event_at=format_timestamp(account.last_event_at),
            advice="deliveries go on, but event times stand still until then; if the clock is right now, "
            f"`hourhook account set --account {account.name} event_time=now` ends that",
        )
