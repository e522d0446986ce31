"""``hourhook account``: what it makes and sets, beside a running server and without one."""

import json

import pytest
from sqlalchemy import select

from hourhook.domain import passwords
from hourhook.store.schema import accounts, users
from hourhook.store.statements import Row, Statement
from hourhook.store.urls import open_database
from tests.support.commands import CliRunner

OWNER = ("--email", "ada@northwind.test", "--first-name", "Ada", "--last-name", "Byron")


def test_an_account_made_beside_a_server_is_served_at_once(hourhook: CliRunner) -> None:
    with hourhook.serving() as server:
        made = hourhook.create_account()
        account = server.client(made["token"]).get("/v2/account").json()

    assert account["id"] == made["account_id"]
    assert account["name"] == "northwind"
    assert account["owner"]["id"] == made["user_id"]
    assert account["owner"]["email"] == "ada@northwind.test"


def test_json_is_one_object_with_ids_and_a_token(unconfigured_cli: CliRunner) -> None:
    result = unconfigured_cli.run("account", "create", "--name", "northwind", *OWNER, "--password", "secret", "--json")

    assert result.stdout.count("\n") == 1
    made = json.loads(result.stdout)
    assert {name: type(value) for name, value in made.items()} == {"account_id": int, "user_id": int, "token": str}


def test_people_are_told_the_token_and_what_to_do_with_it(unconfigured_cli: CliRunner) -> None:
    result = unconfigured_cli.run("account", "create", "--name", "northwind", *OWNER, "--password", "secret")

    assert result.status == 0
    assert "Created account northwind (id 1) with owner ada@northwind.test" in result.stdout
    assert "curl -H 'X-NokoToken: " in result.stdout


def test_a_password_of_a_dash_is_a_line_of_standard_input(hourhook: CliRunner) -> None:
    typed = "pässword with blanks \r\nsecond line\n".encode()
    result = hourhook.run("account", "create", "--name", "northwind", *OWNER, "--password", "-", stdin=typed)

    assert result.status == 0, result.stderr
    stored = read(hourhook, OWNERS).password_hash
    assert passwords.verify_password("pässword with blanks ", stored)
    # As slow to guess as RFC 9106 recommends where memory is scarce.
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_an_embedded_database_that_is_missing_is_made_whole_and_nothing_else(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()

    assert [path.name for path in unconfigured_cli.folder.iterdir()] == ["hourhook.db"]
    with unconfigured_cli.serving() as server:
        assert server.client().get("/health").status == 200


def test_a_name_that_is_taken_is_refused(hourhook: CliRunner) -> None:
    hourhook.create_account()
    result = hourhook.run("account", "create", "--name", "NorthWind", *OWNER, "--password", "secret", "--json")

    assert (result.status, result.stdout) == (1, "")
    assert result.stderr == "hourhook: an account named 'NorthWind' already exists: choose another name\n"


@pytest.mark.parametrize("name", ["", "north wind", "a/b"])
def test_a_name_that_is_not_safe_in_a_path_is_refused(cli_with_account: CliRunner, name: str) -> None:
    result = cli_with_account.run("account", "create", "--name", name, *OWNER, "--password", "secret")

    assert result.status == 1
    assert "is not a valid account name" in result.stderr


def test_what_is_set_holds_for_a_running_server(hourhook: CliRunner) -> None:
    with hourhook.serving() as server:
        made = hourhook.create_account()
        values = ("approvals=off", "max_projects=1", "default_billing_increment=6")
        offset = "utc_offset:ADA@northwind.test=-3600"
        assert hourhook.run("account", "set", "--account", "Northwind", *values, offset).status == 0

        client = server.client(made["token"])
        assert client.get("/v2/current_user").json()["utc_offset"] == -3600
        assert client.post("/v2/projects", {"name": "One"}).json()["billing_increment"] == 6
        assert ("base", "reached_project_limit") in client.post("/v2/projects", {"name": "Two"}).codes
        entry = client.post("/v2/entries", {"date": "2024-05-21", "minutes": 60}).json()
        assert client.put(f"/v2/entries/{entry['id']}/approved").status == 403

        assert hourhook.run("account", "set", "--account", "northwind", "locked=on").status == 0
        assert server.client(made["token"]).get("/v2/account").status == 503
        assert hourhook.run("account", "set", "--account", "northwind", "locked=off").status == 0
        assert server.client(made["token"]).get("/v2/account").status == 200


def test_of_several_values_all_are_set_or_none(hourhook: CliRunner) -> None:
    hourhook.create_account()
    result = hourhook.run("account", "set", "--account", "northwind", "max_users=3", "approvals=perhaps")

    assert result.status == 1
    assert result.stderr == "hourhook: approvals=perhaps is invalid: must be on or off\n"
    assert read(hourhook, ACCOUNTS).max_users is None


@pytest.mark.parametrize(
    ("values", "status", "complaint"),
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
def test_values_that_cannot_be_set_are_refused(
    cli_with_account: CliRunner, values: list[str], status: int, complaint: str
) -> None:
    result = cli_with_account.run("account", "set", "--account", "northwind", *values)

    assert result.status == status
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1


def read(commands: CliRunner, query: Statement) -> Row:
    database = open_database(commands.database_url)
    try:
        row = database.read_now(lambda tx: tx.one(query))
        assert row is not None
        return row
    finally:
        database.close()


ACCOUNTS = Statement(select(accounts.c.max_users))
OWNERS = Statement(select(users.c.password_hash))
