"""The log: one line an event on standard error, for people on a terminal and as JSON elsewhere.

Events are logged where they happen, by ``structlog.get_logger()``, with plain values and never with a token, a secret,
a password or a query.
"""

import logging
import sys
from typing import Any, TextIO

import structlog

from hourhook.settings import Settings

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Set the log of this process up, that of its libraries included, by level and format of the settings."""
    stream = stream or sys.stderr
    is_console = is_for_people(settings, stream)
    level = _LEVELS[settings.log_level]
    structlog.configure(
        processors=[*_SHARED, *(_console(stream) if is_console else _JSON)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    # What libraries have to say matters from warnings on, and goes the same way.
    libraries = logging.StreamHandler(stream)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_console(stream) if is_console else _JSON),
            ],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *_SHARED],
        )
    )
    logging.basicConfig(handlers=[libraries], level=max(level, logging.WARNING), force=True)


def is_for_people(settings: Settings, stream: TextIO | None = None) -> bool:
    """Whether the log is written for somebody who reads it as it comes, as on a terminal."""
    is_terminal = (stream or sys.stderr).isatty()
    return (settings.log_format or ("console" if is_terminal else "json")) == "console"


def _console(stream: TextIO) -> list[Any]:
    return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)]


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
]
_JSON: list[Any] = [
    structlog.processors.format_exc_info,
    structlog.processors.JSONRenderer(default=str),
]
