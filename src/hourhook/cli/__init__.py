"""The command line: one module per family of commands, which import what they run only when they run it."""

import click

from hourhook import __version__
from hourhook.cli.accounts import account
from hourhook.cli.apps import app
from hourhook.cli.demo import demo
from hourhook.cli.errors import CommandGroup
from hourhook.cli.invoices import invoice
from hourhook.cli.migrate import migrate
from hourhook.cli.openapi import openapi
from hourhook.cli.serve import serve, worker
from hourhook.cli.tokens import token
from hourhook.cli.users import user

_HELP = """
A time-tracking server that speaks the Noko v2 API, and whose every change reaches the account's webhooks: in order,
signed, and never lost.

\b
Begin with:
  hourhook demo    watch it work, on a throw-away database
  hourhook serve   run it
"""

_EPILOG = """
Settings are environment variables; docs/settings.md lists all of them. Those that matter to a command are named in its
help, and an option overrides its variable.
"""


@click.group(cls=CommandGroup, help=_HELP, epilog=_EPILOG, context_settings={"max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
def main() -> None:
    """Run one command."""


# In the order in which they are met.
for command in (demo, serve, worker, migrate, account, user, token, app, invoice, openapi):
    main.add_command(command)
