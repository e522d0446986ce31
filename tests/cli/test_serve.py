"""``hourhook serve`` and ``hourhook worker``: how they start, and how they end."""

import json
import os
import pty
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest

from tests.support.commands import CliRunner, RunningServer, wait_for_log_event


def test_a_server_says_where_it_is_and_that_there_is_no_account_yet(unconfigured_cli: CliRunner) -> None:
    with unconfigured_cli.start("serve", "--port", "0") as process:
        serving = wait_for_log_event(process, "serving")
        wait_for_log_event(process, "there is no account yet: create one with hourhook account create")

    assert serving["address"] == serving["base_url"]
    assert serving["database"] == str(unconfigured_cli.folder / "hourhook.db")
    assert serving["has_worker"] is True


def test_on_a_terminal_a_few_lines_say_it(unconfigured_cli: CliRunner) -> None:
    ours, its = pty.openpty()
    with unconfigured_cli.start_on_terminal(its, "serve", "--port", "0") as process:
        os.close(its)
        shown = ""
        while "Press Ctrl-C to stop." not in shown:
            shown += os.read(ours, 1024).decode()
        process.send_signal(signal.SIGINT)
        status = process.wait()

    assert status == 0
    assert "is running at http://127.0.0.1:" in shown
    assert "/docs" in shown
    assert "hourhook account create" in shown
    os.close(ours)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_server_in_good_order(hourhook: CliRunner, number: signal.Signals) -> None:
    with hourhook.serving() as server:
        assert server.client().get("/health").status == 200
        assert server.stop(number) == 0


def test_a_second_interrupt_ends_a_server_at_once(unconfigured_cli: CliRunner) -> None:
    with unconfigured_cli.serving() as server, silent_receiver() as receiver:
        add_webhook(unconfigured_cli, server, receiver)
        # Its ping is on the wire, and is not answered.
        connection, _ = receiver.accept()
        server.process.send_signal(signal.SIGINT)
        while is_listening(server):
            pass
        assert server.stop(signal.SIGINT) == 128 + signal.SIGINT
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_on_the_wire_when_a_server_is_ended_is_waited_for_and_settled(
    unconfigured_cli: CliRunner, number: signal.Signals
) -> None:
    with unconfigured_cli.serving() as server, silent_receiver() as receiver:
        add_webhook(unconfigured_cli, server, receiver)
        connection, _ = receiver.accept()
        server.process.send_signal(number)
        while is_listening(server):
            pass
        assert server.process.poll() is None
        assert attempts(unconfigured_cli) == []
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        assert server.process.wait() == 0
        connection.close()

    assert attempts(unconfigured_cli) == [(202,)]
    with sqlite3.connect(unconfigured_cli.folder / "hourhook.db") as database:
        assert database.execute("SELECT due_at, lease_token FROM errands").fetchall() == [(None, None)]


def test_of_two_servers_on_one_file_the_second_is_refused(unconfigured_cli: CliRunner) -> None:
    with unconfigured_cli.serving():
        result = unconfigured_cli.run("serve", "--port", "0")

    assert result.status == 1
    assert "is in use by another hourhook process: stop that process first" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_refused(unconfigured_cli: CliRunner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for words in (("serve", "--port", port), ("demo", "--port", port)):
            result = unconfigured_cli.run(*words)

            assert result.status == 1
            assert f"cannot serve on 127.0.0.1:{port}: Address already in use; choose another" in result.stderr
            assert result.stderr.count("\n") == 1


def test_a_worker_alone_needs_postgresql(unconfigured_cli: CliRunner) -> None:
    result = unconfigured_cli.run("worker")

    assert result.status == 1
    assert "a standalone worker needs PostgreSQL; an SQLite database can be used by only one process" in result.stderr


def test_a_server_without_a_worker_leaves_delivery_to_one_alone(
    unconfigured_cli: CliRunner, request: pytest.FixtureRequest, tmp_path: object
) -> None:
    server_of_databases = request.getfixturevalue("_postgres_server")
    with server_of_databases.fresh(tmp_path) as url:
        allowing = unconfigured_cli.with_settings(database_url=url, secret_key="x" * 32, allowed_networks="127.0.0.0/8")
        with allowing.serving("--no-worker") as server, silent_receiver() as receiver:
            add_webhook(allowing, server, receiver)
            with allowing.start("worker") as worker:
                wait_for_log_event(worker, "delivering")
                connection, _ = receiver.accept()
                assert connection.recv(4) == b"POST"
                connection.close()
                worker.send_signal(signal.SIGTERM)
                assert worker.wait() == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_worker_that_has_another_key_ends_with_one_line_that_says_so(
    unconfigured_cli: CliRunner, request: pytest.FixtureRequest, tmp_path: object, kind: str
) -> None:
    databases = request.getfixturevalue("_postgres_server") if kind == "postgresql" else None
    with databases.fresh(tmp_path) if databases else nullcontext(unconfigured_cli.database_url) as url:
        commands = unconfigured_cli.with_settings(database_url=url, secret_key="x" * 32)
        with commands.serving("--no-worker") as server, silent_receiver() as receiver:
            add_webhook(commands, server, receiver)
            server.stop(signal.SIGTERM)

        with commands.with_settings(secret_key="y" * 32).start("serve", "--port", "0") as process:
            _, said = process.communicate()

    assert process.returncode == 1
    assert "Traceback" not in said
    *_, failed, last = said.splitlines()
    assert last.startswith("hourhook: the secrets of this database were encrypted with another key: set HOURHOOK_")
    assert json.loads(failed)["event"] == "worker failed"


def test_options_override_the_environment(unconfigured_cli: CliRunner) -> None:
    here = unconfigured_cli.with_settings(database_url="sqlite:///nowhere/at/all.db")
    with here.serving("--database", "sqlite:///here.db"):
        assert (unconfigured_cli.folder / "here.db").exists()


@contextmanager
def silent_receiver() -> Iterator[socket.socket]:
    """One that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def add_webhook(commands: CliRunner, server: RunningServer, receiver: socket.socket) -> None:
    made = commands.create_account()
    uri = f"http://127.0.0.1:{receiver.getsockname()[1]}/"
    webhook = {"name": "Silent", "payload_uri": uri, "events": ["*"]}
    assert server.client(made["token"]).post("/v2/webhooks", webhook).status == 201


def attempts(commands: CliRunner) -> list[tuple[int]]:
    """The statuses of all attempts that were written down."""
    with sqlite3.connect(commands.folder / "hourhook.db") as database:
        return database.execute("SELECT status FROM attempts").fetchall()


def is_listening(server: RunningServer) -> bool:
    try:
        socket.create_connection(server.client().address).close()
    except ConnectionError:
        return False
    return True
