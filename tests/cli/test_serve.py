"""``hourhook serve`` and ``hourhook worker``: startup and shutdown."""

import os
import pty
import re
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg
import pytest
from sqlalchemy import delete

from hourhook.store.schema import key_canaries
from hourhook.store.statements import Statement
from hourhook.store.urls import open_database
from tests.support.browsers import Browser
from tests.support.clients import read_until_closed
from tests.support.commands import CliRunner, RunningServer, wait_for_log_event
from tests.support.event_streams import open_event_stream

FORGET_KEY = Statement(delete(key_canaries))


def test_serve_logs_its_address_and_that_there_is_no_account(unconfigured_cli: CliRunner) -> None:
    with unconfigured_cli.start("serve", "--port", "0") as process:
        serving = wait_for_log_event(process, "serving")
        no_account = wait_for_log_event(process, "there is no account yet")

    assert no_account["create_at"] == f"{serving['base_url']}/welcome"
    assert serving["address"] == serving["base_url"]
    assert serving["database"] == str(unconfigured_cli.folder / "hourhook.db")
    assert serving["has_worker"] is True


def test_a_misspelt_setting_is_logged_with_its_nearest_name(unconfigured_cli: CliRunner) -> None:
    with unconfigured_cli.with_settings(lease_second="60").start("serve", "--port", "0") as process:
        warning = wait_for_log_event(process, "unknown setting")

    assert warning["level"] == "warning"
    assert "HOURHOOK_LEASE_SECOND is not a setting" in warning["reason"]
    assert "did you mean HOURHOOK_LEASE_SECONDS?" in warning["reason"]


def test_serve_on_a_terminal_prints_its_address_and_the_next_steps(unconfigured_cli: CliRunner) -> None:
    terminal, process_terminal = pty.openpty()
    with unconfigured_cli.start_on_terminal(process_terminal, "serve", "--port", "0") as process:
        os.close(process_terminal)
        output = ""
        while "Press Ctrl-C to stop." not in output:
            output += os.read(terminal, 1024).decode()
        process.send_signal(signal.SIGINT)
        status = process.wait()

    assert status == 0
    assert "is running at http://127.0.0.1:" in output
    assert "/docs" in output
    assert "hourhook account create" in output
    assert re.search(r"^Set-up code: [A-Z2-7]{4}-[A-Z2-7]{4}\r?$", output, re.MULTILINE)
    os.close(terminal)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_shuts_a_server_down_gracefully(hourhook: CliRunner, signal_number: signal.Signals) -> None:
    with hourhook.serving() as server:
        assert server.client().get("/health").status == 200
        assert server.stop(signal_number) == 0


