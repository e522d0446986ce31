"""Resources in every state that a rule distinguishes, created through the API, for tests of all rules."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from tests.support import factories
from tests.support.accounts import Account, Person
from tests.support.clients import Client, Response
from tests.support.webhooks import make_webhook

Resource = dict[str, Any]


class ObjectFactory:
    """Creates resources in an account, each call a new one; ``client`` is the supervisor's."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.client: Client = account.supervisor.client
        self._numbers = count(1)

    def name(self, kind: str = "thing") -> str:
        """Return an unused name."""
        return f"{kind}{next(self._numbers)}"

    def person(self, role: str = "coworker", state: str = "active") -> Person:
        return self.account.add(self.name("person"), role, state)

    def person_with_entry(self, role: str = "leader") -> Person:
        person = self.person(role)
        self.entry(user_id=person.id)
        return person

    def deactivated_person(self, role: str = "coworker") -> Person:
        person = self.person_with_entry(role)
        self.expect_success(self.client.put(f"/v2/users/{person.id}/deactivate"))
        return person

    def project(self, *people: Person, **values: Any) -> Resource:
        """Create a project that is not in use, so it can be deleted."""
        return factories.make_project(self.account, self.name("project"), *people, **values)

    def used_project(self) -> Resource:
        """Create a project with an entry, so it can only be archived."""
        project = self.project()
        self.entry(project_id=project["id"])
        return project

    def archived_project(self, *people: Person) -> Resource:
        project = self.project(*people)
        self.entry(project_id=project["id"])
        return self.archived(project)

    def archived(self, project: Resource) -> Resource:
        """Archive a project, and return it."""
        self.expect_success(self.client.put(f"/v2/projects/{project['id']}/archive"))
        return project

    def group(self, *projects: Resource) -> Resource:
        return factories.make_group(self.account, self.name("group"), *projects)

    def team(self, *people: Person) -> Resource:
        return factories.make_team(self.account, self.name("team"), *people)

    def tag(self) -> Resource:
        return factories.make_tag(self.account, self.name("tag"))

    def entry(self, description: str | None = None, **values: Any) -> Resource:
        """Create an entry of the supervisor, unless ``user_id`` names another user."""
        return factories.make_entry(self.account.supervisor, description, **values)

    def entry_in(self, project: Resource, description: str | None = None, **values: Any) -> Resource:
        return self.entry(description, project_id=project["id"], **values)

    def approved_entry(self, **values: Any) -> Resource:
        entry = self.entry(**values)
        factories.approve(self.account, entry)
        return entry

    def outside_invoiced_entry(self) -> Resource:
        """Create an entry that is marked as invoiced outside Hourhook."""
        entry = self.entry()
        factories.mark_as_invoiced(self.account, entry)
        return entry

    def archived_entry(self) -> Resource:
        project = self.project()
        entry = self.entry_in(project)
        self.archived(project)
        return entry

    def expense(self, project: Resource | None = None, **values: Any) -> Resource:
        """Create an expense of the supervisor."""
        return factories.make_expense(self.account.supervisor, project or self.project(), **values)

    def archived_expense(self) -> Resource:
        expense = self.expense()
        self.archived(expense["project"])
        return expense

    def timer(self, project: Resource | None = None, **values: Any) -> Resource:
        """Start a timer of the supervisor."""
        return factories.start_timer(self.account.supervisor, project or self.project(), **values)

    def archived_timer(self) -> Resource:
        timer = self.timer(self.used_project())
        self.archived(timer["project"])
        return timer

    def inbox_entry(self, **values: Any) -> Resource:
        """Create an inbox entry of the supervisor."""
        return factories.make_inbox_entry(self.account.supervisor, **{"minutes": 15, **values})

    def logged_inbox_entry(self) -> Resource:
        """Create an inbox entry that was logged as an entry."""
        inbox_entry = self.inbox_entry()
        self.expect_success(self.client.post(inbox_entry["log_url"]))
        return inbox_entry

    def invoice(self, entries: Sequence[Resource] = (), expenses: Sequence[Resource] = (), **values: Any) -> Resource:
        return factories.make_invoice(self.account, entries, expenses, **values)

    def full_invoice(self) -> Resource:
        """Create an invoice with an entry, an expense, a tax and a total above 0."""
        rates = {"calculation_method": "standard_hourly_rate", "standard_hourly_rate": 80}
        expense = self.expense()
        entry = self.entry_in(expense["project"])
        return self.invoice([entry], [expense], taxes=[{"name": "VAT", "percentage": 20}], rate_calculation=rates)

    def paid_invoice(self) -> Resource:
        invoice = self.full_invoice()
        self.expect_success(self.client.put(f"{invoice['url']}/paid"))
        return invoice

    def locked_invoice(self, state: str = "in_progress") -> Resource:
        """Create an invoice whose payment is in progress, so it cannot be changed."""
        invoice = self.full_invoice()
        factories.set_state(self.account, invoice, state)
        return invoice

    def invoiced_entry(self) -> Resource:
        entry = self.entry_in(self.project())
        self.invoice([entry])
        return entry

    def invoiced_expense(self) -> Resource:
        expense = self.expense()
        self.invoice([], [expense])
        return expense

    def webhook(self) -> Resource:
        webhook: Resource = make_webhook(self.account)
        return webhook

    def change_settings(self, **values: str) -> None:
        self.account.change_settings(**values)

    @staticmethod
    def expect_success(response: Response) -> Response:
        """Return the response, which must have a status below 300."""
        assert response.status < 300, response.body
        return response
