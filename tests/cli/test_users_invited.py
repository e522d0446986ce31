"""``hourhook user invite``: a fresh link for somebody who has not joined yet."""

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


def add_user(commands: CliRunner, state: str = "pending", account: str = "northwind") -> None:
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

    database = open_database(commands.database_url)
    database.run_now(add)
    database.close()


def get_status(server: RunningServer, printed: Result) -> int:
    """What the link answers; on a connection of its own, since commands between two take longer than one may idle."""
    client = server.client()
    try:
        return client.get(printed.stdout.strip()).status
    finally:
        client.close()


def count_mails(commands: CliRunner) -> int:
    database = open_database(commands.database_url)
    try:
        return int(database.read_now(lambda tx: tx.value(Statement(select(func.count()).select_from(mails)))))
    finally:
        database.close()


def test_a_link_is_printed_and_works_until_a_newer_one_is_made(hourhook: CliRunner) -> None:
    hourhook.create_account()
    add_user(hourhook)
    with hourhook.serving() as server:
        reaching = hourhook.with_settings(base_url=server.address)
        first = reaching.run(*INVITE)
        assert get_status(server, first) == 200

        second = reaching.run(*INVITE)

        assert (second.status, second.stdout.count("\n")) == (0, 1)
        assert second.stderr.startswith("The link works once, until ")
        assert "HOURHOOK_BASE_URL" not in second.stderr
        assert get_status(server, first) == 404
        assert get_status(server, second) == 200
    assert count_mails(hourhook) == 0


def test_as_json_it_is_one_object(hourhook: CliRunner) -> None:
    hourhook.create_account()
    add_user(hourhook)

    result = hourhook.run(*INVITE, "--json").json()

    assert list(result) == ["link", "expires_at", "is_mailed"]
    assert urlsplit(result["link"]).path.startswith("/invitations/")
    assert result["expires_at"] > format_timestamp(SystemClock().now() + 13 * 86_400 * SECOND)
    assert result["is_mailed"] is False


def test_where_no_address_is_set_it_says_that_the_link_may_lead_nowhere(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    add_user(unconfigured_cli)

    result = unconfigured_cli.run(*INVITE)

    assert result.stdout.startswith("http://127.0.0.1:8080/invitations/")
    assert "HOURHOOK_BASE_URL is not set: the link may not work from other machines." in result.stderr


def test_with_a_mail_server_a_running_server_sends_it_once(hourhook: CliRunner, smtp_server: FakeSmtpServer) -> None:
    mailing = hourhook.with_settings(
        smtp_url=smtp_server.url, mail_from="hourhook@example.com", base_url="https://time.example.com"
    )
    mailing.create_account()
    add_user(mailing)
    mailing.run(*INVITE)
    newer = mailing.run(*INVITE)
    assert "It is also sent to grace@northwind.test by e-mail" in newer.stderr
    # Nobody was there to send them, and the older one is of no use any more.
    assert count_mails(mailing) == 1

    with mailing.serving():
        mail = smtp_server.next()
        eventually(lambda: count_mails(mailing), 0)

    assert mail.link == newer.stdout.strip()
    assert mail.recipients == ["grace@northwind.test"]
    assert smtp_server.is_empty()


def test_a_mail_that_a_killed_server_owes_is_sent_by_the_next_one(
    hourhook: CliRunner, smtp_server: FakeSmtpServer
) -> None:
    mailing = hourhook.with_settings(smtp_url=smtp_server.url, mail_from="hourhook@example.com")
    made = mailing.create_account()
    # It commits, and dies before anybody could send.
    with mailing.serving("--no-worker") as server:
        client = server.client(made["token"])
        response = client.post("/v2/users", {"email": "grace@northwind.test"})
        client.close()
        assert (response.status, "x-hourhook-invitation" in response.headers) == (201, False)
        server.process.kill()
    assert (count_mails(mailing), smtp_server.is_empty()) == (1, True)

    with mailing.serving():
        assert smtp_server.next().recipients == ["grace@northwind.test"]
        eventually(lambda: count_mails(mailing), 0)

    assert smtp_server.is_empty()


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (
            "active",
            "this user is already active and needs no invitation: set a password with `hourhook user password`",
        ),
        ("disabled", "this user is disabled, and only pending users can be invited: activate the user first"),
    ],
)
def test_only_a_pending_user_is_invited(unconfigured_cli: CliRunner, state: str, says: str) -> None:
    unconfigured_cli.create_account()
    add_user(unconfigured_cli, state)

    result = unconfigured_cli.run(*INVITE)

    assert (result.status, result.stdout, result.stderr) == (1, "", f"hourhook: {says}\n")


def test_nobody_unknown_is_invited(cli_with_account: CliRunner) -> None:
    result = cli_with_account.run(*INVITE)

    assert result.status == 1
    assert "there is no user with the e-mail address 'grace@northwind.test'" in result.stderr


def test_an_address_that_several_accounts_know_needs_the_account(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    unconfigured_cli.create_account("southwind", "ole@southwind.test")
    add_user(unconfigured_cli)
    add_user(unconfigured_cli, account="southwind")

    assert "choose one with --account (northwind, southwind)" in unconfigured_cli.run(*INVITE).stderr
    assert unconfigured_cli.run(*INVITE, "--account", "southwind").status == 0


@pytest.mark.parametrize(
    ("url", "mail_from", "says"),
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
def test_a_mail_server_that_cannot_be_is_refused_at_the_start_without_its_password(
    unconfigured_cli: CliRunner, url: str, mail_from: str, says: str
) -> None:
    result = unconfigured_cli.with_settings(smtp_url=url, mail_from=mail_from).run("serve", "--port", "0")

    assert result.status == 1
    assert says in result.stderr
    assert "hunter2" not in result.stderr


def test_the_server_says_which_mail_server_it_uses_and_no_password(unconfigured_cli: CliRunner) -> None:
    mailing = unconfigured_cli.with_settings(smtp_url="smtp://ada:hunter2@mail.example.com:2525", mail_from="x@y.test")
    with mailing.start("serve", "--port", "0") as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if '"serving"' in line)

    assert json.loads(line)["mail"] == "mail.example.com:2525"
    assert "hunter2" not in line
