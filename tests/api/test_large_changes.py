"""Changes of thousands of objects: one transaction, few statements per batch, bounded memory."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import bindparam, select, text

from hourhook.domain import inputs
from hourhook.domain.batching import BATCH_SIZE
from hourhook.domain.callers import find_caller
from hourhook.domain.links import Links
from hourhook.domain.projects import merging
from hourhook.store.schema import entries, entry_tags, lanes, projects
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.conftest import Delivering, MakeServer, Server
from tests.support.accounts import Account
from tests.support.events_of import Event, EventReader
from tests.support.factories import DAY, ids, insert_entries, insert_expenses, make_entry, make_project, make_tag
from tests.support.statements import Statements, capture_statements
from tests.support.webhook_receiver import WebhookReceiver
from tests.support.webhooks import make_webhook

FEW, MANY = 200, 2_000
Change = Callable[[Account, int], tuple[str, Any]]


@pytest.fixture
def server(make_server: MakeServer, delivering: Delivering, request: pytest.FixtureRequest) -> Server:
    """A server, with a worker if the test takes a webhook receiver."""
    parts = {"lifespans": [delivering]} if "webhook_receiver" in request.fixturenames else {}
    return make_server(site_options=parts)


def merge_projects(account: Account, count: int, expenses_count: int | None = None) -> tuple[str, Any]:
    target, project = make_project(account, f"Target {count}"), make_project(account, f"Project {count}")
    insert_entries(account, count, make_tag(account, f"of-{count}"), project)
    insert_expenses(account, count if expenses_count is None else expenses_count, project)
    return f"/v2/projects/{target['id']}/merge", {"project_id": project["id"]}


def merge_tags(account: Account, count: int) -> tuple[str, Any]:
    target, tag = make_tag(account, f"target-{count}"), make_tag(account, f"merged-{count}")
    insert_entries(account, count, tag)
    return f"/v2/tags/{target['id']}/merge", {"tag_id": tag["id"]}


def rename_tag(account: Account, count: int) -> tuple[str, Any]:
    tag = make_tag(account, f"old-{count}")
    insert_entries(account, count, tag)
    return f"/v2/tags/{tag['id']}", {"name": f"new-{count}"}


def delete_one_tag(account: Account, count: int) -> tuple[str, Any]:
    tag = make_tag(account, f"used-{count}")
    insert_entries(account, count, tag)
    return "/v2/tags/delete", {"tag_ids": [tag["id"]]}


def delete_tags(account: Account, count: int) -> tuple[str, Any]:
    names = [f"one-{count}-of-{number}" for number in range(count)]
    response = account.leader.client.post("/v2/tags", {"names": names})
    tag_ids = ids(response.json())
    use(account, insert_entries(account, count, make_tag(account, f"kept-{count}")), tag_ids)
    return "/v2/tags/delete", {"tag_ids": tag_ids}


def approve(account: Account, count: int) -> tuple[str, Any]:
    return "/v2/entries/approved", {"entry_ids": insert_entries(account, count, make_tag(account, f"approved-{count}"))}


def unapprove(account: Account, count: int) -> tuple[str, Any]:
    path, body = approve(account, count)
    assert account.supervisor.client.put(path, body).status == 204
    return "/v2/entries/unapproved", body


def mark_as_invoiced(account: Account, count: int) -> tuple[str, Any]:
    body = {"entry_ids": insert_entries(account, count, make_tag(account, f"invoiced-{count}")), "date": DAY}
    return "/v2/entries/marked_as_invoiced", body


def archive(account: Account, count: int) -> tuple[str, Any]:
    project_ids = fill_with_projects(account, count)
    use_projects(account, project_ids)
    return "/v2/projects/archive", {"project_ids": project_ids}


def unarchive(account: Account, count: int) -> tuple[str, Any]:
    path, body = archive(account, count)
    assert account.supervisor.client.put(path, body).status == 204
    return "/v2/projects/unarchive", body


def delete_projects(account: Account, count: int) -> tuple[str, Any]:
    return "/v2/projects/delete", {"project_ids": fill_with_projects(account, count)}


# Statements per additional batch; a merge also moves expenses, with as many events again.
CHANGES: dict[str, tuple[Change, int]] = {
    "merge of projects": (merge_projects, 8),
    "merge of tags": (merge_tags, 5),
    "renaming a tag": (rename_tag, 5),
    "deleting a tag": (delete_one_tag, 5),
    "deleting tags": (delete_tags, 12),
    "approving": (approve, 10),
    "unapproving": (unapprove, 7),
    "marking as invoiced": (mark_as_invoiced, 7),
    "archiving": (archive, 9),
    "unarchiving": (unarchive, 8),
    "deleting projects": (delete_projects, 9),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_large_change_takes_a_few_statements_per_batch(account: Account, name: str) -> None:
    change, statements_each = CHANGES[name]
    make_webhook(account, events=["*"])
    costs = {count: cost_of(account, *change(account, count)) for count in (FEW, MANY)}

    more = len(costs[MANY]) - len(costs[FEW])
    assert 0 < more <= statements_each * (MANY // BATCH_SIZE), str(costs[MANY])
    for cost in costs.values():
        assert max(cost.inserted_row_counts("events")) <= BATCH_SIZE
        assert max(cost.inserted_row_counts("payloads")) <= BATCH_SIZE
        assert sum(cost.inserted_row_counts("payloads")) == sum(cost.inserted_row_counts("events")) >= FEW


def test_memory_does_not_grow_with_the_size_of_a_merge(account: Account) -> None:
    make_webhook(account, events=["*"])
    caller = account.database.read_now(find_caller, account.id, account.owner.id, Links("http://127.0.0.1"))
    assert caller is not None

    def peak_of_merge(count: int) -> int:
        path, body = merge_projects(account, count)
        params, faults = inputs.parse(merging.ProjectMerge, body, resource="Project")
        tracemalloc.start()
        try:
            account.database.write_now(account.id, merging.merge, caller, int(path.split("/")[3]), params, faults)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak_of_merge(100)
    small, large = peak_of_merge(1_000), peak_of_merge(5_000)
    assert large < small * 1.3


@pytest.mark.parametrize("resource", ["projects", "tags"])
def test_the_events_of_a_large_merge_reach_a_webhook_in_order(
    account: Account, webhook_receiver: WebhookReceiver, resource: str
) -> None:
    count, expenses_count = {"tags": (1_500, 0), "projects": (700, 700)}[resource]
    path, body = merge_projects(account, count, expenses_count) if expenses_count else merge_tags(account, count)
    target_id, swallowed_id = int(path.split("/")[3]), next(iter(body.values()))
    entry_ids = ids_of(account, _IN_PROJECT if resource == "projects" else _WITH_TAG, swallowed_id)
    make_webhook(account, webhook_receiver.uri, events=["*"])
    webhook_receiver.next()

    assert account.leader.client.put(path, body).status == 204

    arrived = webhook_receiver.next_deliveries(count + expenses_count + 3)
    assert webhook_receiver.is_empty()
    assert [each.sequence for each in arrived] == [*range(1, len(arrived) + 1)]
    *changed, updated, deleted, merged = arrived
    entries_changed, expenses_changed = changed[:count], changed[count:]
    assert {each.type for each in entries_changed} == {"entry.updated"}
    assert [each.payload["object"]["id"] for each in entries_changed] == entry_ids
    assert {each.type for each in expenses_changed} <= {"expense.updated"}
    expense_ids = [each.payload["object"]["id"] for each in expenses_changed]
    assert expense_ids == sorted({*expense_ids})
    name = resource.removesuffix("s")
    assert [each.type for each in (updated, deleted, merged)] == [
        f"{name}.updated",
        f"{name}.deleted",
        f"{name}.deleted.merged",
    ]
    assert updated.payload["changes"]["entries"] == [0, count]
    assert updated.payload["object"]["id"] == target_id
    assert deleted.payload["object"]["id"] == merged.payload["object"]["id"] == swallowed_id
    # On both sides of the border between two batches.
    for place in (
        0,
        1,
        BATCH_SIZE - 1,
        BATCH_SIZE,
        2 * BATCH_SIZE - 1,
        2 * BATCH_SIZE,
        count - 1,
        len(changed) - 1,
        len(changed),
    ):
        shown = account.supervisor.client.get(arrived[place].payload["object"]["url"])
        assert shown.status == 200
        assert arrived[place].body.endswith(b'"object":' + shown.body + b"}")


def test_a_large_merge_that_fails_leaves_nothing_behind(account: Account) -> None:
    path, body = merge_projects(account, 1_200, 10)
    webhook = make_webhook(account, events=["*"])
    # A row that references the project unknown to the server, so that the very last statement fails.
    account.database.run_now(lambda tx: tx.execute(_MAKE_HOLDS))
    account.database.run_now(lambda tx: tx.execute(_HOLD, account=account.id, project=body["project_id"]))
    log = EventReader(account)

    assert account.leader.client.put(path, body).status == 500

    assert log.read_new() == []
    assert len(ids_of(account, _IN_PROJECT, body["project_id"])) == 1_200
    assert account.database.read_now(lambda tx: tx.value(_LAST_SEQUENCE, webhook=webhook["id"])) == 0
    # The next merge starts where the last successful one ended.
    account.database.run_now(lambda tx: tx.execute(_LET_GO))
    assert account.leader.client.put(path, body).status == 204
    assert len(log.read_new()) == 1_200 + 10 + 3
    assert account.database.read_now(lambda tx: tx.value(_LAST_SEQUENCE, webhook=webhook["id"])) == 1_200 + 10 + 3


def test_tags_with_many_or_few_entries_are_deleted_in_order(account: Account) -> None:
    few, many, last, kept = (make_tag(account, name) for name in ("few", "many", "last", "kept"))
    shared = make_entry(account.leader, "#few #last* (#many) #kept")
    only = make_entry(account.leader, "#last")
    filled = insert_entries(account, BATCH_SIZE + 100, many)
    log = EventReader(account)

    response = account.leader.client.put("/v2/tags/delete", {"tag_ids": ids([last, few, many])})

    assert response.status == 204
    expected = [
        ("entry.updated", shared["id"]),
        ("tag.deleted", few["id"]),
        ("entry.updated", shared["id"]),
        *(("entry.updated", id) for id in filled),
        ("tag.deleted", many["id"]),
        ("entry.updated", shared["id"]),
        ("entry.updated", only["id"]),
        ("tag.deleted", last["id"]),
    ]
    events = log.read_new()
    assert [(event.type, event.object["id"]) for event in events] == expected
    of_shared = [event for event in events if event.object["id"] == shared["id"] and event.type == "entry.updated"]
    assert [event.object["description"] for event in of_shared] == [
        "few #last* (#many) #kept",
        "few #last* (many) #kept",
        "few last (many) #kept",
    ]
    assert ids(of_shared[-1].object["tags"]) == [kept["id"]]
    assert_chained(shared, of_shared)
    assert account.supervisor.client.get(shared["url"]).body == of_shared[-1].text
    assert [event.object["entries"] for event in events if event.type == "tag.deleted"] == [1, BATCH_SIZE + 101, 2]


def test_many_tags_of_the_same_entries_are_deleted_in_order(account: Account) -> None:
    count = 60
    entry_ids = insert_entries(account, 2, make_tag(account, "kept"))
    names = [f"t{number}" for number in range(count)]
    tag_ids = ids(account.leader.client.post("/v2/tags", {"names": names}).json())
    description = " ".join(f"#{name}" for name in names)
    for entry_id in entry_ids:
        assert account.leader.client.put(f"/v2/entries/{entry_id}", {"description": description}).status == 200
    before = account.leader.client.get(f"/v2/entries/{entry_ids[0]}").json()
    log = EventReader(account)

    account.leader.client.put("/v2/tags/delete", {"tag_ids": [*reversed(tag_ids)]})

    events = log.read_new()
    assert [(event.type, event.object["id"]) for event in events] == [
        each for tag_id in tag_ids for each in (*(("entry.updated", id) for id in entry_ids), ("tag.deleted", tag_id))
    ]
    of_first = [event for event in events if event.object["id"] == entry_ids[0] and event.type == "entry.updated"]
    assert_chained(before, of_first)
    for entry_id in entry_ids:
        shown = account.supervisor.client.get(f"/v2/entries/{entry_id}")
        last = [event for event in events if event.type == "entry.updated" and event.object["id"] == entry_id][-1]
        assert (shown.json()["description"], shown.json()["tags"]) == (" ".join(names), [])
        assert shown.body == last.text


def test_a_list_accepts_its_maximum_number_of_ids(account: Account) -> None:
    entry_ids = insert_entries(account, 10, make_tag(account, "a"))
    unknown = [*range(1_000_000, 1_009_990)]
    log = EventReader(account)

    response = account.supervisor.client.put("/v2/entries/approved", {"entry_ids": [*unknown, *entry_ids]})

    assert response.status == 204
    assert [event.object["id"] for event in log.read_new()[::2]] == entry_ids
    too_many = account.supervisor.client.put("/v2/entries/approved", {"entry_ids": [*unknown, *range(1, 12)]})
    assert too_many.codes == [("entry_ids", "invalid")]


def cost_of(account: Account, path: str, body: Any) -> Statements:
    """The number of statements of a request."""
    with capture_statements(account.database) as statements:
        response = account.supervisor.client.put(path, body)
    assert response.status < 300, response.body
    return statements


def assert_chained(before: dict[str, Any], changed: list[Event]) -> None:
    """Assert that the events of an object form a chain of changes."""
    for event in changed:
        assert event.changes == {
            key: [before[key], event.object[key]]
            for key in before
            if before[key] != event.object[key] and key != "updated_at"
        }
        before = event.object


def use(account: Account, entry_ids: list[int], tag_ids: list[int]) -> None:
    """Give each entry a further tag that its text does not contain."""
    columns = ("account_id", "entry_id", "tag_id", "place")
    rows = [(account.id, *pair, 1) for pair in zip(entry_ids, tag_ids, strict=True)]
    account.database.write_now(account.id, lambda tx: tx.insert_many(entry_tags, columns, rows))


def fill_with_projects(account: Account, count: int) -> list[int]:
    """Create many unused projects and return their ids."""

    def insert_entries(tx: Transaction) -> list[int]:
        new = [*tx.next_ids(projects, count)]
        columns = ("account_id", "id", "name", "name_key", "billable", "billing_increment", "color", "enabled")
        rows = [
            (account.id, id, f"P {id}", f"p {id}", True, 1, "#ff0000", True, tx.event_time, tx.event_time) for id in new
        ]
        tx.insert_many(projects, (*columns, "created_at", "updated_at"), rows)
        return new

    return account.database.write_now(account.id, insert_entries)


def use_projects(account: Account, project_ids: list[int]) -> None:
    """Log time on each of these projects."""

    def use(tx: Transaction) -> None:
        new = [*tx.next_ids(entries, len(project_ids))]
        columns = ("account_id", "id", "date", "user_id", "project_id", "minutes", "created_at", "updated_at")
        rows = [
            (account.id, id, DAY, account.leader.id, project_id, 30, tx.event_time, tx.event_time)
            for id, project_id in zip(new, project_ids, strict=True)
        ]
        tx.insert_many(entries, columns, rows)

    account.database.write_now(account.id, use)


def ids_of(account: Account, statement: Statement, id: int) -> list[int]:
    """The ids that a statement returns, in order."""
    return [row.id for row in account.database.read_now(lambda tx: tx.all(statement, of=id))]


_IN_PROJECT = Statement(select(entries.c.id).where(entries.c.project_id == bindparam("of")).order_by(entries.c.id))
_WITH_TAG = Statement(
    select(entry_tags.c.entry_id.label("id"))
    .where(entry_tags.c.tag_id == bindparam("of"))
    .order_by(entry_tags.c.entry_id)
)
_LAST_SEQUENCE = Statement(select(lanes.c.last_sequence).where(lanes.c.webhook_id == bindparam("webhook")))
_MAKE_HOLDS = Statement(
    text(
        "CREATE TABLE holds (account_id INTEGER, project_id INTEGER,"
        " FOREIGN KEY (account_id, project_id) REFERENCES projects (account_id, id))"
    )
)
_HOLD = Statement(text("INSERT INTO holds (account_id, project_id) VALUES (:account, :project)"))
_LET_GO = Statement(text("DROP TABLE holds"))
