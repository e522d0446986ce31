"""``hourhook user invite``: create a new invitation link for a pending user."""

import json
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select

from hourhook.clock import SECOND, SystemClock, format_timestamp
from hourhook.domain import accounts
from hourhook.domain.users import storing
from hourhook.store.schema import mails
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from hourhook.store.urls import open_database
from tests.support.commands import CliRunner, Result, RunningServer
from tests.support.smtp_server import FakeSmtpServer
from tests.support.webhook_receiver import eventually

INVITE = ("user", "invite", "--email", "grace@northwind.test")


def add_user(runner: CliRunner, state: str = "pending", account: str = "northwind") -> None:
    def add(tx: Transaction) -> None:
        tx.account_id = accounts.find(tx, account)
        storing.insert(
            tx,
            tx.account_id,
            email="grace@northwind.test",
            first_name="Grace",
            last_name=None,
            role="leader",
            state=state,
        )

    database = open_database(runner.database_url)
    database.run_now(add)
    database.close()


def get_status(server: RunningServer, result: Result) -> int:
    """Return the status of the page at the printed link.

    Each call opens a connection, because an idle one would be closed while the next command runs.
    """
    client = server.client()
    try:
        return client.get(result.stdout.strip()).status
    finally:
        client.close()


def count_mails(runner: CliRunner) -> int:
    database = open_database(runner.database_url)
    try:
        return int(database.read_now(lambda tx: tx.value(Statement(select(func.count()).select_from(mails)))))
    finally:
        database.close()


def test_an_invitation_link_works_until_a_newer_one_is_created(hourhook: CliRunner) -> None:
    hourhook.create_account()
    add_user(hourhook)
    with hourhook.serving() as server:
        cli = hourhook.with_settings(base_url=server.address)
        first = cli.run(*INVITE)
        assert get_status(server, first) == 200

        second = cli.run(*INVITE)

        assert (second.status, second.stdout.count("\n")) == (0, 1)
        assert second.stderr.startswith("The link works once, until ")
        assert "HOURHOOK_BASE_URL" not in second.stderr
        assert get_status(server, first) == 404
        assert get_status(server, second) == 200
    assert count_mails(hourhook) == 0


def test_user_invite_with_json_prints_one_object(hourhook: CliRunner) -> None:
    hourhook.create_account()
    add_user(hourhook)

    result = hourhook.run(*INVITE, "--json").json()

    assert list(result) == ["link", "expires_at", "is_mailed"]
    assert urlsplit(result["link"]).path.startswith("/invitations/")
    assert result["expires_at"] > format_timestamp(SystemClock().now() + 13 * 86_400 * SECOND)
    assert result["is_mailed"] is False


def test_user_invite_without_a_base_url_warns_about_the_link(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    add_user(unconfigured_cli)

    result = unconfigured_cli.run(*INVITE)

    assert result.stdout.startswith("http://127.0.0.1:8080/invitations/")
    assert "HOURHOOK_BASE_URL is not set: the link may not work from other machines." in result.stderr


def test_a_running_server_sends_the_newest_invitation_mail_once(
    hourhook: CliRunner, smtp_server: FakeSmtpServer
) -> None:
    cli = hourhook.with_settings(
        smtp_url=smtp_server.url, mail_from="hourhook@example.com", base_url="https://time.example.com"
    )
    cli.create_account()
    add_user(cli)
    cli.run(*INVITE)
    newer = cli.run(*INVITE)
    assert "It is also sent to grace@northwind.test by e-mail" in newer.stderr
    # No server was running to send them, and the second mail has replaced the first.
    assert count_mails(cli) == 1

    with cli.serving():
        mail = smtp_server.next()
        eventually(lambda: count_mails(cli), 0)

    assert mail.link == newer.stdout.strip()
    assert mail.recipients == ["grace@northwind.test"]
    assert smtp_server.is_empty()


def test_a_mail_pending_when_a_server_is_killed_is_sent_by_the_next(
    hourhook: CliRunner, smtp_server: FakeSmtpServer
) -> None:
    cli = hourhook.with_settings(smtp_url=smtp_server.url, mail_from="hourhook@example.com")
    created = cli.create_account()
    # The server commits, and is killed before a worker could send the mail.
    with cli.serving("--no-worker") as server:
        client = server.client(created["token"])
        response = client.post("/v2/users", {"email": "grace@northwind.test"})
        client.close()
        assert (response.status, "x-hourhook-invitation" in response.headers) == (201, False)
        server.process.kill()
    assert (count_mails(cli), smtp_server.is_empty()) == (1, True)

    with cli.serving():
        assert smtp_server.next().recipients == ["grace@northwind.test"]
        eventually(lambda: count_mails(cli), 0)

    assert smtp_server.is_empty()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            "active",
            "this user is already active and needs no invitation: set a password with `hourhook user password`",
        ),
        ("disabled", "this user is disabled, and only pending users can be invited: activate the user first"),
    ],
)
def test_only_a_pending_user_can_be_invited(unconfigured_cli: CliRunner, state: str, message: str) -> None:
    unconfigured_cli.create_account()
    add_user(unconfigured_cli, state)

    result = unconfigured_cli.run(*INVITE)

    assert (result.status, result.stdout, result.stderr) == (1, "", f"hourhook: {message}\n")


def test_an_unknown_user_cannot_be_invited(cli_with_account: CliRunner) -> None:
    result = cli_with_account.run(*INVITE)

    assert result.status == 1
    assert "there is no user with the e-mail address 'grace@northwind.test'" in result.stderr


def test_an_email_in_several_accounts_requires_the_account_option(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    unconfigured_cli.create_account("southwind", "ole@southwind.test")
    add_user(unconfigured_cli)
    add_user(unconfigured_cli, account="southwind")

    assert "choose one with --account (northwind, southwind)" in unconfigured_cli.run(*INVITE).stderr
    assert unconfigured_cli.run(*INVITE, "--account", "southwind").status == 0


@pytest.mark.parametrize(
    ("url", "mail_from", "message"),
    [
        ("smtp://ada:hunter2@mail.example.com", "", "HOURHOOK_SMTP_URL is set without a sender address"),
        (
            "http://ada:hunter2@mail.example.com",
            "x@y.test",
            "HOURHOOK_SMTP_URL cannot be used: it must be an smtp or smtps",
        ),
        ("smtp://ada:hunter2@mail.example.com:x", "x@y.test", "HOURHOOK_SMTP_URL cannot be used: "),
    ],
)
def test_an_invalid_mail_setting_is_reported_without_its_password(
    unconfigured_cli: CliRunner, url: str, mail_from: str, message: str
) -> None:
    result = unconfigured_cli.with_settings(smtp_url=url, mail_from=mail_from).run("serve", "--port", "0")

    assert result.status == 1
    assert message in result.stderr
    assert "hunter2" not in result.stderr


def test_the_server_logs_its_mail_server_without_the_password(unconfigured_cli: CliRunner) -> None:
    cli = unconfigured_cli.with_settings(smtp_url="smtp://ada:hunter2@mail.example.com:2525", mail_from="x@y.test")
    with cli.start("serve", "--port", "0") as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if '"serving"' in line)

    assert json.loads(line)["mail"] == "mail.example.com:2525"
    assert "hunter2" not in line
