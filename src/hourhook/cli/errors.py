"""Turn errors into one line on standard error that says what is wrong and what to do.

Exit status 1 for an error that the user can fix, 2 for wrong usage, 130 after Ctrl-C. Only defects end in a traceback.
"""

import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import click

from hourhook.cli.options import program_name, with_program_name

# In a URL that an error repeats: before the last @, and as a parameter.
_PASSWORDS = (re.compile(r"(\w://[^\s:@/]*:)\S*(@)"), re.compile(r"(\bpassword=)[^\s&'\"]+()"))


class CommandGroup(click.Group):
    """A group of commands, listed in the order they were added, that reports errors in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
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
            # The reader has closed the pipe: print nothing more, not even when the interpreter flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = 1
        except Exception as error:
            message = error_message(error)
            if message is None:
                raise
            status = print_error(message)
        sys.exit(status if isinstance(status, int) else 0)


def print_error(text: str, status: int = 1) -> int:
    """Print an error, without the passwords of URLs in it, and return the exit status."""
    from hourhook import logs

    line = f"hourhook: {_without_passwords(with_program_name(' '.join(text.split())))}"
    # A server whose log is not read must still be able to end.
    if not logs.write_text(line):
        click.echo(line, err=True)
    return status


def _without_passwords(text: str) -> str:
    for pattern in _PASSWORDS:
        text = pattern.sub(r"\1…\2", text)
    return text


def require_utf8(args: Iterable[str]) -> None:
    """Raise ``click.UsageError`` for arguments that are not UTF-8 and so could not be stored."""
    for arg in args:
        try:
            arg.encode()
        except UnicodeEncodeError:
            shown = arg.encode(errors="backslashreplace").decode()
            raise click.UsageError(f"the argument {shown!r} is not valid UTF-8: type it again") from None


def error_message(error: Exception) -> str | None:
    """Return the message for an error that the operator can fix; None for a defect."""
    from hourhook.domain.inputs.error_messages import describe
    from hourhook.errors import DatabaseUnavailable, NotFound, OperatorError, ValidationFailed

    match error:
        case OperatorError():
            return str(error)
        case DatabaseUnavailable():
            return f"{error}; check that it is reachable and writable, then try again"
        case NotFound():
            return "the object was deleted in the meantime: list the objects again"
        case ValidationFailed():
            return " ".join(dict.fromkeys(describe(each, error.message) for each in error.errors)) or error.message
        case OSError(strerror=str(reason)):
            about = f"{error.filename}: " if error.filename else ""
            return f"{about}{reason}: check the path, its permissions and the free disk space"
    return _driver_error_message(error)


def _driver_error_message(error: Exception) -> str | None:
    import sqlite3

    import psycopg
    import sqlalchemy

    if isinstance(error, sqlalchemy.exc.DBAPIError) and isinstance(error.orig, Exception):
        error = error.orig
    match error:
        case psycopg.errors.InsufficientPrivilege():
            return f"PostgreSQL denied access: {_first_line(error)}; grant the required privileges to the database user"
        case sqlite3.DatabaseError() if error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return f"cannot read the database file: {error}; choose another file, or restore a backup"
        case psycopg.OperationalError():
            return f"cannot use PostgreSQL: {_first_line(error)}; check that it is running, then try again"
        case sqlite3.OperationalError() if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            return f"cannot use the database file: {error}; check that it is writable, then try again"
    return None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [repr(error)])[0]


def _usage(error: click.UsageError) -> str:
    message, _, guess = error.format_message().rstrip(".").partition("Did you mean ")
    message = message.rstrip(". (")
    if guess:
        message = f"{message} (did you mean {guess.rstrip('?)').replace(':', '', 1)}?)"
    _, *command = error.ctx.command_path.split() if error.ctx is not None else ["hourhook"]
    return f"{message[:1].lower()}{message[1:]}; see {' '.join([program_name(), *command])} --help"
