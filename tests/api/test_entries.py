"""``/v2/entries``: create, read and delete entries."""

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.events_of import EventReader
from tests.support.factories import DAY, NO_SUCH_ID, archive, ids, make_entry, make_project, make_tag

KEYS = [
    "id", "date", "user", "billable", "minutes", "description", "project", "tags", "source_url", "invoiced_at",
    "invoice", "import", "approved_at", "approved_by", "url", "invoiced_outside_of_noko_url", "approved_url",
    "unapproved_url", "created_at", "updated_at",
]  # fmt: skip
SIMPLE_USER_KEYS = ["id", "email", "first_name", "last_name", "profile_image_url", "url"]
SIMPLE_PROJECT_KEYS = ["id", "name", "billing_increment", "enabled", "billable", "color", "url"]
SIMPLE_TAG_KEYS = ["id", "name", "billable", "formatted_name", "url"]


# Logging time


def test_a_created_entry_is_returned_in_full(account: Account) -> None:
    body = {
        "date": "2024-05-20",
        "user_id": account.coworker.id,
        "minutes": 55,
        "description": "Kick-off #planning",
        "project_id": None,
        "source_url": "https://git.northwind.test/c/8f3a",
    }

    response = account.leader.client.post("/v2/entries", body)

    assert response.status == 201
    entry = response.json()
    assert list(entry) == KEYS
    url = f"{account.base_url}/v2/entries/{entry['id']}"
    assert response.headers["location"] == url
    assert entry == {
        "id": entry["id"],
        "date": "2024-05-20",
        "user": {
            "id": account.coworker.id,
            "email": account.coworker.email,
            "first_name": "Coworker",
            "last_name": None,
            "profile_image_url": "",
            "url": f"{account.base_url}/v2/users/{account.coworker.id}",
        },
        "billable": True,
        "minutes": 55,
        "description": "Kick-off #planning",
        "project": None,
        "tags": entry["tags"],
        "source_url": "https://git.northwind.test/c/8f3a",
        "invoiced_at": None,
        "invoice": None,
        "import": None,
        "approved_at": None,
        "approved_by": None,
        "url": url,
        "invoiced_outside_of_noko_url": f"{url}/marked_as_invoiced",
        "approved_url": f"{url}/approved",
        "unapproved_url": f"{url}/unapproved",
        "created_at": "2024-05-21T10:05:00Z",
        "updated_at": "2024-05-21T10:05:00Z",
    }
    assert [list(tag) for tag in entry["tags"]] == [SIMPLE_TAG_KEYS]
    assert list(entry["user"]) == SIMPLE_USER_KEYS
    assert account.leader.client.get(url).json() == entry
    assert list(make_entry(account.leader, project_name="Website")["project"]) == SIMPLE_PROJECT_KEYS


def test_a_minimal_entry_is_the_callers_own(account: Account) -> None:
    entry = make_entry(account.contractor)

    assert entry["user"]["id"] == account.contractor.id
    assert (entry["project"], entry["description"], entry["tags"]) == (None, "", [])


def test_inputs_are_accepted_as_strings_and_in_the_query(account: Account) -> None:
    response = account.leader.client.post("/v2/entries", query={"date": DAY, "minutes": "30", "description": ""})

    assert response.status == 201
    assert (response.json()["minutes"], response.json()["description"]) == (30, "")


@pytest.mark.parametrize(("minutes", "increment", "rounded"), [(1, 15, 15), (15, 15, 15), (16, 15, 30), (0, 60, 0)])
def test_minutes_are_rounded_up_to_the_projects_increment(
    account: Account, minutes: int, increment: int, rounded: int
) -> None:
    project = make_project(account, billing_increment=increment)

    assert make_entry(account.leader, minutes=minutes, project_id=project["id"])["minutes"] == rounded
    assert make_entry(account.leader, minutes=minutes)["minutes"] == minutes


def test_time_is_billable_unless_its_project_or_a_tag_is_not(account: Account) -> None:
    unbillable = make_project(account, "Internal", billable=False)

    assert make_entry(account.leader, "#work")["billable"] is True
    assert make_entry(account.leader, "#work #holiday*")["billable"] is False
    assert make_entry(account.leader, "#work #holiday")["billable"] is False
    assert make_entry(account.leader, project_id=unbillable["id"])["billable"] is False


def test_hashtags_become_tags_in_order_of_appearance(account: Account) -> None:
    make_tag(account, "b")

    entry = make_entry(account.contractor, "#c then #B and #a* and #C again, not e#d")

    assert [(tag["name"], tag["formatted_name"]) for tag in entry["tags"]] == [("c", "#c"), ("b", "#b"), ("a", "#a*")]


