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

from tests.support.commands import Commands, Served, wait_for


def test_a_server_says_where_it_is_and_that_there_is_no_account_yet(bare: Commands) -> None:
    with bare.started("serve", "--port", "0") as process:
        serving = wait_for(process, "serving")
        wait_for(process, "there is no account yet: hourhook account create makes one")

    assert serving["address"] == serving["base_url"]
    assert serving["database"] == str(bare.folder / "hourhook.db")
    assert serving["has_worker"] is True


def test_on_a_terminal_a_few_lines_say_it(bare: Commands) -> None:
    ours, its = pty.openpty()
    with bare.started_on(its, "serve", "--port", "0") as process:
        os.close(its)
        shown = ""
        while "Ctrl-C ends it." not in shown:
            shown += os.read(ours, 1024).decode()
        process.send_signal(signal.SIGINT)
        status = process.wait()

    assert status == 0
    assert "serves http://127.0.0.1:" in shown
    assert "/docs" in shown
    assert "hourhook account create" in shown
    os.close(ours)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_server_in_good_order(hourhook: Commands, number: signal.Signals) -> None:
    with hourhook.serving() as server:
        assert server.client().get("/health").status == 200
        assert server.end(number) == 0


def test_a_second_interrupt_ends_a_server_at_once(bare: Commands) -> None:
    with bare.serving() as server, silent_receiver() as receiver:
        add_webhook(bare, server, receiver)
        # Its ping is on the wire, and is not answered.
        connection, _ = receiver.accept()
        server.process.send_signal(signal.SIGINT)
        while is_listening(server):
            pass
        assert server.end(signal.SIGINT) == 128 + signal.SIGINT
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_on_the_wire_when_a_server_is_ended_is_waited_for_and_settled(
    bare: Commands, number: signal.Signals
) -> None:
    with bare.serving() as server, silent_receiver() as receiver:
        add_webhook(bare, server, receiver)
        connection, _ = receiver.accept()
        server.process.send_signal(number)
        while is_listening(server):
            pass
        assert server.process.poll() is None
        assert attempts(bare) == []
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        assert server.process.wait() == 0
        connection.close()

    assert attempts(bare) == [(202,)]
    with sqlite3.connect(bare.folder / "hourhook.db") as database:
        assert database.execute("SELECT due_at, lease_token FROM errands").fetchall() == [(None, None)]


def test_of_two_servers_on_one_file_the_second_is_refused(bare: Commands) -> None:
    with bare.serving():
        result = bare.run("serve", "--port", "0")

    assert result.status == 1
    assert "is in use by another hourhook process: stop that one first" in result.complaint
    assert result.complaint.count("\n") == 1


def test_a_port_that_is_taken_is_refused(bare: Commands) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for words in (("serve", "--port", port), ("demo", "--port", port)):
            result = bare.run(*words)

            assert result.status == 1
            assert f"cannot serve on 127.0.0.1:{port}: Address already in use; choose another" in result.complaint
            assert result.complaint.count("\n") == 1


def test_a_worker_alone_needs_postgresql(bare: Commands) -> None:
    result = bare.run("worker")

    assert result.status == 1
    assert "a worker of its own needs PostgreSQL" in result.complaint


def test_a_server_without_a_worker_leaves_delivery_to_one_alone(
    bare: Commands, request: pytest.FixtureRequest, tmp_path: object
) -> None:
    server_of_databases = request.getfixturevalue("_postgres_server")
    with server_of_databases.fresh(tmp_path) as url:
        allowing = bare.with_settings(database_url=url, secret_key="x" * 32, allowed_networks="127.0.0.0/8")
        with allowing.serving("--no-worker") as server, silent_receiver() as receiver:
            add_webhook(allowing, server, receiver)
            with allowing.started("worker") as worker:
                wait_for(worker, "delivering")
                connection, _ = receiver.accept()
                assert connection.recv(4) == b"POST"
                connection.close()
                worker.send_signal(signal.SIGTERM)
                assert worker.wait() == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_worker_that_has_another_key_ends_with_one_line_that_says_so(
    bare: Commands, request: pytest.FixtureRequest, tmp_path: object, kind: str
) -> None:
    databases = request.getfixturevalue("_postgres_server") if kind == "postgresql" else None
    with databases.fresh(tmp_path) if databases else nullcontext(bare.database_url) as url:
        commands = bare.with_settings(database_url=url, secret_key="x" * 32)
        with commands.serving("--no-worker") as server, silent_receiver() as receiver:
            add_webhook(commands, server, receiver)
            server.end(signal.SIGTERM)

        with commands.with_settings(secret_key="y" * 32).started("serve", "--port", "0") as process:
            _, said = process.communicate()

    assert process.returncode == 1
    assert "Traceback" not in said
    *_, failed, last = said.splitlines()
    assert last.startswith("hourhook: the secrets of this database were encrypted with another key: give HOURHOOK_")
    assert json.loads(failed)["event"] == "worker failed"


def test_options_override_the_environment(bare: Commands) -> None:
    here = bare.with_settings(database_url="sqlite:///nowhere/at/all.db")
    with here.serving("--database", "sqlite:///here.db"):
        assert (bare.folder / "here.db").exists()


@contextmanager
def silent_receiver() -> Iterator[socket.socket]:
    """One that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def add_webhook(commands: Commands, server: Served, receiver: socket.socket) -> None:
    made = commands.create_account()
    uri = f"http://127.0.0.1:{receiver.getsockname()[1]}/"
    webhook = {"name": "Silent", "payload_uri": uri, "events": ["*"]}
    assert server.client(made["token"]).post("/v2/webhooks", webhook).status == 201


def attempts(commands: Commands) -> list[tuple[int]]:
    """The statuses of all attempts that were written down."""
    with sqlite3.connect(commands.folder / "hourhook.db") as database:
        return database.execute("SELECT status FROM attempts").fetchall()


def is_listening(server: Served) -> bool:
    try:
        socket.create_connection(server.client().address).close()
    except ConnectionError:
        return False
    return True
