"""Creating and finding accounts."""

import asyncio
from typing import Any

import pytest

from hourhook.domain import accounts, callers
from hourhook.domain.callers import Caller
from hourhook.domain.links import Links
from hourhook.errors import OperatorError
from hourhook.store.database import Database

LINKS = Links("https://time.example.test")
GIVEN: dict[str, Any] = {
    "name": "northwind",
    "email": "ada@northwind.test",
    "first_name": "Ada",
    "last_name": None,
    "password_hash": "hash",
}


def test_a_new_account_has_an_owner_with_a_token(database: Database) -> None:
    created = database.run_now(accounts.create, **GIVEN)

    caller = database.read_now(callers.authenticate, created.token, LINKS)

    assert isinstance(caller, Caller)
    assert (caller.account_id, caller.user_id) == (created.account_id, created.user_id)
    assert (caller.role, caller.is_owner) == ("supervisor", True)
    assert (caller.invoicing_enabled, caller.approvals_enabled) == (True, True)
    assert (caller.max_users, caller.max_projects) == (None, None)
    assert (caller.tag_creation_role, caller.default_billing_increment) == ("contractor", 15)
    account = database.read_now(accounts.show, caller)
    assert (account.name, account.owner.email, account.owner.last_name) == ("northwind", "ada@northwind.test", None)


def test_concurrent_accounts_with_the_same_name_are_refused(database: Database) -> None:
    async def both() -> list[object]:
        attempts = (database.run(accounts.create, **GIVEN) for _ in range(2))
        return [*await asyncio.gather(*attempts, return_exceptions=True)]

    first, second = sorted(asyncio.run(both()), key=lambda result: isinstance(result, Exception))

    assert isinstance(first, accounts.CreatedAccount)
    assert isinstance(second, OperatorError)


@pytest.mark.parametrize("name", ["a", "Acme-2.test_x~y", "x" * 63])
def test_an_account_name_that_is_safe_in_a_path_is_accepted(database: Database, name: str) -> None:
    created = database.run_now(accounts.create, **GIVEN | {"name": name})

    assert database.read_now(accounts.find, name.upper()) == created.account_id


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": ""}, "is not a valid account name"),
        ({"name": "two words"}, "is not a valid account name"),
        ({"name": "a/b"}, "is not a valid account name"),
        ({"name": ".."}, "is not a valid account name"),
        ({"name": "größe"}, "is not a valid account name"),
        ({"name": "x" * 64}, "is not a valid account name"),
        ({"name": "NorthWind"}, "choose another name"),
        ({"email": "ada"}, "is not a valid e-mail address"),
        ({"email": ""}, "is not a valid e-mail address"),
        ({"first_name": "x" * 256}, "is not a valid name"),
        ({"last_name": "new\nline"}, "is not a valid name"),
    ],
)
def test_an_account_with_an_invalid_input_is_refused(database: Database, changed: dict[str, str], message: str) -> None:
    database.run_now(accounts.create, **GIVEN)

    with pytest.raises(OperatorError, match=message):
        database.run_now(accounts.create, **{**GIVEN, "name": "other", **changed})


def test_an_unknown_account_is_not_found(database: Database) -> None:
    with pytest.raises(OperatorError, match="no account named 'nowhere'"):
        database.read_now(accounts.find, "nowhere")


def test_a_user_in_several_accounts_is_found_by_address_and_account(database: Database) -> None:
    first = database.run_now(accounts.create, **GIVEN)
    assert database.read_now(accounts.find_user, " ADA@northwind.test").id == first.user_id
    second = database.run_now(accounts.create, **GIVEN | {"name": "southwind"})

    found = database.read_now(accounts.find_user, "ada@northwind.test", "Southwind")

    assert (found.account_id, found.id, found.state) == (second.account_id, second.user_id, "active")
    with pytest.raises(OperatorError, match=r"--account \(northwind, southwind\)"):
        database.read_now(accounts.find_user, "ada@northwind.test")
    for email, account in (("x@y.test", None), ("ada@northwind.test", "nowhere")):
        with pytest.raises(OperatorError, match="no user with the e-mail address"):
            database.read_now(accounts.find_user, email, account)
