"""``hourhook demo``: a one-minute scripted tour for new users."""

import sys

import click

from hourhook.cli.options import PORT


@click.command(short_help="Take a scripted tour on a throw-away database.")
@click.option(
    "--host", metavar="HOST", default="127.0.0.1", show_default=True, help="0.0.0.0 listens on all addresses."
)
@click.option("--port", metavar="PORT", type=PORT, show_default="8080, or any free port", help="0 picks a free port.")
def demo(host: str, port: int | None) -> None:
    """Take a scripted tour: live traffic, a receiver that fails and recovers, and a server crash.

    Everything is real: a server on a temporary database, API requests, deliveries over HTTP to two receivers, and
    signature checks. HOURHOOK_ variables are ignored, and retries start at 1 s. Ctrl-C stops the demo and deletes its
    data.

    \b
    Examples:
      hourhook demo
      hourhook demo --port 9000
      NO_COLOR=1 hourhook demo
    """
    import asyncio
    import tempfile
    from pathlib import Path

    from hourhook.cli.demo.runner import DemoRunner
    from hourhook.cli.demo.servers import free_port
    from hourhook.cli.terminal import Terminal

    port = free_port(host, port)
    terminal = Terminal(sys.stdout)
    try:
        with tempfile.TemporaryDirectory(prefix="hourhook-demo-", ignore_cleanup_errors=True) as folder:
            asyncio.run(DemoRunner(terminal, host, port, Path(folder)).run())
    finally:
        terminal.close()
    if terminal.is_pipe_broken:
        raise BrokenPipeError
