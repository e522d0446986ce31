"""Seed the throw-away account of the demo: users, projects and two weeks of entries."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from hourhook.cli.databases import command_database
from hourhook.cli.demo.clients import Client
from hourhook.clock import SystemClock
from hourhook.crypto import Keyring, load_key_file
from hourhook.domain import accounts, passwords, sign_in_links, tokens
from hourhook.domain.users import storing
from hourhook.settings import Settings
from hourhook.store.transaction import Transaction
from hourhook.store.urls import sqlite_path
from hourhook.time_zones import today

NAME = "northwind"
PASSWORD = "hourhook-demo"
DAYS_OF_HISTORY = 14
SIGN_IN_LINK_LIFETIME_SECONDS = 7 * 86_400
STAFF = (
    ("Grace", "Okafor", "leader"),
    ("Tomas", "Lindqvist", "coworker"),
    ("Mei", "Tanaka", "coworker"),
    ("Rosa", "Silva", "contractor"),
)
PROJECTS = (
    {"name": "Website relaunch", "budgeted_minutes": 12_000, "color": "#3fa7d6"},
    {"name": "Mobile app", "budgeted_minutes": 24_000, "color": "#59cd90"},
    {"name": "Brand book", "budgeted_minutes": 3_600, "color": "#fac05e"},
    {"name": "Annual report", "color": "#f79d84"},
    {"name": "Office", "billable": False, "color": "#8d99ae"},
)
TASKS = (
    ("Wireframes for the start page #design", 90),
    ("Review of the copy #review", 45),
    ("Call with the client #meeting", 30),
    ("Forms that work without script #frontend", 135),
    ("Fixed the calendar on phones #frontend", 60),
    ("Logo in black and white #design", 75),
    ("Planning the next two weeks #meeting", 60),
    ("Tested on old devices #testing", 105),
)


@dataclass(frozen=True, slots=True)
class Person:
    """A user, with a personal access token."""

    id: int
    name: str
    email: str
    role: str
    token: str


@dataclass(slots=True)
class Project:
    """A project, as far as the demo needs it."""

    id: int
    name: str


@dataclass(slots=True)
class DemoAccount:
    """The account: its ``people``, owner first, and its ``projects``."""

    id: int
    people: list[Person]
    projects: list[Project] = field(default_factory=list)

    @property
    def owner(self) -> Person:
        return self.people[0]


def create_account(database_url: str) -> DemoAccount:
    """Create the account and its users, all with the same password."""
    password_hash = passwords.hash_password(PASSWORD)
    owner = f"ada@{NAME}.test"
    with command_database(Settings(database_url=database_url), may_create=True) as database:
        created = database.run_now(
            accounts.create,
            name=NAME,
            email=owner,
            first_name="Ada",
            last_name="Byron",
            password_hash=password_hash,
        )
        people = [Person(created.user_id, "Ada", owner, "supervisor", created.token)]
        return DemoAccount(created.account_id, people + database.write_now(created.account_id, _hire, password_hash))


def make_sign_in_path(database_url: str, account: DemoAccount) -> str:
    """Return the path of a link that signs the owner in; the server must have created its key."""
    keyring = Keyring(load_key_file(sqlite_path(database_url)))
    with command_database(Settings(database_url=database_url)) as database:
        return database.read_now(
            sign_in_links.make_path, keyring, account.id, account.owner.id, SIGN_IN_LINK_LIFETIME_SECONDS
        )


async def seed_history(account: DemoAccount, client: Client) -> None:
    """Create the projects and log time for the last days through the API."""
    owner = account.owner
    for project in PROJECTS:
        response = await client.request("POST", "/v2/projects", owner.token, project)
        account.projects.append(Project(response.content["id"], response.content["name"]))
    all_projects = {"project_ids": [project.id for project in account.projects]}
    for person in account.people:
        if person.role in ("coworker", "contractor"):
            await client.request("PUT", f"/v2/users/{person.id}/give_access_to_projects", owner.token, all_projects)
    # Each day has its own mix of people, projects and tasks.
    for number, day in enumerate(_workdays()):
        for index, person in enumerate(account.people):
            description, minutes = TASKS[(number * 3 + index * 5) % len(TASKS)]
            entry = {
                "date": day,
                "minutes": minutes,
                "description": description,
                "project_id": account.projects[(number + index * 2) % len(account.projects)].id,
            }
            await client.request("POST", "/v2/entries", person.token, entry)


def utc_today() -> str:
    """Return the current UTC date; all users of the demo have a UTC offset of 0."""
    return today(SystemClock().now(), "UTC")


def _hire(tx: Transaction, password_hash: str) -> list[Person]:
    people = []
    for first_name, last_name, role in STAFF:
        email = f"{first_name.lower()}@{NAME}.test"
        id = storing.insert(
            tx,
            tx.account_id,
            email=email,
            first_name=first_name,
            last_name=last_name,
            role=role,
            state="active",
            password_hash=password_hash,
        )
        people.append(Person(id, first_name, email, role, tokens.create(tx, id, "demo")))
    return people


def _workdays() -> Iterator[str]:
    current = date.fromisoformat(utc_today())
    for days_ago in range(DAYS_OF_HISTORY, 0, -1):
        day = current - timedelta(days=days_ago)
        if day.weekday() < 5:
            yield day.isoformat()
