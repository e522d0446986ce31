"""``/v2/webhooks/:id/history`` and ``/v2/audit``: every change is recorded once, and what changes nothing is not."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import update

from hourhook.api.app import all_endpoints
from hourhook.clock import DAY, SECOND
from hourhook.domain import directory, passwords, personal_tokens, tokens
from hourhook.domain.audit.retention import BATCH, MIN_DAYS, delete_expired
from hourhook.domain.callers import find_caller
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.links import Links
from hourhook.domain.pages import Pagination
from hourhook.domain.webhooks import states
from hourhook.store.database import Database
from hourhook.store.schema import lanes
from hourhook.store.statements import Statement
from tests.support.accounts import Account
from tests.support.broadcast_receivers import make_receiver
from tests.support.clocks import FakeClock
from tests.support.factories import NO_SUCH_ID, make_entry, make_project
from tests.support.full_account import PathParameters, resolve_path
from tests.support.invited_users import accept_invitation, invite
from tests.support.oauth_clients import App, basic_auth_client, grant_consent, signed_in_browser
from tests.support.statements import capture_statements
from tests.support.valid_requests import GOOD, PREPARED, called, required_of
from tests.support.webhooks import URI, get_delivery_log, make_webhook

LINKS = Links("http://127.0.0.1:8080")
# What each change of an audited resource leaves in the trail. A new endpoint fails the test until it is here.
RECORDED = {
    "POST /v2/webhooks": ("Webhook", "created"),
    "PUT /v2/webhooks/{webhook_id}": ("Webhook", "edited"),
    "PUT /v2/webhooks/{webhook_id}/add_events": ("Webhook", "events_added"),
    "PUT /v2/webhooks/{webhook_id}/remove_events": ("Webhook", "events_removed"),
    "PUT /v2/webhooks/{webhook_id}/settings": ("Webhook", "settings_changed"),
    "PUT /v2/webhooks/{webhook_id}/reroll_secret": ("Webhook", "secret_rerolled"),
    "PUT /v2/webhooks/{webhook_id}/expire_secret": ("Webhook", "secret_expired"),
    "PUT /v2/webhooks/{webhook_id}/disable": ("Webhook", "disabled"),
    "PUT /v2/webhooks/{webhook_id}/enable": ("Webhook", "enabled"),
    "PUT /v2/webhooks/{webhook_id}/ping": ("Webhook", "pinged"),
    "PUT /v2/webhooks/{webhook_id}/test": ("Webhook", "tested"),
    "PUT /v2/webhooks/{webhook_id}/retry/{payload_id}": ("Webhook", "retried"),
    "PUT /v2/webhooks/{webhook_id}/skip/{payload_id}": ("Webhook", "skipped"),
    "PUT /v2/webhooks/{webhook_id}/replay": ("Webhook", "replayed"),
    "DELETE /v2/webhooks/{webhook_id}": ("Webhook", "deleted"),
    "POST /v2/broadcast_receivers": ("BroadcastReceiver", "created"),
    "PUT /v2/broadcast_receivers/{broadcast_receiver_id}": ("BroadcastReceiver", "edited"),
    "PUT /v2/broadcast_receivers/{broadcast_receiver_id}/add_subjects": ("BroadcastReceiver", "subjects_added"),
    "PUT /v2/broadcast_receivers/{broadcast_receiver_id}/remove_subjects": ("BroadcastReceiver", "subjects_removed"),
    "PUT /v2/broadcast_receivers/{broadcast_receiver_id}/reroll_secret": ("BroadcastReceiver", "secret_rerolled"),
    "PUT /v2/broadcast_receivers/{broadcast_receiver_id}/disable": ("BroadcastReceiver", "disabled"),
    "PUT /v2/broadcast_receivers/{broadcast_receiver_id}/enable": ("BroadcastReceiver", "enabled"),
    "DELETE /v2/broadcast_receivers/{broadcast_receiver_id}": ("BroadcastReceiver", "deleted"),
    "POST /v2/users": ("User", "invited"),
    "PUT /v2/users/{user_id}": ("User", "edited"),
    "PUT /v2/users/{user_id}/activate": ("User", "activated"),
    "PUT /v2/users/{user_id}/deactivate": ("User", "deactivated"),
    "PUT /v2/users/{user_id}/give_access_to_projects": ("User", "access_granted"),
    "PUT /v2/users/{user_id}/revoke_access_to_projects": ("User", "access_revoked"),
    "PUT /v2/users/{user_id}/revoke_access_to_all_projects": ("User", "access_revoked"),
    "DELETE /v2/users/{user_id}": ("User", "deleted"),
}
RESOURCES = ("/v2/webhooks", "/v2/broadcast_receivers", "/v2/users", "/v2/account")
# These change something each time.
NEVER_WITHOUT_EFFECT = ("created", "pinged", "tested", "secret_rerolled")


def make_resources(account: Account, number: int) -> PathParameters:
    """Create what the paths of the changes name."""
    webhook = make_webhook(account)
    guest = account.add(f"guest{number}", "contractor")
    project = make_project(account, f"Project {number}", guest)
    make_entry(account.leader)
    return {
        "webhook_id": webhook["id"],
        "payload_id": get_delivery_log(account, webhook, "type=entry.created")[0]["payload_id"],
        "broadcast_receiver_id": make_receiver(account.supervisor)["id"],
        "user_id": guest.id,
        "project_id": project["id"],
    }


def set_lane(account: Account, webhook_id: int, **values: Any) -> None:
    change = Statement(update(lanes).where(lanes.c.webhook_id == webhook_id).values(values))
    account.database.write_now(account.id, lambda tx: tx.execute(change))


def let_head_fail(account: Account, path_ids: PathParameters) -> dict[str, object]:
    set_lane(account, path_ids["webhook_id"], failing_since=account.database.clock.now(), last_succeeded=False)
    return {}


def settle_payload(account: Account, path_ids: PathParameters) -> dict[str, object]:
    set_lane(account, path_ids["webhook_id"], head_sequence=2)
    return {"sequence": 1}


def disable(path: str) -> Callable[[Account, PathParameters], dict[str, object]]:
    def prepare(account: Account, path_ids: PathParameters) -> dict[str, object]:
        assert account.supervisor.client.put(path.format_map(path_ids)).status == 204
        return {}

    return prepare


def begin_overlap(account: Account, path_ids: PathParameters) -> dict[str, object]:
    path = f"/v2/webhooks/{path_ids['webhook_id']}/reroll_secret"
    assert account.supervisor.client.put(path, {"overlap_hours": 1}).status == 200
    return {}


# Preconditions of a change, and its inputs.
PREPARED_HERE: dict[str, Callable[[Account, PathParameters], dict[str, object]]] = {
    "PUT /v2/webhooks/{webhook_id}": lambda account, path_ids: {"name": "Another"},
    "PUT /v2/webhooks/{webhook_id}/add_events": lambda account, path_ids: {"events": ["tag.created"]},
    "PUT /v2/webhooks/{webhook_id}/settings": lambda account, path_ids: {"headers": {"Authorization": "Bearer x"}},
    "PUT /v2/webhooks/{webhook_id}/expire_secret": begin_overlap,
    "PUT /v2/webhooks/{webhook_id}/enable": disable("/v2/webhooks/{webhook_id}/disable"),
    "PUT /v2/webhooks/{webhook_id}/retry/{payload_id}": let_head_fail,
    "PUT /v2/webhooks/{webhook_id}/skip/{payload_id}": let_head_fail,
    "PUT /v2/webhooks/{webhook_id}/replay": settle_payload,
    "PUT /v2/broadcast_receivers/{broadcast_receiver_id}": lambda account, path_ids: {"name": "Another"},
    "PUT /v2/broadcast_receivers/{broadcast_receiver_id}/add_subjects": lambda account, path_ids: {"subjects": ["*"]},
    "PUT /v2/broadcast_receivers/{broadcast_receiver_id}/enable": disable(
        "/v2/broadcast_receivers/{broadcast_receiver_id}/disable"
    ),
    "PUT /v2/users/{user_id}": lambda account, path_ids: {"role": "coworker"},
    "PUT /v2/users/{user_id}/give_access_to_projects": lambda account, path_ids: {
        "project_ids": [make_project(account, f"For {path_ids['user_id']}")["id"]]
    },
}


def get_audit(account: Account, query: Any = "") -> Any:
    response = account.supervisor.client.get("/v2/audit", query=query)
    assert response.status == 200, response.body
    return response.json()


def get_history(account: Account, webhook: Any) -> Any:
    response = account.leader.client.get(f"/v2/webhooks/{webhook['id']}/history")
    assert response.status == 200, response.body
    return response.json()


class Trail:
    """The audit trail from now on."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._count = 0
        self.read_new()

    def read_new(self) -> list[Any]:
        """Return what was recorded since, oldest first."""
        found = get_audit(self._account, {"per_page": "1000"})
        new: list[Any] = found[: len(found) - self._count]
        self._count = len(found)
        return new[::-1]


