"""Import the entries of a CSV file: all of them, or none."""

from collections.abc import Sequence
from pathlib import Path

import click

from hourhook.cli.importing.csv_files import read_file
from hourhook.cli.importing.csv_formats import FORMATS
from hourhook.cli.terminal import Terminal
from hourhook.domain import directory
from hourhook.domain.imports.context import ImportContext
from hourhook.domain.imports.lines import BadLine, check_lines, import_lines
from hourhook.domain.links import Links
from hourhook.errors import OperatorError
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction

# Lines in one transaction: short ones, so that others can write in between.
BATCH_LINES = 200
MAX_SHOWN = 20


def import_file(
    terminal: Terminal,
    database: Database,
    account_id: int,
    links: Links,
    path: Path,
    format: str,
    *,
    email: str | None,
    is_dry_run: bool,
    raises_events: bool,
    skips_bad: bool,
    ignores_columns: bool,
    date_order: str | None,
) -> None:
    """Import a file. Nothing is written before every line has been checked. Raises ``OperatorError``."""
    content = read_file(path, FORMATS[format], ignores_columns=ignores_columns, date_order=date_order)

    def check(tx: Transaction):  # type: ignore[no-untyped-def]
        caller = directory.act_as_owner(tx, account_id, links)
        context = ImportContext(f"csv:{format}", caller, is_dry_run, raises_events)
        context.load(tx)
        return context, *check_lines(tx, context, content.lines, email)

    context, lines, unknown = database.read_now(check)
    bad = sorted([*content.bad, *unknown], key=lambda line: line.number)
    _show_bad(bad)
    if bad and not skips_bad:
        raise OperatorError(
            f"{_count(len(bad), 'line')} of {path} cannot be imported, so nothing was: correct them, or leave them out "
            "with --skip-bad"
        )
    known = sum(context.is_known("entry", line.identity) for line in lines)
    made = 0
    if not is_dry_run:
        for start in range(0, len(lines), BATCH_LINES):
            made += database.write_now(account_id, import_lines, context, lines[start : start + BATCH_LINES])
            terminal.set_footer([(f"{made} of {len(lines) - known} entries made …", "dim")])
        terminal.set_footer([])
    minutes = sum(line.line.minutes for line in lines)
    click.echo(f"{_count(len(lines) + len(bad), 'line')} read, {minutes} minutes in those that can be imported")
    click.echo(
        f"{_count(len(lines) - known, 'entry', 'entries')} would be made"
        if is_dry_run
        else f"{_count(made, 'entry', 'entries')} made"
    )
    if known:
        click.echo(f"{known} imported before")
    if bad:
        click.echo(f"{_count(len(bad), 'bad line')} left out")
    if content.unbillable:
        click.echo(
            f"{_count(content.unbillable, 'line')} not billable in the file: here, projects and tags decide. Make the "
            "projects or tags unbillable where needed"
        )


def _show_bad(bad: Sequence[BadLine]) -> None:
    for line in bad[:MAX_SHOWN]:
        click.echo(f"line {line.number}: {line.reason}", err=True)
    if len(bad) > MAX_SHOWN:
        click.echo(f"… and {len(bad) - MAX_SHOWN} more", err=True)


def _count(number: int, singular: str, plural: str | None = None) -> str:
    return f"{number} {singular if number == 1 else plural or f'{singular}s'}"
