"""What people of the agency do all day, each a real request: log time, correct it, approve it, invoice it …"""

import random
from dataclasses import dataclass

from hourhook.cli.demo.clients import Answer, Client
from hourhook.cli.demo.formatting import duration
from hourhook.cli.demo.seed_data import TASKS, Agency, Person, Project, today_here

NEW_PROJECTS = ("Spring campaign", "Trade fair", "Newsletter", "Customer portal", "Podcast", "Packaging")
CORRECTION_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that somebody has done, and the answer that the request got."""

    text: str
    answer: Answer


@dataclass(slots=True)
class Logged:
    """An entry that may still be changed."""

    id: int
    minutes: int
    person: Person
    project: Project


class Deeds:
    """Does one thing after another; what was logged before is corrected, approved or invoiced later."""

    def __init__(self, client: Client, agency: Agency) -> None:
        self._client = client
        self._agency = agency
        # Always the same day, so that it can be told of.
        self._rng = random.Random(3)
        self._logged: list[Logged] = []
        self._names = list(NEW_PROJECTS)
        self._opened: list[Project] = []
        self._day = (
            *(self.log, self.correct, self.approve, self.log, self.open_project, self.log_there, self.log),
            *(self.invoice, self.log, self.log, self.correct, self.log, self.approve, self.set_budget, self.delete),
        )
        self._count = 0

    async def go_on(self) -> Deed:
        """Do what is next in the round of a day."""
        deed = await self._day[self._count % len(self._day)]()
        self._count += 1
        return deed

    async def log(self) -> Deed:
        """Log time, whoever it is."""
        person = self._rng.choice(self._agency.people)
        return await self._log(person, self._rng.choice(self._agency.projects))

    async def log_there(self) -> Deed:
        """Log time on the project that was opened last, which its people are yet to be given access to."""
        return await self._log(self._agency.owner, self._opened[-1] if self._opened else self._agency.projects[0])

    async def correct(self) -> Deed:
        """Correct the time of the last entry."""
        entry = self._logged[-1]
        before, entry.minutes = entry.minutes, entry.minutes + CORRECTION_MINUTES
        change = {"minutes": entry.minutes}
        answer = await self._client.request("PUT", f"/v2/entries/{entry.id}", entry.person.token, change)
        return Deed(f"{entry.person.name} corrects {duration(before)} to {duration(entry.minutes)}", answer)

    async def approve(self) -> Deed:
        """Approve the last entry, which nobody may change any more."""
        entry = self._logged.pop()
        answer = await self._client.request("PUT", f"/v2/entries/{entry.id}/approved", self._agency.owner.token)
        return Deed(f"{self._agency.owner.name} approves {entry.person.name}’s {duration(entry.minutes)}", answer)

    async def invoice(self) -> Deed:
        """Mark the oldest entry as invoiced."""
        entry = self._logged.pop(0)
        path = f"/v2/entries/{entry.id}/marked_as_invoiced"
        answer = await self._client.request("PUT", path, self._agency.owner.token, {"date": today_here()})
        return Deed(f"{self._agency.owner.name} marks {duration(entry.minutes)} as invoiced", answer)

    async def delete(self) -> Deed:
        """Delete the oldest entry."""
        entry = self._logged.pop(0)
        answer = await self._client.request("DELETE", f"/v2/entries/{entry.id}", entry.person.token)
        return Deed(f"{entry.person.name} deletes {duration(entry.minutes)} on {entry.project.name}", answer)

    async def open_project(self) -> Deed:
        """Open a project, as long as there are names for one."""
        if not self._names:
            return await self.set_budget()
        name = self._names.pop(0)
        answer = await self._client.request("POST", "/v2/projects", self._agency.owner.token, {"name": name})
        self._opened.append(Project(answer.content["id"], name))
        return Deed(f"{self._agency.owner.name} opens the project {name}", answer)

    async def set_budget(self) -> Deed:
        """Give a project another budget."""
        project = self._rng.choice(self._agency.projects)
        minutes = 60 * self._rng.randrange(40, 400)
        change = {"budgeted_minutes": minutes}
        answer = await self._client.request("PUT", f"/v2/projects/{project.id}", self._agency.owner.token, change)
        return Deed(f"{self._agency.owner.name} sets the budget of {project.name} to {duration(minutes)}", answer)

    async def _log(self, person: Person, project: Project) -> Deed:
        description, minutes = self._rng.choice(TASKS)
        entry = {"date": today_here(), "minutes": minutes, "description": description, "project_id": project.id}
        answer = await self._client.request("POST", "/v2/entries", person.token, entry)
        self._logged.append(Logged(answer.content["id"], answer.content["minutes"], person, project))
        return Deed(f"{person.name} logs {duration(minutes)} on {project.name}", answer)
