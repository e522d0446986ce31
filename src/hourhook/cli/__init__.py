"""Command line: one module per group of commands; each command imports its dependencies when it runs."""

import click

from hourhook import __version__
from hourhook.cli.accounts import account
from hourhook.cli.apps import app
from hourhook.cli.backup import backup
from hourhook.cli.check import check
from hourhook.cli.demo import demo
from hourhook.cli.errors import CommandGroup
from hourhook.cli.importing import import_
from hourhook.cli.invoices import invoice
from hourhook.cli.listen import listen
from hourhook.cli.migrate import migrate
from hourhook.cli.openapi import asyncapi, openapi
from hourhook.cli.serve import serve, worker
from hourhook.cli.tokens import token
from hourhook.cli.trigger import trigger
from hourhook.cli.users import user
from hourhook.cli.webhooks import webhook

_HELP = """
A time-tracking server compatible with the Noko v2 API that delivers every change to webhooks.

\b
Start with:
  hourhook demo    take a scripted tour on a throw-away database
  hourhook serve   run the server
"""

_EPILOG = """
Settings are environment variables, listed in docs/settings.md. The help of each command names the ones that matter to
it. An option overrides its variable.
"""


@click.group(cls=CommandGroup, help=_HELP, epilog=_EPILOG, context_settings={"max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
def main() -> None:
    """Run one command."""


# In the order in which a new user needs them.
for command in (
    demo, serve, worker, migrate, account, user, token, app, webhook, listen, trigger, invoice, import_, check, backup,
    openapi, asyncapi,
):  # fmt: skip
    main.add_command(command)
