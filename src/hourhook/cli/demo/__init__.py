"""``hourhook demo``: all of Hourhook within a minute, for somebody who has never heard of it."""

import sys

import click

from hourhook.cli.options import PORT


@click.command(short_help="Watch it work, on a throw-away database.")
@click.option("--host", metavar="HOST", default="127.0.0.1", show_default=True, help="0.0.0.0 is every address.")
@click.option("--port", metavar="PORT", type=PORT, show_default="8080, or a free one", help="0 takes a free one.")
def demo(host: str, port: int | None) -> None:
    """Watch Hourhook work: people log time, two receivers hear of it, one breaks and recovers, the server is killed.

    Everything is real: a server on a temporary database, requests to its API, deliveries over HTTP, signatures that are
    checked. Settings of the environment are left aside; retries start at 1 s. Ctrl-C ends it, and nothing is left.

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
    from hourhook.cli.demo.terminal import Terminal

    found = free_port(host, port)
    terminal = Terminal(sys.stdout)
    try:
        with tempfile.TemporaryDirectory(prefix="hourhook-demo-", ignore_cleanup_errors=True) as folder:
            asyncio.run(DemoRunner(terminal, host, found, Path(folder)).run())
    finally:
        terminal.close()
    if terminal.is_pipe_broken:
        raise BrokenPipeError
