"""Authentication of callers, and checks of roles and features."""

import pytest
from sqlalchemy import update

from hourhook.domain.callers import ROLES, Caller, authenticate, find_caller
from hourhook.domain.links import Links
from hourhook.errors import AccountLocked, FeatureNotIncluded, Forbidden
from hourhook.store.schema import users
from hourhook.store.statements import Statement
from tests.support.accounts import Account, Person

LINKS = Links("https://time.example.com/")


def caller_of(account: Account, person: Person) -> Caller:
    caller = account.database.read_now(authenticate, person.token, LINKS)
    assert caller is not None
    return caller


def test_a_token_authenticates_its_user_in_its_account(account: Account, other_account: Account) -> None:
    caller = caller_of(other_account, other_account.coworker)

    assert (caller.account_id, caller.user_id, caller.role) == (other_account.id, other_account.coworker.id, "coworker")
    assert not caller.is_owner
    assert caller.links.entry(7) == "https://time.example.com/v2/entries/7"


@pytest.mark.parametrize("token", ["", "unknown", "x" * 129, "caf\u00e9", "\0", "'"])
def test_a_string_that_is_not_a_token_authenticates_nobody(account: Account, token: str) -> None:
    assert account.database.read_now(authenticate, token, LINKS) is None


def test_a_user_found_without_a_token_is_the_same_caller(account: Account) -> None:
    by_token = caller_of(account, account.leader)
    found = account.database.read_now(find_caller, account.id, account.leader.id, LINKS)

    assert found is not None
    assert (found.user_id, found.role, found.token_id) == (by_token.user_id, by_token.role, None)
    assert account.database.read_now(find_caller, account.id, 2_000_000_000, LINKS) is None


def test_a_suspended_user_cannot_be_a_caller(account: Account) -> None:
    account.set_state(account.leader, "suspended")

    assert account.database.read_now(authenticate, account.leader.token, LINKS) is None
    assert account.database.read_now(find_caller, account.id, account.leader.id, LINKS) is None


def test_the_owner_is_a_supervisor_whatever_their_stored_role(account: Account) -> None:
    demote = Statement(update(users).where(users.c.id == account.owner.id).values(role="contractor"))
    account.database.write_now(account.id, lambda tx: tx.execute(demote))

    caller = caller_of(account, account.owner)

    assert caller.is_owner
    assert caller.role == "supervisor"


def test_a_role_includes_those_below_it(account: Account) -> None:
    for index, role in enumerate(ROLES):
        caller = caller_of(account, account.people[role])
        assert [caller.has_role(other) for other in ROLES] == [False] * index + [True] * (len(ROLES) - index)
        assert caller.is_scoped == (role in ("coworker", "contractor"))


def test_a_caller_below_the_required_role_is_refused(account: Account) -> None:
    caller = caller_of(account, account.coworker)

    caller.require_role("coworker")
    with pytest.raises(Forbidden):
        caller.require_role("leader")


@pytest.mark.parametrize("feature", ["invoicing", "approvals"])
def test_a_feature_that_is_off_is_refused(account: Account, feature: str) -> None:
    caller_of(account, account.owner).require_feature(feature)
    account.change_settings(**{feature: "off"})

    with pytest.raises(FeatureNotIncluded):
        caller_of(account, account.owner).require_feature(feature)


def test_a_locked_account_is_refused(account: Account) -> None:
    caller_of(account, account.owner).require_unlocked()
    account.change_settings(locked="on")

    with pytest.raises(AccountLocked):
        caller_of(account, account.owner).require_unlocked()
