"""Define the options that commands share, and read the settings that they override."""

import os
import shlex
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from hourhook.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


class IntegerRange(click.ParamType[int]):
    """A whole number between a minimum and a maximum."""

    name = "number"

    def __init__(self, minimum: int, maximum: int) -> None:
        self._minimum = minimum
        self._maximum = maximum

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = int(value)
        except ValueError:
            number = self._minimum - 1
        if not self._minimum <= number <= self._maximum:
            self.fail(f"{value!r} is not a whole number between {self._minimum} and {self._maximum}", param, ctx)
        return number


PORT = IntegerRange(0, 65_535)
ID = IntegerRange(1, 2_147_483_647)


def database_option(function: F) -> F:
    """Add ``--database URL``."""
    return click.option(
        "--database",
        metavar="URL",
        envvar="HOURHOOK_DATABASE_URL",
        show_envvar=True,
        show_default="sqlite:///hourhook.db",
        help="sqlite:///path or postgresql://…",
    )(function)


def account_option(text: str, *, required: bool = False) -> Callable[[F], F]:
    """Add ``--account NAME``; ``text`` is its help."""
    return click.option("--account", metavar="NAME", required=required, help=text)


def email_option(function: F) -> F:
    """Add ``--email EMAIL``."""
    return click.option("--email", metavar="EMAIL", required=True, help="The user's e-mail address.")(function)


def json_option(shape: str, what: str = "Print one JSON object") -> Callable[[F], F]:
    """Add ``--json``; ``shape`` names the keys of the object that it prints."""
    return click.option("--json", "as_json", is_flag=True, help=f"{what}: {shape}.")


def token_option(text: str, *, required: bool = True) -> Callable[[F], F]:
    """Add ``--token TOKEN``, to be read with ``read_token``."""
    return click.option("--token", metavar="TOKEN", required=required, help=text)


def read_token(given: str) -> str:
    """Return the token of ``--token``; for - read it from standard input, so that it is in no list of processes.

    Raises ``OperatorError`` if it cannot be one.
    """
    from hourhook.errors import OperatorError

    token = sys.stdin.readline().strip() if given == "-" else given
    if not (token and token.isascii() and token.isprintable() and " " not in token):
        raise OperatorError("--token is not a token: copy it again, or create one with `hourhook token create`")
    return token


def program_name() -> str:
    """Return the command that runs Hourhook, as a shell takes it: ``hourhook``, or the script in a checkout."""
    return shlex.quote(os.environ.get("HOURHOOK_PROGRAM", "hourhook"))


def with_program_name(text: str) -> str:
    """Return a text whose commands in backquotes start with the program that was run, so that they can be typed."""
    return text.replace("`hourhook ", f"`{program_name()} ")


def read_settings(database: str | None = None) -> "Settings":
    """Read the settings from the environment; ``database`` overrides the URL. Raises ``OperatorError``."""
    from hourhook.settings import Settings

    return Settings.from_environment().with_changes(database_url=database)
