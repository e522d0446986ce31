"""(k) Response times in an account with 1,000,000 entries: lists with each filter, writes, reports and pages.

Each request is sent right after a change of an entry, when nothing that the server remembers is up to date, and then
again. One request is in flight at a time.
"""

from dataclasses import dataclass, field
from itertools import count

from sqlalchemy import text

from bench.backlogs import SECRET_KEY, open_account
from bench.databases import KINDS, Databases
from bench.loads import LoadGenerator, request
from bench.server_under_test import Server
from bench.tables import percentile, print_table, progress
from hourhook.crypto import Keyring
from hourhook.domain import key_canary, sessions
from hourhook.store.database import Database
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from hourhook.store.urls import open_database
from hourhook.web.session_cookies import SessionCookies
from tests.support.large_database import FIRST_ID, analyze, fill

ROWS, QUICK_ROWS = 1_000_000, 20_000
COUNT, QUICK_COUNT = 20, 2
# Groups of the filled rows: the heaviest, which has half of them, and others.
HEAVIEST, LIGHT = FIRST_ID, f"{FIRST_ID + 20},{FIRST_ID + 21},{FIRST_ID + 22}"
# In the middle of the ids.
DEEP = FIRST_ID + 990_000
_BOTH = ("true", "false")
_ENTRY_FILTERS = {
    "user_ids": (HEAVIEST + 1, LIGHT),
    "project_ids": (HEAVIEST, LIGHT),
    "tag_ids": (HEAVIEST, LIGHT),
    "tag_filter_type=combination of&tag_ids": (LIGHT,),
    "invoice_ids": (HEAVIEST, LIGHT),
    "from": ("2025-01-01", "2025-12-15"),
    "to": ("2019-12-31",),
    "from=2024-01-01&to": ("2024-12-31",),
    "invoiced": _BOTH,
    "invoiced_at_from": ("2024-05-01",),
    "updated_from": ("2024-05-01T00:00:00Z",),
    "updated_to": ("2024-05-01T00:00:00Z",),
    "billable": _BOTH,
    "approved_at_from": ("2024-05-01",),
    "approved_by_ids": (HEAVIEST, LIGHT),
    "description": ("kick", "777777", "77", "nowhere"),
}
_EXPENSE_FILTERS = {
    "user_ids": (HEAVIEST + 1, LIGHT),
    "project_ids": (HEAVIEST, LIGHT),
    "invoice_ids": (LIGHT,),
    "from": ("2025-01-01",),
    "price_from": (50,),
    "taxable": _BOTH,
    "invoiced": _BOTH,
    "description": ("kick", "77777"),
}
_LISTS = (
    "entries", "current_user/entries", f"users/{HEAVIEST + 1}/entries", f"projects/{HEAVIEST}/entries",
    f"project_groups/{HEAVIEST}/entries", f"teams/{HEAVIEST}/entries", f"tags/{HEAVIEST}/entries",
    f"invoices/{HEAVIEST}/entries", f"entries?after_id={DEEP}", "entries?page=33000", "expenses",
    "expenses?page=6000", "projects", "projects?per_page=300", f"projects/{HEAVIEST}", "users", "users?per_page=300",
    "current_user", "tags", "tags?per_page=200", "project_groups", "teams", "invoices", "invoices?page=300",
    "inbox_entries", "timers", "webhooks", "broadcast_receivers", f"webhooks/{HEAVIEST}/payloads",
    "reports/time?from=2024-01-01&to=2024-12-31&group_by=project",
    "reports/time?from=2024-01-01&to=2024-12-31&group_by=user,month",
    "reports/time?from=2024-12-01&to=2024-12-31&group_by=tag",
    "reports/time?from=2018-01-01&to=2026-12-31&group_by=project,week",
)  # fmt: skip
_PAGES = (
    "/", "/entries", "/entries?from=2024-01-01&to=2024-12-31", "/entries?from=2018-01-01", "/entries?description=kick",
    "/weeks/2025-W50", "/reports", "/reports?from=2024-01-01&to=2024-12-31&group_by=user", "/projects",
    f"/projects/{HEAVIEST}", "/people", "/tags", "/groups", "/expenses", "/invoices", "/approvals/2025-W50", "/inbox", "/timers",
    "/integrations/webhooks", f"/integrations/webhooks/{HEAVIEST}",
)  # fmt: skip


