"""``/v2/broadcast_receivers``: create, edit, list and delete broadcast receivers."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Table, func, select

from hourhook.store.schema import broadcast_receivers, broadcast_subjects
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.accounts import ROLES, Account, Person
from tests.support.broadcast_receivers import KEYS, URI, make_receiver
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, ids
from tests.support.statements import capture_statements

ACTIONS = ("add_subjects", "remove_subjects", "reroll_secret", "enable", "disable")
PATH = "/v2/broadcast_receivers"


def test_a_receiver_has_the_documented_keys_in_order(account: Account) -> None:
    body = {"name": "Desk light", "payload_uri": URI, "subjects": ["timer"]}

    response = account.contractor.client.post(PATH, body)

    made = response.json()
    url = f"{account.base_url}{PATH}/{made['id']}"
    assert response.status == 201
    assert response.headers["location"] == url
    assert list(made) == [*KEYS, "secret"]
    shown = {
        "id": made["id"],
        "name": "Desk light",
        "state": "enabled",
        "subjects": ["timer"],
        "payload_uri": URI,
        "url": url,
        "add_subjects_url": f"{url}/add_subjects",
        "remove_subjects_url": f"{url}/remove_subjects",
        "reroll_secret_url": f"{url}/reroll_secret",
        "enable_url": f"{url}/enable",
        "disable_url": f"{url}/disable",
    }
    assert made == {**shown, "secret": made["secret"]}
    assert account.contractor.client.get(url).body == json.dumps(shown, separators=(",", ":")).encode()


def test_a_secret_is_whsec_and_32_random_bytes_shown_once(account: Account) -> None:
    made, other = make_receiver(account.leader), make_receiver(account.leader)

    assert len(made["secret"]) == 50
    assert made["secret"].startswith("whsec_")
    assert made["secret"] != other["secret"]
    for response in (
        account.leader.client.get(made["url"]),
        account.leader.client.get(PATH),
        account.leader.client.put(made["url"], {"name": "Renamed"}),
        account.leader.client.put(made["add_subjects_url"], {"subjects": ["*"]}),
    ):
        assert response.status == 200
        assert made["secret"].encode() not in response.body


def test_a_reroll_returns_only_the_new_secret(account: Account) -> None:
    made = make_receiver(account.leader)

    response = account.leader.client.put(made["reroll_secret_url"])

    assert response.status == 200
    assert list(response.json()) == ["secret"]
    assert len(response.json()["secret"]) == 50
    assert response.json()["secret"] != made["secret"]


def test_secrets_are_encrypted_at_rest(account: Account) -> None:
    made = make_receiver(account.leader)

    stored = account.database.read_now(lambda tx: bytes(tx.value(Statement(select(broadcast_receivers.c.secret)))))

    assert made["secret"].encode() not in stored
    assert made["secret"].removeprefix("whsec_").encode() not in stored


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["timer", "timer"], ["timer"]),
        (["*", "timer", "*"], ["*", "timer"]),
        (["timer", "*"], ["timer", "*"]),
        ("timer, *", ["timer", "*"]),
    ],
)
def test_subjects_keep_their_order_without_duplicates(account: Account, given: Any, kept: list[str]) -> None:
    body = {"name": "Desk light", "payload_uri": URI, "subjects": given}

    assert account.leader.client.post(PATH, body).json()["subjects"] == kept


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"name": None}, [("name", "missing_field")]),
        ({"name": " "}, [("name", "missing_field")]),
        ({"name": 7}, [("name", "invalid")]),
        ({"name": "x" * 256}, [("name", "invalid")]),
        ({"payload_uri": ""}, [("payload_uri", "missing_field")]),
        ({"payload_uri": "ftp://example.com/light"}, [("payload_uri", "invalid")]),
        ({"payload_uri": "/light"}, [("payload_uri", "invalid")]),
        ({"payload_uri": "http://user:password@example.com/"}, [("payload_uri", "invalid")]),
        ({"payload_uri": "http://10.0.0.1/light"}, [("payload_uri", "invalid")]),
        ({"payload_uri": "http://169.254.169.254/latest"}, [("payload_uri", "invalid")]),
        ({"payload_uri": "http://[::ffff:10.0.0.1]/"}, [("payload_uri", "invalid")]),
        ({"subjects": []}, [("subjects", "missing_field")]),
        ({"subjects": None}, [("subjects", "missing_field")]),
        ({"subjects": ["timer", "timer.running"]}, [("subjects[1]", "missing")]),
        ({"subjects": ["entry.created"]}, [("subjects[0]", "missing")]),
        ({"subjects": [""]}, [("subjects[0]", "missing")]),
        ({"subjects": ["*", 7]}, [("subjects[1]", "invalid")]),
        ({"subjects": {"timer": True}}, [("subjects", "invalid")]),
    ],
)
def test_missing_and_malformed_inputs_are_named(
    account: Account, changes: dict[str, Any], codes: list[tuple[str, str]]
) -> None:
    body = {"name": "Desk light", "payload_uri": URI, "subjects": ["timer"], **changes}

    response = account.leader.client.post(PATH, body)

    assert response.status == 400
    assert response.codes == codes
    assert {error["resource"] for error in response.json()["errors"]} == {"BroadcastReceiver"}
    assert account.leader.client.get(PATH).json() == []


def test_all_input_errors_are_reported_together(account: Account) -> None:
    response = account.leader.client.post(PATH, {"payload_uri": "nowhere", "subjects": ["a", "timer", "b"]})

    assert response.codes == [
        ("name", "missing_field"),
        ("payload_uri", "invalid"),
        ("subjects[0]", "missing"),
        ("subjects[2]", "missing"),
    ]


def test_an_edit_changes_given_keys_and_ignores_subjects(account: Account) -> None:
    made = make_receiver(account.leader)

    renamed = account.leader.client.put(made["url"], {"name": "Ceiling light", "subjects": ["*"]})
    moved = account.leader.client.put(made["url"], {"payload_uri": "https://example.com/light"})

    assert renamed.status == moved.status == 200
    assert list(moved.json()) == KEYS
    assert renamed.json()["name"] == moved.json()["name"] == "Ceiling light"
    assert renamed.json()["payload_uri"] == URI
    assert moved.json()["payload_uri"] == "https://example.com/light"
    assert moved.json()["subjects"] == ["timer"]
    assert account.leader.client.put(made["url"]).json() == moved.json()


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"name": None}, [("name", "missing_field")]),
        ({"payload_uri": ""}, [("payload_uri", "missing_field")]),
        ({"payload_uri": "http://192.168.0.1/"}, [("payload_uri", "invalid")]),
    ],
)
def test_a_malformed_edit_is_rejected(account: Account, body: dict[str, Any], codes: list[tuple[str, str]]) -> None:
    made = make_receiver(account.leader)

    response = account.leader.client.put(made["url"], body)

    assert (response.status, response.codes) == (400, codes)


def test_added_subjects_are_appended_once(account: Account) -> None:
    made = make_receiver(account.leader)

    response = account.leader.client.put(made["add_subjects_url"], {"subjects": ["timer", "*", "*"]})

    assert response.status == 200
    assert list(response.json()) == KEYS
    assert response.json()["subjects"] == ["timer", "*"]
    assert account.leader.client.put(made["add_subjects_url"], {"subjects": []}).json() == response.json()


def test_all_subjects_can_be_removed(account: Account) -> None:
    made = make_receiver(account.leader, subjects=["*", "timer"])
    remove = made["remove_subjects_url"]

    narrowed = account.leader.client.put(remove, {"subjects": ["nothing.known", "timer"]})
    emptied = account.leader.client.put(remove, {"subjects": ["*"]})

    assert narrowed.status == 200
    assert narrowed.json()["subjects"] == ["*"]
    assert emptied.json()["subjects"] == []
    assert account.leader.client.get(made["url"]).json() == emptied.json()


@pytest.mark.parametrize(
    ("action", "body", "codes"),
    [
        ("add_subjects", {}, [("subjects", "missing_field")]),
        ("add_subjects", {"subjects": None}, [("subjects", "missing_field")]),
        ("add_subjects", {"subjects": ["*", "entry"]}, [("subjects[1]", "missing")]),
        ("remove_subjects", {}, [("subjects", "missing_field")]),
        ("remove_subjects", {"subjects": [True]}, [("subjects[0]", "invalid")]),
    ],
)
def test_malformed_subscriptions_are_rejected(
    account: Account, action: str, body: dict[str, Any], codes: list[tuple[str, str]]
) -> None:
    made = make_receiver(account.leader)

    response = account.leader.client.put(f"{made['url']}/{action}", body)

    assert (response.status, response.codes) == (400, codes)
    assert account.leader.client.get(made["url"]).json()["subjects"] == ["timer"]


def test_enable_and_disable_are_idempotent(account: Account) -> None:
    made = make_receiver(account.leader)

    for action, state in (
        ("disable", "disabled"),
        ("disable", "disabled"),
        ("enable", "enabled"),
        ("enable", "enabled"),
    ):
        response = account.leader.client.put(made[f"{action}_url"])

        assert (response.status, response.body) == (204, b"")
        assert account.leader.client.get(made["url"]).json()["state"] == state


def test_a_deleted_receiver_is_gone(account: Account) -> None:
    made, kept = make_receiver(account.leader), make_receiver(account.leader)

    response = account.leader.client.delete(made["url"])

    assert (response.status, response.body) == (204, b"")
    assert ids(account.leader.client.get(PATH).json()) == [kept["id"]]
    assert account.leader.client.get(made["url"]).status == 404
    assert account.leader.client.delete(made["url"]).status == 404


def test_receivers_are_deleted_with_their_user(account: Account) -> None:
    make_receiver(account.contractor)
    make_receiver(account.contractor, subjects=["timer", "*"])
    kept = make_receiver(account.leader)

    assert account.supervisor.client.delete(f"/v2/users/{account.contractor.id}").status == 204

    for table in (broadcast_receivers, broadcast_subjects):
        assert account.database.read_now(count, table) == 1
    assert account.leader.client.get(kept["url"]).status == 200


def count(tx: Transaction, table: Table) -> int:
    found: int = tx.value(Statement(select(func.count()).select_from(table)))
    return found


def test_receivers_raise_no_events(account: Account) -> None:
    recorded = EventReader(account)
    made = make_receiver(account.leader, subjects=["*"])
    for action in ("disable", "enable", "reroll_secret"):
        account.leader.client.put(f"{made['url']}/{action}")
    account.leader.client.put(made["url"], {"name": "Renamed"})
    account.leader.client.delete(made["url"])

    assert recorded.read_new_types() == []


def test_receivers_are_listed_newest_first_in_pages(account: Account) -> None:
    made = [make_receiver(account.coworker, name=f"receiver {number}")["id"] for number in range(5)]

    first = account.coworker.client.get(f"{PATH}?per_page=2")
    last = account.coworker.client.get(first.links["last"])

    assert list(first.json()[0]) == KEYS
    assert ids(account.coworker.client.get(PATH).json()) == made[::-1]
    assert ids(first.json()) == made[:2:-1]
    assert ids(last.json()) == made[:1]


def test_a_list_takes_the_same_statements_at_any_length(account: Account) -> None:
    def cost() -> int:
        with capture_statements(account.database) as statements:
            assert account.leader.client.get(PATH).status == 200
        return sum("broadcast_" in text for text in statements)

    make_receiver(account.leader)
    one = cost()
    for _ in range(5):
        make_receiver(account.leader, subjects=["*", "timer"])

    assert cost() == one == 2


def test_lists_are_filtered(account: Account) -> None:
    light = make_receiver(account.leader, name="Größere Lampe")["id"]
    everything = make_receiver(account.leader, name="Everything", subjects=["*"])["id"]
    deaf = make_receiver(account.leader, name="Deaf")
    account.leader.client.put(deaf["remove_subjects_url"], {"subjects": ["timer"]})
    account.leader.client.put(deaf["disable_url"])

    def found(query: str) -> list[int]:
        return ids(account.leader.client.get(f"{PATH}?{query}").json())

    assert found(f"name={quote('GRÖSSER')}") == [light]
    assert found("name=e") == [deaf["id"], everything, light]
    assert found("subjects=timer") == [everything, light]
    assert found("subjects[]=timer&subjects[]=*") == [everything, light]
    assert found("subjects=*") == [everything]
    assert found("state=enabled") == [everything, light]
    assert found("state=disabled") == [deaf["id"]]
    assert found("state=disabled&subjects=timer") == []
    assert found("name=&subjects=&state=") == found("subjects=,") == [deaf["id"], everything, light]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("state=stalled", [("state", "invalid")]),
        ("subjects=timer,entry.created", [("subjects[1]", "missing")]),
    ],
)
def test_malformed_filters_are_rejected(account: Account, query: str, codes: list[tuple[str, str]]) -> None:
    response = account.leader.client.get(f"{PATH}?{query}")

    assert (response.status, response.codes) == (400, codes)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_may_have_receivers(account: Account, role: str) -> None:
    person = account.people[role]
    made = make_receiver(person)

    assert ids(person.client.get(PATH).json()) == [made["id"]]
    assert person.client.put(made["url"], {"name": "Mine"}).json()["name"] == "Mine"
    for action in ("add_subjects", "remove_subjects"):
        assert person.client.put(f"{made['url']}/{action}", {"subjects": ["*"]}).status == 200
    assert person.client.put(made["reroll_secret_url"]).status == 200
    for action in ("disable", "enable"):
        assert person.client.put(f"{made['url']}/{action}").status == 204
    assert person.client.delete(made["url"]).status == 204


def assert_not_there(person: Person, url: str) -> None:
    assert person.client.get(url).status == 404
    assert person.client.put(url, {"name": ""}).status == 404
    assert person.client.delete(url).status == 404
    for action in ACTIONS:
        assert person.client.put(f"{url}/{action}").status == 404


def test_receivers_of_other_users_are_404_for_every_role(account: Account, other_account: Account) -> None:
    made = make_receiver(account.contractor)
    before = account.contractor.client.get(made["url"]).json()

    for person in (account.owner, account.supervisor, account.coworker, other_account.owner):
        assert_not_there(person, made["url"])
        assert person.client.get(PATH).json() == []
    assert account.contractor.client.get(made["url"]).json() == before


def test_unknown_receivers_are_404(account: Account) -> None:
    for id in (NO_SUCH_ID, 0, "x"):
        assert_not_there(account.leader, f"{PATH}/{id}")


@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
def test_the_documented_spelling_with_a_slash_works_too(account: Account, path: str) -> None:
    body = {"name": "Desk light", "payload_uri": URI, "subjects": ["timer"]}

    assert account.leader.client.post(path, body).status == 201


def test_inputs_are_accepted_in_the_query(account: Account) -> None:
    query = {"name": "Desk light", "payload_uri": URI, "subjects": "timer,*"}

    response = account.leader.client.post(PATH, query=query)

    assert response.status == 201
    assert response.json()["subjects"] == ["timer", "*"]
