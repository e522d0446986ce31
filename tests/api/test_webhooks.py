"""``/v2/webhooks``: creating, editing, listing and deleting."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from hourhook.domain.events.catalogue import EVENT_TYPES
from hourhook.store.schema import webhooks
from hourhook.store.statements import Statement
from tests.support.accounts import Account
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, ids
from tests.support.statements import capture_statements
from tests.support.webhooks import KEYS, URI, make_webhook

EVENTS = ["entry.created", "entry.updated"]
ACTIONS = ("add_events", "remove_events", "reroll_secret", "enable", "disable", "ping")


def test_a_webhook_has_the_documented_keys_in_order(account: Account) -> None:
    body = {"name": "Ledger sync", "payload_uri": URI, "events": EVENTS}

    response = account.leader.client.post("/v2/webhooks", body)

    created = response.json()
    url = f"{account.base_url}/v2/webhooks/{created['id']}"
    assert response.status == 201
    assert response.headers["location"] == url
    assert list(created) == [*KEYS, "secret"]
    shown = {
        "id": created["id"],
        "name": "Ledger sync",
        "state": "enabled",
        "events": EVENTS,
        "payload_uri": URI,
        "url": url,
        "add_events_url": f"{url}/add_events",
        "remove_events_url": f"{url}/remove_events",
        "reroll_secret_url": f"{url}/reroll_secret",
        "enable_url": f"{url}/enable",
        "disable_url": f"{url}/disable",
    }
    assert created == {**shown, "secret": created["secret"]}
    assert account.leader.client.get(url).body == json.dumps(shown, separators=(",", ":")).encode()


def test_a_secret_is_whsec_and_32_random_bytes_shown_once(account: Account) -> None:
    created, other = make_webhook(account), make_webhook(account)

    assert len(created["secret"]) == 50
    assert created["secret"].startswith("whsec_")
    assert created["secret"] != other["secret"]
    for response in (
        account.leader.client.get(created["url"]),
        account.leader.client.get("/v2/webhooks"),
        account.leader.client.put(created["url"], {"name": "Renamed"}),
        account.leader.client.put(created["add_events_url"], {"events": ["*"]}),
    ):
        assert response.status == 200
        assert created["secret"].encode() not in response.body


def test_a_reroll_returns_only_the_new_secret(account: Account) -> None:
    created = make_webhook(account)

    response = account.leader.client.put(created["reroll_secret_url"])

    assert response.status == 200
    assert list(response.json()) == ["secret"]
    assert len(response.json()["secret"]) == 50
    assert response.json()["secret"] != created["secret"]


def test_secrets_are_encrypted_at_rest(account: Account) -> None:
    created = make_webhook(account)

    stored = account.database.read_now(lambda tx: bytes(tx.value(Statement(select(webhooks.c.secret)))))

    assert created["secret"].encode() not in stored
    assert created["secret"].removeprefix("whsec_").encode() not in stored


@pytest.mark.parametrize(
    ("given", "remaining"),
    [
        (["entry.created", "tag.created", "entry.created"], ["entry.created", "tag.created"]),
        (["tag.created", "*", "entry.created", "*"], ["tag.created", "*", "entry.created"]),
        (["*"], ["*"]),
        ([*EVENT_TYPES], [*EVENT_TYPES]),
        ("entry.created, tag.created", ["entry.created", "tag.created"]),
    ],
)
def test_events_keep_their_order_without_duplicates(account: Account, given: Any, remaining: list[str]) -> None:
    assert make_webhook(account, events=given)["events"] == remaining


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"name": None}, [("name", "missing_field")]),
        ({"name": " "}, [("name", "missing_field")]),
        ({"name": 7}, [("name", "invalid")]),
        ({"name": "x" * 256}, [("name", "invalid")]),
        ({"payload_uri": ""}, [("payload_uri", "missing_field")]),
        ({"payload_uri": "ftp://example.com/hook"}, [("payload_uri", "invalid")]),
        ({"payload_uri": "/hook"}, [("payload_uri", "invalid")]),
        ({"payload_uri": "http://"}, [("payload_uri", "invalid")]),
        ({"payload_uri": "http://user:password@example.com/"}, [("payload_uri", "invalid")]),
        ({"payload_uri": "http://example.com:0/"}, [("payload_uri", "invalid")]),
        ({"payload_uri": "http://10.0.0.1/hook"}, [("payload_uri", "invalid")]),
        ({"payload_uri": "http://169.254.169.254/latest"}, [("payload_uri", "invalid")]),
        ({"payload_uri": "http://0xa000001/"}, [("payload_uri", "invalid")]),
        ({"payload_uri": "http://[::ffff:10.0.0.1]/"}, [("payload_uri", "invalid")]),
        ({"payload_uri": ["http://example.com"]}, [("payload_uri", "invalid")]),
        ({"events": []}, [("events", "missing_field")]),
        ({"events": None}, [("events", "missing_field")]),
        ({"events": ["entry.created", "entry.eaten"]}, [("events[1]", "missing")]),
        ({"events": ["webhook.ping"]}, [("events[0]", "missing")]),
        ({"events": [""]}, [("events[0]", "missing")]),
        ({"events": ["*", 7]}, [("events[1]", "invalid")]),
        ({"events": ["*", 7, "entry.eaten"]}, [("events[1]", "invalid"), ("events[2]", "missing")]),
        ({"events": {"entry": "created"}}, [("events", "invalid")]),
    ],
)
def test_missing_and_malformed_inputs_are_named(
    account: Account, changes: dict[str, Any], codes: list[tuple[str, str]]
) -> None:
    body = {"name": "Ledger sync", "payload_uri": URI, "events": EVENTS, **changes}

    response = account.leader.client.post("/v2/webhooks", body)

    assert response.status == 400
    assert response.codes == codes
    assert {error["resource"] for error in response.json()["errors"]} == {"Webhook"}
    assert account.leader.client.get("/v2/webhooks").json() == []


def test_all_input_errors_are_reported_together(account: Account) -> None:
    response = account.leader.client.post(
        "/v2/webhooks", {"payload_uri": "nowhere", "events": ["a", "tag.created", "b"]}
    )

    assert response.codes == [
        ("name", "missing_field"),
        ("payload_uri", "invalid"),
        ("events[0]", "missing"),
        ("events[2]", "missing"),
    ]


def test_two_webhooks_may_share_name_and_address(account: Account) -> None:
    one, other = make_webhook(account), make_webhook(account)

    assert one["name"] == other["name"]
    assert one["id"] != other["id"]


def test_an_edit_changes_given_keys_and_ignores_events(account: Account) -> None:
    created = make_webhook(account)

    renamed = account.leader.client.put(created["url"], {"name": "Books", "events": ["tag.created"]})
    moved = account.leader.client.put(created["url"], {"payload_uri": "https://example.com/hook"})

    assert renamed.status == moved.status == 200
    assert list(moved.json()) == KEYS
    assert renamed.json()["name"] == moved.json()["name"] == "Books"
    assert renamed.json()["payload_uri"] == URI
    assert moved.json()["payload_uri"] == "https://example.com/hook"
    assert moved.json()["events"] == created["events"]
    assert account.leader.client.put(created["url"]).json() == moved.json()


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"name": None}, [("name", "missing_field")]),
        ({"payload_uri": ""}, [("payload_uri", "missing_field")]),
        ({"payload_uri": "http://192.168.0.1/"}, [("payload_uri", "invalid")]),
    ],
)
def test_a_malformed_edit_is_rejected(account: Account, body: dict[str, Any], codes: list[tuple[str, str]]) -> None:
    created = make_webhook(account)

    response = account.leader.client.put(created["url"], body)

    assert (response.status, response.codes) == (400, codes)


def test_added_events_are_appended_once(account: Account) -> None:
    created = make_webhook(account, events=["tag.created", "entry.created"])

    response = account.leader.client.put(
        created["add_events_url"], {"events": ["entry.created", "*", "tag.deleted", "tag.deleted"]}
    )

    assert response.status == 200
    assert list(response.json()) == KEYS
    assert response.json()["events"] == ["tag.created", "entry.created", "*", "tag.deleted"]
    assert account.leader.client.put(created["add_events_url"], {"events": []}).json() == response.json()


def test_all_events_can_be_removed(account: Account) -> None:
    created = make_webhook(account, events=["tag.created", "*", "entry.created"])
    remove = created["remove_events_url"]

    narrowed = account.leader.client.put(remove, {"events": ["user.created", "tag.created", "nothing.known"]})
    specific = account.leader.client.put(remove, {"events": ["*"]})
    emptied = account.leader.client.put(remove, {"events": ["entry.created"]})

    assert narrowed.status == 200
    assert narrowed.json()["events"] == ["*", "entry.created"]
    assert specific.json()["events"] == ["entry.created"]
    assert emptied.json()["events"] == []
    assert account.leader.client.get(created["url"]).json() == emptied.json()


@pytest.mark.parametrize(
    ("action", "body", "codes"),
    [
        ("add_events", {}, [("events", "missing_field")]),
        ("add_events", {"events": None}, [("events", "missing_field")]),
        ("add_events", {"events": ["tag.created", "tag.eaten"]}, [("events[1]", "missing")]),
        ("add_events", {"events": ["webhook.ping"]}, [("events[0]", "missing")]),
        ("remove_events", {}, [("events", "missing_field")]),
        ("remove_events", {"events": [True]}, [("events[0]", "invalid")]),
    ],
)
def test_malformed_subscriptions_are_rejected(
    account: Account, action: str, body: dict[str, Any], codes: list[tuple[str, str]]
) -> None:
    created = make_webhook(account)

    response = account.leader.client.put(f"{created['url']}/{action}", body)

    assert (response.status, response.codes) == (400, codes)
    assert account.leader.client.get(created["url"]).json()["events"] == created["events"]


def test_enable_and_disable_are_idempotent(account: Account) -> None:
    created = make_webhook(account)

    for action, state in (
        ("disable", "disabled"),
        ("disable", "disabled"),
        ("enable", "enabled"),
        ("enable", "enabled"),
    ):
        response = account.leader.client.put(created[f"{action}_url"])

        assert (response.status, response.body) == (204, b"")
        assert account.leader.client.get(created["url"]).json()["state"] == state


def test_a_ping_is_accepted_without_a_body(account: Account) -> None:
    created = make_webhook(account)

    response = account.leader.client.put(f"{created['url']}/ping")

    assert (response.status, response.body) == (202, b"")


def test_deleting_a_webhook_deletes_its_log(account: Account) -> None:
    created, remaining = make_webhook(account), make_webhook(account)

    response = account.leader.client.delete(created["url"])

    assert (response.status, response.body) == (204, b"")
    assert ids(account.leader.client.get("/v2/webhooks").json()) == [remaining["id"]]
    for path in ("", "/payloads", "/status"):
        assert account.leader.client.get(created["url"] + path).status == 404
    assert account.leader.client.delete(created["url"]).status == 404


def test_only_disabling_a_webhook_raises_an_event(account: Account) -> None:
    recorded = EventReader(account)
    created = make_webhook(account, events=["*"])
    for action in ("disable", "enable", "reroll_secret", "ping"):
        account.leader.client.put(f"{created['url']}/{action}")
    account.leader.client.put(created["url"], {"name": "Renamed"})
    account.leader.client.delete(created["url"])

    assert recorded.read_new_types() == ["webhook.disabled"]


def test_webhooks_are_listed_newest_first_in_pages(account: Account) -> None:
    created = [make_webhook(account, name=f"webhook {number}")["id"] for number in range(5)]

    first = account.leader.client.get("/v2/webhooks?per_page=2")
    last = account.leader.client.get(first.links["last"])

    assert list(first.json()[0]) == KEYS
    assert ids(account.leader.client.get("/v2/webhooks").json()) == created[::-1]
    assert ids(first.json()) == created[:2:-1]
    assert ids(last.json()) == created[:1]


def test_a_list_takes_the_same_statements_at_any_length(account: Account) -> None:
    def cost() -> int:
        with capture_statements(account.database) as statements:
            assert account.leader.client.get("/v2/webhooks").status == 200
        return sum("FROM webhooks" in text or "FROM subscriptions" in text for text in statements)

    make_webhook(account)
    one = cost()
    for _ in range(5):
        make_webhook(account, events=["*", "tag.created"])

    assert cost() == one == 2


def test_lists_are_filtered(account: Account) -> None:
    books = make_webhook(account, name="Größere Bücher", events=["entry.created", "tag.created"])["id"]
    everything = make_webhook(account, name="Everything", events=["*"])["id"]
    users = make_webhook(account, name="Users", events=["user.created"])["id"]
    account.leader.client.put(f"/v2/webhooks/{users}/disable")

    def found(query: str) -> list[int]:
        return ids(account.leader.client.get(f"/v2/webhooks?{query}").json())

    assert found(f"name={quote('GRÖSSER')}") == [books]
    assert found("name=e") == [users, everything, books]
    assert found("events=tag.created,invoice.created") == [everything, books]
    assert found("events=user.created") == [users, everything]
    assert found("events[]=tag.created&events[]=user.created") == [users, everything, books]
    assert found("events=*") == [everything]
    assert found("state=enabled") == [everything, books]
    assert found("state=disabled") == [users]
    assert found("state=disabled&events=tag.created") == []
    assert found("name=&events=&state=") == found("events=,") == [users, everything, books]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("state=stalled", [("state", "invalid")]),
        ("events=tag.created,tag.eaten", [("events[1]", "missing")]),
        ("events=webhook.ping", [("events[0]", "missing")]),
    ],
)
def test_malformed_webhook_filters_are_rejected(account: Account, query: str, codes: list[tuple[str, str]]) -> None:
    response = account.leader.client.get(f"/v2/webhooks?{query}")

    assert (response.status, response.codes) == (400, codes)


def test_webhooks_need_a_leader_of_the_account(account: Account) -> None:
    created = make_webhook(account)

    for person in (account.owner, account.supervisor):
        assert ids(person.client.get("/v2/webhooks").json()) == [created["id"]]
        assert person.client.put(created["url"], {"name": person.email}).status == 200
    for person in (account.coworker, account.contractor):
        assert person.client.get("/v2/webhooks").status == 403
        assert person.client.post("/v2/webhooks", {}).status == 403
        assert person.client.get(created["url"]).status == 403
        assert person.client.put(created["url"], {"name": ""}).status == 403
        assert person.client.delete(created["url"]).status == 403
        for action in ACTIONS:
            assert person.client.put(f"{created['url']}/{action}").status == 403
    assert account.leader.client.get(created["url"]).json()["name"] == account.supervisor.email


def test_webhooks_of_another_account_are_404(account: Account, other_account: Account) -> None:
    created = make_webhook(account)
    before = account.leader.client.get(created["url"]).json()

    for client in (other_account.owner.client, other_account.contractor.client):
        for url in (created["url"], f"/v2/webhooks/{NO_SUCH_ID}", "/v2/webhooks/0", "/v2/webhooks/x"):
            assert client.get(url).status == 404
            assert client.put(url, {"name": ""}).status == 404
            assert client.delete(url).status == 404
            for action in ACTIONS:
                assert client.put(f"{url}/{action}").status == 404
    assert other_account.owner.client.get("/v2/webhooks").json() == []
    assert account.leader.client.get(created["url"]).json() == before


@pytest.mark.parametrize("path", ["/v2/webhooks", "/v2/webhooks/"])
def test_the_documented_spelling_with_a_slash_works_too(account: Account, path: str) -> None:
    body = {"name": "Ledger sync", "payload_uri": URI, "events": EVENTS}

    assert account.leader.client.post(path, body).status == 201


def test_inputs_are_accepted_in_the_query(account: Account) -> None:
    response = account.leader.client.post(
        "/v2/webhooks", query={"name": "Ledger sync", "payload_uri": URI, "events": "entry.created,tag.created"}
    )

    assert response.status == 201
    assert response.json()["events"] == ["entry.created", "tag.created"]
