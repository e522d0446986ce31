"""The absolute URLs that representations carry; they lead back to this server by its configured name."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

DEFAULT_BASE_URL = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class Links:
    """Builds URLs below a base such as ``https://time.example.com``, never below what a request says."""

    base_url: str
    root: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", f"{self.base_url.rstrip('/')}/v2")

    def url(self, path: str) -> str:
        """Where a page is, by its path."""
        return f"{self.base_url.rstrip('/')}{path}"

    def href(self, path: str) -> str:
        """The way to a page from another one: its path, below that of the base if it has one."""
        return f"{urlsplit(self.base_url).path.rstrip('/')}{path}"

    def invitation(self, token: str) -> str:
        """Where the page is on which an invitation is accepted."""
        return self.url(f"/invitations/{token}")

    def authorization(self, account_name: str, id: int) -> str:
        """Where an authorization of an OAuth application is, which is outside of the API."""
        return self.url(f"/authorizations/{account_name}/{id}")

    def account(self) -> str:
        """Where the account is."""
        return f"{self.root}/account"

    def user(self, id: int) -> str:
        """Where a user is."""
        return f"{self.root}/users/{id}"

    def team(self, id: int) -> str:
        """Where a team is."""
        return f"{self.root}/teams/{id}"

    def project(self, id: int) -> str:
        """Where a project is."""
        return f"{self.root}/projects/{id}"

    def project_group(self, id: int) -> str:
        """Where a project group is."""
        return f"{self.root}/project_groups/{id}"

    def tag(self, id: int) -> str:
        """Where a tag is."""
        return f"{self.root}/tags/{id}"

    def entry(self, id: int) -> str:
        """Where an entry is."""
        return f"{self.root}/entries/{id}"

    def expense(self, id: int) -> str:
        """Where an expense is."""
        return f"{self.root}/expenses/{id}"

    def invoice(self, id: int) -> str:
        """Where an invoice is."""
        return f"{self.root}/invoices/{id}"

    def shared_invoice(self, token: str) -> str:
        """The public page of an invoice, which is outside of the API."""
        return f"{self.base_url.rstrip('/')}/i/{token}"

    def inbox_entry(self, id: int) -> str:
        """Where an inbox entry is."""
        return f"{self.root}/inbox_entries/{id}"

    def timer(self, project_id: int) -> str:
        """Where everybody's timer of a project is, each for himself."""
        return f"{self.root}/projects/{project_id}/timer"

    def webhook(self, id: int) -> str:
        """Where a webhook is."""
        return f"{self.root}/webhooks/{id}"

    def broadcast_receiver(self, id: int) -> str:
        """Where a broadcast receiver is."""
        return f"{self.root}/broadcast_receivers/{id}"

    def payload(self, webhook_id: int, payload_id: str) -> str:
        """Where a payload of a webhook is."""
        return f"{self.root}/webhooks/{webhook_id}/payloads/{payload_id}"
