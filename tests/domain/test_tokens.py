"""Personal access tokens."""

import re

import pytest

from hourhook.domain import accounts, callers, tokens
from hourhook.domain.links import Links
from hourhook.domain.users import storing
from hourhook.errors import OperatorError
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction

LINKS = Links("https://time.example.test")


def make_account(database: Database, name: str = "northwind") -> accounts.CreatedAccount:
    return database.run_now(
        accounts.create, name=name, email=f"ada@{name}.test", first_name="Ada", last_name="Byron", password_hash=None
    )


def add_user(database: Database, account_id: int, state: str) -> int:
    def add(tx: Transaction) -> int:
        return storing.insert(
            tx, account_id, email=f"{state}@x.test", first_name=None, last_name=None, role="leader", state=state
        )

    return database.write_now(account_id, add)


def test_a_token_has_two_base_36_groups_and_authenticates_its_user(database: Database) -> None:
    account = make_account(database)

    token = database.write_now(account.account_id, tokens.create, account.user_id, "laptop")

    assert re.fullmatch("[0-9a-z]+-[0-9a-z]+", token)
    assert len(token) <= 128
    caller = database.read_now(callers.authenticate, token, LINKS)
    assert caller is not None
    assert caller.user_id == account.user_id


@pytest.mark.parametrize("state", ["active", "pending"])
def test_creating_a_token_keeps_the_state_of_the_user(database: Database, state: str) -> None:
    account = make_account(database)
    user_id = add_user(database, account.account_id, state)

    token = database.write_now(account.account_id, tokens.create, user_id)

    assert database.read_now(accounts.find_user, f"{state}@x.test").state == state
    assert database.read_now(callers.authenticate, token, LINKS) is not None


@pytest.mark.parametrize("state", ["disabled", "suspended"])
def test_a_token_for_a_disabled_or_suspended_user_is_refused(database: Database, state: str) -> None:
    account = make_account(database)
    user_id = add_user(database, account.account_id, state)

    with pytest.raises(OperatorError, match=state):
        database.write_now(account.account_id, tokens.create, user_id)


def test_tokens_are_listed_with_their_users_but_without_the_secret(database: Database) -> None:
    first, second = make_account(database), make_account(database, "southwind")
    token = database.write_now(second.account_id, tokens.create, second.user_id, "laptop")

    listed = database.read_now(tokens.list_all)

    assert [(row.account, row.email, row.name) for row in listed] == [
        ("northwind", "ada@northwind.test", "first token"),
        ("southwind", "ada@southwind.test", "first token"),
        ("southwind", "ada@southwind.test", "laptop"),
    ]
    assert all(row.last_used_at is None and row.created_at > 0 for row in listed)
    for secret in (first.token, token):
        assert secret not in str(listed)


def test_a_revoked_token_authenticates_nobody(database: Database) -> None:
    account = make_account(database)
    [row] = database.read_now(tokens.list_all)

    database.write_now(account.account_id, tokens.revoke, row.id)

    assert database.read_now(callers.authenticate, account.token, LINKS) is None
    with pytest.raises(OperatorError, match=f"no token with the id {row.id}"):
        database.write_now(account.account_id, tokens.revoke, row.id)
