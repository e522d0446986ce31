"""``/find``: what has a name that contains a text, and that the caller may see."""

import re

import pytest

from tests.support.accounts import Account
from tests.support.factories import give_access, make_entry, make_invoice, make_project, make_tag
from tests.support.oauth_clients import signed_in_browser
from tests.support.statements import capture_statements
from tests.support.webhooks import get_delivery_log, make_webhook


def found_by(account: Account, role: str, text: str) -> list[tuple[str, str]]:
    """Return the paths and names that a person finds."""
    page = signed_in_browser(account, account.people[role]).get(f"/find?q={text}").body.decode()
    return re.findall(r'<li><a href="([^"]+)"><span class="kind">\w+</span> <span class="name">([^<]*)</span>', page)


def test_everything_is_found_by_a_part_of_its_name(account: Account) -> None:
    project = make_project(account, "Harbour map")
    tag = make_tag(account, "harbours")
    webhook = make_webhook(account, name="To the harbour office")
    invoice = make_invoice(account, recipient_details="Harbour Office\nQuay 1")

    assert found_by(account, "owner", "HARBOUR") == [
        (f"/projects/{project['id']}", "Harbour map"),
        (f"/entries?from=&amp;tag_ids={tag['id']}", "#harbours"),
        (f"/integrations/webhooks/{webhook['id']}", "To the harbour office"),
        (f"/invoices/{invoice['id']}", invoice["reference"]),
    ]
    assert found_by(account, "owner", "byron") == [(f"/people/{account.owner.id}", "Ada Byron")]
    assert ("/me", "Preferences") in found_by(account, "contractor", "prefer")


def test_a_payload_is_found_by_its_id(account: Account) -> None:
    webhook = make_webhook(account)
    make_entry(account.owner)
    payload = get_delivery_log(account, webhook)[0]["payload_id"]

    [(path, _)] = found_by(account, "leader", payload)

    assert path == f"/integrations/webhooks/{webhook['id']}/payloads/{payload}"
    assert found_by(account, "coworker", payload) == []
    assert found_by(account, "leader", payload[::-1]) == []


@pytest.mark.parametrize("role", ["leader", "coworker", "contractor"])
def test_each_role_finds_what_it_sees(account: Account, role: str) -> None:
    give_access(account, account.people[role], make_project(account, "northern map"))
    make_project(account, "northern chart")
    make_invoice(account, reference="north-1")
    make_webhook(account, name="north-1")
    account.add("northerner", "contractor")

    kinds = [path.split("/")[1] for path, _ in found_by(account, role, "northern")]

    assert kinds.count("projects") == (2 if role == "leader" else 1)
    assert kinds.count("people") == (0 if role == "contractor" else 1)
    assert len(found_by(account, role, "north-1")) == (2 if role == "leader" else 0)


def test_nothing_of_another_account_is_found(account: Account, other_account: Account) -> None:
    make_project(other_account, "Harbour map")
    webhook = make_webhook(other_account, name="harbour")
    payload = get_delivery_log(other_account, webhook)[0]["payload_id"]

    assert found_by(account, "owner", "harbour") == []
    assert found_by(account, "owner", payload) == []


def test_what_is_asked_for_stays_text(account: Account) -> None:
    page = signed_in_browser(account, account.owner).get("/find?q=%3Ci%3E%00%25").body.decode()

    assert "Nothing has “&lt;i&gt;" in page
    assert found_by(account, "owner", "_") == []


def test_names_that_begin_with_the_text_come_first(account: Account) -> None:
    for name in ("A map", "Map of A", "map"):
        make_project(account, name)

    assert [name for _, name in found_by(account, "owner", "map")] == ["map", "Map of A", "A map"]


def test_finding_takes_few_statements(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)
    webhook = make_webhook(account)
    make_entry(account.owner)
    payload = get_delivery_log(account, webhook)[0]["payload_id"]
    with capture_statements(account.database) as statements:
        browser.get(f"/find?q={payload}")

    # The last use of a token is recorded some time after the request.
    assert len([text for text in statements if not text.startswith("UPDATE tokens")]) <= 5
