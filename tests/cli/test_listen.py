"""``hourhook listen``: the events of an account on the terminal, and forwarded to a receiver."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients import Client
from tests.support.commands import CliRunner, RunningServer
from tests.support.listening import create, listening, run_kills
from tests.support.signatures import is_signed, verify_with_library
from tests.support.webhook_receiver import WebhookReceiver


@pytest.fixture
def bare_cli(tmp_path: Path) -> CliRunner:
    """A runner in an empty folder, without settings and without a database."""
    (tmp_path / "bare").mkdir()
    return CliRunner(tmp_path / "bare")


@pytest.fixture(scope="module")
def server_cli(tmp_path_factory: pytest.TempPathFactory) -> CliRunner:
    """A runner on the database of the server."""
    return CliRunner(tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="module")
def token(server_cli: CliRunner) -> str:
    return str(server_cli.create_account()["token"])


@pytest.fixture(scope="module")
def server(server_cli: CliRunner, token: str) -> Iterator[RunningServer]:
    with server_cli.serving() as server:
        yield server


@pytest.fixture
def client(server: RunningServer, token: str) -> Client:
    return server.client(token)


def test_events_are_printed_with_position_type_and_summary(
    bare_cli: CliRunner, server: RunningServer, client: Client, token: str
) -> None:
    with listening(bare_cli, server.address, token, "--types", "entry.*") as listener:
        client.post("/v2/tags", {"names": ["other"]})
        position = create(client)

        assert listener.event(position).split() == [str(position), "entry.created", "45m", "no", "project"]
        status, printed = listener.stop()

    assert status == 0
    assert printed.endswith(f"\nLast position: {position}. To continue from here: --after {position}\n")
    assert [*bare_cli.folder.iterdir()] == []


def test_events_are_forwarded_as_a_webhook_would_send_them(
    bare_cli: CliRunner, server: RunningServer, client: Client, token: str, webhook_receiver: WebhookReceiver
) -> None:
    client.post("/v2/webhooks", {"name": "Real", "payload_uri": webhook_receiver.uri, "events": ["entry.created"]})
    webhook_receiver.next()
    with listening(bare_cli, server.address, token, "--forward-to", webhook_receiver.uri) as listener:
        position = create(client)
        assert " 200 in " in listener.event(position)
        secret = next(line.split()[-1] for line in listener.lines if line.startswith("Secret"))
        listener.stop()
    deliveries = {delivery.payload["webhook"]["id"]: delivery for delivery in webhook_receiver.next_deliveries(2)}
    forwarded, real = deliveries.pop(0), deliveries.popitem()[1]

    assert forwarded.payload["webhook"] == {"id": 0, "name": "hourhook listen"}
    assert forwarded.body.partition(b',"type"')[2] == real.body.partition(b',"type"')[2]
    assert [*forwarded.headers] == [*real.headers]
    assert (forwarded.sequence, forwarded.attempt) == (position, 1)
    assert is_signed(forwarded, secret)
    verify_with_library(forwarded, secret)

    # The same event has the same delivery id and is signed with the same secret whenever it is sent.
    after = ("--after", str(position - 1), "--forward-to", webhook_receiver.uri)
    with listening(bare_cli, server.address, token, *after) as listener:
        listener.event(position)
    again = webhook_receiver.next()
    assert (again.id, again.body) == (forwarded.id, forwarded.body)
    assert is_signed(again, secret)


def test_what_the_receiver_refuses_is_reported_and_passed_over(
    bare_cli: CliRunner, server: RunningServer, client: Client, token: str, webhook_receiver: WebhookReceiver
) -> None:
    webhook_receiver.respond_with(500)
    with listening(bare_cli, server.address, token, "--forward-to", webhook_receiver.uri) as listener:
        first, second = create(client), create(client)

        assert " 500 in " in listener.event(first)
        assert " 500 in " in listener.event(second)
    assert [delivery.sequence for delivery in webhook_receiver.next_deliveries(2)] == [first, second]


def test_with_retry_an_event_is_sent_until_it_is_accepted(
    bare_cli: CliRunner, server: RunningServer, client: Client, token: str, webhook_receiver: WebhookReceiver
) -> None:
    webhook_receiver.respond_with(500)
    cli = bare_cli.with_settings(retry_base_seconds="0.05")
    with listening(cli, server.address, token, "--retry", "--forward-to", webhook_receiver.uri) as listener:
        first, second = create(client), create(client)
        listener.find(rf"^ {{10}}{first}: attempt 1: 500 in \d+ ms; next in ")
        webhook_receiver.respond_with(204)
        listener.event(first)
        listener.event(second)

    sequences: dict[int | None, list[int]] = {}
    for delivery in webhook_receiver.next_deliveries(3):
        sequences.setdefault(delivery.sequence, []).append(delivery.attempt)
    assert (sequences[first][:2], next(iter(sequences))) == ([1, 2], first)


def test_with_retry_a_receiver_that_is_gone_ends_the_command(
    bare_cli: CliRunner, server: RunningServer, client: Client, token: str, webhook_receiver: WebhookReceiver
) -> None:
    webhook_receiver.respond_with(410)
    with listening(bare_cli, server.address, token, "--retry", "--forward-to", webhook_receiver.uri) as listener:
        position = create(client)

        assert listener.process.wait() == 1
        assert listener.process.stderr.read() == (
            f"hourhook: the receiver answered event {position} with 410 Gone, which disables a webhook: listening has "
            f"ended. The last position was {position - 1}\n"
        )


def test_text_cannot_control_the_terminal(
    bare_cli: CliRunner, server: RunningServer, client: Client, token: str
) -> None:
    with listening(bare_cli, server.address, token) as listener:
        assert client.post("/v2/projects", {"name": "A\u202eB"}).status == 201

        assert "A?B" in listener.find("project.created")


def test_a_token_that_is_revoked_ends_the_command(
    server_cli: CliRunner, bare_cli: CliRunner, server: RunningServer, client: Client
) -> None:
    revoked = server_cli.run("token", "create", "--email", "ada@northwind.test", "--name", "mine", "--json").json()
    id = next(line.split()[0] for line in server_cli.run("token", "list").stdout.splitlines() if " mine " in line)
    with listening(bare_cli, server.address, revoked["token"]) as listener:
        position = create(client)
        listener.event(position)
        assert server_cli.run("token", "revoke", id).status == 0

        assert listener.process.wait() == 1
        assert listener.process.stderr.read() == (
            f"hourhook: {server.address} does not know this token: check --token. The last position was {position}\n"
        )


def test_what_cannot_work_is_one_line(
    server_cli: CliRunner, bare_cli: CliRunner, server: RunningServer, client: Client, token: str
) -> None:
    client.post("/v2/users", {"email": "c@x.test", "first_name": "C", "last_name": "D", "role": "coworker"})
    coworker = server_cli.run("token", "create", "--email", "c@x.test", "--json").json()["token"]
    here = ("--server", server.address, "--token")
    cases = {
        (*here, "wrong"): f"{server.address} does not know this token: check --token",
        (*here, coworker): "the user of this token may not read events: use a token of a leader or higher",
        (*here, token, "--types", "x"): f"{server.address} refused the request: types[0] must be one of the values",
        (*here, token, "--forward-to", "ftp://x"): "--forward-to 'ftp://x' is not an absolute http or https URI",
        ("--server", "http://127.0.0.1:1", "--token", token): "cannot reach http://127.0.0.1:1: connection refused",
        ("--server", "x", "--token", token): "--server 'x' is not an absolute http or https URI",
        ("--server", f"{server.address}/docs", "--token", token): f"{server.address}/docs is not a Hourhook server",
    }
    for arguments, message in cases.items():
        result = bare_cli.run("listen", *arguments)
        assert (result.status, result.stderr.count("\n")) == (1, 1), result
        assert result.stderr.startswith(f"hourhook: {message}")


def test_kills_of_the_server_and_the_listener_lose_and_repeat_nothing(
    unconfigured_cli: CliRunner, bare_cli: CliRunner, webhook_receiver: WebhookReceiver
) -> None:
    token = unconfigured_cli.create_account()["token"]
    positions, _ = run_kills(unconfigured_cli, bare_cli, token, rounds=2, forward_to=webhook_receiver.uri)

    assert positions == [*range(positions[0], positions[-1] + 1)]
    assert len(positions) >= 8


def test_sigterm_ends_it_as_ctrl_c_does(bare_cli: CliRunner, server: RunningServer, client: Client, token: str) -> None:
    with listening(bare_cli, server.address, token) as listener:
        position = create(client)
        listener.event(position)

        status, printed = listener.stop(signal.SIGTERM)

    assert (status, f"Last position: {position}." in printed) == (0, True)
