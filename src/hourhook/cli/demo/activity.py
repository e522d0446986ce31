"""Generate the activity of the demo's users: real requests that log, correct, approve and invoice time."""

import random
from dataclasses import dataclass

from hourhook.cli.demo.clients import Client, Response
from hourhook.cli.demo.seed_data import TASKS, DemoAccount, Person, Project, utc_today
from hourhook.cli.formatting import format_duration

NEW_PROJECTS = ("Spring campaign", "Trade fair", "Newsletter", "Customer portal", "Podcast", "Packaging")
CORRECTION_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Action:
    """One action of a user, and the response to its request."""

    text: str
    response: Response


@dataclass(slots=True)
class LoggedEntry:
    """An entry that later actions may change."""

    id: int
    minutes: int
    person: Person
    project: Project


class ActionGenerator:
    """Performs one action after another; entries logged earlier are corrected, approved or invoiced later."""

    def __init__(self, client: Client, account: DemoAccount) -> None:
        self._client = client
        self._account = account
        # Seeded, so that every demo shows the same actions.
        self._rng = random.Random(3)
        self._logged: list[LoggedEntry] = []
        self._names = list(NEW_PROJECTS)
        self._created: list[Project] = []
        self._day = (
            *(self.log, self.correct, self.approve, self.log, self.create_project, self.log_on_new_project, self.log),
            *(self.invoice, self.log, self.log, self.correct, self.log, self.approve, self.set_budget, self.delete),
        )
        self._count = 0

    async def run_next(self) -> Action:
        """Perform the next action of the cycle."""
        action = await self._day[self._count % len(self._day)]()
        self._count += 1
        return action

    async def log(self) -> Action:
        person = self._rng.choice(self._account.people)
        return await self._log(person, self._rng.choice(self._account.projects))

    async def log_on_new_project(self) -> Action:
        """Log the owner's time on the newest project, which the others cannot access yet."""
        return await self._log(self._account.owner, self._created[-1] if self._created else self._account.projects[0])

    async def correct(self) -> Action:
        """Correct the minutes of the latest entry."""
        entry = self._logged[-1]
        before, entry.minutes = entry.minutes, entry.minutes + CORRECTION_MINUTES
        change = {"minutes": entry.minutes}
        response = await self._client.request("PUT", f"/v2/entries/{entry.id}", entry.person.token, change)
        return Action(
            f"{entry.person.name} corrects {format_duration(before)} to {format_duration(entry.minutes)}", response
        )

    async def approve(self) -> Action:
        """Approve the latest entry, which locks it."""
        entry = self._logged.pop()
        response = await self._client.request("PUT", f"/v2/entries/{entry.id}/approved", self._account.owner.token)
        return Action(
            f"{self._account.owner.name} approves {entry.person.name}’s {format_duration(entry.minutes)}", response
        )

    async def invoice(self) -> Action:
        """Mark the oldest entry as invoiced."""
        entry = self._logged.pop(0)
        path = f"/v2/entries/{entry.id}/marked_as_invoiced"
        response = await self._client.request("PUT", path, self._account.owner.token, {"date": utc_today()})
        return Action(f"{self._account.owner.name} marks {format_duration(entry.minutes)} as invoiced", response)

    async def delete(self) -> Action:
        """Delete the oldest entry."""
        entry = self._logged.pop(0)
        response = await self._client.request("DELETE", f"/v2/entries/{entry.id}", entry.person.token)
        return Action(f"{entry.person.name} deletes {format_duration(entry.minutes)} on {entry.project.name}", response)

    async def create_project(self) -> Action:
        """Create a project, while there are unused names."""
        if not self._names:
            return await self.set_budget()
        name = self._names.pop(0)
        response = await self._client.request("POST", "/v2/projects", self._account.owner.token, {"name": name})
        self._created.append(Project(response.content["id"], name))
        return Action(f"{self._account.owner.name} creates the project {name}", response)

    async def set_budget(self) -> Action:
        project = self._rng.choice(self._account.projects)
        minutes = 60 * self._rng.randrange(40, 400)
        change = {"budgeted_minutes": minutes}
        response = await self._client.request("PUT", f"/v2/projects/{project.id}", self._account.owner.token, change)
        return Action(
            f"{self._account.owner.name} sets the budget of {project.name} to {format_duration(minutes)}", response
        )

    async def _log(self, person: Person, project: Project) -> Action:
        description, minutes = self._rng.choice(TASKS)
        entry = {"date": utc_today(), "minutes": minutes, "description": description, "project_id": project.id}
        response = await self._client.request("POST", "/v2/entries", person.token, entry)
        self._logged.append(LoggedEntry(response.content["id"], response.content["minutes"], person, project))
        return Action(f"{person.name} logs {format_duration(minutes)} on {project.name}", response)
