"""``/v2/webhooks/:id/settings``."""

from typing import Any

from sqlalchemy import select

from hourhook.store.schema import webhooks
from hourhook.store.statements import Statement
from tests.support.accounts import Account
from tests.support.factories import NO_SUCH_ID, make_project, make_tag
from tests.support.webhooks import make_webhook

DEFAULTS: dict[str, Any] = {
    "filters": {"project_ids": [], "user_ids": [], "tag_ids": []},
    "headers": {},
    "max_per_second": None,
    "timeout_seconds": None,
    "batch_limit": 1,
}
REFUSED_NAMES = [
    "X-Noko-Signature", "x-noko-anything", "X-Hourhook-Sequence", "webhook-id", "Webhook-Anything", "Host",
    "content-type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "CONNECTION", "Keep-Alive",
    "Proxy-Authorization", "TE", "Trailer", "Upgrade", "Expect", "Date", "User-Agent",
    "", "X A", "X:A", "X-Ä", "X-A\r\nHost", "X-A\n",
]  # fmt: skip
REFUSED: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"max_per_second": 0}, [("max_per_second", "invalid")]),
    ({"max_per_second": 0.099}, [("max_per_second", "invalid")]),
    ({"max_per_second": 1000.01}, [("max_per_second", "invalid")]),
    ({"max_per_second": "fast"}, [("max_per_second", "invalid")]),
    ({"timeout_seconds": 0.99}, [("timeout_seconds", "invalid")]),
    ({"timeout_seconds": 10.01}, [("timeout_seconds", "invalid")]),
    ({"batch_limit": 0}, [("batch_limit", "invalid")]),
    ({"batch_limit": 501}, [("batch_limit", "invalid")]),
    ({"batch_limit": 1.5}, [("batch_limit", "invalid")]),
    ({"filters": []}, [("filters", "invalid")]),
    ({"filters": None}, [("filters", "missing_field")]),
    ({"filters": {"project_ids": "x"}}, [("filters.project_ids", "invalid")]),
    ({"filters": {"project_ids": [NO_SUCH_ID]}}, [("filters.project_ids[0]", "missing")]),
    ({"filters": {"user_ids": [NO_SUCH_ID]}}, [("filters.user_ids[0]", "missing")]),
    ({"filters": {"tag_ids": [NO_SUCH_ID]}}, [("filters.tag_ids[0]", "missing")]),
    ({"headers": []}, [("headers", "invalid")]),
    ({"headers": None}, [("headers", "missing_field")]),
    ({"headers": {"X-A": None}}, [("headers.X-A", "missing_field")]),
    ({"headers": {"X-A": "1", "x-a": "2"}}, [("headers.x-a", "invalid")]),
    ({"headers": {f"X-{number}": "1" for number in range(21)}}, [("headers", "invalid")]),
    ({"headers": {"X-A": "x" * 4096}}, [("headers", "invalid")]),
]


def show(account: Account, webhook: Any) -> Any:
    response = account.leader.client.get(f"{webhook['url']}/settings")
    assert response.status == 200, response.body
    return response.json()


def change(account: Account, webhook: Any, **values: Any) -> Any:
    response = account.leader.client.put(f"{webhook['url']}/settings", values)
    assert response.status == 200, response.body
    return response.json()


def test_a_new_webhook_has_the_default_settings(account: Account) -> None:
    shown = show(account, make_webhook(account))

    assert shown == DEFAULTS
    assert [*shown] == [*DEFAULTS]


def test_the_settings_that_are_given_are_changed_and_all_returned(account: Account) -> None:
    webhook = make_webhook(account)
    project, tag = make_project(account, "Harbour map"), make_tag(account, "soundings")

    changed = change(account, webhook, max_per_second=2.5, timeout_seconds=3, batch_limit=100)
    assert changed == {**DEFAULTS, "max_per_second": 2.5, "timeout_seconds": 3.0, "batch_limit": 100}
    changed = change(account, webhook, filters={"project_ids": [project["id"], project["id"]]})
    assert changed["filters"] == {"project_ids": [project["id"]], "user_ids": [], "tag_ids": []}
    changed = change(account, webhook, filters={"tag_ids": [tag["id"]], "user_ids": [account.leader.id]})
    filters = {"project_ids": [project["id"]], "user_ids": [account.leader.id], "tag_ids": [tag["id"]]}
    assert changed["filters"] == filters
    assert show(account, webhook) == {**changed, "max_per_second": 2.5, "batch_limit": 100}
    assert show(account, make_webhook(account)) == DEFAULTS


def test_null_and_empty_lists_restore_the_defaults(account: Account) -> None:
    webhook = make_webhook(account)
    change(account, webhook, max_per_second=0.1, timeout_seconds=1, batch_limit=500, headers={"X-A": "1"})
    change(account, webhook, filters={"user_ids": [account.leader.id]})

    restored = change(
        account,
        webhook,
        max_per_second=None,
        timeout_seconds=None,
        batch_limit=None,
        headers={},
        filters={"user_ids": []},
    )

    assert restored == DEFAULTS


def test_values_of_headers_are_kept_by_null_and_never_shown(account: Account) -> None:
    webhook = make_webhook(account)

    assert change(account, webhook, headers={"Authorization": "Bearer s3cret", "X-Team": "maps"})["headers"] == {
        "Authorization": None,
        "X-Team": None,
    }
    assert change(account, webhook, headers={"authorization": None, "X-Other": "x"})["headers"] == {
        "authorization": None,
        "X-Other": None,
    }
    stored = account.database.read_now(lambda tx: tx.value(Statement(select(webhooks.c.headers))))
    assert "authorization" in stored
    assert "s3cret" not in stored


def test_reserved_and_malformed_names_of_headers_are_refused(account: Account) -> None:
    webhook = make_webhook(account)

    for name in REFUSED_NAMES:
        response = account.leader.client.put(f"{webhook['url']}/settings", {"headers": {name: "x", "X-Good": "x"}})
        assert (response.status, response.codes) == (400, [(f"headers.{name}", "invalid")])

    assert show(account, webhook) == DEFAULTS


def test_values_of_headers_are_visible_ascii(account: Account) -> None:
    webhook = make_webhook(account)

    values: list[Any] = ["", " x", "x ", "a\tb", "a\r\nX-Evil: 1", "ü", "\x7f", 7, True, ["x"], {}]
    for value in values:
        response = account.leader.client.put(f"{webhook['url']}/settings", {"headers": {"X-A": value}})
        assert (response.status, response.codes) == (400, [("headers.X-A", "invalid")])


def test_a_setting_that_is_not_allowed_changes_nothing(account: Account) -> None:
    webhook = make_webhook(account)

    for values, codes in REFUSED:
        response = account.leader.client.put(f"{webhook['url']}/settings", {"batch_limit": 7, **values})
        assert (response.status, response.codes) == (400, codes)

    assert show(account, webhook) == DEFAULTS


def test_settings_need_the_role_leader(account: Account) -> None:
    webhook = make_webhook(account)

    for client in (account.coworker.client, account.contractor.client):
        assert client.get(f"{webhook['url']}/settings").status == 403
        assert client.put(f"{webhook['url']}/settings", {"batch_limit": 2}).status == 403
