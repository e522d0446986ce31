"""Options that several commands share, and the settings that they override."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from hourhook.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


class IntegerRange(click.ParamType[int]):
    """A whole number between two."""

    name = "number"

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number."""
        try:
            number = int(value)
        except ValueError:
            number = self._least - 1
        if not self._least <= number <= self._most:
            self.fail(f"{value!r} is no whole number from {self._least} to {self._most}", param, ctx)
        return number


PORT = IntegerRange(0, 65_535)
ID = IntegerRange(1, 2_147_483_647)


def database_option(function: F) -> F:
    """``--database URL``."""
    return click.option(
        "--database",
        metavar="URL",
        envvar="HOURHOOK_DATABASE_URL",
        show_envvar=True,
        show_default="sqlite:///hourhook.db",
        help="sqlite:///path or postgresql://…",
    )(function)


def account_option(why: str, *, required: bool = False) -> Callable[[F], F]:
    """``--account N``; ``why`` says what for."""
    return click.option("--account", metavar="NAME", required=required, help=why)


def email_option(function: F) -> F:
    """``--email E``."""
    return click.option("--email", metavar="EMAIL", required=True, help="The user's e-mail address.")(function)


def json_option(shape: str) -> Callable[[F], F]:
    """``--json``, which prints one object of this shape."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print one JSON object: {shape}.")


def program_name() -> str:
    """What to type to run Hourhook: `hourhook`, or the script of a checkout as it was called."""
    return os.environ.get("HOURHOOK_PROGRAM", "hourhook")


def read_settings(database: str | None = None) -> "Settings":
    """The settings of the environment, with the database of the option where one was given (raises ``OperatorError``)."""
    from hourhook.settings import Settings

    return Settings.from_environment().with_changes(database_url=database)
