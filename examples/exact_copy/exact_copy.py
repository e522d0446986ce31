"""Keeps an exact copy of an account in an SQLite file, and writes it as the lists of the API.

    python exact_copy.py            copies, and then follows the account
    python exact_copy.py --print    prints the copy as JSON: for each list its objects, by id

Killed at any time, it goes on where it was. Settings are environment variables: TOKEN (of a supervisor), SERVER and
DATABASE.
"""

import json
import os
import sqlite3
import sys
import time
from contextlib import suppress

import requests

SERVER = os.environ.get("SERVER", "http://127.0.0.1:8080")
LISTS = {
    "entry": "entries",
    "expense": "expenses",
    "invoice": "invoices",
    "project": "projects",
    "project_group": "project_groups",
    "tag": "tags",
    "team": "teams",
    "user": "users",
}
SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (kind TEXT, id INTEGER, position INTEGER, json TEXT, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS crawled (kind TEXT PRIMARY KEY, after_id INTEGER, is_complete INTEGER);
CREATE TABLE IF NOT EXISTS follower (position INTEGER);
"""


class Copy:
    """Objects as the API shows them, each with the position that it is of."""

    def __init__(self, path, token):
        self.db = sqlite3.connect(path)
        self.db.executescript(SCHEMA)
        self.api = requests.Session()
        self.api.headers["X-NokoToken"] = token

    def start(self):
        """Keep the position before anything is read; events after it are applied later."""
        if self.position() is None:
            with self.db:
                self.move_to(position_of(self.get("/v2/projects?per_page=1")))

    def crawl(self):
        """Read all lists, page by page; each page is kept with how far it goes."""
        for kind, path in LISTS.items():
            select = "SELECT after_id, is_complete FROM crawled WHERE kind = ?"
            after_id, is_complete = self.db.execute(select, [kind]).fetchone() or (0, False)
            while not is_complete:
                response = self.get(f"/v2/{path}?after_id={after_id}&per_page=100")
                with self.db:
                    for found in response.json():
                        self.put(kind, found, position_of(response))
                        after_id = found["id"]
                    is_complete = "next" not in response.links
                    self.db.execute("INSERT OR REPLACE INTO crawled VALUES (?, ?, ?)", [kind, after_id, is_complete])

    def follow(self):
        """Apply the next events, waiting for some."""
        response = self.get(f"/v2/events?after={self.position()}&limit=1000&wait=20")
        with self.db:
            for event in response.json():
                self.apply(event)
            self.move_to(position_of(response))

    def apply(self, event):
        kind, _, action = event["type"].partition(".")
        found, position = event["object"], event["position"]
        select = "SELECT position FROM objects WHERE kind = ? AND id = ?"
        known = self.db.execute(select, [kind, found["id"]]).fetchone()
        if known is not None and known[0] >= position:
            return  # it was read after this event
        if action.startswith("deleted"):
            self.db.execute("DELETE FROM objects WHERE kind = ? AND id = ?", [kind, found["id"]])
        else:
            self.put(kind, found, position)

    def put(self, kind, found, position):
        values = [kind, found["id"], position, json.dumps(found)]
        self.db.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", values)

    def move_to(self, position):
        self.db.execute("DELETE FROM follower")
        self.db.execute("INSERT INTO follower VALUES (?)", [position])

    def position(self):
        return self.db.execute("SELECT max(position) FROM follower").fetchone()[0]

    def get(self, path):
        response = self.api.get(SERVER + path, timeout=60)
        response.raise_for_status()
        return response

    def read(self):
        """Return all objects by kind and id, with what follows from others computed anew."""
        copied = {kind: {} for kind in LISTS}
        for kind, id, text in self.db.execute("SELECT kind, id, json FROM objects ORDER BY kind, id"):
            copied[kind][id] = json.loads(text)
        derive(copied)
        return copied


def position_of(response):
    return int(response.headers["X-Hourhook-Position"])


# What changes without an event of its own, since it follows from other objects.

USER = ("id", "email", "first_name", "last_name", "profile_image_url", "url")
PROJECT = ("id", "name", "billing_increment", "enabled", "billable", "color", "url")
INVOICE = ("id", "reference", "invoice_date", "state", "total_amount", "url")
TEAM = ("id", "name", "url")


def derive(copied):
    entries, expenses, projects = (copied[kind].values() for kind in ("entry", "expense", "project"))
    for team in copied["team"].values():
        team["users"] = [user for user in team["users"] if user["id"] in copied["user"]]
    for entry in entries:
        project = entry["project"] and copied["project"][entry["project"]["id"]]
        tags = [copied["tag"][tag["id"]] for tag in entry["tags"]]
        entry["billable"] = (project is None or project["billable"]) and all(tag["billable"] for tag in tags)
    for project in projects:
        own, own_expenses = of(entries, "project", project), of(expenses, "project", project)
        billable = [entry for entry in own if entry["billable"]]
        project["minutes"] = minutes(own)
        project["billable_minutes"] = minutes(billable)
        project["unbillable_minutes"] = minutes(own) - minutes(billable)
        project["invoiced_minutes"] = minutes(entry for entry in billable if entry["invoiced_at"])
        budget = project["budgeted_minutes"]
        project["remaining_minutes"] = None if budget is None else budget - minutes(billable)
        project["entries"], project["expenses"] = len(own), len(own_expenses)
        invoices = {each["invoice"]["id"] for each in (*own, *own_expenses) if each["invoice"]}
        found = sorted((copied["invoice"][id] for id in invoices), key=lambda each: (each["invoice_date"], each["id"]))
        project["invoices"] = shortened(reversed(found), INVOICE)
        people = sorted({entry["user"]["id"] for entry in own})
        project["participants"] = shortened((copied["user"][id] for id in people), USER)
    for group in copied["project_group"].values():
        group["projects"] = shortened(sorted(of(projects, "group", group), key=by_name), PROJECT)
    for invoice in copied["invoice"].values():
        own, own_expenses = of(entries, "invoice", invoice), of(expenses, "invoice", invoice)
        invoice["entries"], invoice["expenses"] = len(own), len(own_expenses)
        billed = {each["project"]["id"] for each in (*own, *own_expenses) if each["project"]}
        invoice["projects"] = shortened(sorted((copied["project"][id] for id in billed), key=by_name), PROJECT)
    for tag in copied["tag"].values():
        tag["entries"] = sum(any(each["id"] == tag["id"] for each in entry["tags"]) for entry in entries)
    for user in copied["user"].values():
        user["entries"], user["expenses"] = len(of(entries, "user", user)), len(of(expenses, "user", user))
        teams = [team for team in copied["team"].values() if any(each["id"] == user["id"] for each in team["users"])]
        user["teams"] = shortened(sorted(teams, key=by_name), TEAM)
    refresh_embedded(copied)


def refresh_embedded(copied):
    """Give objects inside others the names and so on that they have now."""
    by_url = {each["url"]: each for by_id in copied.values() for each in by_id.values()}

    def refreshed(value):
        if isinstance(value, list):
            return [refreshed(each) for each in value]
        if isinstance(value, dict) and value.get("url") in by_url:
            return {key: by_url[value["url"]][key] for key in value}
        return value

    for each in by_url.values():
        each.update({key: refreshed(value) for key, value in each.items() if isinstance(value, (list, dict))})


def of(objects, key, owner):
    return [each for each in objects if each[key] and each[key]["id"] == owner["id"]]


def minutes(entries):
    return sum(entry["minutes"] for entry in entries)


def by_name(each):
    return each["name"].casefold()


def shortened(objects, keys):
    return [{key: each[key] for key in keys} for each in objects]


def main():
    if not os.environ.get("TOKEN"):
        sys.exit("Set TOKEN to a token of a supervisor, who sees everything.")
    copy = Copy(os.environ.get("DATABASE", "copy.db"), os.environ["TOKEN"])
    if "--print" in sys.argv:
        lists = {LISTS[kind]: [*by_id.values()] for kind, by_id in copy.read().items()}
        print(json.dumps(lists, ensure_ascii=False, separators=(",", ":")))
        return
    shown = None
    while True:
        try:
            copy.start()
            copy.crawl()
            if copy.position() != shown:
                shown = copy.position()
                print(f"as of position {shown}", flush=True)
            copy.follow()
        except requests.HTTPError as error:
            # An expired position, too: the message says what to do.
            sys.exit(f"{error}: {error.response.text}")
        except requests.RequestException as error:
            print(f"trying again: {error}", file=sys.stderr, flush=True)
            time.sleep(1)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
