"""Every documented example, key by key, in order and with its types, as the API answers it.

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
from tests.conftest import Delivering, MakeServer, Server
from tests.support.accounts import Account
from tests.support.broadcast_receivers import URI as BROADCAST_URI
from tests.support.broadcast_receivers import make_receiver
from tests.support.clients import Response
from tests.support.factories import DAY, NO_SUCH_ID, make_project, start_timer
from tests.support.fixtures_by_state import ObjectFactory, Resource
from tests.support.oauth_clients import basic_auth_client, obtain_tokens, register_app
from tests.support.shapes import CONTRACT, SHAPES_FILE, dump_shapes, find_differences, read_contract
from tests.support.webhook_receiver import WebhookReceiver
from tests.support.webhooks import URI, get_delivery_log, get_payload, make_webhook

SHAPES: dict[str, Any] = json.loads(SHAPES_FILE.read_text())

# Keys of examples that this server never fills: imports were withdrawn, so the key is always null.
NEVER_SHOWN = {"simple_import"}

Show = Callable[[ObjectFactory], Any]
REPRESENTATIONS: dict[str, Show] = {}
ERRORS: dict[str, Callable[[ObjectFactory], Response]] = {}
PAYLOADS: dict[str, "Payload"] = {}


@dataclass(frozen=True)
class Payload:
    """An event and the action that raises it."""

    type: str
    act: Callable[[ObjectFactory], None]


@dataclass(frozen=True)
class Sent:
    """A request whose body is an example."""

    method: str
    path: Callable[[ObjectFactory], str]
    body: Callable[[ObjectFactory], Resource]


def shown(show: Show) -> Show:
    """Declare where a representation is shown with every key filled."""
    REPRESENTATIONS[show.__name__] = show
    return show


def refused(ask: Callable[[ObjectFactory], Response]) -> Callable[[ObjectFactory], Response]:
    """Declare a request that is rejected like the example."""
    ERRORS[ask.__name__] = ask
    return ask


def raised(type: str) -> Callable[[Callable[[ObjectFactory], None]], Callable[[ObjectFactory], None]]:
    """Declare the action that raises an event."""

    def declare(act: Callable[[ObjectFactory], None]) -> Callable[[ObjectFactory], None]:
        PAYLOADS[act.__name__] = Payload(type, act)
        return act

    return declare


@shown
def account(factory: ObjectFactory) -> Any:
    return factory.client.get("/v2/account").json()


@shown
def current_user(factory: ObjectFactory) -> Any:
    return factory.client.get("/v2/current_user").json()


@shown
def user(factory: ObjectFactory) -> Any:
    factory.team(factory.account.supervisor)
    return factory.client.get(f"/v2/users/{factory.account.supervisor.id}").json()


@shown
def simple_user(factory: ObjectFactory) -> Any:
    return factory.entry()["user"]


@shown
def team(factory: ObjectFactory) -> Any:
    return factory.team(factory.account.leader, factory.account.supervisor)


@shown
def simple_team(factory: ObjectFactory) -> Any:
    return user(factory)["teams"][0]


@shown
def project(factory: ObjectFactory) -> Any:
    made = factory.project(budgeted_minutes=1200, color="3fa7d6")
    factory.group(made)
    factory.entry_in(made)
    factory.invoice([], [factory.expense(made)])
    return factory.client.get(made["url"]).json()


@shown
def simple_project(factory: ObjectFactory) -> Any:
    return entry(factory)["project"]


@shown
def project_group(factory: ObjectFactory) -> Any:
    return factory.group(factory.project())


@shown
def simple_project_group(factory: ObjectFactory) -> Any:
    return project(factory)["group"]


@shown
def tag(factory: ObjectFactory) -> Any:
    return factory.tag()


@shown
def simple_tag(factory: ObjectFactory) -> Any:
    return entry(factory)["tags"][0]


@shown
def entry(factory: ObjectFactory) -> Any:
    made = factory.entry_in(factory.project(), "Kick-off #planning", source_url="https://git.northwind.test/c/8f3a")
    factory.expect_success(factory.client.put(made["approved_url"]))
    factory.invoice([made])
    return factory.client.get(made["url"]).json()


@shown
def entry_uninvoiced_unapproved(factory: ObjectFactory) -> Any:
    return factory.entry_in(factory.project(), "Kick-off #planning")


@shown
def entries_list(factory: ObjectFactory) -> Any:
    entry(factory)
    entry(factory)
    return factory.client.get("/v2/entries", {"invoiced": "true"}).json()


@shown
def expense(factory: ObjectFactory) -> Any:
    made = factory.expense(description="Icon licence")
    factory.invoice([], [made])
    return factory.client.get(made["url"]).json()


@shown
def invoice(factory: ObjectFactory) -> Any:
    made = full_invoice(factory)
    factory.expect_success(factory.client.put(f"{made['url']}/paid"))
    fill_payments(factory.account)
    return factory.client.get(made["url"]).json()


@shown
def invoice_customization(factory: ObjectFactory) -> Any:
    return invoice(factory)["customization"]


@shown
def invoice_tax(factory: ObjectFactory) -> Any:
    return invoice(factory)["taxes"][0]


@shown
def rate_calculation(factory: ObjectFactory) -> Any:
    return invoice(factory)["rate_calculation"]


@shown
def payment_details(factory: ObjectFactory) -> Any:
    return invoice(factory)["payment"]


@shown
def payment_transaction(factory: ObjectFactory) -> Any:
    return invoice(factory)["payment_transactions"][0]


@shown
def simple_invoice(factory: ObjectFactory) -> Any:
    return entry(factory)["invoice"]


@shown
def inbox_entry(factory: ObjectFactory) -> Any:
    made = factory.inbox_entry(project_name="Website relaunch")
    factory.expect_success(factory.client.post(made["log_url"]))
    return factory.client.get(made["url"]).json()


@shown
def timer(factory: ObjectFactory) -> Any:
    return factory.timer(description="API design #planning")


@shown
def broadcast_receiver(factory: ObjectFactory) -> Any:
    return factory.client.get(make_receiver(factory.account.supervisor)["url"]).json()


@shown
def broadcast_receiver_with_secret(factory: ObjectFactory) -> Any:
    return make_receiver(factory.account.supervisor)


@shown
def broadcast_receiver_secret(factory: ObjectFactory) -> Any:
    return factory.client.put(make_receiver(factory.account.supervisor)["reroll_secret_url"]).json()


@shown
def access_token(factory: ObjectFactory) -> Any:
    app = register_app(factory.account.database, factory.client)
    return obtain_tokens(factory.account, factory.account.supervisor, app)


@shown
def authorization(factory: ObjectFactory) -> Any:
    app = register_app(factory.account.database, factory.client)
    path = f"/authorizations/{factory.account.name}"
    noted = {"scopes": ["current_user"], "note": "kitchen display", "note_url": "https://dash.test/why"}
    return (
        basic_auth_client(factory.account, factory.account.supervisor).post(path, {**app.credentials, **noted}).json()
    )


@shown
def subdomain(factory: ObjectFactory) -> Any:
    return basic_auth_client(factory.account, factory.account.supervisor).get("/subdomains").json()[0]


@shown
def webhook(factory: ObjectFactory) -> Any:
    return factory.client.get(factory.webhook()["url"]).json()


@shown
def webhook_with_secret(factory: ObjectFactory) -> Any:
    return factory.webhook()


@shown
def webhook_secret(factory: ObjectFactory) -> Any:
    return factory.client.put(factory.webhook()["reroll_secret_url"]).json()


@shown
def webhook_summary(factory: ObjectFactory) -> Any:
    return raise_payloads(factory, PAYLOADS["payload_expense_created"])[0]["webhook"]


@refused
def error_validation(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/entries", {"description": "Kick-off"})


@refused
def error_deletable(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.project()["archive_url"])


@refused
def error_not_deletable(factory: ObjectFactory) -> Response:
    return factory.client.delete(factory.used_project()["url"])


@refused
def error_invoice_entries(factory: ObjectFactory) -> Response:
    body = {"invoice_date": DAY, "entry_ids": [factory.archived_entry()["id"]]}
    return factory.client.post("/v2/invoices", body)


@refused
def error_invoice_expenses(factory: ObjectFactory) -> Response:
    expense_ids = [factory.expense()["id"], factory.expense()["id"], NO_SUCH_ID]
    return factory.client.post("/v2/invoices", {"invoice_date": DAY, "expense_ids": expense_ids})


@refused
def error_invoice_entries_and_expenses(factory: ObjectFactory) -> Response:
    body = {
        "invoice_date": DAY,
        "entry_ids": [factory.invoiced_entry()["id"]],
        "expense_ids": [factory.expense()["id"], factory.expense()["id"], NO_SUCH_ID],
    }
    return factory.client.post("/v2/invoices", body)


@refused
def error_json(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/entries", b"{")


@refused
def error_not_object(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/entries", [1])


@refused
def error_feature(factory: ObjectFactory) -> Response:
    factory.change_settings(approvals="off")
    return factory.client.put("/v2/entries/approved", {"entry_ids": []})


@raised("entry.updated")
def payload_entry_updated(factory: ObjectFactory) -> None:
    made = factory.entry_in(factory.project(billing_increment=15), "Kick-off #planning", minutes=45)
    factory.expect_success(factory.client.put(made["url"], {"minutes": 55}))
    factory.invoice([made])


@raised("entry.updated.invoiced")
def payload_entry_updated_invoiced(factory: ObjectFactory) -> None:
    factory.invoice([factory.entry()])


@raised("invoice.updated.paid")
def payload_invoice_updated_paid(factory: ObjectFactory) -> None:
    factory.paid_invoice()


@raised("expense.created")
def payload_expense_created(factory: ObjectFactory) -> None:
    factory.expense(description="Icon licence")


@raised("project_group.created")
def payload_project_group_created(factory: ObjectFactory) -> None:
    factory.group(factory.project())


@raised("project.updated.archived")
def payload_project_updated_archived(factory: ObjectFactory) -> None:
    factory.archived_project()


@raised("tag.deleted.merged")
def payload_tag_deleted_merged(factory: ObjectFactory) -> None:
    factory.expect_success(factory.client.put(factory.tag()["merge_url"], {"tag_id": factory.tag()["id"]}))


@raised("team.updated")
def payload_team_updated(factory: ObjectFactory) -> None:
    made = factory.team(factory.account.supervisor)
    factory.expect_success(factory.client.post(made["add_users_url"], {"user_ids": [factory.account.leader.id]}))


@raised("user.updated.deactivated")
def payload_user_updated_deactivated(factory: ObjectFactory) -> None:
    factory.deactivated_person()


@raised("webhook.ping")
def payload_webhook_ping(factory: ObjectFactory) -> None:
    """A new webhook gets a ping."""


REQUESTS: dict[str, Sent] = {
    "request_broadcast_receiver_create": Sent(
        "POST",
        lambda factory: "/v2/broadcast_receivers/",
        lambda factory: {"name": "Desk light", "payload_uri": BROADCAST_URI, "subjects": ["timer"]},
    ),
    "request_broadcast_receiver_edit": Sent(
        "PUT",
        lambda factory: str(make_receiver(factory.account.supervisor)["url"]),
        lambda factory: {"name": "Desk light", "payload_uri": BROADCAST_URI},
    ),
    "request_broadcast_receiver_subjects": Sent(
        "PUT",
        lambda factory: str(make_receiver(factory.account.supervisor)["add_subjects_url"]),
        lambda factory: {"subjects": ["*"]},
    ),
    "request_current_user": Sent(
        "PUT",
        lambda factory: "/v2/current_user",
        lambda factory: {
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
        lambda factory: "/v2/entries",
        lambda factory: {
            "date": DAY,
            "user_id": factory.account.leader.id,
            "minutes": 55,
            "description": "Kick-off #planning",
            "project_id": factory.project()["id"],
            "project_name": "Website relaunch",
            "source_url": "https://git.northwind.test/c/8f3a",
        },
    ),
    "request_expense": Sent(
        "POST",
        lambda factory: "/v2/expenses",
        lambda factory: {
            "date": DAY,
            "user_id": factory.account.leader.id,
            "price": 49.9,
            "taxable": True,
            "description": "Icon licence",
            "project_id": factory.project()["id"],
        },
    ),
    "request_inbox_entry": Sent(
        "POST",
        lambda factory: "/v2/inbox_entries",
        lambda factory: {"date": DAY, "description": "#standup", "minutes": 45, "project_name": "Website relaunch"},
    ),
    "request_invoice_create": Sent("POST", lambda factory: "/v2/invoices", lambda factory: a_full_invoice(factory)),
    "request_invoice_add_taxes": Sent(
        "PUT",
        lambda factory: f"{factory.invoice()['url']}/add_taxes",
        lambda factory: {"taxes": [{"percentage": 20.0, "name": "VAT"}]},
    ),
    "request_project": Sent(
        "POST",
        lambda factory: "/v2/projects",
        lambda factory: {
            "name": "Website relaunch",
            "project_group_id": factory.group()["id"],
            "billing_increment": 15,
            "color": "#3fa7d6",
        },
    ),
    "request_project_group_create": Sent(
        "POST",
        lambda factory: "/v2/project_groups",
        lambda factory: {"name": "Contoso", "project_ids": [factory.project()["id"], factory.project()["id"]]},
    ),
    "request_project_group_edit": Sent(
        "PUT", lambda factory: str(factory.group()["url"]), lambda factory: {"name": "Contoso EU"}
    ),
    "request_tags_create": Sent(
        "POST", lambda factory: "/v2/tags", lambda factory: {"names": ["planning", "holiday*"]}
    ),
    "request_team_create": Sent(
        "POST",
        lambda factory: "/v2/teams",
        lambda factory: {"name": "Platform", "user_ids": [factory.account.owner.id, factory.account.leader.id]},
    ),
    "request_team_edit": Sent(
        "PUT", lambda factory: str(factory.team()["url"]), lambda factory: {"name": "Platform & Ops"}
    ),
    "request_timer_add_time": Sent(
        "PUT",
        lambda factory: str(factory.timer()["add_or_subtract_time_url"]),
        lambda factory: {"minutes": 1, "seconds": 30},
    ),
    "request_timer_log": Sent(
        "PUT",
        lambda factory: str(factory.timer()["log_url"]),
        lambda factory: {"entry_date": DAY, "minutes": 30, "description": "API design #planning"},
    ),
    "request_timer_log_inbox_entry": Sent(
        "PUT",
        lambda factory: f"{factory.timer()['url']}/log_inbox_entry",
        lambda factory: {"inbox_entry_date": DAY, "description": "API design #planning", "minutes": 3},
    ),
    "request_user_create": Sent(
        "POST",
        lambda factory: "/v2/users",
        lambda factory: {
            "email": "grace@northwind.test",
            "first_name": "Grace",
            "last_name": "Murray",
            "role": "leader",
        },
    ),
    "request_webhook_create": Sent(
        "POST",
        lambda factory: "/v2/webhooks/",
        lambda factory: {"name": "Ledger sync", "payload_uri": URI, "events": ["entry.created", "entry.updated"]},
    ),
    "request_webhook_edit": Sent(
        "PUT",
        lambda factory: str(factory.webhook()["url"]),
        lambda factory: {"name": "Ledger sync", "payload_uri": URI},
    ),
    "request_webhook_events": Sent(
        "PUT",
        lambda factory: str(factory.webhook()["add_events_url"]),
        lambda factory: {"events": ["entry.deleted", "*"]},
    ),
}

# Payloads that only a worker sends.
SENT = {"headers_entry_updated", "headers_webhook_ping", "headers_broadcast_timer"}
BROADCASTS = {"broadcast_timer", "broadcast_receiver_summary"}
OAUTH_ERRORS = {"oauth_error"}


@pytest.fixture
def factory(account: Account) -> ObjectFactory:
    """An account whose users have every value set."""
    factory = ObjectFactory(account)
    fill_people(account)
    return factory


def test_every_representation_has_the_keys_and_types_of_its_example(factory: ObjectFactory) -> None:
    found = {
        name: find_differences(SHAPES[name], show(factory), SHAPES, is_full=True)
        for name, show in REPRESENTATIONS.items()
    }

    assert {name: differences for name, differences in found.items() if differences} == {}


def test_blank_values_are_null_only_where_documented(account: Account) -> None:
    factory = ObjectFactory(account)
    bare = {
        "entry": factory.entry(),
        "expense": factory.expense(),
        "inbox_entry": factory.inbox_entry(minutes=None),
        "invoice": factory.invoice(),
        "project": factory.project(),
        "timer": factory.timer(),
        "user": factory.expect_success(factory.client.post("/v2/users", {"email": "nobody@northwind.test"})).json(),
    }
    for name, value in bare.items():
        assert find_differences(SHAPES[name], value, SHAPES, is_full=False) == [], name


def test_every_error_has_the_keys_and_types_of_its_example(account: Account) -> None:
    factory = ObjectFactory(account)
    for name, ask in ERRORS.items():
        response = ask(factory)
        assert response.status == (403 if name == "error_feature" else 400)
        assert find_differences(SHAPES[name], response.refusal, SHAPES, is_full=True) == [], name
        if CONTRACT.exists():
            assert response.refusal == json.loads((CONTRACT / "examples" / f"{name}.json").read_text()), name


def test_every_payload_has_the_keys_and_types_of_its_example(factory: ObjectFactory) -> None:
    for name, payload in PAYLOADS.items():
        # The changes of an example may stem from more than one action.
        unseen = dict(SHAPES[name].get("changes", {}))
        for body in raise_payloads(factory, payload):
            shape = SHAPES[name]
            if "changes" in shape:
                told = {key: {"before": old, "after": new} for key, (old, new) in body["changes"].items()}
                body["changes"] = told
                shape = {**shape, "changes": {key: unseen.pop(key) for key in told if key in unseen}}
            assert find_differences(shape, body, SHAPES, is_full=False) == [], name
        assert unseen == {}, name


def test_every_example_request_body_is_accepted(factory: ObjectFactory) -> None:
    for name, sent in REQUESTS.items():
        body = sent.body(factory)
        assert find_differences(SHAPES[name], body, SHAPES, is_full=True) == [], name
        response = factory.client.request(sent.method, sent.path(factory), body=body)
        assert response.status in (200, 201, 204), (name, response.body)


def test_an_oauth_error_has_the_keys_and_types_of_its_example(server: Server) -> None:
    response = register_app(server.database, server.client).exchange("no such code")

    assert response.status == 400
    assert find_differences(SHAPES["oauth_error"], response.json(), SHAPES, is_full=True) == []


class TestTheHeadersOfWhatIsSent:
    """A ping, sent by a worker."""

    @pytest.fixture
    def server(self, make_server: MakeServer, delivering: Delivering) -> Server:
        """A server with a worker."""
        return make_server(site_options={"lifespans": [delivering]})

    def test_they_are_those_of_the_examples_and_more(self, account: Account, webhook_receiver: WebhookReceiver) -> None:
        factory = ObjectFactory(account)
        make_webhook(account, webhook_receiver.uri, events=["entry.updated"])
        ping = webhook_receiver.next()
        factory.expect_success(factory.client.put(factory.entry()["url"], {"minutes": 5}))
        updated = webhook_receiver.next()

        for name, delivery, category, agent in (
            ("headers_entry_updated", updated, "entry", "Noko-Webhooks"),
            ("headers_webhook_ping", ping, "webhook", "Noko-Webhooks"),
        ):
            assert {key.lower() for key in SHAPES[name]} - {*delivery.headers} == set()
            assert delivery.headers["x-noko-eventcategory"] == category
            assert delivery.headers["user-agent"] == agent
            assert delivery.headers["content-type"] == "application/json"

    def test_a_broadcast_is_that_of_the_example_and_its_headers_are_those_and_more(
        self, account: Account, webhook_receiver: WebhookReceiver, advance_time: Callable[[float], None]
    ) -> None:
        make_receiver(account.supervisor, webhook_receiver.uri)
        start_timer(account.supervisor, make_project(account))
        advance_time(5)
        broadcast = webhook_receiver.next()

        assert find_differences(SHAPES["broadcast_timer"], broadcast.payload, SHAPES, is_full=True) == []
        assert {key.lower() for key in SHAPES["headers_broadcast_timer"]} - {*broadcast.headers} == set()
        assert broadcast.headers["x-noko-broadcastsubject"] == "timer"
        assert broadcast.headers["user-agent"] == "Noko-Broadcasts"


def a_full_invoice(factory: ObjectFactory) -> Resource:
    """The request body of an invoice with many inputs."""
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
            "custom_hourly_rates": [{"user_id": factory.account.supervisor.id, "hourly_rate": 95.5}],
        },
        "entry_ids": [factory.entry_in(factory.project())["id"]],
        "expense_ids": [factory.expense()["id"], factory.expense(taxable=False)["id"]],
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


def full_invoice(factory: ObjectFactory) -> Resource:
    """An invoice with every value set except a payment."""
    body = a_full_invoice(factory)
    made: Resource = factory.expect_success(factory.client.post("/v2/invoices", body)).json()
    # A flat rate that was set once is kept beside the others.
    for rates in (
        {"calculation_method": "flat_rate", "flat_rate": 4000},
        body["rate_calculation"] | {"flat_rate": 4000},
    ):
        change = {"rate_calculation": rates, "customization": {"custom_html": "<p>Thank you</p>"}}
        factory.expect_success(factory.client.put(made["url"], change))
    return made


def fill_payments(account: Account) -> None:
    """Give every payment a source, which no endpoint can set."""
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
    """Give every user a name and a picture, which no endpoint can set."""
    values = users.c.last_name, users.c.first_name, users.c.profile_image_url
    change = Statement(
        update(users)
        .where(users.c.account_id == bindparam("account"))
        .values({column: bindparam(column.name) for column in values})
    )
    picture = f"{account.base_url}/images/avatars/1.png"
    parameters = {"first_name": "Ada", "last_name": "Byron", "profile_image_url": picture}
    account.database.write_now(account.id, lambda tx: tx.execute(change, account=account.id, **parameters))


def raise_payloads(factory: ObjectFactory, payload: Payload) -> list[dict[str, Any]]:
    """The payloads of an event that an action sends, oldest first."""
    webhook = make_webhook(factory.account, events=["*"])
    payload.act(factory)
    lines = get_delivery_log(factory.account, webhook, {"type": payload.type})
    assert lines, payload.type
    return [json.loads(get_payload(factory.account, webhook, line["payload_id"])["body"]) for line in reversed(lines)]


def test_every_example_is_covered() -> None:
    checked = {*REPRESENTATIONS, *ERRORS, *PAYLOADS, *REQUESTS} | SENT | BROADCASTS | OAUTH_ERRORS

    assert checked | NEVER_SHOWN == {*SHAPES}
    assert checked & NEVER_SHOWN == set()


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not beside this checkout")
def test_stored_shapes_match_the_examples_beside_the_checkout() -> None:
    assert dump_shapes(read_contract(CONTRACT)) == SHAPES_FILE.read_text(), (
        "run: python -m tests.support.shapes ../shared/contract"
    )
