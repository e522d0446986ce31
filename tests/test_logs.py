"""Logging: the format of lines, levels and tracebacks, and readers that stall."""

import io
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TextIO

import pytest
import structlog

from hourhook import log_writer, logs
from hourhook.http.metrics import Metrics
from hourhook.settings import Settings


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logs._output = logs._Output()
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def lines_of(settings: Settings) -> list[str]:
    stream = io.StringIO()
    logs.configure(settings, stream)
    structlog.get_logger().info("request", path="/v2/\n\x1b[31mentries", user=None)
    logging.getLogger("library").warning("a %s word", "wise")
    logging.getLogger("library").info("chatter")
    logs.drain(10)
    return stream.getvalue().splitlines()


def test_a_line_is_json_unless_on_a_terminal() -> None:
    first, second = map(json.loads, lines_of(Settings()))

    assert first["event"] == "request"
    assert first["path"] == "/v2/\n\x1b[31mentries"
    assert (first["level"], first["user"]) == ("info", None)
    assert (second["event"], second["logger"], second["level"]) == ("a wise word", "library", "warning")


def test_the_console_format_escapes_control_characters() -> None:
    first, second = lines_of(Settings(log_format="console"))

    assert "request" in first
    assert "\x1b" not in first
    assert "a wise word" in second


def test_a_console_line_starts_with_the_time_and_omits_empty_fields() -> None:
    first, _ = lines_of(Settings(log_format="console"))

    assert re.match(r"\d\d:\d\d:\d\d \[info\] request path=", first)
    assert "user" not in first


def test_events_below_the_level_are_dropped() -> None:
    assert len(lines_of(Settings(log_level="warning"))) == 1


def test_a_logged_exception_includes_its_traceback() -> None:
    stream = io.StringIO()
    logs.configure(Settings(), stream)
    try:
        raise ValueError("planted")
    except ValueError as error:
        structlog.get_logger().error("request failed", exc_info=error)
    logs.drain(10)

    assert "ValueError: planted" in json.loads(stream.getvalue())["exception"]


class Landing(logs.LogEvent):
    """A frequent event."""

    crow: str


@pytest.mark.parametrize(("log_format", "shown"), [("json", '"crow":"Ada"'), ("console", "crow")])
def test_a_frequent_event_is_logged_in_both_formats(log_format: str, shown: str) -> None:
    stream = io.StringIO()
    logs.configure(Settings(log_format=log_format), stream)
    logs.log_event(Landing(event="landed", level="info", crow="Ada"))
    logs.drain(10)
    line = next(line for line in stream.getvalue().splitlines() if "landed" in line)

    assert shown in line
    if log_format == "json":
        assert json.loads(line).keys() == {"event", "level", "at", "crow"}


def test_frequent_events_below_the_level_are_dropped() -> None:
    stream = io.StringIO()
    logs.configure(Settings(log_format="json", log_level="warning"), stream)
    logs.log_event(Landing(event="landed", level="info", crow="Ada"))
    logs.log_event(Landing(event="fell", level="warning", crow="Bob"))
    logs.drain(10)

    assert "Ada" not in stream.getvalue()
    assert "Bob" in stream.getvalue()


def test_a_reader_that_stalls_does_not_block_logging(pipe: tuple[int, TextIO]) -> None:
    reader, stream = pipe
    lines_count = 2 * log_writer.MAX_QUEUED_CHARACTERS // 1_000
    logs.configure(Settings(log_format="json"), stream)
    for number in range(lines_count):
        structlog.get_logger().error("request", padding="x" * 1_000, number=number)
    dropped_count = logs.dropped_lines_count()

    assert 0 < dropped_count < lines_count
    # The kept lines are the first ones, complete and in order; the next says how many are missing.
    written = read_lines(reader, lines_count - dropped_count + 1)
    assert [line["number"] for line in written[:-1]] == [*range(lines_count - dropped_count)]
    assert (written[-1]["event"], written[-1]["count"]) == ("log lines dropped", dropped_count)


def test_a_process_ends_although_nobody_reads_its_log(pipe: tuple[int, TextIO]) -> None:
    _, stream = pipe
    script = (
        "import structlog; from hourhook import logs; from hourhook.settings import Settings\n"
        "logs.configure(Settings())\n"
        "for _ in range(100): structlog.get_logger().error('x' * 10_000)\n"
    )

    assert subprocess.run([sys.executable, "-c", script], stderr=stream).returncode == 0


def test_a_closed_pipe_loses_lines_and_raises_nothing(pipe: tuple[int, TextIO]) -> None:
    reader, stream = pipe
    logs.configure(Settings(log_format="json"), stream)
    os.close(reader)
    structlog.get_logger().error("lost")
    logs.drain(10)
    structlog.get_logger().error("lost too")
    logs.drain(10)

    assert logs.dropped_lines_count() == 2


def test_a_pipe_that_is_non_blocking_gets_every_line(pipe: tuple[int, TextIO]) -> None:
    reader, stream = pipe
    os.set_blocking(stream.fileno(), False)
    logs.configure(Settings(log_format="json"), stream)
    for number in range(100):
        structlog.get_logger().info("request", padding="x" * 10_000, number=number)

    assert [line["number"] for line in read_lines(reader, 100)] == [*range(100)]


def test_the_dropped_lines_are_a_metric(pipe: tuple[int, TextIO]) -> None:
    reader, stream = pipe
    logs.configure(Settings(log_format="json"), stream)
    os.close(reader)
    structlog.get_logger().error("lost")
    logs.drain(10)

    assert b"hourhook_log_lines_dropped_total 1.0" in Metrics().exposition(None)


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """The reading end of a pipe, and a stream to its writing end, as the log of a process has."""
    reader, writer = os.pipe()
    stream = os.fdopen(writer, "w")
    yield reader, stream
    # Ends a thread that is blocked in writing.
    with suppress(OSError):
        os.close(reader)
    logs.drain(10)
    stream.close()


def read_lines(reader: int, count: int) -> list[dict[str, Any]]:
    """Read a number of lines, and not further."""
    content = b""
    while content.count(b"\n") < count:
        content += os.read(reader, 65_536)
    return [json.loads(line) for line in content.splitlines()]
