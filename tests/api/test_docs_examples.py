"""The examples of the documentation against a running server: requests are accepted, responses are as documented.

Every ``curl`` command of an API page is sent in the order of the page, and the JSON that follows it is compared with
the response: keys in their order, and values except for those that differ from run to run. Other JSON is an error or an
event; ``OTHER_JSON`` says how each is obtained.
"""

import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from hourhook.api.app import documented_endpoints
from hourhook.api.openapi.document import build_document
from hourhook.clock import DAY, SECOND, midnight
from hourhook.delivery.retention import delete_old_events
from hourhook.domain import accounts, passwords
from hourhook.domain.links import DEFAULT_BASE_URL
from hourhook.domain.oauth import applications
from hourhook.store.database import Database
from tests.conftest import Delivering, MakeServer, Server
from tests.support.accounts import Account, Person
from tests.support.clients import Client, Response, basic_auth
from tests.support.clocks import FakeClock
from tests.support.oauth_clients import CALLBACK, App, grant_consent, signed_in_browser
from tests.support.webhook_receiver import WebhookReceiver, eventually
from tests.support.webhooks import get_status

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = [*sorted((DOCS / "api").glob("*.md")), DOCS / "guides" / "sharing-invoices.md"]
FORM = "application/x-www-form-urlencoded"
PASSWORD = "a lamp and a lens"

# Values that differ from run to run, by their key and by their form.
VOLATILE_KEYS = {"duration_ms", "latency_ms_p50_24h", "latency_ms_p95_24h", "webhook-timestamp", "response_headers"}
VOLATILE_FORMS = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|whsec_\S+|[ar]t_[0-9a-f]{64}"
    r"|\b[0-9a-f]{32}\b|(?<=/i/)\w{25}|(?<=sequence )\d+"
)