# It takes the five seconds that a request in progress may continue.
def test_a_request_that_waits_at_shutdown_is_told_that_nothing_was_changed(hourhook: CliRunner) -> None:
    token = hourhook.create_account()["token"]
    body = b'{"names": ["late"]}'
    head = (
        "POST /v2/tags HTTP/1.1\r\nHost: x\r\nUser-Agent: tests\r\nConnection: close\r\n"
        "Content-Type: application/json\r\n"
        f"Authorization: token {token}\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with (
        hourhook.serving() as server,
        locked_accounts(hourhook.database_url),
        server.client().connect(timeout_seconds=30) as connection,
    ):
        connection.sendall(head.encode())
        # The server has begun to handle the request, so it answers it before it ends.
        assert connection.recv(65_536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        started_at = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        response = read_until_closed(connection)
        status = server.process.wait()
        seconds = time.monotonic() - started_at

    assert status == 0
    assert response.startswith(b"HTTP/1.1 503 ")
    assert b"Nothing was changed" in response
    assert seconds < 10


def test_a_signal_ends_event_streams_and_requests_that_wait_at_once(hourhook: CliRunner) -> None:
    token = hourhook.create_account()["token"]
    with hourhook.serving() as server, ThreadPoolExecutor(1) as threads:
        client = server.client(token)
        with open_event_stream(client, token) as stream:
            waiting = threads.submit(client.get, "/v2/events", {"after": 1000, "wait": 30})
            server.client(token).post("/v2/tags", {"names": ["seen"]})
            assert stream.read_many(1)[0].type == "tag.created"
            started_at = time.monotonic()
            server.process.send_signal(signal.SIGTERM)

            assert stream.read() is None
            assert waiting.result().status == 200
            assert server.process.wait() == 0
            assert time.monotonic() - started_at < 4


def test_a_signal_ends_the_streams_of_open_pages_at_once(unconfigured_cli: CliRunner) -> None:
    with unconfigured_cli.serving() as server:
        browser = Browser(server.client())
        account = {"account_name": "northwind", "email": "ada@northwind.test", "password": "correct horse"}
        browser.submit(browser.get("/welcome"), **account)
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        with server.client().connect() as connection:
            connection.sendall(f"GET /live HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n\r\n".encode())
            received = b""
            while b"event: changed" not in received:
                received += connection.recv(65_536)
            server.process.send_signal(signal.SIGTERM)

            # Complete: had the server waited for it, the connection would have been cut.
            assert read_until_closed(connection).endswith(b"0\r\n\r\n")
            assert server.process.wait() == 0


def test_a_second_interrupt_stops_a_server_immediately(unconfigured_cli: CliRunner) -> None:
    with unconfigured_cli.serving() as server, silent_receiver() as receiver:
        add_webhook(unconfigured_cli, server, receiver)
        # The ping of the webhook is in flight and gets no response.
        connection, _ = receiver.accept()
        server.process.send_signal(signal.SIGINT)
        while is_serving(server):
            pass
        assert server.stop(signal.SIGINT) == 128 + signal.SIGINT
        connection.close()


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_shutdown_waits_for_a_delivery_in_flight_and_settles_it(
    unconfigured_cli: CliRunner, signal_number: signal.Signals
) -> None:
    with unconfigured_cli.serving() as server, silent_receiver() as receiver:
        add_webhook(unconfigured_cli, server, receiver)
        connection, _ = receiver.accept()
        server.process.send_signal(signal_number)
        while is_serving(server):
            pass
        assert server.process.poll() is None
        assert attempt_statuses(unconfigured_cli) == []
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        assert server.process.wait() == 0
        connection.close()

    assert attempt_statuses(unconfigured_cli) == [(202,)]
    with sqlite3.connect(unconfigured_cli.folder / "hourhook.db") as database:
        assert database.execute("SELECT due_at, lease_token FROM errands").fetchall() == [(None, None)]


def test_a_second_server_on_the_same_sqlite_file_is_refused(unconfigured_cli: CliRunner) -> None:
    with unconfigured_cli.serving():
        result = unconfigured_cli.run("serve", "--port", "0")

    assert result.status == 1
    assert "is in use by another hourhook process: stop that process first" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_second_server_behind_a_symbolic_link_is_refused(unconfigured_cli: CliRunner) -> None:
    (unconfigured_cli.folder / "link.db").symlink_to("hourhook.db")
    with unconfigured_cli.serving():
        result = unconfigured_cli.run("serve", "--port", "0", "--database", "sqlite:///link.db")

    assert result.status == 1
    assert "is in use by another hourhook process" in result.stderr


def test_a_server_behind_a_symbolic_link_uses_the_key_of_the_file(unconfigured_cli: CliRunner) -> None:
    with unconfigured_cli.serving():
        pass
    (unconfigured_cli.folder / "elsewhere").mkdir()
    (unconfigured_cli.folder / "elsewhere" / "link.db").symlink_to("../hourhook.db")
    with unconfigured_cli.serving("--database", "sqlite:///elsewhere/link.db"):
        pass

    assert [path.name for path in (unconfigured_cli.folder / "elsewhere").iterdir()] == ["link.db"]


def test_a_port_in_use_is_reported(unconfigured_cli: CliRunner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as port_in_use:
        port = str(port_in_use.getsockname()[1])
        for arguments in (("serve", "--port", port), ("demo", "--port", port)):
            result = unconfigured_cli.run(*arguments)

            assert result.status == 1
            assert f"cannot serve on 127.0.0.1:{port}: Address already in use; choose another" in result.stderr
            assert result.stderr.count("\n") == 1


def test_a_standalone_worker_needs_postgresql(unconfigured_cli: CliRunner) -> None:
    result = unconfigured_cli.run("worker")

    assert result.status == 1
    assert "a standalone worker needs PostgreSQL; an SQLite database can be used by only one process" in result.stderr


def test_a_standalone_worker_delivers_for_a_server_without_a_worker(
    unconfigured_cli: CliRunner, request: pytest.FixtureRequest, tmp_path: object
) -> None:
    postgres_server = request.getfixturevalue("_postgres_server")
    with postgres_server.fresh(tmp_path) as url:
        runner = unconfigured_cli.with_settings(database_url=url, secret_key="x" * 32, allowed_networks="127.0.0.0/8")
        with runner.serving("--no-worker") as server, silent_receiver() as receiver:
            add_webhook(runner, server, receiver)
            with runner.start("worker") as worker:
                wait_for_log_event(worker, "delivering")
                connection, _ = receiver.accept()
                assert connection.recv(4) == b"POST"
                connection.close()
                worker.send_signal(signal.SIGTERM)
                assert worker.wait() == 0


def test_a_wrong_key_is_found_at_start(hourhook: CliRunner) -> None:
    with hourhook.serving():
        pass

    result = hourhook.with_settings(secret_key="y" * 32).run("serve", "--port", "0")

    assert result.status == 1
    assert result.stderr.startswith("hourhook: the secrets of this database were encrypted with another key: set HOURH")
    assert result.stderr.count("\n") == 1


def test_a_wrong_key_is_found_in_a_database_that_no_server_has_checked(hourhook: CliRunner) -> None:
    with hourhook.serving() as server, silent_receiver() as receiver:
        add_webhook(hourhook, server, receiver)
    with closing(open_database(hourhook.database_url)) as database:
        database.run_now(lambda tx: tx.execute(FORGET_KEY))

    result = hourhook.with_settings(secret_key="y" * 32).run("serve", "--port", "0")

    assert (result.status, "encrypted with another key" in result.stderr) == (1, True)


def test_a_missing_key_file_is_reported_and_not_replaced(unconfigured_cli: CliRunner) -> None:
    with unconfigured_cli.serving():
        pass
    key_file = unconfigured_cli.folder / "hourhook.db.key"
    key_file.unlink()

    result = unconfigured_cli.run("serve", "--port", "0")

    assert result.status == 1
    assert "hourhook.db.key is missing: restore it from a backup" in result.stderr
    assert not key_file.exists()


def test_a_lost_key_can_be_replaced(unconfigured_cli: CliRunner) -> None:
    with unconfigured_cli.serving():
        pass
    (unconfigured_cli.folder / "hourhook.db.key").unlink()

    assert unconfigured_cli.run("migrate", "--new-key").status == 0
    with unconfigured_cli.serving() as server:
        assert server.client().get("/health").status == 200


def test_options_override_the_environment(unconfigured_cli: CliRunner) -> None:
    cli = unconfigured_cli.with_settings(database_url="sqlite:///nowhere/at/all.db")
    with cli.serving("--database", "sqlite:///here.db"):
        assert (unconfigured_cli.folder / "here.db").exists()


@contextmanager
def silent_receiver() -> Iterator[socket.socket]:
    """Yield a socket that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def add_webhook(runner: CliRunner, server: RunningServer, receiver: socket.socket) -> None:
    created = runner.create_account()
    uri = f"http://127.0.0.1:{receiver.getsockname()[1]}/"
    webhook = {"name": "Silent", "payload_uri": uri, "events": ["*"]}
    assert server.client(created["token"]).post("/v2/webhooks", webhook).status == 201


def attempt_statuses(runner: CliRunner) -> list[tuple[int]]:
    """Return the statuses of all recorded attempts."""
    with sqlite3.connect(runner.folder / "hourhook.db") as database:
        return database.execute("SELECT status FROM attempts").fetchall()


def is_serving(server: RunningServer) -> bool:
    client = server.client()
    try:
        return client.get("/health").status == 200
    except ConnectionError:
        return False
    finally:
        client.close()


@contextmanager
def locked_accounts(url: str) -> Iterator[None]:
    """Let every write of an account wait, as for another process."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            yield
    else:
        with psycopg.connect(url) as connection:
            connection.execute("SELECT 1 FROM accounts FOR UPDATE")
            yield