@dataclass
class Times:
    """The durations of a request, in milliseconds, and the processor time of the server."""

    after_change: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    processor: float = 0


def run(databases: Databases, *, quick: bool) -> None:
    """Fill a database of each kind, send the requests, and print the table."""
    found: dict[str, dict[str, Times]] = {}
    for kind in KINDS:
        with databases.fresh(kind) as url:
            database = open_database(url)
            account = open_account(database)
            progress(f"large accounts: filling {kind}")
            fill(database, account.account_id, account.user_id, QUICK_ROWS if quick else ROWS)
            prepare(database)
            analyze(database)
            database.close()
            found[kind] = measure(url, account.account_id, account.user_id, account.token, quick=quick)
    progress("")
    print_tables(found)


def measure(url: str, account_id: int, user_id: int, token: str, *, quick: bool, only: str = "") -> dict[str, Times]:
    """Return the times of each request whose name contains ``only``."""
    times_each = QUICK_COUNT if quick else COUNT
    cookie = _sign_in(url, account_id, user_id)
    found: dict[str, Times] = {}
    with Server(url) as server, LoadGenerator(server.port) as load:

        def send(*requests: bytes) -> list[float]:
            return [seconds * 1e3 for seconds in load.send([*requests], len(requests), connections=1).latencies]

        for name, asked in _requests(token, cookie).items():
            if only not in name:
                continue
            progress(f"large accounts: {name}")
            times = found[name] = Times()
            for _ in range(times_each):
                times.after_change += send(_change(token), asked)[1:]
            before = server.cpu_seconds
            times.again = send(*[asked] * times_each)
            times.processor = (server.cpu_seconds - before) / times_each * 1e3
    return found


def print_tables(found: dict[str, dict[str, Times]]) -> None:
    """Print a line for each request."""
    kinds = [*found]
    headings = ["", *(f"{kind} {what}" for kind in kinds for what in ("p95", "p95 again", "processor"))]
    rows = [(name, *(cell for kind in kinds for cell in _cells(found[kind][name]))) for name in found[kinds[0]]]
    print_table("(k) Milliseconds of a response in an account with 1,000,000 entries", headings, rows)


def _cells(times: Times) -> tuple[str, ...]:
    shown = percentile(times.after_change, 0.95), percentile(times.again, 0.95), times.processor
    return tuple(f"{value:,.1f}" for value in shown)


def _requests(token: str, cookie: str) -> dict[str, bytes]:
    lists = [*_LISTS]
    for path, filters in (("entries", _ENTRY_FILTERS), ("expenses", _EXPENSE_FILTERS)):
        lists += [f"{path}?{name}={value}" for name, values in filters.items() for value in values]
    gets = {f"GET {path}": request("GET", "/v2/" + path.replace(" ", "%20"), token) for path in lists}
    pages = {
        f"page {path}": f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()
        for path in _PAGES
    }
    new = {"date": "2025-12-11", "minutes": 30, "project_id": HEAVIEST, "description": "Kick-off of the #tag0 #tag1*"}
    return {"PUT entry": _change(token), "POST entry": request("POST", "/v2/entries", token, new), **gets, **pages}


def _change(token: str) -> bytes:
    """Return a request that changes an entry each time that it is sent."""
    return request("PUT", f"/v2/entries/{FIRST_ID + 5}", token, {"description": f"Kick-off {next(_NUMBERS)}"})


def prepare(database: Database) -> None:
    """Leave nothing to send to the worker of the measured process, and let it start although secrets have another key."""
    database.run_now(_leave_nothing_to_send)
    database.run_now(key_canary.replace, Keyring(SECRET_KEY))


def _leave_nothing_to_send(tx: Transaction) -> None:
    for change in (
        "DELETE FROM broadcasts",
        "DELETE FROM mails",
        "DELETE FROM errands",
        "UPDATE lanes SET due_at = NULL",
    ):
        tx.execute(Statement(text(change)))


def _sign_in(url: str, account_id: int, user_id: int) -> str:
    """Return the cookie of a session."""
    token = sessions.new_token()
    database = open_database(url)
    database.write_now(account_id, sessions.begin, token, user_id)
    database.close()
    _, cookie = SessionCookies(Keyring(SECRET_KEY), is_secure=False).set_cookie_header(token)
    return cookie.partition(";")[0]


_NUMBERS = count(1)
