"""Broadcast receivers for tests, created through the API."""

from collections.abc import Sequence
from typing import Any

from tests.support.accounts import Person

# The keys of a broadcast receiver, in the order of ``docs/api/broadcast_receivers.md``.
KEYS = [
    "id",
    "name",
    "state",
    "subjects",
    "payload_uri",
    "url",
    "add_subjects_url",
    "remove_subjects_url",
    "reroll_secret_url",
    "enable_url",
    "disable_url",
]
# Nothing listens on this port.
URI = "http://127.0.0.1:9/broadcasts"


def make_receiver(
    person: Person, uri: str = URI, name: str = "Desk light", subjects: Sequence[str] = ("timer",)
) -> Any:
    """Create a broadcast receiver of a user; return its representation with the secret."""
    body = {"name": name, "payload_uri": uri, "subjects": [*subjects]}
    response = person.client.post("/v2/broadcast_receivers", body)
    assert response.status == 201, response.body
    return response.json()