def test_every_change_is_recorded_once_and_without_effect_not_at_all(account: Account) -> None:
    wrong = []
    changes = [e for e in all_endpoints() if e.method != "GET" and e.path.startswith(RESOURCES)]
    trail = Trail(account)
    for number, endpoint in enumerate(changes):
        path_ids = make_resources(account, number)
        body = {name: GOOD[name](account, path_ids) for name in required_of(endpoint)}
        prepare = PREPARED_HERE.get(called(endpoint)) or PREPARED.get(called(endpoint))
        body |= (prepare(account, path_ids) if prepare else None) or {}
        trail.read_new()

        response = account.supervisor.client.request(
            endpoint.method, resolve_path(endpoint, path_ids), body=body or b""
        )
        assert response.status == endpoint.status, (called(endpoint), response.body)
        recorded = trail.read_new()
        resource, action = RECORDED[called(endpoint)]
        names = [(record["resource"], record["action"]) for record in recorded]
        if names != [(resource, action)] or recorded[0]["user"]["id"] != account.supervisor.id:
            wrong.append(f"{called(endpoint)}: {recorded}")
        if action not in NEVER_WITHOUT_EFFECT:
            account.supervisor.client.request(endpoint.method, resolve_path(endpoint, path_ids), body=body or b"")
            wrong += [f"{called(endpoint)} again: {record}" for record in trail.read_new()]

    assert wrong == []


