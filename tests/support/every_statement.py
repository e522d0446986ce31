"""Run the code paths whose query plans matter, in an account of a filled database: lists, changes, and the engine."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any, cast

from hourhook.api.app import all_endpoints
from hourhook.api.endpoints import Endpoint
from hourhook.clock import SECOND
from hourhook.delivery import one_offs
from hourhook.delivery.transports.http.client import HttpTransport
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker import leases
from hourhook.delivery.worker.maintenance import run_cleanup
from hourhook.domain import delivery_stats
from hourhook.domain.inputs import Inputs, schema_of
from hourhook.domain.oauth.cleanup import CLEANUP_TASKS
from hourhook.mail import outbox
from hourhook.mail.smtp import SmtpClient, SmtpResult
from hourhook.mail.worker import MailWorker
from hourhook.process.bootstrap import Runtime
from hourhook.process.delivering import run_delivery
from hourhook.settings import Settings
from hourhook.store.transaction import Transaction
from tests.support.accounts import Account, Person
from tests.support.clients import Response
from tests.support.dependencies import DEPENDENCIES
from tests.support.factories import make_invoice
from tests.support.full_account import PathParameters, populate_account, resolve_path
from tests.support.large_database import DEAD_WORKER, FIRST_ID
from tests.support.plan_recorder import PlanRecorder
from tests.support.valid_requests import GOOD, PREPARED, WORK_ONLY_WITH_A_WORKER, called, required_of

# How much the engine must send, so that each of its statements is executed.
ENOUGH = {"payload": 20, "broadcast": 10, "mail": 5}
# Entries of an invoice that is large, but not unusual.
INVOICED = 1_100
YESTERDAY = "2024-05-20T00:00:00Z"
_WORKER = 1


def fetch_every_list(account: Account, recorder: PlanRecorder, path_ids: PathParameters, *people: Person) -> None:
    """Fetch every resource and list, with each filter, and without any as these people, by default of three roles.

    Lists with the same filters share their statements, so only the first of them is filtered.
    """
    filtered: set[type[Inputs] | None] = {None}
    for person in people or (account.supervisor, account.coworker, account.contractor):
        for endpoint in all_endpoints():
            if endpoint.method != "GET":
                continue
            queries: list[dict[str, Any]] = [{}, {"after_id": 1}] if endpoint.is_paged else [{}]
            if endpoint.inputs not in filtered:
                filtered.add(endpoint.inputs)
                queries += _filters(endpoint, path_ids)
            required = {name: GOOD[name](account, path_ids) for name in required_of(endpoint)}
            for query in ({**required, **query} for query in queries):
                recorder.scene = f"{called(endpoint)}{_show(query)} by a {person.role}"
                response = person.client.get(resolve_path(endpoint, path_ids), query)
                assert response.status in (200, 403, 404), f"{recorder.scene}: {response.body!r}"


def _filters(endpoint: Endpoint, path_ids: PathParameters) -> Iterator[dict[str, Any]]:
    properties = schema_of(endpoint.inputs)["properties"] if endpoint.inputs else {}
    for name, schema in properties.items():
        for value in _values(name, schema, path_ids):
            yield {name: value}
    if "tag_filter_type" in properties:
        yield {"tag_ids": f"{FIRST_ID},{FIRST_ID + 1}", "tag_filter_type": "combination of"}
    if "group_by" in properties:
        for grouping in properties["group_by"]["items"]["enum"]:
            yield {"group_by": grouping}
        yield {"group_by": "project,week"}


def _values(name: str, schema: dict[str, Any], path_ids: PathParameters) -> list[Any]:
    """Return values of a filter that select many rows."""
    match schema.get("items", schema):
        case {"enum": values}:
            return [value for value in values if value not in ("*", "webhook.ping")][:1]
        case {"type": "boolean"}:
            return ["true", "false"]
        case {"format": "date"}:
            return ["2023-06-01"]
        case {"format": "date-time"}:
            return [YESTERDAY]
        case {"type": "string"}:
            return ["kick"]
        case {"type": "number"}:
            return [10]
        case {"type": "integer"} if schema["type"] != "array":
            return [1]
    # One id, for which many lists have a statement of its own, and several.
    first = path_ids.get(f"{name.removesuffix('s')}_id", FIRST_ID) if name == "projects" else FIRST_ID
    return [str(first), f"{first},{first + 1},{first + 2}"]


def _show(query: dict[str, Any]) -> str:
    return "".join(f" {name}={value}" for name, value in query.items())


def change_everything(account: Account, recorder: PlanRecorder) -> None:
    """Call every endpoint that changes something, with new resources where earlier calls have used them up."""
    path_ids = populate_account(account, "changes")
    for number, endpoint in enumerate(all_endpoints()):
        if endpoint.method == "GET" or called(endpoint) in WORK_ONLY_WITH_A_WORKER:
            continue
        recorder.scene = called(endpoint)
        if called(endpoint) in PREPARED or _change(account, endpoint, path_ids).status != endpoint.status:
            path_ids = populate_account(account, f"stage{number}")
            response = _change(account, endpoint, path_ids)
            assert response.status == endpoint.status, f"{recorder.scene}: {response.body!r}"


def _change(account: Account, endpoint: Endpoint, path_ids: PathParameters) -> Response:
    body = {name: GOOD[name](account, path_ids) for name in required_of(endpoint)}
    prepare = PREPARED.get(called(endpoint))
    if prepare is not None:
        body |= prepare(account, path_ids) or {}
    return account.supervisor.client.request(endpoint.method, resolve_path(endpoint, path_ids), body=body or b"")


def create_an_invoice(account: Account, recorder: PlanRecorder) -> dict[str, Any]:
    """Create an invoice with many entries and expenses."""
    recorder.scene = "a large invoice"
    # Of the filled entries and expenses, these are on no invoice.
    entry_ids = [{"id": FIRST_ID + 4 * n + 1} for n in range(INVOICED)]
    expense_ids = [{"id": FIRST_ID + 4 * n + 1} for n in range(200)]
    return make_invoice(account, entry_ids, expense_ids)


def change_an_invoice(account: Account, recorder: PlanRecorder) -> None:
    """Create a large invoice, recalculate it, remove what is on it, and delete it."""
    invoice = create_an_invoice(account, recorder)
    client = account.supervisor.client
    response = client.put(f"/v2/tags/{FIRST_ID}", {"name": "tag0*"})
    assert response.status == 200, response.body
    for path in ("entries", "expenses"):
        assert client.put(f"{invoice['url']}/remove_all_{path}").status == 204, path
    assert client.delete(invoice["url"]).status == 204


async def run_engine(account: Account, recorder: PlanRecorder) -> None:
    """Run the worker, the broadcaster, the mail worker and maintenance, until each has done all that it does."""
    database = account.database
    recorder.scene = "engine"
    database.write_now(account.id, one_offs.ping, FIRST_ID)
    database.write_now(account.id, one_offs.redeliver, FIRST_ID, "payload 1", 1)
    server = Server()
    mail = outbox.Outbox(DEPENDENCIES.keyring)
    database.run_now(_enqueue_mail, mail, account.supervisor.id)
    mail_worker = MailWorker(database, mail, cast(SmtpClient, server))
    mailing = asyncio.create_task(mail_worker.run())
    runtime = Runtime(Settings(broadcast_seconds=0.1), database, DEPENDENCIES.keyring, DEPENDENCIES.guard)
    async with asyncio.timeout(120), run_delivery(runtime, cast(HttpTransport, server), on_failure=_fail):
        await server.is_done.wait()
        mail_worker.stop()
        await mailing
    assert await run_cleanup(database, 0, CLEANUP_TASKS)
    for worker in (_WORKER, DEAD_WORKER):
        database.run_now(leases.renew, worker, SECOND)
        database.run_now(leases.release_expired, worker)
        database.run_now(leases.release, worker)
    database.run_now(leases.release_all)
    database.read_now(leases.lease_holders)
    database.read_now(delivery_stats.collect)


class Server:
    """Receives everything that is sent, refuses one in three, and sets ``is_done`` once it has received enough."""

    def __init__(self) -> None:
        self.is_done = asyncio.Event()
        self._counts: Counter[str] = Counter()

    async def send(self, uri: str | EmailMessage, headers: Any = (), body: bytes = b"", **_: Any) -> Any:
        """Receive a delivery, a broadcast, or a mail."""
        if isinstance(uri, EmailMessage):
            kind = "mail"
        else:
            kind = "broadcast" if "X-Hourhook-Sequence" not in dict(headers) else "payload"
        self._counts[kind] += 1
        if all(self._counts[each] >= count for each, count in ENOUGH.items()):
            self.is_done.set()
        is_refused = self._counts[kind] % 3 == 0
        if kind == "mail":
            return SmtpResult("refused" if is_refused else None)
        return Outcome(500 if is_refused else 200, "status" if is_refused else None, 0, 1)

    def compose(self, recipient: str, subject: str, text: str, **more: Any) -> EmailMessage:
        return EmailMessage()

    async def close(self) -> None:
        """Close nothing."""


def _enqueue_mail(tx: Transaction, mail: outbox.Outbox, user_id: int) -> None:
    outbox.cancel(tx, user_id, "invitation")
    mail.enqueue(tx, user_id=user_id, kind="invitation", recipient="x@large.test", subject="x", text="x")


def _fail() -> None:
    raise AssertionError("a part of the engine failed; the log says why")
