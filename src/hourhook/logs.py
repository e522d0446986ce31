"""Structured logging to standard error, one line per event: readable text on a terminal, JSON elsewhere.

Logging never blocks (``log_writer.py``). Modules log events with ``structlog.get_logger()``; events that happen
thousands of times per second use ``log_event`` (``docs/operating/monitoring.md#the-log``). Never log a token, a secret,
a password or a query string.
"""

import json
import logging
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TextIO

import msgspec
import structlog

from hourhook.clock import SECOND, SystemClock, format_timestamp
from hourhook.log_writer import LogWriter
from hourhook.settings import Settings

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Configure logging for this process and its libraries, with the level and format of the settings."""
    stream = stream or sys.stderr
    level = _LEVELS[settings.log_level]
    renderers = _console(stream) if is_console_format(settings, stream) else _JSON
    writer = LogWriter(stream, _describe_dropped)
    _output.writer, _output.level, _output.renderers = writer, level, renderers
    structlog.configure(
        processors=[*_SHARED, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: writer,
        cache_logger_on_first_use=True,
    )
    # Libraries log from warnings up only, through the same output.
    libraries = _LibraryHandler(writer)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *_SHARED],
        )
    )
    logging.basicConfig(handlers=[libraries], level=max(level, logging.WARNING), force=True)


def is_console_format(settings: Settings, stream: TextIO | None = None) -> bool:
    """Return whether log lines are written as readable text instead of JSON."""
    is_terminal = (stream or sys.stderr).isatty()
    return (settings.log_format or ("console" if is_terminal else "json")) == "console"


class LogEvent(msgspec.Struct, kw_only=True):
    """A frequent event; each kind of event adds its own fields."""

    event: str
    level: Literal["info", "warning"]
    at: str = ""


def log_event(line: LogEvent) -> None:
    """Log a frequent event. JSON lines bypass structlog, which costs more than creating the event."""
    writer = _output.writer
    if writer is None or _output.renderers is not _JSON:
        fields = msgspec.structs.asdict(line)
        del fields["at"]
        getattr(structlog.get_logger(), fields.pop("level"))(fields.pop("event"), **fields)
    elif _LEVELS[line.level] >= _output.level:
        line.at = _format_now()
        writer.info(_render(None, "", line))


def drain(timeout_seconds: float) -> None:
    """Wait until the lines logged so far have been written, but no longer than the timeout."""
    if _output.writer is not None:
        _output.writer.drain(timeout_seconds)


def write_text(text: str) -> bool:
    """Write text between the lines of the log, without blocking; return whether logging has been configured."""
    if _output.writer is None:
        return False
    _output.writer.error(text)
    return True


def dropped_lines_count() -> int:
    """Return how many lines this process could not write, because the reader of the log stalled or is gone."""
    return 0 if _output.writer is None else _output.writer.dropped_count


class _LibraryHandler(logging.Handler):
    """Passes the log records of libraries to the same writer."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        self._writer.error(self.format(record))


def _describe_dropped(count: int) -> str:
    event = {"event": "log lines dropped", "count": count, "level": "warning", "at": _format_now()}
    for processor in _output.renderers:
        event = processor(None, "warning", event)
    return str(event)


def _console(stream: TextIO) -> list[Any]:
    renderer = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(),
        exception_formatter=structlog.dev.plain_traceback,
        timestamp_key="at",
        sort_keys=False,
        pad_level=False,
        pad_event_to=0,
    )
    return [_shorten, renderer]


def _shorten(_: object, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """Drop the date and empty fields, which only add noise on a terminal."""
    event["at"] = event["at"][len("2026-11-30T") :][: len("15:19:40")]
    return {key: value for key, value in event.items() if value is not None}


def _stamp(_: object, __: str, event: dict[str, Any]) -> dict[str, Any]:
    event["at"] = _format_now()
    return event


def _format_now() -> str:
    now = _clock.now()
    return f"{_format_second(now // SECOND)}.{now % SECOND:06}Z"


# Many lines are logged in the same second.
@lru_cache(maxsize=1)
def _format_second(second: int) -> str:
    return format_timestamp(second * SECOND)[:-1]


def _render(_: object, __: str, event: dict[str, Any] | LogEvent) -> str:
    try:
        encoded = _encode(event)
    except UnicodeEncodeError:
        pass  # half of a surrogate pair, such as paths can contain
    else:
        if encoded.isascii():
            return encoded.decode()
    # ASCII only, so that a caller cannot send control characters to the terminal of a reader.
    return json.dumps(msgspec.to_builtins(event, enc_hook=str), default=str, separators=(",", ":"))


@dataclass(slots=True)
class _Output:
    """The writer, the minimum level and the format of lines, once ``configure`` has been called."""

    writer: LogWriter | None = None
    level: int = logging.INFO
    renderers: list[Any] = field(default_factory=list)


_clock = SystemClock()
_output = _Output()
_encode = msgspec.json.Encoder(enc_hook=str).encode

_SHARED: list[Any] = [structlog.processors.add_log_level, _stamp]
_JSON: list[Any] = [structlog.processors.format_exc_info, _render]
