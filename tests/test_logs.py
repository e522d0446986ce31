"""Logging: the format of lines, levels and tracebacks."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
import structlog

from hourhook import logs
from hourhook.settings import Settings


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def lines_of(settings: Settings) -> list[str]:
    stream = io.StringIO()
    logs.configure(settings, stream)
    structlog.get_logger().info("request", path="/v2/\n\x1b[31mentries", user=None)
    logging.getLogger("library").warning("a %s word", "wise")
    logging.getLogger("library").info("chatter")
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

    assert "ValueError: planted" in json.loads(stream.getvalue())["exception"]


class Landing(logs.LogEvent):
    """A frequent event."""

    crow: str


@pytest.mark.parametrize(("log_format", "shown"), [("json", '"crow":"Ada"'), ("console", "crow")])
def test_a_frequent_event_is_logged_in_both_formats(log_format: str, shown: str) -> None:
    stream = io.StringIO()
    logs.configure(Settings(log_format=log_format), stream)
    logs.log_event(Landing(event="landed", level="info", crow="Ada"))
    logging.getLogger("library").warning("the end")
    line = next(line for line in stream.getvalue().splitlines() if "landed" in line)

    assert shown in line
    if log_format == "json":
        assert json.loads(line).keys() == {"event", "level", "at", "crow"}


def test_frequent_events_below_the_level_are_dropped() -> None:
    stream = io.StringIO()
    logs.configure(Settings(log_format="json", log_level="warning"), stream)
    logs.log_event(Landing(event="landed", level="info", crow="Ada"))
    logs.log_event(Landing(event="fell", level="warning", crow="Bob"))
    logging.getLogger("library").warning("the end")

    assert "Ada" not in stream.getvalue()
    assert "Bob" in stream.getvalue()
