"""``hourhook openapi`` and ``hourhook asyncapi``: print the descriptions for machines."""

import click

from hourhook.cli.options import read_settings


@click.command(short_help="Print the OpenAPI document.")
def openapi() -> None:
    """Print the OpenAPI document of the API as JSON. A running server provides it at /openapi.json.

    HOURHOOK_BASE_URL sets the server URL in it.
    """
    from hourhook.api.app import openapi_text

    click.echo(openapi_text(read_settings().base_url), nl=False)


@click.command(short_help="Print the AsyncAPI document.")
def asyncapi() -> None:
    """Print the AsyncAPI document of all webhook payloads as JSON. A running server provides it at /asyncapi.json.

    HOURHOOK_BASE_URL sets the URLs in its examples.
    """
    from hourhook.api.app import asyncapi_text

    click.echo(asyncapi_text(read_settings().base_url), nl=False)
