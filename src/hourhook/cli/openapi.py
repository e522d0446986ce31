"""``hourhook openapi``."""

import click

from hourhook.cli.options import read_settings


@click.command(short_help="Print the OpenAPI document.")
def openapi() -> None:
    """Print the OpenAPI document of the API as JSON; a running server has it at /openapi.json.

    HOURHOOK_BASE_URL is the address that it names.
    """
    from hourhook.api.app import openapi_text

    click.echo(openapi_text(read_settings().base_url), nl=False)
