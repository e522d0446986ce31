"""Account settings that an administrator changes."""

import pytest

from hourhook.domain import account_settings, accounts, callers
from hourhook.domain.callers import Caller
from hourhook.domain.links import Links
from hourhook.errors import OperatorError
from hourhook.store.database import Database
from tests.support.clocks import FakeClock

LINKS = Links("https://time.example.test")


@pytest.fixture
def created(database: Database) -> accounts.CreatedAccount:
    return database.run_now(
        accounts.create, name="a", email="ada@a.test", first_name=None, last_name=None, password_hash=None
    )


def caller_of(database: Database, created: accounts.CreatedAccount) -> Caller:
    caller = database.read_now(callers.authenticate, created.token, LINKS)
    assert caller is not None
    return caller


@pytest.mark.parametrize(
    ("key", "text", "attribute", "value"),
    [
        ("invoicing", "off", "invoicing_enabled", False),
        ("approvals", "No", "approvals_enabled", False),
        ("approvals", "on", "approvals_enabled", True),
        ("locked", "true", "is_account_locked", True),
        ("max_users", "7", "max_users", 7),
        ("max_users", "none", "max_users", None),
        ("max_projects", "0", "max_projects", 0),
        ("tag_creation_role", "Leader", "tag_creation_role", "leader"),
        ("default_billing_increment", "6", "default_billing_increment", 6),
        ("utc_offset:ADA@a.test", "-28800", "time_zone", "-08:00"),
        ("utc_offset:ADA@a.test", "0", "time_zone", "UTC"),
        ("utc_offset:ADA@a.test", "europe/berlin", "time_zone", "Europe/Berlin"),
    ],
)
def test_a_setting_is_changed(
    database: Database, created: accounts.CreatedAccount, key: str, text: str, attribute: str, value: object
) -> None:
    database.write_now(created.account_id, account_settings.update_settings, {key: text})

    assert getattr(caller_of(database, created), attribute) == value


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("invoicing", "maybe"),
        ("max_users", "-1"),
        ("max_users", "many"),
        ("max_projects", "9" * 5000),
        ("tag_creation_role", "owner"),
        ("default_billing_increment", "2"),
        ("utc_offset:ada@a.test", "Europe/Atlantis"),
        ("utc_offset:ada@a.test", "90000"),
    ],
)
def test_an_invalid_value_is_refused_with_its_key(
    database: Database, created: accounts.CreatedAccount, key: str, text: str
) -> None:
    with pytest.raises(OperatorError) as refused:
        database.write_now(created.account_id, account_settings.update_settings, {"locked": "on", key: text})

    assert str(refused.value).startswith(f"{key}={text} is invalid: ")
    assert not caller_of(database, created).is_account_locked


@pytest.mark.parametrize("key", ["colour", "utc_offset", "name", ""])
def test_an_unknown_setting_is_refused_with_the_known_ones(
    database: Database, created: accounts.CreatedAccount, key: str
) -> None:
    with pytest.raises(OperatorError, match="max_projects, tag_creation_role"):
        database.write_now(created.account_id, account_settings.update_settings, {key: "1"})


def test_the_utc_offset_of_an_unknown_user_is_refused(database: Database, created: accounts.CreatedAccount) -> None:
    with pytest.raises(OperatorError, match="no user"):
        database.write_now(created.account_id, account_settings.update_settings, {"utc_offset:x@y.test": "0"})


def test_a_changed_setting_sets_updated_at(
    database: Database, created: accounts.CreatedAccount, clock: FakeClock
) -> None:
    clock.advance(seconds=60)

    database.write_now(created.account_id, account_settings.update_settings, {"invoicing": "off"})

    assert database.read_now(accounts.show, caller_of(database, created)).updated_at == "2024-05-21T10:06:00Z"
