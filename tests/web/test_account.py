"""``/account``: features, limits, and how to change them."""

from tests.support.accounts import Account
from tests.support.oauth_clients import signed_in_browser


def test_supervisors_see_features_limits_and_the_command(account: Account) -> None:
    account.change_settings(approvals="off", max_users="1250")

    page = signed_in_browser(account, account.supervisor).get("/account").body.decode()

    assert "<td>off</td><td><code>approvals</code></td>" in page
    assert "<td>1,250</td><td><code>max_users</code></td>" in page
    assert "hourhook account set --account northwind max_users=25" in page


def test_nobody_else_sees_the_account(account: Account) -> None:
    for person in (account.leader, account.coworker, account.contractor):
        browser = signed_in_browser(account, person)
        assert browser.get("/account").status == 404
        assert b'href="/account"' not in browser.get("/").body
