"""The log: one line an event on standard error, for people on a terminal and as JSON elsewhere.

Events are logged where they happen, by ``structlog.get_logger()``, with plain values and never with a token, a secret,
a password or a query. What happens thousands of times a second is logged by ``log_event``.
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

# How long a line may be waited with, so that others are written together with it.
FLUSH_INTERVAL_SECONDS = 0.05

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Set the log of this process up, that of its libraries included, by level and format of the settings."""
    stream = stream or sys.stderr
    is_console = is_console_format(settings, stream)
    level = _LEVELS[settings.log_level]
    lines = None if is_console else BufferedLogStream(stream)
    _straight.lines, _straight.level = lines, level
    structlog.configure(
        processors=[*_SHARED, *(_console(stream) if is_console else _JSON)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream) if lines is None else lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    # What libraries have to say matters from warnings on, and goes the same way.
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
    """Whether the log is written for somebody who reads it as it comes, as on a terminal."""
    is_terminal = (stream or sys.stderr).isatty()
    return (settings.log_format or ("console" if is_terminal else "json")) == "console"


class LogEvent(msgspec.Struct, kw_only=True):
    """An event of a kind that happens often; each kind adds its own fields."""

    event: str
    level: Literal["info", "warning"]
    at: str = ""


def log_event(line: LogEvent) -> None:
    """Log an event that happens often: as JSON without the way through structlog, which costs more than its making."""
    lines = _straight.lines
    if lines is None:
        fields = msgspec.structs.asdict(line)
        del fields["at"]
        getattr(structlog.get_logger(), fields.pop("level"))(fields.pop("event"), **fields)
    elif _LEVELS[line.level] >= _straight.level:
        line.at = _format_now()
        lines.info(_render(None, "", line))


class BufferedLogStream:
    """Lines on their way to a stream.

    Writing each by itself costs more than all that is done to make it, since it lets go of the interpreter's lock each
    time. So they are gathered for a moment, and a thread writes them together.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._waiting: list[str] = []
        self._has_some = threading.Event()
        self._is_ending = threading.Event()
        threading.Thread(target=self._write_on, name="log", daemon=True).start()
        atexit.register(self._end)

    def info(self, line: str) -> None:
        """Write a line soon."""
        self.write(f"{line}\n")
        if self._is_ending.is_set():
            self.flush()
        elif not self._has_some.is_set():
            self._has_some.set()

    def error(self, line: str) -> None:
        """Write a line, and those before it, now: if the process is about to end, this may be why."""
        self.write(f"{line}\n")
        self.flush()

    debug = warning = info
    critical = error

    def write(self, text: str) -> None:
        """Take what is to be written with the next lines."""
        with self._lock:
            self._waiting.append(text)

    def flush(self) -> None:
        """Write everything now."""
        with self._lock:
            text = "".join(self._waiting)
            self._waiting.clear()
            if text:
                self._stream.write(text)
                self._stream.flush()

    def _write_on(self) -> None:
        while not self._is_ending.is_set():
            self._has_some.wait()
            self._is_ending.wait(FLUSH_INTERVAL_SECONDS)
            self._has_some.clear()
            self.flush()

    def _end(self) -> None:
        self._is_ending.set()
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
    """Leave out what somebody at a terminal knows or does not miss: the day, and what there is none of."""
    event["at"] = event["at"][len("2026-11-30T") :][: len("15:19:40")]
    return {key: value for key, value in event.items() if value is not None}


def _stamp(_: object, __: str, event: dict[str, Any]) -> dict[str, Any]:
    event["at"] = _format_now()
    return event


def _format_now() -> str:
    now = _clock.now()
    return f"{_format_second(now // SECOND)}.{now % SECOND:06}Z"


# Many lines fall into one second.
@lru_cache(maxsize=1)
def _format_second(second: int) -> str:
    return format_timestamp(second * SECOND)[:-1]


def _render(_: object, __: str, event: dict[str, Any] | LogEvent) -> str:
    try:
        encoded = _encode(event)
    except UnicodeEncodeError:
        pass  # half of a surrogate pair, as paths may hold
    else:
        if encoded.isascii():
            return encoded.decode()
    # ASCII only: whoever reads the log on a terminal meets no control character of a caller's choice.
    return json.dumps(msgspec.to_builtins(event, enc_hook=str), default=str, separators=(",", ":"))


@dataclass(slots=True)
class _Straight:
    """Where lines go that do not take the way through structlog, and from which level on."""

    lines: BufferedLogStream | None = None
    level: int = logging.INFO


_clock = SystemClock()
_straight = _Straight()
_encode = msgspec.json.Encoder(enc_hook=str).encode

_SHARED: list[Any] = [structlog.processors.add_log_level, _stamp]
_JSON: list[Any] = [structlog.processors.format_exc_info, _render]
