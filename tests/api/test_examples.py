"""Everything that the contract gives an example of, key by key, in order and with its types, as the API answers it.

The shapes of the examples are in ``shapes.json``, which ``tests/support/shapes.py`` writes.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import bindparam, update

from hourhook.store.schema import invoice_payment_transactions, invoices, users
from hourhook.store.statements import Statement
from tests.api.conftest import Delivering
from tests.conftest import MakeServer, Server
from tests.support.accounts import Account
from tests.support.broadcast_receivers import URI as BROADCAST_URI
from tests.support.broadcast_receivers import make_receiver
from tests.support.clients import Reply
from tests.support.factories import DAY, NO_SUCH_ID, make_project, start_timer
from tests.support.fixtures_by_state import Scene, Thing
from tests.support.oauth_clients import knocking, make_app, tokens_of
from tests.support.shapes import CONTRACT, FILE, find_differences, read_contract, text_of
from tests.support.webhook_receiver import Postbox
from tests.support.webhooks import URI, log_of, make_webhook, payload_of

SHAPES: dict[str, Any] = json.loads(FILE.read_text())

# What an example shows that this server has no use for: imports were withdrawn, and the key is always null.
NEVER_SHOWN = {"simple_import"}

Show = Callable[[Scene], Any]
REPRESENTATIONS: dict[str, Show] = {}
ERRORS: dict[str, Callable[[Scene], Reply]] = {}
PAYLOADS: dict[str, "Payload"] = {}


@dataclass(frozen=True)
class Payload:
    """An event, and what raises it."""

    type: str
    act: Callable[[Scene], None]


@dataclass(frozen=True)
class Sent:
    """A request that an example has the body of."""

    method: str
    path: Callable[[Scene], str]
    body: Callable[[Scene], Thing]


def shown(show: Show) -> Show:
    """Declare where a representation is seen, with everything filled that can be."""
    REPRESENTATIONS[show.__name__] = show
    return show


def refused(ask: Callable[[Scene], Reply]) -> Callable[[Scene], Reply]:
    """Declare what is refused just so."""
    ERRORS[ask.__name__] = ask
    return ask


def raised(type: str) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """Declare what raises an event."""

    def declare(act: Callable[[Scene], None]) -> Callable[[Scene], None]:
        PAYLOADS[act.__name__] = Payload(type, act)
        return act

    return declare


@shown
def account(scene: Scene) -> Any:
    return scene.client.get("/v2/account").json()


@shown
def current_user(scene: Scene) -> Any:
    return scene.client.get("/v2/current_user").json()


@shown
def user(scene: Scene) -> Any:
    scene.team(scene.account.supervisor)
    return scene.client.get(f"/v2/users/{scene.account.supervisor.id}").json()


@shown
def simple_user(scene: Scene) -> Any:
    return scene.entry()["user"]


@shown
def team(scene: Scene) -> Any:
    return scene.team(scene.account.leader, scene.account.supervisor)


@shown
def simple_team(scene: Scene) -> Any:
    return user(scene)["teams"][0]


@shown
def project(scene: Scene) -> Any:
    made = scene.project(budgeted_minutes=1200, color="3fa7d6")
    scene.group(made)
    scene.entry_in(made)
    scene.invoice([], [scene.expense(made)])
    return scene.client.get(made["url"]).json()


@shown
def simple_project(scene: Scene) -> Any:
    return entry(scene)["project"]


@shown
def project_group(scene: Scene) -> Any:
    return scene.group(scene.project())


@shown
def simple_project_group(scene: Scene) -> Any:
    return project(scene)["group"]


@shown
def tag(scene: Scene) -> Any:
    return scene.tag()


@shown
def simple_tag(scene: Scene) -> Any:
    return entry(scene)["tags"][0]


@shown
def entry(scene: Scene) -> Any:
    made = scene.entry_in(scene.project(), "Kick-off #planning", source_url="https://git.northwind.test/c/8f3a")
    scene.done(scene.client.put(made["approved_url"]))
    scene.invoice([made])
    return scene.client.get(made["url"]).json()


@shown
def entry_uninvoiced_unapproved(scene: Scene) -> Any:
    return scene.entry_in(scene.project(), "Kick-off #planning")


@shown
def entries_list(scene: Scene) -> Any:
    entry(scene)
    entry(scene)
    return scene.client.get("/v2/entries", {"invoiced": "true"}).json()


@shown
def expense(scene: Scene) -> Any:
    made = scene.expense(description="Icon licence")
    scene.invoice([], [made])
    return scene.client.get(made["url"]).json()


@shown
def invoice(scene: Scene) -> Any:
    made = full_invoice(scene)
    scene.done(scene.client.put(f"{made['url']}/paid"))
    fill_payments(scene.account)
    return scene.client.get(made["url"]).json()


@shown
def invoice_customization(scene: Scene) -> Any:
    return invoice(scene)["customization"]


@shown
def invoice_tax(scene: Scene) -> Any:
    return invoice(scene)["taxes"][0]


@shown
def rate_calculation(scene: Scene) -> Any:
    return invoice(scene)["rate_calculation"]


@shown
def payment_details(scene: Scene) -> Any:
    return invoice(scene)["payment"]


@shown
def payment_transaction(scene: Scene) -> Any:
    return invoice(scene)["payment_transactions"][0]


@shown
def simple_invoice(scene: Scene) -> Any:
    return entry(scene)["invoice"]


@shown
def inbox_entry(scene: Scene) -> Any:
    made = scene.inbox_entry(project_name="Website relaunch")
    scene.done(scene.client.post(made["log_url"]))
    return scene.client.get(made["url"]).json()


@shown
def timer(scene: Scene) -> Any:
    return scene.timer(description="API design #planning")


@shown
def broadcast_receiver(scene: Scene) -> Any:
    return scene.client.get(make_receiver(scene.account.supervisor)["url"]).json()


@shown
def broadcast_receiver_with_secret(scene: Scene) -> Any:
    return make_receiver(scene.account.supervisor)


@shown
def broadcast_receiver_secret(scene: Scene) -> Any:
    return scene.client.put(make_receiver(scene.account.supervisor)["reroll_secret_url"]).json()


@shown
def access_token(scene: Scene) -> Any:
    app = make_app(scene.account.database, scene.client)
    return tokens_of(scene.account, scene.account.supervisor, app)


@shown
def authorization(scene: Scene) -> Any:
    app = make_app(scene.account.database, scene.client)
    path = f"/authorizations/{scene.account.name}"
    noted = {"scopes": ["current_user"], "note": "kitchen display", "note_url": "https://dash.test/why"}
    return knocking(scene.account, scene.account.supervisor).post(path, {**app.credentials, **noted}).json()


@shown
def subdomain(scene: Scene) -> Any:
    return knocking(scene.account, scene.account.supervisor).get("/subdomains").json()[0]


@shown
def webhook(scene: Scene) -> Any:
    return scene.client.get(scene.webhook()["url"]).json()


@shown
def webhook_with_secret(scene: Scene) -> Any:
    return scene.webhook()


@shown
def webhook_secret(scene: Scene) -> Any:
    return scene.client.put(scene.webhook()["reroll_secret_url"]).json()


@shown
def webhook_summary(scene: Scene) -> Any:
    return raise_payloads(scene, PAYLOADS["payload_expense_created"])[0]["webhook"]


@refused
def error_validation(scene: Scene) -> Reply:
    return scene.client.post("/v2/entries", {"description": "Kick-off"})


@refused
def error_deletable(scene: Scene) -> Reply:
    return scene.client.put(scene.project()["archive_url"])


@refused
def error_not_deletable(scene: Scene) -> Reply:
    return scene.client.delete(scene.used_project()["url"])


@refused
def error_invoice_entries(scene: Scene) -> Reply:
    body = {"invoice_date": DAY, "entry_ids": [scene.archived_entry()["id"]]}
    return scene.client.post("/v2/invoices", body)


@refused
def error_invoice_expenses(scene: Scene) -> Reply:
    expense_ids = [scene.expense()["id"], scene.expense()["id"], NO_SUCH_ID]
    return scene.client.post("/v2/invoices", {"invoice_date": DAY, "expense_ids": expense_ids})


@refused
def error_invoice_entries_and_expenses(scene: Scene) -> Reply:
    body = {
        "invoice_date": DAY,
        "entry_ids": [scene.invoiced_entry()["id"]],
        "expense_ids": [scene.expense()["id"], scene.expense()["id"], NO_SUCH_ID],
    }
    return scene.client.post("/v2/invoices", body)


@refused
def error_json(scene: Scene) -> Reply:
    return scene.client.post("/v2/entries", b"{")


@refused
def error_not_object(scene: Scene) -> Reply:
    return scene.client.post("/v2/entries", [1])


@refused
def error_feature(scene: Scene) -> Reply:
    scene.set(approvals="off")
    return scene.client.put("/v2/entries/approved", {"entry_ids": []})


@raised("entry.updated")
def payload_entry_updated(scene: Scene) -> None:
    made = scene.entry_in(scene.project(billing_increment=15), "Kick-off #planning", minutes=45)
    scene.done(scene.client.put(made["url"], {"minutes": 55}))
    scene.invoice([made])


@raised("entry.updated.invoiced")
def payload_entry_updated_invoiced(scene: Scene) -> None:
    scene.invoice([scene.entry()])


@raised("invoice.updated.paid")
def payload_invoice_updated_paid(scene: Scene) -> None:
    scene.paid_invoice()


@raised("expense.created")
def payload_expense_created(scene: Scene) -> None:
    scene.expense(description="Icon licence")


@raised("project_group.created")
def payload_project_group_created(scene: Scene) -> None:
    scene.group(scene.project())


@raised("project.updated.archived")
def payload_project_updated_archived(scene: Scene) -> None:
    scene.archived_project()


@raised("tag.deleted.merged")
def payload_tag_deleted_merged(scene: Scene) -> None:
    scene.done(scene.client.put(scene.tag()["merge_url"], {"tag_id": scene.tag()["id"]}))


@raised("team.updated")
def payload_team_updated(scene: Scene) -> None:
    made = scene.team(scene.account.supervisor)
    scene.done(scene.client.post(made["add_users_url"], {"user_ids": [scene.account.leader.id]}))


@raised("user.updated.deactivated")
def payload_user_updated_deactivated(scene: Scene) -> None:
    scene.deactivated()


@raised("webhook.ping")
def payload_webhook_ping(scene: Scene) -> None:
    """A webhook gets one when it is made."""


REQUESTS: dict[str, Sent] = {
    "request_broadcast_receiver_create": Sent(
        "POST",
        lambda scene: "/v2/broadcast_receivers/",
        lambda scene: {"name": "Desk light", "payload_uri": BROADCAST_URI, "subjects": ["timer"]},
    ),
    "request_broadcast_receiver_edit": Sent(
        "PUT",
        lambda scene: str(make_receiver(scene.account.supervisor)["url"]),
        lambda scene: {"name": "Desk light", "payload_uri": BROADCAST_URI},
    ),
    "request_broadcast_receiver_subjects": Sent(
        "PUT",
        lambda scene: str(make_receiver(scene.account.supervisor)["add_subjects_url"]),
        lambda scene: {"subjects": ["*"]},
    ),
    "request_current_user": Sent(
        "PUT",
        lambda scene: "/v2/current_user",
        lambda scene: {
            "first_name": "Ada",
            "last_name": "Byron",
            "time_format": "fraction",
            "week_start": "monday",
            "send_personal_weekly_report": True,
            "send_team_weekly_report": False,
        },
    ),
    "request_entry": Sent(
        "POST",
        lambda scene: "/v2/entries",
        lambda scene: {
            "date": DAY,
            "user_id": scene.account.leader.id,
            "minutes": 55,
            "description": "Kick-off #planning",
            "project_id": scene.project()["id"],
            "project_name": "Website relaunch",
            "source_url": "https://git.northwind.test/c/8f3a",
        },
    ),
    "request_expense": Sent(
        "POST",
        lambda scene: "/v2/expenses",
        lambda scene: {
            "date": DAY,
            "user_id": scene.account.leader.id,
            "price": 49.9,
            "taxable": True,
            "description": "Icon licence",
            "project_id": scene.project()["id"],
        },
    ),
    "request_inbox_entry": Sent(
        "POST",
        lambda scene: "/v2/inbox_entries",
        lambda scene: {"date": DAY, "description": "#standup", "minutes": 45, "project_name": "Website relaunch"},
    ),
    "request_invoice_create": Sent("POST", lambda scene: "/v2/invoices", lambda scene: a_full_invoice(scene)),
    "request_invoice_add_taxes": Sent(
        "PUT",
        lambda scene: f"{scene.invoice()['url']}/add_taxes",
        lambda scene: {"taxes": [{"percentage": 20.0, "name": "VAT"}]},
    ),
    "request_project": Sent(
        "POST",
        lambda scene: "/v2/projects",
        lambda scene: {
            "name": "Website relaunch",
            "project_group_id": scene.group()["id"],
            "billing_increment": 15,
            "color": "#3fa7d6",
        },
    ),
    "request_project_group_create": Sent(
        "POST",
        lambda scene: "/v2/project_groups",
        lambda scene: {"name": "Contoso", "project_ids": [scene.project()["id"], scene.project()["id"]]},
    ),
    "request_project_group_edit": Sent(
        "PUT", lambda scene: str(scene.group()["url"]), lambda scene: {"name": "Contoso EU"}
    ),
    "request_tags_create": Sent("POST", lambda scene: "/v2/tags", lambda scene: {"names": ["planning", "holiday*"]}),
    "request_team_create": Sent(
        "POST",
        lambda scene: "/v2/teams",
        lambda scene: {"name": "Platform", "user_ids": [scene.account.owner.id, scene.account.leader.id]},
    ),
    "request_team_edit": Sent("PUT", lambda scene: str(scene.team()["url"]), lambda scene: {"name": "Platform & Ops"}),
    "request_timer_add_time": Sent(
        "PUT",
        lambda scene: str(scene.timer()["add_or_subtract_time_url"]),
        lambda scene: {"minutes": 1, "seconds": 30},
    ),
    "request_timer_log": Sent(
        "PUT",
        lambda scene: str(scene.timer()["log_url"]),
        lambda scene: {"entry_date": DAY, "minutes": 30, "description": "API design #planning"},
    ),
    "request_timer_log_inbox_entry": Sent(
        "PUT",
        lambda scene: f"{scene.timer()['url']}/log_inbox_entry",
        lambda scene: {"inbox_entry_date": DAY, "description": "API design #planning", "minutes": 3},
    ),
    "request_user_create": Sent(
        "POST",
        lambda scene: "/v2/users",
        lambda scene: {
            "email": "grace@northwind.test",
            "first_name": "Grace",
            "last_name": "Murray",
            "role": "leader",
        },
    ),
    "request_webhook_create": Sent(
        "POST",
        lambda scene: "/v2/webhooks/",
        lambda scene: {"name": "Ledger sync", "payload_uri": URI, "events": ["entry.created", "entry.updated"]},
    ),
    "request_webhook_edit": Sent(
        "PUT",
        lambda scene: str(scene.webhook()["url"]),
        lambda scene: {"name": "Ledger sync", "payload_uri": URI},
    ),
    "request_webhook_events": Sent(
        "PUT",
        lambda scene: str(scene.webhook()["add_events_url"]),
        lambda scene: {"events": ["entry.deleted", "*"]},
    ),
}

# What a worker sends of its own.
SENT = {"headers_entry_updated", "headers_webhook_ping", "headers_broadcast_timer"}
BROADCASTS = {"broadcast_timer", "broadcast_receiver_summary"}
OAUTH_ERRORS = {"oauth_error"}


@pytest.fixture
def scene(account: Account) -> Scene:
    """An account whose people have all that a person can have."""
    scene = Scene(account)
    fill_people(account)
    return scene


def test_every_representation_has_the_keys_and_types_of_its_example(scene: Scene) -> None:
    found = {
        name: find_differences(SHAPES[name], show(scene), SHAPES, is_full=True)
        for name, show in REPRESENTATIONS.items()
    }

    assert {name: differences for name, differences in found.items() if differences} == {}


def test_what_is_left_blank_is_null_where_the_contract_allows_it_and_nowhere_else(account: Account) -> None:
    scene = Scene(account)
    bare = {
        "entry": scene.entry(),
        "expense": scene.expense(),
        "inbox_entry": scene.inbox_entry(minutes=None),
        "invoice": scene.invoice(),
        "project": scene.project(),
        "timer": scene.timer(),
        "user": scene.done(scene.client.post("/v2/users", {"email": "nobody@northwind.test"})).json(),
    }
    for name, value in bare.items():
        assert find_differences(SHAPES[name], value, SHAPES, is_full=False) == [], name


def test_every_refusal_has_the_keys_and_types_of_its_example(account: Account) -> None:
    scene = Scene(account)
    for name, ask in ERRORS.items():
        reply = ask(scene)
        assert reply.status == (403 if name == "error_feature" else 400)
        assert find_differences(SHAPES[name], reply.json(), SHAPES, is_full=True) == [], name
        if CONTRACT.exists():
            assert reply.json() == json.loads((CONTRACT / "examples" / f"{name}.json").read_text()), name


def test_every_payload_has_the_keys_and_types_of_its_example(scene: Scene) -> None:
    for name, payload in PAYLOADS.items():
        # The changes of an example may come of more than one action.
        unseen = dict(SHAPES[name].get("changes", {}))
        for body in raise_payloads(scene, payload):
            shape = SHAPES[name]
            if "changes" in shape:
                told = {key: {"before": old, "after": new} for key, (old, new) in body["changes"].items()}
                body["changes"] = told
                shape = {**shape, "changes": {key: unseen.pop(key) for key in told if key in unseen}}
            assert find_differences(shape, body, SHAPES, is_full=False) == [], name
        assert unseen == {}, name


def test_the_body_of_every_example_of_a_request_is_taken(scene: Scene) -> None:
    for name, sent in REQUESTS.items():
        body = sent.body(scene)
        assert find_differences(SHAPES[name], body, SHAPES, is_full=True) == [], name
        reply = scene.client.request(sent.method, sent.path(scene), body=body)
        assert reply.status in (200, 201, 204), (name, reply.body)


def test_a_refusal_of_oauth_has_the_keys_and_types_of_its_example(server: Server) -> None:
    reply = make_app(server.database, server.client).exchange("no such code")

    assert reply.status == 400
    assert find_differences(SHAPES["oauth_error"], reply.json(), SHAPES, is_full=True) == []


class TestTheHeadersOfWhatIsSent:
    """A worker sends it."""

    @pytest.fixture
    def server(self, make_server: MakeServer, delivering: Delivering) -> Server:
        """A server with a worker in it."""
        return make_server(parts={"lifespan": [delivering]})

    def test_they_are_those_of_the_examples_and_more(self, account: Account, postbox: Postbox) -> None:
        scene = Scene(account)
        make_webhook(account, postbox.uri, events=["entry.updated"])
        ping = postbox.next()
        scene.done(scene.client.put(scene.entry()["url"], {"minutes": 5}))
        updated = postbox.next()

        for name, delivery, category, agent in (
            ("headers_entry_updated", updated, "entry", "Noko-Webhooks"),
            ("headers_webhook_ping", ping, "webhook", "Noko-Webhooks"),
        ):
            assert {key.lower() for key in SHAPES[name]} - {*delivery.headers} == set()
            assert delivery.headers["x-noko-eventcategory"] == category
            assert delivery.headers["user-agent"] == agent
            assert delivery.headers["content-type"] == "application/json"

    def test_a_broadcast_is_that_of_the_example_and_its_headers_are_those_and_more(
        self, account: Account, postbox: Postbox, pass_time: Callable[[float], None]
    ) -> None:
        make_receiver(account.supervisor, postbox.uri)
        start_timer(account.supervisor, make_project(account))
        pass_time(5)
        broadcast = postbox.next()

        assert find_differences(SHAPES["broadcast_timer"], broadcast.payload, SHAPES, is_full=True) == []
        assert {key.lower() for key in SHAPES["headers_broadcast_timer"]} - {*broadcast.headers} == set()
        assert broadcast.headers["x-noko-broadcastsubject"] == "timer"
        assert broadcast.headers["user-agent"] == "Noko-Broadcasts"


def a_full_invoice(scene: Scene) -> Thing:
    """The body of a request for an invoice on which much is said."""
    return {
        "invoice_date": "2024-06-01",
        "reference": "NW-0042",
        "project_name": "Website relaunch",
        "company_name": "Northwind Ltd",
        "company_details": "4 Harbour Road\nPortsmouth",
        "recipient_details": "",
        "description": "",
        "footer": "",
        "show_hours_worked": True,
        "show_full_report": False,
        "show_user_summaries": False,
        "show_project_summaries": False,
        "show_project_name_for_expenses": False,
        "rate_calculation": {
            "calculation_method": "custom_hourly_rates",
            "standard_hourly_rate": 80.0,
            "custom_hourly_rates": [{"user_id": scene.account.supervisor.id, "hourly_rate": 95.5}],
        },
        "entry_ids": [scene.entry_in(scene.project())["id"]],
        "expense_ids": [scene.expense()["id"], scene.expense(taxable=False)["id"]],
        "taxes": [{"name": "VAT", "percentage": 20.0}],
        "customization": {
            "title": "Invoice",
            "locale": "en-US",
            "currency_code": "USD",
            "paypal_invoice": {
                "paypal_address": "billing@northwind.test",
                "paypal_invoice_title": "NW-0042",
                "paypal_currency_code": "USD",
            },
            "stripe_connect_payment": {"payment_description": "NW-0042", "currency_code": "usd"},
        },
    }


def full_invoice(scene: Scene) -> Thing:
    """An invoice with all that an invoice can have, but a payment."""
    body = a_full_invoice(scene)
    made: Thing = scene.done(scene.client.post("/v2/invoices", body)).json()
    # A rate for all hours at once is kept beside the others where it was said once.
    for rates in (
        {"calculation_method": "flat_rate", "flat_rate": 4000},
        body["rate_calculation"] | {"flat_rate": 4000},
    ):
        change = {"rate_calculation": rates, "customization": {"custom_html": "<p>Thank you</p>"}}
        scene.done(scene.client.put(made["url"], change))
    return made


def fill_payments(account: Account) -> None:
    """Let every payment have come from somewhere, which no endpoint can."""
    values = {"reference": "PP-7QK2", "payment_method": "paypal"}
    for table, reference in ((invoices, "payment_reference"), (invoice_payment_transactions, "reference")):
        change = Statement(
            update(table)
            .where(table.c.account_id == bindparam("account"))
            .values({reference: bindparam("reference"), "payment_method": bindparam("payment_method")})
        )
        account.database.write_now(
            account.id, lambda tx, change: tx.execute(change, account=account.id, **values), change
        )


def fill_people(account: Account) -> None:
    """Give everybody a name and a picture, which no endpoint takes."""
    values = users.c.last_name, users.c.first_name, users.c.profile_image_url
    change = Statement(
        update(users)
        .where(users.c.account_id == bindparam("account"))
        .values({column: bindparam(column.name) for column in values})
    )
    picture = f"{account.base_url}/images/avatars/1.png"
    parameters = {"first_name": "Ada", "last_name": "Byron", "profile_image_url": picture}
    account.database.write_now(account.id, lambda tx: tx.execute(change, account=account.id, **parameters))


def raise_payloads(scene: Scene, payload: Payload) -> list[dict[str, Any]]:
    """What a webhook is sent of the event when this is done, oldest first."""
    webhook = make_webhook(scene.account, events=["*"])
    payload.act(scene)
    lines = log_of(scene.account, webhook, {"type": payload.type})
    assert lines, payload.type
    return [json.loads(payload_of(scene.account, webhook, line["payload_id"])["body"]) for line in reversed(lines)]


def test_no_example_is_left_out() -> None:
    checked = {*REPRESENTATIONS, *ERRORS, *PAYLOADS, *REQUESTS} | SENT | BROADCASTS | OAUTH_ERRORS

    assert checked | NEVER_SHOWN == {*SHAPES}
    assert checked & NEVER_SHOWN == set()


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not beside this checkout")
def test_the_shapes_are_those_of_the_contract() -> None:
    assert text_of(read_contract(CONTRACT)) == FILE.read_text(), (
        "run: python -m tests.support.shapes ../shared/contract"
    )
