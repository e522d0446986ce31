"""What goes wrong, said in one line on standard error: what it is, and what to do.

Exit status 1 for what stands against a command, 2 for a command that was written wrongly, 130 after Ctrl-C. A
traceback is for defects alone.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import click


class CommandGroup(click.Group):
    """A group of commands, listed in the order they were added, that complains in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, as the help lists them."""
        return [*self.commands]

    def main(self, args: Sequence[str] | None = None, *_: Any, **__: Any) -> NoReturn:
        """Run a command and end the process."""
        args = sys.argv[1:] if args is None else args
        try:
            require_utf8(args)
            status = super().main(args, "hourhook", standalone_mode=False)
            sys.stdout.flush()
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            status = 0
        except click.UsageError as error:
            status = print_error(_usage(error), status=2)
        except click.Abort:
            status = 130
        except BrokenPipeError:
            # Whoever read this has gone: no word more, not even while the interpreter ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = 1
        except Exception as error:
            complaint = error_message(error)
            if complaint is None:
                raise
            status = print_error(complaint)
        sys.exit(status if isinstance(status, int) else 0)


def print_error(text: str, status: int = 1) -> int:
    """Say what is wrong; returns the exit status."""
    click.echo(f"hourhook: {' '.join(text.split())}", err=True)
    return status


def require_utf8(args: Iterable[str]) -> None:
    """Refuse arguments that are no text, which nothing could store (raises ``click.UsageError``)."""
    for arg in args:
        try:
            arg.encode()
        except UnicodeEncodeError:
            shown = arg.encode(errors="backslashreplace").decode()
            raise click.UsageError(f"the argument {shown!r} is not UTF-8 text: type it anew") from None


def error_message(error: Exception) -> str | None:
    """What to say about an error that whoever runs Hourhook can mend; None for a defect."""
    from hourhook.errors import DatabaseUnavailable, NotFound, OperatorError, ValidationFailed

    match error:
        case OperatorError():
            return str(error)
        case DatabaseUnavailable():
            return f"{error}; try again once it can be reached and written"
        case NotFound():
            return "what this is about has just been deleted: look again"
        case ValidationFailed():
            reasons = ", ".join(f"{one.field}: {one.code}" for one in error.errors)
            return f"{error.message} ({reasons})"
        case OSError(strerror=str(reason)):
            about = f"{error.filename}: " if error.filename else ""
            return f"{about}{reason}: check the path, its permissions and the space that is left"
    return _complaint_of_a_driver(error)


def _complaint_of_a_driver(error: Exception) -> str | None:
    import sqlite3

    import psycopg
    import sqlalchemy

    if isinstance(error, sqlalchemy.exc.DBAPIError) and isinstance(error.orig, Exception):
        error = error.orig
    match error:
        case psycopg.errors.InsufficientPrivilege():
            return f"PostgreSQL refuses: {_first_line(error)}; grant the user of the database URL what it needs"
        case sqlite3.DatabaseError() if error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return f"the database file cannot be read: {error}; name another file, or put it back from a backup"
        case psycopg.OperationalError():
            return f"PostgreSQL cannot be used now: {_first_line(error)}; try again once it can be"
        case sqlite3.OperationalError() if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            return f"the database file cannot be used now: {error}; try again once it can be"
    return None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [repr(error)])[0]


def _usage(error: click.UsageError) -> str:
    message, _, guess = error.format_message().rstrip(".").partition("Did you mean ")
    message = message.rstrip(". (")
    if guess:
        message = f"{message} (is it {guess.rstrip('?)').replace(':', '', 1)}?)"
    path = error.ctx.command_path if error.ctx is not None else "hourhook"
    return f"{message[:1].lower()}{message[1:]}; see {path} --help"
