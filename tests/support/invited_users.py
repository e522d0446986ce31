"""Users who are invited, for tests of the ways in which that happens."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.support.accounts import Account
from tests.support.clients import Response

INVITATION_HEADER = "x-hourhook-invitation"


@dataclass(frozen=True)
class NewInvitation:
    """A new user, and the link that he was given."""

    user: dict[str, Any]
    link: str

    @property
    def token(self) -> str:
        """What the link ends with."""
        return self.link.rpartition("/")[2]


def invite(account: Account, email: str = "grace@northwind.test", **values: Any) -> NewInvitation:
    """Invite somebody, on a server that has no mail server."""
    response = account.supervisor.client.post("/v2/users", {"email": email, **values})
    assert response.status == 201, response.body
    return NewInvitation(response.json(), response.headers[INVITATION_HEADER])


def accept_invitation(account: Account, link: str, password: str = "correct horse", **fields: str) -> Response:
    """Send the form of an invitation as a browser does."""
    return send_form(account, link, {"password": password, **fields})


def send_form(account: Account, link: str, fields: Any, **headers: str | None) -> Response:
    """Send a form; fields that are bytes are sent as they are."""
    body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    sent: dict[str, str | None] = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": account.base_url,
        **headers,
    }
    return account.client.post(link, body, **sent)