def test_the_history_of_a_webhook_says_who_did_what(account: Account) -> None:
    webhook = make_webhook(account)
    account.supervisor.client.put(webhook["url"], {"name": "Books", "payload_uri": URI})
    account.leader.client.put(webhook["add_events_url"], {"events": ["tag.created", "entry.created", "tag.created"]})
    account.leader.client.put(webhook["reroll_secret_url"])

    history = get_history(account, webhook)

    assert [list(record) for record in history] == [["created_at", "user", "action", "details"]] * 4
    assert [(record["user"]["email"], record["action"], record["details"]) for record in history] == [
        (account.leader.email, "secret_rerolled", {}),
        (account.leader.email, "events_added", {"events": ["tag.created"]}),
        (account.supervisor.email, "edited", {"name": ["Ledger sync", "Books"]}),
        (
            account.leader.email,
            "created",
            {"name": "Ledger sync", "payload_uri": URI, "events": ["entry.created"]},
        ),
    ]


def test_the_trail_has_the_documented_keys_and_keeps_deleted_webhooks(account: Account) -> None:
    webhook = make_webhook(account)
    account.leader.client.delete(webhook["url"])

    newest = get_audit(account)[0]

    assert list(newest) == ["created_at", "user", "resource", "resource_id", "action", "details"]
    assert newest["resource_id"] == webhook["id"]
    assert (newest["action"], newest["details"]) == ("deleted", {"name": "Ledger sync", "payload_uri": URI})
    assert account.leader.client.get(f"{webhook['url']}/history").status == 404


