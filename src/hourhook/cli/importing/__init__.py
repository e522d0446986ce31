"""``hourhook import``: bring over the data of another server of the Noko v2 API, or entries from a file."""

import sys
from contextlib import closing
from pathlib import Path

import click

from hourhook.cli.options import account_option, database_option, token_option

_HELP = """
Copy the data of another account through the Noko v2 API (--from), or entries from a CSV file (--csv).

With --from, users, teams, project groups, projects, tags, entries, expenses and invoices are copied, if the token may
see them. An object that exists here under the same name or e-mail address is used as it is. You can interrupt and
repeat the import: nothing is created twice. At the end it prints a table and compares the sums of both sides.

With --csv, each line becomes an entry. If a line cannot be imported, nothing is, unless --skip-bad is given.

A server may be running meanwhile. Webhooks receive no events of an import, unless --events is given.

\b
Examples:
  hourhook import --from https://api.nokotime.com --token TOKEN --dry-run
  hourhook import --csv report.csv --format toggl
"""


@click.command("import", short_help="Bring over data from another server or a CSV file.", help=_HELP)
@click.option("--from", "url", metavar="URL", help="The other server, such as https://api.nokotime.com.")
@token_option("A token for it; - reads it from standard input.", required=False)
@click.option("--csv", "file", metavar="FILE", type=click.Path(path_type=Path), help="The file, in UTF-8.")
@click.option(
    "--format",
    type=click.Choice(["noko", "toggl", "clockify", "harvest", "generic"]),
    help="Which product has exported the file.",
)
@click.option("--email", metavar="EMAIL", help="The user for lines without a person; the owner if omitted.")
@click.option("--date-order", type=click.Choice(["dmy", "mdy"]), help="The order of day and month in 03/04/2026.")
@click.option("--skip-bad", is_flag=True, help="Skip lines that cannot be imported.")
@click.option("--ignore-columns", is_flag=True, help="Ignore columns that Hourhook does not know.")
@account_option("The account to import into; needed only if there are several.")
@click.option("--dry-run", is_flag=True, help="Show what would be imported, and write nothing.")
@click.option("--events", is_flag=True, help="Raise the events of the created objects, for webhooks.")
@database_option
def import_(
    url: str | None,
    token: str | None,
    file: Path | None,
    format: str | None,
    email: str | None,
    date_order: str | None,
    skip_bad: bool,
    ignore_columns: bool,
    account: str | None,
    dry_run: bool,
    events: bool,
    database: str | None,
) -> None:
    from hourhook.cli.databases import command_database
    from hourhook.cli.importing.csv_import import import_file
    from hourhook.cli.importing.runner import ServerImport
    from hourhook.cli.importing.source import Source
    from hourhook.cli.options import read_settings, read_token
    from hourhook.cli.terminal import Terminal
    from hourhook.domain import accounts, directory
    from hourhook.domain.links import DEFAULT_BASE_URL, Links

    if (url is None) == (file is None):
        raise click.UsageError("give either --from, with --token, or --csv, with --format", click.get_current_context())
    if url is not None and token is None:
        raise click.UsageError("--from needs --token", click.get_current_context())
    if file is not None and format is None:
        raise click.UsageError("--csv needs --format", click.get_current_context())
    settings = read_settings(database)
    links = Links(settings.base_url or DEFAULT_BASE_URL)
    terminal = Terminal(sys.stdout)
    try:
        with command_database(settings) as db:
            account_id = (
                db.read_now(directory.find_only_account) if account is None else db.read_now(accounts.find, account)
            )
            if file is not None and format is not None:
                import_file(
                    terminal,
                    db,
                    account_id,
                    links,
                    file,
                    format,
                    email=email,
                    is_dry_run=dry_run,
                    raises_events=events,
                    skips_bad=skip_bad,
                    ignores_columns=ignore_columns,
                    date_order=date_order,
                )
            elif url is not None and token is not None:

                def on_wait(text: str) -> None:
                    terminal.print_line([(text, "yellow")])

                with closing(Source(url, read_token(token), settings.ca_file, on_wait)) as source:
                    ServerImport(terminal, db, source, account_id, links).run(is_dry_run=dry_run, raises_events=events)
    except KeyboardInterrupt:
        click.echo("\nInterrupted. Run the same command again to continue.", err=True)
        raise
    finally:
        terminal.close()
