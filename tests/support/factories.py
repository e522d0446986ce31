"""Factories: create resources through the API, and many entries or expenses at once through the database."""

from collections.abc import Iterable, Sequence
from typing import Any

from hourhook.domain.invoices import paying
from hourhook.domain.links import Links
from hourhook.domain.search_keys import search_key
from hourhook.store.schema import entries, entry_tags, expenses
from hourhook.store.transaction import Transaction
from tests.support.accounts import Account, Person

DAY = "2024-05-21"
NO_SUCH_ID = 2_000_000_000


def make_project(account: Account, name: str = "Website relaunch", *people: Person, **values: Any) -> dict[str, Any]:
    """Create a project, and give these users access to it."""
    response = account.leader.client.post("/v2/projects", {"name": name, **values})
    assert response.status == 201, response.body
    project: dict[str, Any] = response.json()
    for person in people:
        give_access(account, person, project)
    return project


def give_access(account: Account, person: Person, project: dict[str, Any]) -> None:
    path = f"/v2/users/{person.id}/give_access_to_projects"
    assert account.supervisor.client.put(path, {"project_ids": [project["id"]]}).status == 204


def make_tag(account: Account, name: str) -> dict[str, Any]:
    """Create a tag; a name like ``holiday*`` makes it unbillable."""
    response = account.leader.client.post("/v2/tags", {"names": [name]})
    assert response.status == 201, response.body
    tag: dict[str, Any] = response.json()[0]
    return tag


def make_team(account: Account, name: str = "Platform", *people: Person) -> dict[str, Any]:
    response = account.supervisor.client.post("/v2/teams", {"name": name, "user_ids": [person.id for person in people]})
    assert response.status == 201, response.body
    team: dict[str, Any] = response.json()
    return team


def make_group(account: Account, name: str = "Contoso", *projects: dict[str, Any]) -> dict[str, Any]:
    response = account.leader.client.post("/v2/project_groups", {"name": name, "project_ids": ids([*projects])})
    assert response.status == 201, response.body
    group: dict[str, Any] = response.json()
    return group


def make_entry(person: Person, description: str | None = None, *, minutes: int = 60, **values: Any) -> dict[str, Any]:
    body = {"date": DAY, "minutes": minutes, "description": description, **values}
    response = person.client.post("/v2/entries", body)
    assert response.status == 201, response.body
    entry: dict[str, Any] = response.json()
    return entry


def make_expense(person: Person, project: dict[str, Any], price: Any = 49.9, **values: Any) -> dict[str, Any]:
    body = {"date": DAY, "price": price, "project_id": project["id"], **values}
    response = person.client.post("/v2/expenses", body)
    assert response.status == 201, response.body
    expense: dict[str, Any] = response.json()
    return expense


def make_invoice(
    account: Account, entries: Sequence[Any] = (), expenses: Sequence[Any] = (), **values: Any
) -> dict[str, Any]:
    body = {"invoice_date": "2024-06-01", "entry_ids": ids(entries), "expense_ids": ids(expenses), **values}
    response = account.leader.client.post("/v2/invoices", body)
    assert response.status == 201, response.body
    invoice: dict[str, Any] = response.json()
    return invoice


def set_state(account: Account, invoice: dict[str, Any], state: str) -> None:
    """Set the state of an invoice, as an administrator does."""
    account.database.write_now(account.id, paying.set_state, Links(account.base_url), invoice["id"], state)


def archive(account: Account, project: dict[str, Any]) -> None:
    """Archive a project; it must have entries or expenses."""
    assert account.leader.client.put(f"/v2/projects/{project['id']}/archive").status == 204


def approve(account: Account, entry: dict[str, Any]) -> None:
    assert account.supervisor.client.put(f"/v2/entries/{entry['id']}/approved").status == 204


def mark_as_invoiced(account: Account, entry: dict[str, Any], day: str = "2024-06-01") -> None:
    """Mark an entry as invoiced outside Hourhook."""
    path = f"/v2/entries/{entry['id']}/marked_as_invoiced"
    assert account.leader.client.put(path, {"date": day}).status == 204


def insert_entries(
    account: Account, count: int, tag: dict[str, Any], project: dict[str, Any] | None = None
) -> list[int]:
    """Create entries of the leader with one tag; return their ids."""

    def insert(tx: Transaction) -> list[int]:
        text = f"Work {tag['formatted_name']}"
        new = [*tx.next_ids(entries, count)]
        names = ("account_id", "id", "date", "user_id", "project_id", "minutes", "description", "description_key")
        values = (
            DAY,
            account.leader.id,
            project and project["id"],
            30,
            text,
            search_key(text),
            tx.event_time,
            tx.event_time,
        )
        tx.insert_many(entries, (*names, "created_at", "updated_at"), [(account.id, id, *values) for id in new])
        columns = ("account_id", "entry_id", "tag_id", "place")
        tx.insert_many(entry_tags, columns, [(account.id, id, tag["id"], 0) for id in new])
        return new

    return account.database.write_now(account.id, insert)


def insert_expenses(account: Account, count: int, project: dict[str, Any]) -> list[int]:
    """Create expenses of the leader in one project; return their ids."""

    def insert(tx: Transaction) -> list[int]:
        new = [*tx.next_ids(expenses, count)]
        names = ("account_id", "id", "date", "user_id", "project_id", "price", "taxable", "created_at", "updated_at")
        values = (DAY, account.leader.id, project["id"], 4990, True, tx.event_time, tx.event_time)
        tx.insert_many(expenses, names, [(account.id, id, *values) for id in new])
        return new

    return account.database.write_now(account.id, insert)


def ids(objects: Iterable[dict[str, Any]]) -> list[int]:
    """Return the ids of a list of objects, in order."""
    return [each["id"] for each in objects]


def make_inbox_entry(person: Person, description: str = "#standup", **values: Any) -> dict[str, Any]:
    response = person.client.post("/v2/inbox_entries", {"date": DAY, "description": description, **values})
    assert response.status == 201, response.body
    inbox_entry: dict[str, Any] = response.json()
    return inbox_entry


def start_timer(person: Person, project: dict[str, Any], **values: Any) -> dict[str, Any]:
    response = person.client.put(f"/v2/projects/{project['id']}/timer/start", values)
    assert response.status == 200, response.body
    timer: dict[str, Any] = response.json()
    return timer
