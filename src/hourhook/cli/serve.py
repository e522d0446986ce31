"""``hourhook serve`` and ``hourhook worker``: the processes that stay."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from hourhook import __version__
from hourhook.cli.options import PORT, database_option, program_name, read_settings

if TYPE_CHECKING:
    from hourhook.process.bootstrap import Runtime

WILDCARD_HOSTS = ("0.0.0.0", "::")
_VAGUE = "URLs in answers and payloads lead nowhere from other machines: set HOURHOOK_BASE_URL to the way clients come"


@click.command(short_help="Run the server: API, documentation and delivery.")
@click.option("--host", metavar="HOST", default="127.0.0.1", show_default=True, help="0.0.0.0 is every address.")
@click.option("--port", metavar="PORT", default=8080, show_default=True, type=PORT, help="0 takes a free one.")
@database_option
@click.option("--no-worker", is_flag=True, help="Serve only; workers elsewhere deliver.")
def serve(host: str, port: int, database: str | None, no_worker: bool) -> None:
    """Run the API, its documentation and a delivery worker in one process, until Ctrl-C or SIGTERM.

    An embedded database is created and migrated on start, and belongs to this process as long as it runs; one on
    PostgreSQL must be at this version (hourhook migrate) and may be shared by any number of processes.

    \b
    Examples:
      hourhook serve
      hourhook serve --host 0.0.0.0 --database sqlite:////srv/hourhook.db
      HOURHOOK_BASE_URL=https://time.example.com hourhook serve

    HOURHOOK_BASE_URL is the address that clients reach this server by, where a proxy stands before it (http://HOST:PORT
    otherwise). On PostgreSQL HOURHOOK_SECRET_KEY is needed.
    """
    from hourhook import logs
    from hourhook.process.bootstrap import bind, build_runtime
    from hourhook.process.serving import serve as serve_until_told

    settings = read_settings(database)
    logs.configure(settings)
    with closing(bind(host, port)) as listener:
        address = server_url(host, listener.getsockname()[1])
        needs_base_url = settings.base_url is None and host in WILDCARD_HOSTS
        runtime = build_runtime(settings.with_changes(base_url=settings.base_url or address), host)
        with closing(runtime.database):
            run(
                serve_until_told(
                    runtime,
                    listener,
                    with_worker=not no_worker,
                    on_start=lambda: report_startup(
                        runtime, address, with_worker=not no_worker, needs_base_url=needs_base_url
                    ),
                )
            )


@click.command(short_help="Run a delivery worker alone, on PostgreSQL.")
@database_option
def worker(database: str | None) -> None:
    """Run a delivery worker without a server, until Ctrl-C or SIGTERM. PostgreSQL only; run as many as you like.

    An embedded database belongs to one process: there `hourhook serve` delivers itself.

    \b
    Example:
      hourhook worker --database postgresql://hourhook@db.example.com/hourhook

    HOURHOOK_SECRET_KEY must be that of the servers.
    """
    from hourhook import logs
    from hourhook.errors import OperatorError
    from hourhook.process.bootstrap import build_runtime
    from hourhook.process.delivering import work
    from hourhook.store.urls import is_embedded

    settings = read_settings(database)
    if is_embedded(settings.database_url):
        raise OperatorError(
            "a worker of its own needs PostgreSQL, since an embedded database belongs to one process: `hourhook serve` "
            "delivers already; name a postgresql:// database with --database or HOURHOOK_DATABASE_URL to have both"
        )
    logs.configure(settings)
    runtime = build_runtime(settings, None)
    with closing(runtime.database):
        run(work(runtime))


def server_url(host: str, port: int) -> str:
    """The address of a server as an URL."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end, which Ctrl-C and SIGTERM bring about: then it is one in good order."""
    import uvloop

    # What the server raises anew once it has ended, and what comes before it listens to signals.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def report_startup(runtime: "Runtime", address: str, *, with_worker: bool, needs_base_url: bool) -> None:
    """Say that the server is up, and what is still to do.

    ``needs_base_url`` when the address that URLs begin with, for want of a setting, leads nowhere from other machines.
    """
    import structlog

    from hourhook import logs
    from hourhook.domain import accounts
    from hourhook.store.urls import describe_database

    settings = runtime.settings
    database = describe_database(settings.database_url)
    is_new = not runtime.database.read_now(accounts.any_exist)
    log = structlog.get_logger()
    if not logs.is_console_format(settings):
        log.info(
            "serving",
            address=address,
            base_url=settings.base_url,
            database=database,
            has_worker=with_worker,
            mail=None if settings.smtp_url is None else str(settings.smtp_url),
        )
        if is_new:
            log.info("there is no account yet: hourhook account create makes one")
        if needs_base_url:
            log.warning(_VAGUE, base_url=settings.base_url)
        return
    delivery = "by a worker in this process" if with_worker else "elsewhere (--no-worker)"
    lines = [
        f"Hourhook {__version__} serves {address}",
        "",
        f"  Documentation  {settings.base_url}/docs",
        f"  Database       {database}",
        f"  Delivery       {delivery}",
        *([f"  Mail           through {settings.smtp_url}"] if settings.smtp_url is not None else []),
        *([f"  Clients' way   {settings.base_url}"] if settings.base_url != address else []),
        "",
        *([f"{_VAGUE[:1].upper()}{_VAGUE[1:]}."] if needs_base_url else []),
        *([f"There is no account yet; this makes one: {program_name()} account create --help"] if is_new else []),
        "Ctrl-C ends it.",
    ]
    click.echo("\n".join(lines), err=True)


def _end(*_: object) -> None:
    raise SystemExit(0)
