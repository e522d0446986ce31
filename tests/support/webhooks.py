"""Webhooks for tests, created through the API."""

from collections.abc import Mapping
from typing import Any

from tests.support.accounts import Account
from tests.support.payload_schemas import assert_valid

# The keys of a webhook, in the order of ``docs/api/webhooks.md``.
KEYS = [
    "id",
    "name",
    "state",
    "events",
    "payload_uri",
    "url",
    "add_events_url",
    "remove_events_url",
    "reroll_secret_url",
    "enable_url",
    "disable_url",
]
# Nothing listens on this port.
URI = "http://127.0.0.1:9/hooks/time"


def make_webhook(account: Account, uri: str = URI, name: str = "Ledger sync", events: Any = ("entry.created",)) -> Any:
    """Create a webhook; return its representation with the secret."""
    body = {"name": name, "payload_uri": uri, "events": events if isinstance(events, str) else [*events]}
    response = account.leader.client.post("/v2/webhooks", body)
    assert response.status == 201, response.body
    return response.json()


def get_status(account: Account, webhook: Any) -> Any:
    """Return the delivery status of a webhook."""
    response = account.leader.client.get(f"{webhook['url']}/status")
    assert response.status == 200, response.body
    return response.json()


def get_delivery_log(account: Account, webhook: Any, query: Mapping[str, str] | str = "") -> Any:
    """Return the delivery log of a webhook, newest first."""
    response = account.leader.client.get(f"{webhook['url']}/payloads", query=query)
    assert response.status == 200, response.body
    return response.json()


def get_payload(account: Account, webhook: Any, payload_id: str) -> Any:
    """Return one payload of a webhook in full; its body has to match its published schema."""
    response = account.leader.client.get(f"{webhook['url']}/payloads/{payload_id}")
    assert response.status == 200, response.body
    payload = response.json()
    assert_valid(payload["body"])
    return payload


def request_action(account: Account, webhook: Any, action: str, payload_id: str) -> None:
    """Retry or skip a payload; ``action`` is ``retry`` or ``skip``."""
    response = account.leader.client.put(f"{webhook['url']}/{action}/{payload_id}")
    assert (response.status, response.body) == ({"retry": 202, "skip": 204}[action], b"")
