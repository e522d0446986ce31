"""``hourhook account``: create accounts and change settings, with and without a running server."""

import json

import pytest
from sqlalchemy import select

from hourhook.domain import passwords
from hourhook.store.schema import accounts, users
from hourhook.store.statements import Row, Statement
from hourhook.store.urls import open_database
from tests.support.commands import CliRunner

OWNER = ("--email", "ada@northwind.test", "--first-name", "Ada", "--last-name", "Byron")


def test_an_account_created_while_a_server_runs_is_available_at_once(hourhook: CliRunner) -> None:
    with hourhook.serving() as server:
        created = hourhook.create_account()
        account = server.client(created["token"]).get("/v2/account").json()

    assert account["id"] == created["account_id"]
    assert account["name"] == "northwind"
    assert account["owner"]["id"] == created["user_id"]
    assert account["owner"]["email"] == "ada@northwind.test"


def test_account_create_with_json_prints_ids_and_a_token(unconfigured_cli: CliRunner) -> None:
    result = unconfigured_cli.run("account", "create", "--name", "northwind", *OWNER, "--password", "secret", "--json")

    assert result.stdout.count("\n") == 1
    created = json.loads(result.stdout)
    assert {name: type(value) for name, value in created.items()} == {"account_id": int, "user_id": int, "token": str}


def test_account_create_prints_the_token_and_an_example_request(unconfigured_cli: CliRunner) -> None:
    result = unconfigured_cli.run("account", "create", "--name", "northwind", *OWNER, "--password", "secret")

    assert result.status == 0
    assert "Created account northwind (id 1) with owner ada@northwind.test" in result.stdout
    assert "curl -H 'X-NokoToken: " in result.stdout


def test_a_dash_as_password_option_reads_a_line_of_standard_input(hourhook: CliRunner) -> None:
    stdin = "pässword with blanks \r\nsecond line\n".encode()
    result = hourhook.run("account", "create", "--name", "northwind", *OWNER, "--password", "-", stdin=stdin)

    assert result.status == 0, result.stderr
    stored = read(hourhook, OWNERS).password_hash
    assert passwords.verify_password("pässword with blanks ", stored)
    # The second recommended option of RFC 9106, for environments with little memory.
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_account_create_creates_a_missing_database_and_no_other_file(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()

    assert [path.name for path in unconfigured_cli.folder.iterdir()] == ["hourhook.db"]
    with unconfigured_cli.serving() as server:
        assert server.client().get("/health").status == 200


def test_a_database_that_is_created_is_named(unconfigured_cli: CliRunner) -> None:
    options = (*OWNER, "--password", "secret", "--json")
    first = unconfigured_cli.run("account", "create", "--name", "northwind", *options)
    second = unconfigured_cli.run("account", "create", "--name", "southwind", *options)

    assert first.json()["account_id"] == 1
    assert first.stderr.startswith(
        f"Created the database {unconfigured_cli.folder / 'hourhook.db'}. If your server uses"
    )
    assert (second.status, second.stderr) == (0, "")


def test_an_account_name_in_use_is_rejected(hourhook: CliRunner) -> None:
    hourhook.create_account()
    result = hourhook.run("account", "create", "--name", "NorthWind", *OWNER, "--password", "secret", "--json")

    assert (result.status, result.stdout) == (1, "")
    assert result.stderr == (
        "hourhook: an account named 'NorthWind' already exists: choose another name, or create a token for one of its "
        "users with `hourhook token create`\n"
    )


@pytest.mark.parametrize("name", ["", "north wind", "a/b"])
def test_an_account_name_that_is_unsafe_in_a_path_is_rejected(cli_with_account: CliRunner, name: str) -> None:
    result = cli_with_account.run("account", "create", "--name", name, *OWNER, "--password", "secret")

    assert result.status == 1
    assert "is not a valid account name" in result.stderr


def test_account_settings_apply_to_a_running_server(hourhook: CliRunner) -> None:
    with hourhook.serving() as server:
        created = hourhook.create_account()
        values = ("approvals=off", "max_projects=1", "default_billing_increment=6")
        offset = "utc_offset:ADA@northwind.test=-3600"
        assert hourhook.run("account", "set", "--account", "Northwind", *values, offset).status == 0

        client = server.client(created["token"])
        assert client.get("/v2/current_user").json()["utc_offset"] == -3600
        assert client.post("/v2/projects", {"name": "One"}).json()["billing_increment"] == 6
        assert ("base", "reached_project_limit") in client.post("/v2/projects", {"name": "Two"}).codes
        entry = client.post("/v2/entries", {"date": "2024-05-21", "minutes": 60}).json()
        assert client.put(f"/v2/entries/{entry['id']}/approved").status == 403

        assert hourhook.run("account", "set", "--account", "northwind", "locked=on").status == 0
        assert server.client(created["token"]).get("/v2/account").status == 503
        assert hourhook.run("account", "set", "--account", "northwind", "locked=off").status == 0
        assert server.client(created["token"]).get("/v2/account").status == 200


def test_account_set_applies_all_values_or_none(hourhook: CliRunner) -> None:
    hourhook.create_account()
    result = hourhook.run("account", "set", "--account", "northwind", "max_users=3", "approvals=perhaps")

    assert result.status == 1
    assert result.stderr == "hourhook: approvals=perhaps is invalid: must be on or off\n"
    assert read(hourhook, ACCOUNTS).max_users is None


@pytest.mark.parametrize(
    ("values", "status", "message"),
    [
        (["max_users"], 2, "'max_users' is not KEY=VALUE"),
        (["max_users=1", "max_users=2"], 2, "max_users was given twice"),
        ([], 2, "missing argument 'KEY=VALUE...'"),
        (["colour=red"], 1, "there is no setting 'colour': use one of invoicing,"),
        (["max_users=-1"], 1, "max_users=-1 is invalid"),
        (["tag_creation_role=boss"], 1, "must be one of supervisor, leader, coworker, contractor"),
        (["utc_offset:nobody@northwind.test=0"], 1, "there is no user with the e-mail address 'nobody@northwind.test'"),
    ],
)
def test_account_set_rejects_invalid_values(
    cli_with_account: CliRunner, values: list[str], status: int, message: str
) -> None:
    result = cli_with_account.run("account", "set", "--account", "northwind", *values)

    assert result.status == status
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def read(runner: CliRunner, query: Statement) -> Row:
    database = open_database(runner.database_url)
    try:
        row = database.read_now(lambda tx: tx.one(query))
        assert row is not None
        return row
    finally:
        database.close()


ACCOUNTS = Statement(select(accounts.c.max_users))
OWNERS = Statement(select(users.c.password_hash))
