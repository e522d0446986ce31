"""Build the absolute URLs in representations, from the configured base URL.

See ``HOURHOOK_BASE_URL`` in ``docs/settings.md#database-and-addresses``.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

DEFAULT_BASE_URL = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class Links:
    """Builds URLs below a base such as ``https://time.example.com``, never from the ``Host`` header of a request."""

    base_url: str
    root: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", f"{self.base_url.rstrip('/')}/v2")

    def url(self, path: str) -> str:
        """Return the absolute URL of a path."""
        return f"{self.base_url.rstrip('/')}{path}"

    def href(self, path: str) -> str:
        """Return the path for a link in a page, below the path of the base URL if it has one."""
        return f"{urlsplit(self.base_url).path.rstrip('/')}{path}"

    def invitation(self, token: str) -> str:
        """Return the URL of the page that accepts an invitation."""
        return self.url(f"/invitations/{token}")

    def authorization(self, account_name: str, id: int) -> str:
        """Return the URL of an OAuth authorization, which is not below ``/v2``."""
        return self.url(f"/authorizations/{account_name}/{id}")

    def account(self) -> str:
        return f"{self.root}/account"

    def user(self, id: int) -> str:
        return f"{self.root}/users/{id}"

    def team(self, id: int) -> str:
        return f"{self.root}/teams/{id}"

    def project(self, id: int) -> str:
        return f"{self.root}/projects/{id}"

    def project_group(self, id: int) -> str:
        return f"{self.root}/project_groups/{id}"

    def tag(self, id: int) -> str:
        return f"{self.root}/tags/{id}"

    def entry(self, id: int) -> str:
        return f"{self.root}/entries/{id}"

    def expense(self, id: int) -> str:
        return f"{self.root}/expenses/{id}"

    def invoice(self, id: int) -> str:
        return f"{self.root}/invoices/{id}"

    def shared_invoice(self, token: str) -> str:
        """Return the URL of the public page of an invoice."""
        return f"{self.base_url.rstrip('/')}/i/{token}"

    def inbox_entry(self, id: int) -> str:
        return f"{self.root}/inbox_entries/{id}"

    def timer(self, project_id: int) -> str:
        """Return the URL of the caller's timer of a project; it is the same for every user."""
        return f"{self.root}/projects/{project_id}/timer"

    def webhook(self, id: int) -> str:
        return f"{self.root}/webhooks/{id}"

    def broadcast_receiver(self, id: int) -> str:
        return f"{self.root}/broadcast_receivers/{id}"

    def payload(self, webhook_id: int, payload_id: str) -> str:
        return f"{self.root}/webhooks/{webhook_id}/payloads/{payload_id}"
