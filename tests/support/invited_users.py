"""Invitations for tests: create one, and send its form."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.support.accounts import Account
from tests.support.clients import Response

INVITATION_HEADER = "x-hourhook-invitation"


@dataclass(frozen=True)
class NewInvitation:
    """A new user, and their invitation link."""

    user: dict[str, Any]
    link: str

    @property
    def token(self) -> str:
        """The token at the end of the link."""
        return self.link.rpartition("/")[2]


def invite(account: Account, email: str = "grace@northwind.test", **values: Any) -> NewInvitation:
    """Invite a user; Hourhook must have no mail server, so that the response contains the link."""
    response = account.supervisor.client.post("/v2/users", {"email": email, **values})
    assert response.status == 201, response.body
    return NewInvitation(response.json(), response.headers[INVITATION_HEADER])


def accept_invitation(account: Account, link: str, password: str = "correct horse", **fields: str) -> Response:
    """Submit the invitation form as a browser does."""
    return send_form(account, link, {"password": password, **fields})


def send_form(account: Account, link: str, fields: Any, **headers: str | None) -> Response:
    """Send a form; ``fields`` that are bytes are sent unchanged."""
    body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    all_headers: dict[str, str | None] = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": account.base_url,
        **headers,
    }
    return account.client.post(link, body, **all_headers)
