"""``hourhook openapi``."""

import click

from hourhook.cli.options import read_settings


@click.command(short_help="Print the OpenAPI document.")
def openapi() -> None:
    """Print the OpenAPI document of the API as JSON; a running server has it at /openapi.json.

    HOURHOOK_BASE_URL is the address that it names.
    """
    import msgspec

    from hourhook.api.app import all_endpoints
    from hourhook.api.openapi import document
    from hourhook.domain.links import DEFAULT_BASE_URL

    found = document(all_endpoints(), read_settings().base_url or DEFAULT_BASE_URL)
    click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