def test_values_of_headers_are_not_in_the_history(account: Account) -> None:
    webhook = make_webhook(account)
    for value in ("first", "second"):
        account.leader.client.put(f"{webhook['url']}/settings", {"headers": {"X-Key": value}, "batch_limit": 5})

    details = [record["details"] for record in get_history(account, webhook)]

    assert details[:2] == [
        {"headers": [{"X-Key": None}, {"X-Key": None}]},
        {"headers": [{}, {"X-Key": None}], "batch_limit": [1, 5]},
    ]


def test_no_secret_is_in_the_trail(account: Account) -> None:
    webhook, receiver = make_webhook(account), make_receiver(account.leader)
    rerolled = account.leader.client.put(webhook["reroll_secret_url"]).json()

    text = account.supervisor.client.get("/v2/audit?per_page=1000").body.decode()

    assert not [
        secret for secret in (webhook["secret"], receiver["secret"], rerolled["secret"], account.owner.token)
        if secret in text
    ]  # fmt: skip


def test_history_takes_a_leader_and_the_trail_a_supervisor(account: Account, other_account: Account) -> None:
    url = make_webhook(account)["url"] + "/history"

    assert [account.people[role].client.get(url).status for role in ("leader", "coworker", "contractor")] == [
        200,
        403,
        403,
    ]
    assert [account.people[role].client.get("/v2/audit").status for role in ("owner", "supervisor", "leader")] == [
        200,
        200,
        403,
    ]
    assert other_account.owner.client.get(url).status == 404
    assert account.leader.client.get(f"/v2/webhooks/{NO_SUCH_ID}/history").status == 404
    assert not [record for record in get_audit(other_account) if record["resource"] == "Webhook"]


def test_the_trail_is_filtered(account: Account) -> None:
    webhook = make_webhook(account)
    account.supervisor.client.put(f"{webhook['url']}/ping")
    make_receiver(account.leader)

    def actions(query: str) -> list[tuple[str, str]]:
        return [(record["resource"], record["action"]) for record in get_audit(account, query)]

    ping = ("Webhook", "pinged")
    assert actions(f"resource=Webhook&resource_id={webhook['id']}") == [ping, ("Webhook", "created")]
    assert actions(f"user_id={account.supervisor.id}") == [ping]
    assert actions("resource=Webhook,BroadcastReceiver&per_page=2") == [("BroadcastReceiver", "created"), ping]
    assert account.supervisor.client.get("/v2/audit?resource=Entry").status == 400
    assert account.supervisor.client.get("/v2/audit?from=yesterday").status == 400
    assert actions("to=2000-01-01T00:00:00Z") == []


def test_a_deleted_user_is_shown_as_they_last_were(account: Account) -> None:
    gone = account.add("gone", "leader")
    webhook = gone.client.post("/v2/webhooks", {"name": "a", "payload_uri": URI, "events": ["*"]}).json()
    account.supervisor.client.put(f"/v2/users/{gone.id}", {"last_name": "Girl"})
    account.supervisor.client.delete(f"/v2/users/{gone.id}")

    [record] = get_history(account, webhook)

    assert record["user"] == {
        "id": gone.id,
        "email": gone.email,
        "first_name": "Gone",
        "last_name": "Girl",
        "profile_image_url": "",
        "url": f"{account.base_url}/v2/users/{gone.id}",
    }