def test_a_project_name_is_found_in_any_case_or_created(account: Account) -> None:
    project = make_project(account, "Größe")

    found = make_entry(account.leader, project_name="GRÖSSE")
    made = make_entry(account.leader, project_name=" New  one ")

    assert found["project"]["id"] == project["id"]
    assert made["project"]["name"] == "New  one"
    assert made["project"]["billing_increment"] == 15
    assert (
        make_entry(account.leader, project_id=project["id"], project_name="Ignored")["project"]["id"] == project["id"]
    )


def test_created_projects_and_tags_raise_events_before_the_entry(account: Account) -> None:
    make_tag(account, "known")
    log = EventReader(account)

    entry = make_entry(account.leader, "#known #one #two*", project_name="Fresh")

    events = log.read_new()
    assert [event.type for event in events] == ["project.created", "tag.created", "tag.created", "entry.created"]
    assert [event.changes for event in events] == [{}] * 4
    assert {event.created_at for event in events} == {entry["created_at"]}
    assert events[0].object["name"] == "Fresh"
    assert [event.object["formatted_name"] for event in events[1:3]] == ["#one", "#two*"]
    for event in events:
        assert account.supervisor.client.get(event.object["url"]).body == event.text


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("date", "missing_field"), ("minutes", "missing_field")]),
        ({"date": None, "minutes": ""}, [("date", "missing_field"), ("minutes", "missing_field")]),
        ({"date": "2024-02-30", "minutes": 1}, [("date", "invalid")]),
        ({"date": "20.5.2024", "minutes": "an hour"}, [("date", "invalid"), ("minutes", "invalid")]),
        ({"date": DAY, "minutes": -1}, [("minutes", "invalid")]),
        ({"date": DAY, "minutes": 1.5}, [("minutes", "invalid")]),
        ({"date": DAY, "minutes": 10**30}, [("minutes", "invalid")]),
        ({"date": DAY, "minutes": True}, [("minutes", "invalid")]),
        ({"date": DAY, "minutes": 1, "user_id": NO_SUCH_ID}, [("user_id", "missing")]),
        ({"date": DAY, "minutes": 1, "project_id": NO_SUCH_ID}, [("project_id", "missing")]),
        ({"date": DAY, "minutes": 1, "user_id": "me"}, [("user_id", "invalid")]),
        ({"date": DAY, "minutes": 1, "description": ["#a"]}, [("description", "invalid")]),
        ({"date": DAY, "minutes": 1, "description": "nul \0"}, [("description", "invalid")]),
        ({"date": DAY, "minutes": 1, "source_url": "just words"}, [("source_url", "invalid")]),
        ({"date": DAY, "minutes": 1, "project_name": "x" * 256}, [("project_name", "invalid")]),
        (
            {"minutes": 1, "user_id": NO_SUCH_ID, "project_id": NO_SUCH_ID},
            [("date", "missing_field"), ("user_id", "missing"), ("project_id", "missing")],
        ),
    ],
)
def test_malformed_input_reports_every_error(
    account: Account, body: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    log = EventReader(account)

    response = account.leader.client.post("/v2/entries", body)

    assert response.status == 400
    assert response.codes == faults
    assert response.json()["message"] == "Validation Failed"
    assert {error["resource"] for error in response.json()["errors"]} == {"Entry"}
    assert log.read_new() == []


def test_users_and_projects_of_another_account_are_missing(account: Account, other_account: Account) -> None:
    theirs = make_project(other_account)

    response = account.leader.client.post(
        "/v2/entries", {"date": DAY, "minutes": 1, "user_id": other_account.leader.id, "project_id": theirs["id"]}
    )

    assert response.codes == [("user_id", "missing"), ("project_id", "missing")]


@pytest.mark.parametrize("role", ["coworker", "contractor"])
def test_scoped_roles_log_their_own_time_in_their_projects_only(account: Account, role: str) -> None:
    person = account.people[role]
    open_project, closed_project = make_project(account, "Open", person), make_project(account, "Closed")
    body = {"date": DAY, "minutes": 5}

    assert make_entry(person, project_id=open_project["id"])["minutes"] == 60
    assert make_entry(person, project_name="OPEN")["project"]["id"] == open_project["id"]
    for more, fault in (
        ({"project_id": closed_project["id"]}, ("project_id", "insufficent_permissions")),
        ({"project_name": "Closed"}, ("project_name", "cannot_create_projects")),
        ({"project_name": "Unheard of"}, ("project_name", "cannot_create_projects")),
        ({"user_id": account.leader.id}, ("user_id", "insufficent_permissions")),
    ):
        assert person.client.post("/v2/entries", body | more).codes == [fault]
    assert person.client.post("/v2/entries", body | {"user_id": person.id}).status == 201


def test_a_leader_logs_for_others_where_they_have_access(account: Account) -> None:
    project = make_project(account, "Open", account.contractor)
    make_project(account, "Closed")
    body = {"date": DAY, "minutes": 5, "user_id": account.contractor.id}
    client = account.leader.client

    assert client.post("/v2/entries", body | {"project_id": project["id"]}).status == 201
    for name in ("Closed", "Fresh"):
        response = client.post("/v2/entries", body | {"project_name": name})
        assert response.codes == [("project_name", "insufficent_permissions")]
    assert [each["name"] for each in client.get("/v2/projects").json()] == ["Closed", "Open"]


def test_an_archived_project_takes_no_entries(account: Account) -> None:
    project = make_project(account)
    make_entry(account.leader, project_id=project["id"])
    archive(account, project)
    body = {"date": DAY, "minutes": 5}

    for key in ("id", "name"):
        response = account.leader.client.post("/v2/entries", body | {f"project_{key}": project[key]})
        assert response.codes == [(f"project_{key}", "archived_project")]


def test_the_project_limit_stops_a_new_project_name(account: Account) -> None:
    make_project(account, "First")
    account.change_settings(max_projects="1")
    body = {"date": DAY, "minutes": 5}

    response = account.leader.client.post("/v2/entries", body | {"project_name": "Second"})

    assert response.codes == [("project_name", "reached_project_limit")]
    assert account.leader.client.post("/v2/entries", body | {"project_name": "First"}).status == 201


def test_unknown_hashtags_need_permission_to_create_tags(account: Account) -> None:
    make_tag(account, "known")
    account.change_settings(tag_creation_role="leader")
    body = {"date": DAY, "minutes": 5}

    assert account.contractor.client.post("/v2/entries", body | {"description": "#known"}).status == 201
    response = account.contractor.client.post("/v2/entries", body | {"description": "#known #new"})
    assert response.codes == [("description", "cannot_create_tags")]
    assert account.leader.client.post("/v2/entries", body | {"description": "#new"}).status == 201


# Reading


@pytest.mark.parametrize("path", ["", "/approved", "/unapproved", "/marked_as_invoiced"])
def test_unknown_entries_are_404(account: Account, other_account: Account, path: str) -> None:
    theirs = make_entry(other_account.leader)
    client = account.supervisor.client

    for id in (NO_SUCH_ID, theirs["id"], 0, "abc", 10**25):
        url = f"/v2/entries/{id}{path}"
        assert client.put(url, {"date": DAY}).status == 404
        if not path:
            assert (client.get(url).status, client.get(url).body) == (404, b"")
            assert client.delete(url).status == 404


def test_visibility_of_entries_by_role(account: Account) -> None:
    open_project = make_project(account, "Open", account.coworker, account.contractor)
    closed_project = make_project(account, "Closed")
    leaders = {
        "open": make_entry(account.leader, project_id=open_project["id"]),
        "closed": make_entry(account.leader, project_id=closed_project["id"]),
        "none": make_entry(account.leader),
    }
    own = {
        role: [make_entry(account.people[role], project_id=open_project["id"]), make_entry(account.people[role])]
        for role in ("coworker", "contractor")
    }
    everything = {each["id"] for each in (*leaders.values(), *own["coworker"], *own["contractor"])}
    seen = {
        "supervisor": everything,
        "leader": everything,
        "coworker": {leaders["open"]["id"], *ids(own["coworker"]), own["contractor"][0]["id"]},
        "contractor": {*ids(own["contractor"])},
    }

    for role, expected in seen.items():
        client = account.people[role].client
        assert {*ids(client.get("/v2/entries").json())} == expected
        for id in everything:
            assert client.get(f"/v2/entries/{id}").status == (200 if id in expected else 404)


@pytest.mark.parametrize("role", ["coworker", "contractor"])
def test_revoked_project_access_hides_ones_own_entries_there(account: Account, role: str) -> None:
    person = account.people[role]
    project = make_project(account, "Open", person)
    entry = make_entry(person, project_id=project["id"])
    account.supervisor.client.put(f"/v2/users/{person.id}/revoke_access_to_all_projects")

    assert person.client.get("/v2/current_user/entries").json() == []
    assert person.client.get(f"/v2/entries/{entry['id']}").status == 404
    assert person.client.put(f"/v2/entries/{entry['id']}", {"minutes": 1}).status == 404
    assert account.leader.client.get(f"/v2/entries/{entry['id']}").status == 200


# Deleting


def test_entry_deleted_carries_the_entry_as_it_was(account: Account) -> None:
    entry = make_entry(account.contractor, "#a")
    log = EventReader(account)
    text = account.supervisor.client.get(entry["url"]).body

    response = account.contractor.client.delete(entry["url"])

    assert (response.status, response.body) == (204, b"")
    [event] = log.read_new()
    assert (event.type, event.changes, event.text) == ("entry.deleted", {}, text)
    assert account.supervisor.client.get(entry["url"]).status == 404
    assert account.supervisor.client.get("/v2/tags").json()[0]["entries"] == 0
