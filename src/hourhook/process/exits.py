"""Exit without cleanup, like a crash: deliveries in flight are left to the leases, and transactions are rolled back."""

import os
import signal
import threading
from typing import NoReturn

import structlog

from hourhook import logs

# When a process that shuts down exits even if something does not end.
FORCED_EXIT_SECONDS = 9.3
# How long the log may take to be written.
DRAIN_SECONDS = 0.2

_log = structlog.get_logger()


def exit_immediately() -> NoReturn:
    """Exit on a second SIGINT."""
    _log.warning("forced exit")
    logs.drain(DRAIN_SECONDS)
    os._exit(128 + signal.SIGINT)


def exit_later() -> None:
    """Exit after ``FORCED_EXIT_SECONDS``, unless the process has ended by then."""
    timer = threading.Timer(FORCED_EXIT_SECONDS, _give_up)
    timer.daemon = True
    timer.start()


def _give_up() -> None:
    _log.error("shutdown took too long")
    logs.drain(DRAIN_SECONDS)
    os._exit(1)
