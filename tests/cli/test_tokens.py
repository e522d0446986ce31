"""``hourhook token``: create, list and revoke tokens."""

from itertools import pairwise

from sqlalchemy import bindparam, update

from hourhook.store.schema import users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from hourhook.store.urls import open_database
from tests.support.commands import CliRunner


def test_a_new_token_works_on_a_running_server_until_it_is_revoked(hourhook: CliRunner) -> None:
    with hourhook.serving() as server:
        hourhook.create_account()
        token = hourhook.run("token", "create", "--email", "ADA@northwind.test", "--json").json()["token"]
        assert server.client(token).get("/v2/account").status == 200

        row = next(row for row in list_tokens(hourhook) if row[1] == "-")
        assert hourhook.run("token", "revoke", row[0]).status == 0
        assert server.client(token).get("/v2/account").status == 401

    assert hourhook.run("token", "revoke", row[0]).stderr.startswith(
        f"hourhook: there is no token with the id {row[0]}:"
    )


def test_token_create_with_json_prints_only_the_token(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    created = unconfigured_cli.run("token", "create", "--email", "ada@northwind.test", "--json").json()

    assert [*created] == ["token"]


def test_token_create_prints_the_token_alone_on_one_line(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    result = unconfigured_cli.run("token", "create", "--email", "ada@northwind.test")

    assert result.stdout.count("\n") == 1
    assert result.stdout.strip().isascii()
    assert " " not in result.stdout
    assert result.stderr == ""


def test_token_list_shows_names_and_owners_but_no_tokens(hourhook: CliRunner) -> None:
    first = hourhook.create_account()["token"]
    second = hourhook.run("token", "create", "--email", "ada@northwind.test", "--name", "import\x1b[31m").stdout.strip()
    result = hourhook.run("token", "list")

    assert [row[1:4] for row in list_tokens(hourhook)] == [
        ["first token", "northwind", "ada@northwind.test"],
        ["import?[31m", "northwind", "ada@northwind.test"],
    ]
    assert {(row[5], row[6]) for row in list_tokens(hourhook)} == {("never", "never")}
    assert first not in result.stdout
    assert second not in result.stdout


def test_an_email_in_several_accounts_requires_the_account_option(hourhook: CliRunner) -> None:
    hourhook.create_account("northwind")
    hourhook.create_account("southwind")
    create = ("token", "create", "--email", "ada@northwind.test", "--json")

    result = hourhook.run(*create)
    assert result.status == 1
    assert "choose one with --account (northwind, southwind)" in result.stderr
    assert hourhook.run(*create, "--account", "Southwind").status == 0
    assert "in the account 'eastwind'" in hourhook.run(*create, "--account", "eastwind").stderr


def test_a_suspended_user_gets_no_token(hourhook: CliRunner) -> None:
    created = hourhook.create_account()
    database = open_database(hourhook.database_url)
    database.run_now(suspend, created["user_id"])
    database.close()
    result = hourhook.run("token", "create", "--email", "ada@northwind.test")

    assert (result.status, result.stdout) == (1, "")
    assert "suspended" in result.stderr


def suspend(tx: Transaction, user_id: int) -> None:
    tx.execute(SUSPEND, user=user_id)


def list_tokens(runner: CliRunner) -> list[list[str]]:
    """Return the rows of ``hourhook token list``, split into columns."""
    header, *rows = runner.run("token", "list").stdout.splitlines()
    titles = ("id", "name", "account", "user", "created", "last used", "expires")
    starts = [*map(header.index, titles), None]
    assert header.split() == " ".join(titles).split()
    return [[row[start:end].strip() for start, end in pairwise(starts)] for row in rows]


SUSPEND = Statement(update(users).where(users.c.id == bindparam("user")).values(state="suspended"))
