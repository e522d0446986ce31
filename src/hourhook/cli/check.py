"""``hourhook check``: check an installation."""

import json

import click

from hourhook.cli.options import database_option, json_option, read_settings, with_program_name


@click.command(short_help="Check database, key, mail server, clock and settings.")
@json_option("ok, checks (a list of name, ok, message)")
@database_option
def check(as_json: bool, database: str | None) -> None:
    """Check settings, database, schema, key, clock, webhooks, kept sums, text index, mail server and connections.

    Run it with the same settings as the server, which may be running. It prints one line for each check, and exits with
    status 1 if one of them needs your attention.
    """
    from hourhook.process.checks import run_checks

    results = []
    for result in run_checks(read_settings(database)):
        results.append(result)
        if not as_json:
            click.echo(f"{'ok' if result.ok else 'PROBLEM':8}{result.name:12}{with_program_name(result.message)}")
    is_ok = all(result.ok for result in results)
    if as_json:
        checks = [
            {"name": result.name, "ok": result.ok, "message": with_program_name(result.message)} for result in results
        ]
        click.echo(json.dumps({"ok": is_ok, "checks": checks}))
    if not is_ok:
        raise click.exceptions.Exit(1)
