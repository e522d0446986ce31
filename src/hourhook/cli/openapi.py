"""``hourhook openapi``: print the OpenAPI document."""

import click

from hourhook.cli.options import read_settings


@click.command(short_help="Print the OpenAPI document.")
def openapi() -> None:
    """Print the OpenAPI document of the API as JSON. A running server provides it at /openapi.json.

    HOURHOOK_BASE_URL sets the server URL in it.
    """
    from hourhook.api.app import openapi_text

    click.echo(openapi_text(read_settings().base_url), nl=False)
