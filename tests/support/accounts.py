"""Accounts with a user of each role, and a client for each user."""

from dataclasses import dataclass, field

from sqlalchemy import update

from hourhook.domain import account_settings, accounts, tokens
from hourhook.domain.users import storing
from hourhook.store.database import Database
from hourhook.store.schema import users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.clients import Client

ROLES = ("supervisor", "leader", "coworker", "contractor")


@dataclass(frozen=True)
class Person:
    """A user, with a token and a client that uses it."""

    id: int
    email: str
    role: str
    token: str
    client: Client


@dataclass
class Account:
    """An account with ``owner`` (a supervisor) and a user of each role, under the role's name."""

    id: int
    name: str
    database: Database
    # A client of the account's server that sends no token.
    client: Client
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        return self.client.base_url

    @property
    def owner(self) -> Person:
        return self.people["owner"]

    @property
    def supervisor(self) -> Person:
        return self.people["supervisor"]

    @property
    def leader(self) -> Person:
        return self.people["leader"]

    @property
    def coworker(self) -> Person:
        return self.people["coworker"]

    @property
    def contractor(self) -> Person:
        return self.people["contractor"]

    def add(self, name: str, role: str, state: str = "active") -> Person:
        """Add a user; disabled and suspended users get no token."""

        def add(tx: Transaction) -> tuple[int, str]:
            id = storing.insert(
                tx, self.id, email=email, first_name=name.title(), last_name=None, role=role, state=state
            )
            has_token = state not in ("disabled", "suspended")
            return id, tokens.create(tx, id) if has_token else ""

        email = f"{name}@{self.name}.test"
        id, token = self.database.write_now(self.id, add)
        self.people[name] = Person(id, email, role, token, self.client.with_token(token))
        return self.people[name]

    def set_state(self, person: Person, state: str) -> None:
        """Set the state of a user directly in the database; no rule is applied."""
        change = Statement(update(users).where(users.c.id == person.id).values(state=state))
        self.database.write_now(self.id, lambda tx: tx.execute(change))

    def revoke_tokens(self, person: Person) -> None:
        rows = self.database.read_now(tokens.list_all)
        for row in rows:
            if row.email == person.email and row.account == self.name:
                self.database.write_now(self.id, tokens.revoke, row.id)

    def change_settings(self, **values: str) -> None:
        """Change settings as an administrator does: ``account.change_settings(locked="on")``."""
        self.database.write_now(self.id, account_settings.update_settings, values)


def make_account(database: Database, client: Client, name: str = "northwind") -> Account:
    """Create an account with an owner and one more user of each role."""
    created = database.run_now(
        accounts.create,
        name=name,
        email=f"owner@{name}.test",
        first_name="Ada",
        last_name="Byron",
        password_hash=None,
    )
    account = Account(created.account_id, name, database, client)
    account.people["owner"] = Person(
        created.user_id, f"owner@{name}.test", "supervisor", created.token, client.with_token(created.token)
    )
    for role in ROLES:
        account.add(role, role)
    return account
