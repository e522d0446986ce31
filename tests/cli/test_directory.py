"""``hourhook account list``, ``user list`` and ``webhook``."""

import pytest

from tests.support.commands import CliRunner

WEBHOOK = ("--name", "Books", "--url", "http://127.0.0.1:9/hook", "--events", "entry.created,tag.created")


def test_accounts_are_listed_with_their_owners(hourhook: CliRunner) -> None:
    hourhook.create_account()
    hourhook.create_account("southwind", "bob@southwind.test")

    listed = hourhook.run("account", "list", "--json").json()

    assert [(row["name"], row["owner"], row["users"], row["locked"]) for row in listed] == [
        ("northwind", "ada@northwind.test", 1, False),
        ("southwind", "bob@southwind.test", 1, False),
    ]
    assert hourhook.run("account", "list").stdout.splitlines()[1].split()[1:4] == [
        "northwind",
        "ada@northwind.test",
        "1",
    ]


def test_users_are_listed_for_one_account_or_all(hourhook: CliRunner) -> None:
    hourhook.create_account()
    hourhook.create_account("southwind", "bob@southwind.test")

    [only] = hourhook.run("user", "list", "--account", "southwind", "--json").json()

    assert (only["email"], only["role"], only["state"], only["account"]) == (
        "bob@southwind.test",
        "owner",
        "active",
        "southwind",
    )
    assert len(hourhook.run("user", "list").stdout.splitlines()) == 3


def test_a_webhook_is_created_listed_and_pinged(hourhook: CliRunner) -> None:
    hourhook.create_account()

    created = hourhook.run("webhook", "create", *WEBHOOK, "--json").json()
    pinged = hourhook.run("webhook", "ping", str(created["id"]), "--json").json()

    [listed] = hourhook.run("webhook", "list", "--json").json()
    assert created["secret"].startswith("whsec_")
    assert pinged == {"id": created["id"]}
    assert listed == {
        "id": created["id"],
        "account": "northwind",
        "name": "Books",
        "state": "enabled",
        "payload_uri": "http://127.0.0.1:9/hook",
    }


def test_the_status_of_a_webhook_is_that_of_the_api(hourhook: CliRunner) -> None:
    token = hourhook.create_account()["token"]
    id = hourhook.run("webhook", "create", *WEBHOOK, "--json").json()["id"]
    with hourhook.serving("--no-worker") as server:
        assert server.client(token).post("/v2/tags", {"names": ["late"]}).status == 201
        expected = server.client(token).get(f"/v2/webhooks/{id}/status").json()

        assert hourhook.run("webhook", "status", str(id), "--json").json() == expected
        shown = hourhook.run("webhook", "status", str(id)).stdout
    assert "waiting_count       1" in shown
    assert f"next_attempt_at     {expected['next_attempt_at'] or '-'}" in shown


def test_several_accounts_need_a_choice(hourhook: CliRunner) -> None:
    hourhook.create_account()
    hourhook.create_account("southwind", "bob@southwind.test")

    result = hourhook.run("webhook", "create", *WEBHOOK)

    assert (result.status, result.stderr) == (
        1,
        "hourhook: there are several accounts: choose one with --account (northwind, southwind)\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("webhook", "status", "7"), "there is no webhook with the id 7"),
        (("webhook", "ping", "7"), "there is no webhook with the id 7"),
        (("webhook", "list", "--account", "nobody"), "there is no account named 'nobody'"),
        (("user", "list", "--account", "nobody"), "there is no account named 'nobody'"),
        (("webhook", "create", "--name", "X", "--url", "ftp://x", "--events", "*"), "payload_uri"),
        (
            ("webhook", "create", "--name", "X", "--url", "http://127.0.0.1/", "--events", "tag.creatd"),
            "did you mean tag.created?",
        ),
        (("webhook", "create", "--name", "X", "--url", "http://127.0.0.1/", "--events", ","), "events is required"),
    ],
)
def test_what_is_unknown_or_invalid_is_reported(
    cli_with_account: CliRunner, arguments: tuple[str, ...], message: str
) -> None:
    result = cli_with_account.run(*arguments)

    assert (result.status, result.stderr.count("\n")) == (1, 1)
    assert message in result.stderr
