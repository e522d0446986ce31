"""Options that several commands share, and the settings that they override."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from hourhook.settings import Settings

PORT = click.IntRange(0, 65_535)
F = TypeVar("F", bound=Callable[..., Any])


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


def program() -> str:
    """What to type to run Hourhook: `hourhook`, or the script of a checkout as it was called."""
    return os.environ.get("HOURHOOK_PROGRAM", "hourhook")


def read_settings(database: str | None = None) -> "Settings":
    """The settings of the environment, with the database of the option where one was given (raises ``Problem``)."""
    from hourhook.settings import Settings

    return Settings.from_environment().with_changes(database_url=database)
