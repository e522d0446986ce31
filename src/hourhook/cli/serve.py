"""``hourhook serve`` and ``hourhook worker``: run the server and standalone delivery workers."""

import gc
import signal
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from hourhook import __version__
from hourhook.cli.options import PORT, database_option, program_name, read_settings

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from hourhook.process.bootstrap import Runtime

WILDCARD_HOSTS = ("0.0.0.0", "::")
_NEEDS_BASE_URL = (
    "URLs in responses and payloads do not work from other machines: set HOURHOOK_BASE_URL to the URL that clients use"
)


@click.command(short_help="Run the server: API, documentation and webhook delivery.")
@click.option(
    "--host", metavar="HOST", default="127.0.0.1", show_default=True, help="0.0.0.0 listens on all addresses."
)
@click.option("--port", metavar="PORT", default=8080, show_default=True, type=PORT, help="0 picks a free port.")
@database_option
@click.option("--no-worker", is_flag=True, help="Do not deliver; separate workers do.")
def serve(host: str, port: int, database: str | None, no_worker: bool) -> None:
    """Run the API, its documentation and a delivery worker in one process, until Ctrl-C or SIGTERM.

    An SQLite database is created and migrated on start, and only one server can use it at a time. A PostgreSQL database
    must be migrated first (hourhook migrate) and can be shared by any number of processes.

    \b
    Examples:
      hourhook serve
      hourhook serve --host 0.0.0.0 --database sqlite:////srv/hourhook.db
      HOURHOOK_BASE_URL=https://time.example.com hourhook serve

    HOURHOOK_BASE_URL is the URL that clients use, if it is not http://HOST:PORT (for example behind a proxy). On
    PostgreSQL, HOURHOOK_SECRET_KEY is required.
    """
    # Until ``build_runtime`` tunes it: it would scan all modules again and again while they are imported.
    gc.disable()
    from hourhook import logs
    from hourhook.process.bootstrap import bind, build_runtime
    from hourhook.process.serving import serve as serve_until_stopped

    settings = read_settings(database)
    logs.configure(settings)
    warn_of_unknown_variables()
    with closing(bind(host, port)) as listener:
        address = server_url(host, listener.getsockname()[1])
        needs_base_url = settings.base_url is None and host in WILDCARD_HOSTS
        runtime = build_runtime(settings.with_changes(base_url=settings.base_url or address), host)
        with closing(runtime.database):
            run(
                serve_until_stopped(
                    runtime,
                    listener,
                    with_worker=not no_worker,
                    on_start=lambda: report_startup(
                        runtime, address, with_worker=not no_worker, needs_base_url=needs_base_url
                    ),
                )
            )


@click.command(short_help="Run a standalone delivery worker (PostgreSQL only).")
@database_option
def worker(database: str | None) -> None:
    """Run a standalone delivery worker until Ctrl-C or SIGTERM. PostgreSQL only; you can run any number of workers.

    On SQLite, `hourhook serve` delivers by itself, because only one process can use the database.

    \b
    Example:
      hourhook worker --database postgresql://hourhook@db.example.com/hourhook

    HOURHOOK_SECRET_KEY must be the same as for the servers.
    """
    gc.disable()
    from hourhook import logs
    from hourhook.errors import OperatorError
    from hourhook.process.bootstrap import build_runtime
    from hourhook.process.delivering import work
    from hourhook.store.urls import is_embedded

    settings = read_settings(database)
    if is_embedded(settings.database_url):
        raise OperatorError(
            "a standalone worker needs PostgreSQL; an SQLite database can be used by only one process, and "
            "`hourhook serve` delivers by itself: name a postgresql:// URL with --database or HOURHOOK_DATABASE_URL"
        )
    logs.configure(settings)
    warn_of_unknown_variables()
    runtime = build_runtime(settings, None)
    with closing(runtime.database):
        run(work(runtime))


def warn_of_unknown_variables() -> None:
    """Log a warning for each ``HOURHOOK_…`` variable that is probably misspelt."""
    import structlog

    from hourhook.settings import unknown_variables

    for sentence in unknown_variables():
        structlog.get_logger().warning("unknown setting", reason=sentence)


def server_url(host: str, port: int) -> str:
    """Return the URL of a server."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(work: "Coroutine[Any, Any, None]") -> None:
    """Run until the work ends; Ctrl-C and SIGTERM end the process with status 0."""
    import asyncio

    import uvloop

    # For signals that arrive before the server handles them, and those that it raises again after shutting down.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def report_startup(runtime: "Runtime", address: str, *, with_worker: bool, needs_base_url: bool) -> None:
    """Report that the server is up, and what the operator still has to do.

    ``needs_base_url`` means that ``HOURHOOK_BASE_URL`` is not set and its default does not work from other machines.
    """
    import structlog

    from hourhook import logs
    from hourhook.domain import accounts
    from hourhook.domain.set_up import set_up_code
    from hourhook.store.urls import describe_database

    settings = runtime.settings
    database = describe_database(settings.database_url)
    is_new = not runtime.database.read_now(accounts.any_exist)
    welcome, code = f"{settings.base_url}/welcome", f"Set-up code: {set_up_code(runtime.keyring)}"
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
            log.info("there is no account yet", create_at=welcome, command="hourhook account create")
            log.info(code)
        if needs_base_url:
            log.warning(_NEEDS_BASE_URL, base_url=settings.base_url)
        return
    delivery = "by a worker in this process" if with_worker else "by separate workers (--no-worker)"
    lines = [
        f"Hourhook {__version__} is running at {address}",
        "",
        f"  Documentation  {settings.base_url}/docs",
        f"  Database       {database}",
        f"  Delivery       {delivery}",
        *([f"  Mail           via {settings.smtp_url}"] if settings.smtp_url is not None else []),
        *([f"  Public URL     {settings.base_url}"] if settings.base_url != address else []),
        "",
        *([f"{_NEEDS_BASE_URL[:1].upper()}{_NEEDS_BASE_URL[1:]}."] if needs_base_url else []),
        *(
            [f"There is no account yet. Create one at {welcome}, or see: {program_name()} account create --help", code]
            if is_new
            else []
        ),
        "Press Ctrl-C to stop.",
    ]
    logs.write_text("\n".join(lines))


def _end(*_: object) -> None:
    raise SystemExit(0)
