"""The pages of help: each event with its example, its signed request and its schema."""

import html
import re
import shlex

import pytest

from hourhook.domain.events.schemas import SCHEMA_TYPES
from hourhook.web.help import SECRET
from tests.support.accounts import Account
from tests.support.browsers import Browser
from tests.support.oauth_clients import signed_in_browser
from tests.support.payload_schemas import find_violations
from tests.support.signatures import is_signed
from tests.support.webhook_receiver import Delivery


def page_of(browser: Browser, path: str) -> str:
    response = browser.get(path)
    assert response.status == 200, response.status
    return response.body.decode()


def read_block(page: str, id: str) -> str:
    """Return the text of a ``pre``."""
    found = re.search(rf'<pre class="bytes" id="{id}"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def test_every_payload_has_a_page_that_leads_to_its_schema(account: Account) -> None:
    browser = signed_in_browser(account, account.contractor)
    listed = page_of(browser, "/help/events")
    for type in SCHEMA_TYPES:
        assert f'href="/help/events/{type}"' in listed
        page = page_of(browser, f"/help/events/{type}")
        assert f"<h1>{type}</h1>" in page
        assert find_violations(read_block(page, "example")) == []
        assert browser.get(f"/schemas/events/{type}.json").status == 200
    assert browser.get("/help/events/entry.eaten").status == 404


@pytest.mark.parametrize("type", ["entry.updated.approved", "webhook.ping", "batch"])
def test_the_curl_command_sends_a_signed_request(account: Account, type: str) -> None:
    page = page_of(signed_in_browser(account, account.owner), f"/help/events/{type}")
    words = shlex.split(read_block(page, "curl").replace("\\\n", " "))

    headers = dict(word.split(": ", 1) for word in words[words.index("-H") :] if re.match(r"[A-Za-z-]+: ", word))
    body = words[words.index("--data-binary") + 1]
    delivery = Delivery({name.lower(): value for name, value in headers.items()}, body.encode())
    assert (words[0], delivery.type) == ("curl", type)
    assert is_signed(delivery, SECRET)


def test_a_specific_event_names_its_general_one_and_what_it_changes(account: Account) -> None:
    browser = signed_in_browser(account, account.coworker)
    page = page_of(browser, "/help/events/entry.updated.approved")

    assert 'href="/help/events/entry.updated">entry.updated</a>' in page
    assert "<code>approved_at</code>, <code>approved_by</code>." in page
    assert "It always comes after" not in page_of(browser, "/help/events/entry.updated")


def test_help_is_linked_from_every_page_and_leads_to_all_of_it(account: Account) -> None:
    browser = signed_in_browser(account, account.contractor)
    page = page_of(browser, "/help")

    assert 'href="/help">Help</a>' in page_of(browser, "/")
    for path in ("/help/events", "/help/verifying", "/help/delivery"):
        assert f'href="{path}"' in page
    assert "/integrations/webhooks" not in re.sub(r"<header.*?</header>", "", page, flags=re.DOTALL)
    assert 'href="/integrations/webhooks/new"' in page_of(signed_in_browser(account, account.leader), "/help")
    assert page_of(browser, "/help/events").count('href="/help/events/') == len(SCHEMA_TYPES)
