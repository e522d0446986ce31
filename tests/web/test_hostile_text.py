"""What users write stays text on every page, and what nobody would write is no defect of one."""

from typing import Any
from urllib.parse import quote

from hourhook.web.app import all_pages
from tests.support.accounts import Account
from tests.support.backlogs import Backlog
from tests.support.browsers import find_form
from tests.support.factories import make_inbox_entry
from tests.support.full_account import populate_account
from tests.support.oauth_clients import signed_in_browser
from tests.support.webhooks import get_delivery_log
from tests.web.test_pages import resolve

MARKUP = "<img src=x onerror=alert(1)>"
HOSTILE = f"\"'>{MARKUP}{{{{7*7}}}}"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;"
PAYLOAD_PAGE = next(page for page in all_pages() if page.path.endswith("/payloads/{payload_id}"))
TRY = "/integrations/webhooks/try"
# By path: the fields of each resource that reach a page.
FIELDS = {
    "/v2/projects/{project_id}": ("name",),
    "/v2/project_groups/{project_group_id}": ("name",),
    "/v2/teams/{team_id}": ("name",),
    "/v2/entries/{entry_id}": ("description",),
    "/v2/users/{user_id}": ("first_name", "last_name"),
    "/v2/current_user": ("first_name", "last_name"),
    "/v2/webhooks/{webhook_id}": ("name",),
    "/v2/broadcast_receivers/{broadcast_receiver_id}": ("name",),
    "/v2/invoices/{invoice_id}": (
        "reference", "project_name", "company_name", "company_details", "recipient_details", "description", "footer",
    ),
}  # fmt: skip


def let_the_receiver_say(account: Account, webhook_id: int, text: str) -> str:
    """Fail the head of a lane with a response that has this text in a header and in its body; return its id."""
    lane = Backlog(account.database, account.id, webhook_id)
    lane.attempt(503, retry_seconds=60, said=text)
    [head] = [
        line for line in get_delivery_log(account, {"url": f"/v2/webhooks/{webhook_id}"}) if line["state"] == "failing"
    ]
    return str(head["payload_id"])


def test_hostile_text_stays_text_on_every_page(account: Account) -> None:
    ids = populate_account(account, "first", actor=account.owner)
    client = account.owner.client
    for path, names in FIELDS.items():
        body: dict[str, Any] = dict.fromkeys(names, HOSTILE)
        if "invoice" in path:
            body["customization"] = {"title": HOSTILE, "currency_symbol": HOSTILE}
        response = client.put(path.format(**ids), body)
        assert response.status < 300, (path, response.body)
    make_inbox_entry(account.owner, HOSTILE)
    browser = signed_in_browser(account, account.owner)
    browser.submit_to(browser.get("/integrations/tokens"), "/integrations/tokens", name=HOSTILE)
    ids = {**ids, "payload_id": let_the_receiver_say(account, int(ids["webhook_id"]), HOSTILE)}
    executed, shown = [], 0
    for page in all_pages():
        if page.method != "GET":
            continue
        response = browser.get(f"{resolve(page, ids)}?q=img")
        if "text/html" not in response.headers.get("content-type", ""):
            continue
        text = response.body.decode()
        executed += [page.path] if MARKUP in text or "49}}" in text else []
        shown += ESCAPED in text

    assert executed == []
    assert shown > 50
    payload = browser.get(resolve(PAYLOAD_PAGE, ids)).body.decode()
    # In a header and in the body of the response.
    assert payload.count(ESCAPED) >= 2
    rehearsal = browser.submit_to(browser.get(TRY), TRY, answer="204").headers["location"].removesuffix("/secret")
    uri = client.get(f"/v2{rehearsal.removeprefix('/integrations')}").json()["payload_uri"]
    before = browser.get(rehearsal).body.decode().count(ESCAPED)
    sent = client.request("POST", uri.removeprefix(account.base_url), body=HOSTILE, headers={"x-title": HOSTILE})
    received = browser.get(rehearsal).body.decode()
    assert (sent.status, MARKUP in received, received.count(ESCAPED)) == (204, False, before + 2)
    # Neither the name of a file nor its other headers have anything of what was asked for.
    for path in ("/entries.csv?from=", "/entries.xlsx?from=", "/reports/time.csv?", "/reports/time.xlsx?"):
        headers = browser.get(f"{path}&q={quote(HOSTILE)}&project_ids={quote(HOSTILE)}&to={quote(HOSTILE)}").headers
        assert not {"<", "'", "{"} & set(headers.get("content-disposition", "")), headers
    shared = client.get(f"/v2/invoices/{ids['invoice_id']}").json()["share_url"].removeprefix(account.base_url)
    public = browser.get(shared).body.decode()
    assert (MARKUP in public, ESCAPED in public) == (False, True)


def test_a_query_that_makes_no_sense_is_no_defect(account: Account) -> None:
    ids = populate_account(account, "first", actor=account.owner)
    browser = signed_in_browser(account, account.owner)
    names = ("day", "event", "find", "from", "line", "page", "person", "q", "sequence", "to", "type", "user_ids")

    broken = [
        (page.path, value)
        for page in all_pages()
        if page.method == "GET"
        for value in ("%FF%00", "2024-05-21", "9999999999")
        if browser.get(f"{resolve(page, ids)}?{'&'.join(f'{name}={value}' for name in names)}").status >= 500
    ]

    assert broken == []


def test_an_id_that_no_object_can_have_is_no_defect(account: Account) -> None:
    ids = populate_account(account, "first", actor=account.owner)
    browser = signed_in_browser(account, account.owner)
    id, nul = "9999999999", "x\0y"
    fields = {
        **find_form(browser.get("/me"), "/me").fields,
        **dict.fromkeys(("entry_id", "ids", "into", "person", "project_id", "project_ids", "user_ids"), id),
        "line": "1h",
        "cell_0_0": "1h",
        "row_0": f"{id}:",
        "row": f"{id}:",
        "project": f"id:{id}",
        "act": "delete",
        "payload_id": nul,
        "session": nul,
    }

    broken = [
        page.path
        for page in all_pages()
        if page.method == "POST" and browser.post(resolve(page, ids), fields).status >= 500
    ]

    assert broken == []