def test_the_command_line_has_no_user(account: Account) -> None:
    webhook = make_webhook(account)
    trail = Trail(account)
    write = account.database.write_now

    write(account.id, lambda tx: states.ping(tx, directory.act_as_owner(tx, account.id, LINKS), webhook["id"]))
    write(account.id, tokens.create, account.leader.id, "script")
    write(account.id, passwords.store, account.leader.id, "a hash")
    account.change_settings(max_users="7", approvals="on", **{f"utc_offset:{account.leader.email}": "3600"})
    account.change_settings(max_users="7")

    recorded = [
        (record["user"], record["resource"], record["action"], record["details"]) for record in trail.read_new()
    ]
    assert recorded == [
        (None, "Webhook", "pinged", {}),
        (None, "Token", "created", {"name": "script", "user_id": account.leader.id}),
        (None, "User", "password_changed", {}),
        (None, "User", "edited", {"time_zone": ["UTC", "+01:00"]}),
        (None, "Account", "edited", {"max_users": [None, 7]}),
    ]  # fmt: skip


def test_tokens_of_users_are_recorded(account: Account) -> None:
    trail = Trail(account)

    def change(tx: Any) -> None:
        caller = find_caller(tx, account.id, account.leader.id, LINKS)
        assert caller is not None
        personal_tokens.create(tx, caller, personal_tokens.TokenCreate(name="mine"), ValidationErrors("Token"))
        newest = personal_tokens.list_page(tx, caller, Pagination()).items[0]
        personal_tokens.revoke(tx, caller, newest.id)

    account.database.write_now(account.id, change)

    details = {"name": "mine", "user_id": account.leader.id}
    assert [(record["user"]["id"], record["action"], record["details"]) for record in trail.read_new()] == [
        (account.leader.id, "created", details),
        (account.leader.id, "revoked", details),
    ]


def test_authorizations_are_recorded(account: Account, app: App) -> None:
    trail = Trail(account)
    code = grant_consent(signed_in_browser(account, account.leader), app.authorize_url())["code"]
    issued = app.exchange(code).json()
    # Used once more: the authorization is revoked by the server itself.
    assert app.exchange(code).status == 400
    client = basic_auth_client(account, account.leader)
    created = client.post(f"/authorizations/{account.name}", app.credentials).json()
    client.put(created["url"], {"note": "for reports"})
    client.put(created["url"], {"note": "for reports"})
    client.delete(created["url"])

    names = [
        (record["user"] and record["user"]["id"], record["action"])
        for record in trail.read_new()
        if record["resource"] == "Authorization"
    ]
    assert issued["access_token"]
    leader = account.leader.id
    assert names == [
        (leader, "created"),
        (None, "deleted"),
        (leader, "created"),
        (leader, "edited"),
        (leader, "deleted"),
    ]


def test_joining_is_recorded(account: Account) -> None:
    trail = Trail(account)

    accept_invitation(account, invite(account, "grace@northwind.test").link)

    assert [record["action"] for record in trail.read_new()] == ["invited", "joined"]


def test_history_takes_the_same_statements_at_any_length(account: Account) -> None:
    webhook = make_webhook(account)
    gone = account.add("gone", "leader")
    gone.client.put(f"{webhook['url']}/ping")
    account.supervisor.client.delete(f"/v2/users/{gone.id}")
    counts = []
    for _ in range(2):
        with capture_statements(account.database) as statements:
            account.leader.client.get(f"{webhook['url']}/history")
        counts.append(len(statements))
        for _ in range(10):
            account.supervisor.client.put(f"{webhook['url']}/ping")

    # Token, webhook, the page, its users, and those who were deleted.
    assert counts == [5, 5]


def test_records_are_kept_for_a_year_at_least(account: Account, database: Database, clock: FakeClock) -> None:
    kept = len(get_audit(account, "per_page=1000"))

    clock.advance((MIN_DAYS * DAY - 60 * SECOND) / SECOND)
    assert database.run_now(delete_expired, 30 * 86_400) == 0
    clock.advance(120)
    assert database.run_now(delete_expired, 400 * 86_400) == 0
    assert database.run_now(delete_expired, 30 * 86_400) == kept < BATCH
    assert get_audit(account) == []
