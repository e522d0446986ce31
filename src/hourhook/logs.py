"""Structured logging to standard error, one line per event: readable text on a terminal, JSON elsewhere.

Modules log events with ``structlog.get_logger()``. Never log a token, a secret, a password or a query string. Events
that happen thousands of times per second use ``log_event`` (``docs/operating/monitoring.md#the-log``).
"""

import atexit
import json
import logging
import sys
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TextIO

import msgspec
import structlog

from hourhook.clock import SECOND, SystemClock, format_timestamp
from hourhook.settings import Settings

# How long a line may be delayed, so that several are written together.
FLUSH_INTERVAL_SECONDS = 0.05

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Configure logging for this process and its libraries, with the level and format of the settings."""
    stream = stream or sys.stderr
    is_console = is_console_format(settings, stream)
    level = _LEVELS[settings.log_level]
    lines = None if is_console else BufferedLogStream(stream)
    _direct_output.lines, _direct_output.level = lines, level
    structlog.configure(
        processors=[*_SHARED, *(_console(stream) if is_console else _JSON)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream) if lines is None else lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    # Libraries log from warnings up only, through the same output.
    libraries: logging.StreamHandler[Any] = logging.StreamHandler(lines or stream)
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
    lines = _direct_output.lines
    if lines is None:
        fields = msgspec.structs.asdict(line)
        del fields["at"]
        getattr(structlog.get_logger(), fields.pop("level"))(fields.pop("event"), **fields)
    elif _LEVELS[line.level] >= _direct_output.level:
        line.at = _format_now()
        lines.info(_render(None, "", line))


class BufferedLogStream:
    """A stream that collects lines for a moment and writes them together, in a thread.

    Writing each line separately would cost more than producing it, because each write releases the interpreter lock.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._buffer: list[str] = []
        self._has_lines = threading.Event()
        self._is_closing = threading.Event()
        threading.Thread(target=self._write_loop, name="log", daemon=True).start()
        atexit.register(self._close)

    def info(self, line: str) -> None:
        """Write a line within ``FLUSH_INTERVAL_SECONDS``."""
        self.write(f"{line}\n")
        if self._is_closing.is_set():
            self.flush()
        elif not self._has_lines.is_set():
            self._has_lines.set()

    def error(self, line: str) -> None:
        """Write this line and those before it immediately: if the process is about to end, this may be the reason."""
        self.write(f"{line}\n")
        self.flush()

    debug = warning = info
    critical = error

    def write(self, text: str) -> None:
        """Buffer a text until the next flush."""
        with self._lock:
            self._buffer.append(text)

    def flush(self) -> None:
        with self._lock:
            text = "".join(self._buffer)
            self._buffer.clear()
            if text:
                self._stream.write(text)
                self._stream.flush()

    def _write_loop(self) -> None:
        while not self._is_closing.is_set():
            self._has_lines.wait()
            self._is_closing.wait(FLUSH_INTERVAL_SECONDS)
            self._has_lines.clear()
            self.flush()

    def _close(self) -> None:
        self._is_closing.set()
        self.flush()


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
class _DirectOutput:
    """The output and minimum level of lines that bypass structlog."""

    lines: BufferedLogStream | None = None
    level: int = logging.INFO


_clock = SystemClock()
_direct_output = _DirectOutput()
_encode = msgspec.json.Encoder(enc_hook=str).encode

_SHARED: list[Any] = [structlog.processors.add_log_level, _stamp]
_JSON: list[Any] = [structlog.processors.format_exc_info, _render]
