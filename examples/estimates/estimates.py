"""Keeps the estimates of projects up to date while people log time.

It reads projects and entries once, follows them with a webhook, and shows what is left of each project's budget, and
when it will be used up at the pace of the last four weeks: as a table at / and as JSON at /estimates.json.

Settings are environment variables: TOKEN (of a leader), SECRET (of the webhook), SERVER, PORT and DATABASE.
"""

import json
import math
import os
import sqlite3
import sys
from contextlib import suppress
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import requests
from requests.adapters import HTTPAdapter
from standardwebhooks import Webhook, WebhookVerificationError
from urllib3 import Retry

SERVER = os.environ.get("SERVER", "http://127.0.0.1:8080")
PORT = int(os.environ.get("PORT", "9001"))
PACE_DAYS = 28

SCHEMA = """
CREATE TABLE IF NOT EXISTS projects (id INTEGER PRIMARY KEY, name TEXT, budget INTEGER);
CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, project INTEGER, date TEXT, minutes INTEGER);
CREATE TABLE IF NOT EXISTS payloads (id TEXT PRIMARY KEY, number INTEGER);
"""
ESTIMATES = """
SELECT projects.id, name, budget, coalesce(sum(minutes), 0) AS minutes,
    coalesce(sum(minutes) FILTER (WHERE date > :since), 0) AS recent
FROM projects LEFT JOIN entries ON entries.project = projects.id
GROUP BY projects.id ORDER BY lower(name)
"""


class Estimates:
    """A copy of the projects and entries of an account."""

    def __init__(self, path, api):
        self.api = api
        self.db = sqlite3.connect(path)
        self.db.row_factory = sqlite3.Row
        self.db.executescript(SCHEMA)
        if self.last_number() is None:
            with self.db:
                self.read_everything()
                self.remember("none yet", 0)

    def receive(self, id, number, payload):
        """Apply a payload, and remember its id and number in the same transaction."""
        with self.db:
            if self.db.execute("SELECT 1 FROM payloads WHERE id = ?", [id]).fetchone():
                return
            if number == self.last_number() + 1:
                self.apply(payload["type"], payload["object"])
            else:
                # Payloads are missing, or the server was restored from a backup.
                print(f"payload {number} after {self.last_number()}: reading everything", flush=True)
                self.read_everything()
            self.remember(id, number)

    def apply(self, type, resource):
        kind, action, *_ = type.split(".")
        if action == "deleted":
            self.db.execute(
                f"DELETE FROM {'entries' if kind == 'entry' else 'projects'} WHERE id = ?", [resource["id"]]
            )
        elif kind == "entry":
            self.put_entry(resource)
        else:
            self.put_project(resource)

    def read_everything(self):
        """Replace the copy. Payloads that are still on their way bring it up to date, since they come in order."""
        self.db.execute("DELETE FROM projects")
        self.db.execute("DELETE FROM entries")
        for project in self.read_list("/v2/projects"):
            self.put_project(project)
        for entry in self.read_list("/v2/entries"):
            self.put_entry(entry)

    def read_list(self, path):
        # By id, so that nothing is missed while others create and delete.
        url = f"{SERVER}{path}?after_id=0&per_page=1000"
        while url:
            response = self.api.get(url, timeout=30)
            response.raise_for_status()
            yield from response.json()
            url = response.links.get("next", {}).get("url")

    def put_project(self, project):
        values = [project["id"], project["name"], project["budgeted_minutes"]]
        self.db.execute("INSERT OR REPLACE INTO projects VALUES (?, ?, ?)", values)

    def put_entry(self, entry):
        values = [entry["id"], (entry["project"] or {}).get("id"), entry["date"], entry["minutes"]]
        self.db.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", values)

    def last_number(self):
        row = self.db.execute("SELECT number FROM payloads ORDER BY rowid DESC LIMIT 1").fetchone()
        return row and row["number"]

    def remember(self, id, number):
        self.db.execute("INSERT INTO payloads VALUES (?, ?)", [id, number])

    def list(self, today):
        since = str(today - timedelta(days=PACE_DAYS))
        return [estimate(row, today) for row in self.db.execute(ESTIMATES, {"since": since})]


def estimate(row, today):
    left = None if row["budget"] is None else row["budget"] - row["minutes"]
    used_up_on = None
    if left is not None and left > 0 and row["recent"] > 0:
        used_up_on = str(today + timedelta(days=min(math.ceil(left * PACE_DAYS / row["recent"]), 36500)))
    return {
        "project_id": row["id"],
        "name": row["name"],
        "budgeted_minutes": row["budget"],
        "minutes": row["minutes"],
        "left_minutes": left,
        "used_up_on": used_up_on,
    }


def table(estimates):
    lines = [f"{'project':30}{'budget':>10}{'logged':>10}{'left':>10}  used up on"]
    for each in estimates:
        times = "".join(f"{hours(each[key]):>10}" for key in ("budgeted_minutes", "minutes", "left_minutes"))
        lines.append(f"{each['name'][:29]:30}{times}  {each['used_up_on'] or ''}".rstrip())
    return "\n".join(lines) + "\n"


def hours(minutes):
    if minutes is None:
        return "-"
    return f"{'-' if minutes < 0 else ''}{abs(minutes) // 60}:{abs(minutes) % 60:02}"


class Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        try:
            payload = self.server.webhook.verify(body, dict(self.headers))
        except (WebhookVerificationError, ValueError):
            return self.respond(403)
        number = self.headers["X-Hourhook-Sequence"]
        if number is None:  # a ping
            return self.respond(204)
        try:
            self.server.estimates.receive(self.headers["webhook-id"], int(number), payload)
        except requests.RequestException as error:
            # The payload comes again.
            print(error, file=sys.stderr, flush=True)
            return self.respond(503)
        return self.respond(204)

    def do_GET(self):
        estimates = self.server.estimates.list(date.today())
        if self.path == "/estimates.json":
            return self.respond(200, json.dumps(estimates), "application/json")
        return self.respond(200, table(estimates), "text/plain; charset=utf-8")

    def respond(self, status, text="", type="text/plain"):
        self.send_response(status)
        self.send_header("Content-Type", type)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def main():
    try:
        token, webhook = os.environ["TOKEN"], Webhook(os.environ["SECRET"])
    except (KeyError, ValueError):
        sys.exit("Set TOKEN to a token of a leader, and SECRET to the secret of the webhook: whsec_…")
    api = requests.Session()
    api.headers["X-NokoToken"] = token
    api.mount("http", HTTPAdapter(max_retries=Retry(total=3, backoff_factor=0.3, status_forcelist=(429, 503))))
    try:
        server = HTTPServer(("127.0.0.1", PORT), Handler)
        server.estimates = Estimates(os.environ.get("DATABASE", "estimates.db"), api)
    except requests.ConnectionError:
        sys.exit(f"{SERVER} does not answer: is it running?")
    except OSError as error:  # a port in use, and a refused request
        sys.exit(f"Could not start: {error}")
    server.webhook = webhook
    print(f"Estimates at http://127.0.0.1:{PORT}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