@dataclass
class Documentation:
    """A server as the pages assume it, and what their examples refer to."""

    server: Server
    clock: FakeClock
    receiver: WebhookReceiver
    account: Account
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        return self.account.owner.client

    def send(self, method: str, path: str, body: Any = b"") -> Any:
        """Send a request of the account's owner; return its parsed body, if it has one."""
        response = self.client.request(method, path, body=body)
        assert response.status < 300, (method, path, response.body)
        return response.json() if response.body else None


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """A ``curl`` command of a page, and the JSON or the form that the page shows as its response."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    response: Block | None


@pytest.fixture
def documentation(
    make_server: MakeServer,
    database: Database,
    clock: FakeClock,
    delivering: Delivering,
    webhook_receiver: WebhookReceiver,
) -> Documentation:
    clock.moment = midnight("2026-11-23")
    server = make_server(site_options={"lifespans": [delivering]}, base_url=DEFAULT_BASE_URL)
    created = database.run_now(
        accounts.create,
        name="lighthouse",
        email="mara@lighthouse.example",
        first_name="Mara",
        last_name="Lind",
        password_hash=passwords.hash_password(PASSWORD),
    )
    account = Account(created.account_id, "lighthouse", database, server.client)
    client = server.client.with_token(created.token)
    owner = Person(created.user_id, "mara@lighthouse.example", "supervisor", created.token, client)
    account.people |= {"owner": owner, "leader": owner}
    return Documentation(server, clock, webhook_receiver, account, {"TOKEN": created.token, "PASSWORD": PASSWORD})


Prepare = Callable[[Documentation], None]
PREPARATIONS: dict[str, Prepare] = {}
Obtain = Callable[[Documentation], Any]


def prepares(*pages: str) -> Callable[[Prepare], Prepare]:
    """Declare what exists before the examples of a page."""

    def declare(prepare: Prepare) -> Prepare:
        PREPARATIONS.update(dict.fromkeys(pages, prepare))
        return prepare

    return declare


@prepares("entries", "inbox_entries", "timers", "expenses", "project_groups")
def prepare_project(documentation: Documentation) -> None:
    documentation.send("POST", "/v2/projects", {"name": "Harbour map", "color": "3fa"})


@prepares("tags")
def prepare_tags(documentation: Documentation) -> None:
    documentation.send("POST", "/v2/tags", {"names": ["soundings", "admin*"]})


@prepares("teams")
def prepare_users(documentation: Documentation) -> None:
    for email, name in (("ole@lighthouse.example", "Ole"), ("ida@lighthouse.example", "Ida")):
        documentation.send("POST", "/v2/users", {"email": email, "first_name": name})


@prepares("invoices", "sharing-invoices")
def prepare_billable_work(documentation: Documentation) -> None:
    prepare_project(documentation)
    prepare_users(documentation)
    day = {"date": "2026-11-23", "project_id": 1}
    for user_id, minutes, description in ((3, 50, ""), (3, 20, ""), (2, 25, ""), (2, 60, "Filing #admin*")):
        documentation.send(
            "POST", "/v2/entries", {**day, "user_id": user_id, "minutes": minutes, "description": description}
        )
    documentation.send("POST", "/v2/expenses", {**day, "price": 49.9})
    documentation.send("POST", "/v2/expenses", {**day, "price": 12, "taxable": False})


@prepares("sharing-invoices")
def prepare_invoice(documentation: Documentation) -> None:
    prepare_billable_work(documentation)
    documentation.send("POST", "/v2/invoices", {"invoice_date": "2026-11-30", "entry_ids": [1]})


@prepares("reports")
def prepare_time(documentation: Documentation) -> None:
    prepare_project(documentation)
    documentation.send("POST", "/v2/entries", {"date": "2026-11-23", "minutes": 60, "project_id": 1})


@prepares("payloads")
def prepare_failing_webhook(documentation: Documentation) -> None:
    """Two payloads delivered, one failing, one waiting."""
    webhook = documentation.send(
        "POST",
        "/v2/webhooks",
        {"name": "Ledger sync", "payload_uri": documentation.receiver.uri, "events": ["entry.created"]},
    )
    documentation.receiver.next()
    for number in range(4):
        if number == 2:
            eventually(lambda: get_status(documentation.account, webhook)["waiting_count"], 0)
            documentation.receiver.respond_with(503, b"the ledger is closed", b"server: ledger/2.1\r\n")
        documentation.send("POST", "/v2/entries", {"date": "2026-11-23", "minutes": 15})
        if number < 3:
            documentation.receiver.next()
    eventually(lambda: get_status(documentation.account, webhook)["failing_since"] is not None, True)


@prepares("audit")
def prepare_webhook(documentation: Documentation) -> None:
    webhook = {"name": "Ledger sync", "payload_uri": documentation.receiver.uri, "events": ["entry.created"]}
    documentation.send("POST", "/v2/webhooks", webhook)


@prepares("oauth")
def prepare_application(documentation: Documentation) -> None:
    account = documentation.account
    made = account.database.run_now(
        applications.register,
        name="Planner",
        site_url="https://planner.example.com",
        callback_url=CALLBACK,
        is_public=False,
        chosen_scopes=(),
    )
    app = App(made.client_id, made.client_secret, account.client.with_token(None))
    code = grant_consent(signed_in_browser(account, account.owner), app.authorize_url())["code"]
    assert app.client_secret is not None
    documentation.variables |= {"ID": app.client_id, "SECRET": app.client_secret, "CODE": code}


def get_body_of_event(documentation: Documentation) -> Any:
    prepare_project(documentation)
    webhook = {"name": "Ledger sync", "payload_uri": documentation.receiver.uri, "events": ["entry.updated"]}
    documentation.send("POST", "/v2/webhooks", webhook)
    entry = documentation.send("POST", "/v2/entries", {"date": "2026-11-23", "minutes": 45, "project_id": 1})
    documentation.send("PUT", entry["url"], {"minutes": 60})
    return documentation.receiver.next_deliveries(2)[1].payload


def get_body_of_ping(documentation: Documentation) -> Any:
    documentation.send("PUT", "/v2/webhooks/1/ping")
    return documentation.receiver.next().payload


def get_broadcast(documentation: Documentation) -> Any:
    prepare_project(documentation)
    change = {"name": "Desk light", "payload_uri": documentation.receiver.uri}
    documentation.send("PUT", "/v2/broadcast_receivers/1", change)
    documentation.send("PUT", "/v2/projects/1/timer/start")
    documentation.clock.advance(5)
    documentation.account.database.wake()
    return documentation.receiver.next().payload


def get_validation_errors(documentation: Documentation) -> Any:
    return documentation.client.post("/v2/entries", {"minutes": "many", "project_id": 99}).json()


def get_errors_of_invoice(documentation: Documentation) -> Any:
    body = {"invoice_date": "2026-11-30", "entry_ids": [1], "expense_ids": [3, 4, 5]}
    for _ in range(2):
        documentation.send("POST", "/v2/expenses", {"date": "2026-11-23", "project_id": 1, "price": 1})
    return documentation.client.post("/v2/invoices", body).json()


def get_oauth_error(documentation: Documentation) -> Any:
    tokens = {"grant_type": "refresh_token", "refresh_token": documentation.variables["REFRESH_TOKEN"]}
    body = {"client_id": documentation.variables["ID"], "client_secret": "wrong", **tokens}
    return documentation.client.post("/oauth/2/access_token", body).json()


def get_error_of_replay(documentation: Documentation) -> Any:
    """Replay from before the retention, which has deleted what was delivered."""
    documentation.receiver.respond_with(200)
    documentation.clock.advance(31 * DAY / SECOND)
    account = documentation.account
    account.database.write_now(account.id, delete_old_events, documentation.clock.moment - 30 * DAY)
    return documentation.client.put("/v2/webhooks/1/replay", {"from": "2026-11-22T00:00:00Z"}).json()


# JSON that is not the response of the command before it, by page and its number among such.
OTHER_JSON: dict[str, list[Obtain]] = {
    "broadcast_receivers": [get_broadcast],
    "conventions": [get_validation_errors],
    "events": [get_body_of_event, get_body_of_ping],
    "invoices": [get_errors_of_invoice],
    "oauth": [get_oauth_error],
    "payloads": [get_error_of_replay],
}
# JSON that shows only some keys of the response, by a key of it.
EXCERPTS = {("payloads", "skipped_at"), ("invoices", "payment")}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_are_what_the_server_does(page: Path, documentation: Documentation) -> None:
    if prepare := PREPARATIONS.get(page.stem):
        prepare(documentation)
    others = iter(OTHER_JSON.get(page.stem, []))
    statuses = find_statuses(page.read_text())
    found = []

    examples = [*find_examples(page.read_text())]
    if page.stem == "payloads":
        # What is shown there is the state before anything is skipped or replayed.
        examples.sort(key=lambda example: not (isinstance(example, Command) and example.method == "GET"))
    for example in examples:
        if isinstance(example, Block):
            actual, expected = next(others)(documentation), json.loads(example.text)
        else:
            response = send(documentation, example)
            remember_tokens(documentation, response)
            expected_status = statuses.get((example.method, shape_of(example.path.partition("?")[0])))
            assert response.status < 300, (example, response.body)
            assert expected_status in (None, response.status), example
            if example.response is None:
                continue
            actual, expected = read_both(example.response, response)
        is_excerpt = any(isinstance(expected, dict) and key in expected for stem, key in EXCERPTS if stem == page.stem)
        found += find_mismatches(expected, actual, page.stem, is_excerpt=is_excerpt)

    assert found == [], "\n".join(found)
    assert [*others] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "account"], ids=lambda page: page.stem)
def test_the_keys_and_parameters_that_a_page_lists_exist(page: Path) -> None:
    text = page.read_text()
    known = {*names_of(build_document(documented_endpoints(), DEFAULT_BASE_URL))}
    known |= {
        name for block in find_blocks(text) if block.language == "json" for name in names_of(json.loads(block.text))
    }

    assert sorted({*find_listed_keys(text)} - known) == []


def test_a_wrong_example_is_found() -> None:
    actual = {"id": 1, "name": "a", "at": "2026-01-01T00:00:00Z", "minutes": 3}

    assert find_mismatches({**actual, "at": "2027-01-01T00:00:00Z"}, actual, "") == []
    assert find_mismatches({**actual, "name": "b"}, actual, "") != []
    assert find_mismatches({**actual, "minutes": 3.0}, actual, "") != []
    assert find_mismatches({"id": 1}, actual, "") != []
    assert find_mismatches({**actual, "more": 1}, actual, "", is_excerpt=True) != []


def find_blocks(text: str) -> list[Block]:
    return [Block(*found) for found in re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]


def find_examples(text: str) -> Iterator[Command | Block]:
    """Yield the commands of a page with their responses, and the JSON that belongs to no command."""
    blocks = find_blocks(text)
    index = 0
    while index < len(blocks):
        block = blocks[index]
        index += 1
        if block.language == "json":
            yield block
            continue
        commands = [line for line in re.sub(r"\\\n\s*", " ", block.text).split("\ncurl ") if "127.0.0.1:8080/" in line]
        if block.language != "sh" or not commands:
            continue
        following = blocks[index] if index < len(blocks) else None
        is_response = following is not None and (
            (
                following.language == "json"
                and not following.text.startswith('{"error"')
                and '"errors"' not in following.text
            )
            or following.text.startswith("access_token=")
        )
        index += is_response
        for number, command in enumerate(commands, start=1):
            yield read_command(command, following if is_response and number == len(commands) else None)


def read_command(text: str, response: Block | None) -> Command:
    method, path, headers, data = None, "", {"user-agent": "curl/8"}, []
    words = iter(shlex.split(mark_variables(text.removeprefix("curl "))))
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name.lower()] = value
        elif word == "-u":
            headers["-u"] = next(words)
        elif word == "-d":
            data.append(next(words))
        else:
            path = word.partition("127.0.0.1:8080")[2]
    if data:
        headers["content-type"] = FORM
    return Command(method or ("POST" if data else "GET"), path, headers, "&".join(data), response)


def mark_variables(text: str) -> str:
    """Protect the variables of a command from ``shlex``, which knows none: ``$ID`` becomes ``@ID@``."""
    return re.sub(r"\$([A-Z_]+)", r"@\1@", text)


def send(documentation: Documentation, command: Command) -> Response:
    def fill(value: str) -> str:
        filled = re.sub(r"@([A-Z_]+)@", lambda found: documentation.variables[found[1]], value)
        return filled.replace("ada@northwind.test", documentation.account.owner.email).replace(
            "northwind", "lighthouse"
        )

    path = fill(command.path)
    if placeholder := re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", path):
        lines = documentation.send("GET", "/v2/webhooks/1/payloads")
        head = next((line for line in lines if line["state"] == "failing"), lines[-1])
        path = path.replace(placeholder[0], head["payload_id"])
    headers: dict[str, str | None] = {name: fill(value) for name, value in command.headers.items()}
    if credentials := headers.pop("-u", None):
        headers["authorization"] = basic_auth(*credentials.split(":", 1))
    headers.setdefault("x-nokotoken", None)
    return documentation.server.client.request(command.method, path, body=fill(command.body).encode(), headers=headers)


def remember_tokens(documentation: Documentation, response: Response) -> None:
    """Keep the tokens that an OAuth response holds, for the commands that follow."""
    for name in ("access_token", "refresh_token"):
        if found := re.search(rf'\b{name}"?[=:]"?(\w+)', response.body.decode()):
            documentation.variables[name.upper()] = found[1]


def read_both(block: Block, response: Response) -> tuple[Any, Any]:
    if block.language == "json":
        return response.json(), json.loads(block.text)
    return dict(parse_qsl(response.body.decode(), True)), dict(parse_qsl(block.text.strip(), True))


def find_mismatches(expected: Any, actual: Any, place: str, *, is_excerpt: bool = False) -> list[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        keys = [key for key in actual if key in expected] if is_excerpt else [*actual]
        if [*expected] != keys:
            return [f"{place} has the keys {keys} instead of {[*expected]}"]
        return [
            mismatch
            for key, value in expected.items()
            if key not in VOLATILE_KEYS
            for mismatch in find_mismatches(value, actual[key], f"{place}.{key}")
        ]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return [found for index, (a, b) in pairs for found in find_mismatches(a, b, f"{place}[{index}]")]
    if isinstance(expected, str) and isinstance(actual, str):
        # A long text may be cut short in a page.
        shown, is_shortened, _ = VOLATILE_FORMS.sub("*", expected).partition(", …}")
        found = VOLATILE_FORMS.sub("*", actual)
        if found == shown or (is_shortened and found.startswith(shown)):
            return []
    elif type(expected) is type(actual) and expected == actual:
        return []
    return [f"{place} is {actual!r} instead of {expected!r}"]


def find_statuses(text: str) -> dict[tuple[str, str], int]:
    """Return the status of each endpoint that the tables of a page document."""
    rows = re.findall(r"^\| `(GET|POST|PUT|DELETE) (/\S+)` \| (\d{3})\b", text, re.MULTILINE)
    return {(method, shape_of(path)): int(status) for method, path, status in rows}


def shape_of(path: str) -> str:
    """Return a path with its parameters blanked: ids, payload ids, names in capitals and variables."""
    uuid = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    return re.sub(rf"(?<=/)(?:\{{\w+\}}|\d+|{uuid}|@\w+@|[A-Z_]{{2,}}|lighthouse)(?=/|$)", "{}", path)


def find_listed_keys(text: str) -> Iterator[str]:
    """Yield the names in the first column of the tables of keys and parameters."""
    for table in re.findall(r"^\| (?:key|parameter) \|.*\n\|[-|]*\n((?:\|.*\n)+)", text, re.MULTILINE):
        for row in table.splitlines():
            yield from re.findall(r"`([\w.]+)`", row.split("|")[1])


def names_of(value: Any) -> Iterator[str]:
    """Yield every key of a JSON value, and the names of its OpenAPI parameters."""
    if isinstance(value, dict):
        yield from value
        if isinstance(value.get("name"), str):
            yield value["name"]
        for each in value.values():
            yield from names_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from names_of(each)
