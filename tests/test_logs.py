"""The log: what a line looks like, and what comes through."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from hourhook import logs
from hourhook.settings import Settings


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
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


def test_elsewhere_than_on_a_terminal_a_line_is_json() -> None:
    first, second = map(json.loads, lines_of(Settings()))

    assert first["event"] == "request"
    assert first["path"] == "/v2/\n\x1b[31mentries"
    assert (first["level"], first["user"]) == ("info", None)
    assert (second["event"], second["logger"], second["level"]) == ("a wise word", "library", "warning")


def test_the_console_format_can_be_asked_for_and_shows_no_control_characters() -> None:
    first, second = lines_of(Settings(log_format="console"))

    assert "request" in first
    assert "\x1b" not in first
    assert "a wise word" in second


def test_what_lies_below_the_level_is_left_out() -> None:
    assert len(lines_of(Settings(log_level="warning"))) == 1


def test_a_traceback_is_in_the_log() -> None:
    stream = io.StringIO()
    logs.configure(Settings(), stream)
    try:
        raise ValueError("planted")
    except ValueError as error:
        structlog.get_logger().error("request failed", exc_info=error)

    assert "ValueError: planted" in json.loads(stream.getvalue())["exception"]
