"""``hourhook listen``: print events as they happen, and forward them to a receiver on this machine."""

import sys

import click

from hourhook.cli.options import IntegerRange, token_option


@click.command(short_help="Print events as they happen, and forward them to a local receiver.")
@click.option("--server", metavar="URL", required=True, help="The server, such as https://time.example.com.")
@token_option("A token of a user with the role leader or higher; - reads it from standard input.")
@click.option("--forward-to", metavar="URL", help="Post each event there, as a webhook would.")
@click.option("--types", metavar="LIST", help="Only these events, separated by commas: entry.*, tag.created")
@click.option(
    "--after",
    metavar="POSITION",
    type=IntegerRange(0, 2**63 - 1),
    help="Begin after this position; by default with what happens from now on.",
)
@click.option("--secret", metavar="SECRET", help="Sign with this secret; by default with one made from the token.")
@click.option("--retry", is_flag=True, help="Repeat what the receiver does not accept, as a webhook does.")
def listen(
    server: str,
    token: str,
    forward_to: str | None,
    types: str | None,
    after: int | None,
    secret: str | None,
    retry: bool,
) -> None:
    """Print the events of an account as they happen, each with its position, until Ctrl-C. It needs no database.

    With --forward-to each event is posted to that URL, one at a time, in order, with the envelope, headers and
    signatures of a webhook. An event is printed once the receiver has answered. What the receiver does not accept is
    reported and passed over; with --retry it is sent again until the receiver accepts it.

    A lost connection is taken up again where it was. To continue later, give the last position that was printed:
    --after POSITION.

    \b
    Examples:
      hourhook listen --server https://time.example.com --token TOKEN
      hourhook listen --server https://time.example.com --token TOKEN \\
          --forward-to http://127.0.0.1:9000/hooks --types 'entry.*'

    HOURHOOK_CA_FILE names certificates to trust besides the system's.
    """
    from hourhook.cli.listen.forwarding import Forwarder, make_secret
    from hourhook.cli.listen.listener import Listener
    from hourhook.cli.listen.streams import StreamClient
    from hourhook.cli.options import read_settings, read_token
    from hourhook.cli.serve import run
    from hourhook.cli.terminal import Terminal

    settings = read_settings()
    token = read_token(token)
    client = StreamClient(server, token, settings.ca_file)
    forwarder = None
    if forward_to is not None:
        forwarder = Forwarder(forward_to, secret or make_secret(token), settings, is_retrying=retry)
    terminal = Terminal(sys.stdout)
    try:
        run(Listener(terminal, client, forwarder, types).run(after))
    finally:
        terminal.close()
    if terminal.is_pipe_broken:
        raise BrokenPipeError
