"""The history of a webhook and the audit trail of the account, in the web app."""

import re

from tests.support.accounts import Account
from tests.support.oauth_clients import signed_in_browser
from tests.support.webhooks import URI, make_webhook


def text_of(html: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html.decode()).split())


def test_the_history_says_who_did_what(account: Account) -> None:
    webhook = make_webhook(account, name="Ledger <sync>")
    account.supervisor.client.put(webhook["url"], {"name": "Books & <ledgers>"})
    account.leader.client.put(
        f"{webhook['url']}/settings", {"headers": {"X-Key": "classified"}, "filters": {"user_ids": [account.leader.id]}}
    )

    browser = signed_in_browser(account, account.leader)
    response = browser.get(f"/integrations/webhooks/{webhook['id']}/history")

    page = text_of(response.body)
    assert response.status == 200
    assert "Supervisor Edited Name: Ledger &lt;sync&gt; → Books &amp; &lt;ledgers&gt;" in page
    assert f"Leader Settings changed Filters: none → Users {account.leader.id} Headers: none → X-Key" in page
    assert f"Leader Created Name: Ledger &lt;sync&gt; Address: {URI} Events: entry.created" in page
    assert "classified" not in page
    assert b"/history" in browser.get(f"/integrations/webhooks/{webhook['id']}").body


def test_supervisors_see_and_filter_the_audit_trail(account: Account) -> None:
    make_webhook(account)
    account.change_settings(max_users="25")
    browser = signed_in_browser(account, account.supervisor)

    everything, webhooks = (
        text_of(browser.get(f"/account/audit{query}").body) for query in ("", "?resource=Webhook&from=")
    )

    assert "Command line Account Edited Max users: none → 25" in everything
    assert "Leader Webhook Created" in everything
    assert "Leader Webhook Created" in webhooks
    assert "Command line" not in webhooks
    assert "Whole audit trail" in text_of(browser.get("/account").body)
    assert "Nothing was changed here" in text_of(browser.get("/account/audit?to=2001-01-01").body)
    assert browser.get("/account/audit?resource=Nonsense&from=x").status == 200


def test_leaders_see_no_audit_trail_and_coworkers_no_history(account: Account, other_account: Account) -> None:
    path = f"/integrations/webhooks/{make_webhook(account)['id']}/history"

    assert signed_in_browser(account, account.leader).get("/account/audit").status == 404
    assert signed_in_browser(account, account.coworker).get(path).status == 404
    assert signed_in_browser(other_account, other_account.owner).get(path).status == 404
