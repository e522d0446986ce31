"""Connects a project management tool: a project made there is made here, and its hours flow back.

The tool's notice, and a look once a minute, say that projects have changed; a webhook says that hours have. Both are
only reasons to look: what is written is always read from the other side just before, so repeats, lost notices and any
order do no harm.

Settings are environment variables: TOKEN (of a leader), SECRET (of the webhook), SERVER, TRACKER, PORT and DATABASE.
"""

import os
import sqlite3
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from time import monotonic

import requests
from requests.adapters import HTTPAdapter
from standardwebhooks import Webhook, WebhookVerificationError
from urllib3 import Retry

SERVER = os.environ.get("SERVER", "http://127.0.0.1:8080")
TRACKER = os.environ.get("TRACKER", "http://127.0.0.1:9005")
PORT = int(os.environ.get("PORT", "9004"))
LOOK_SECONDS = 60

# The name that a project was made with is kept before it is made: a repeat after a crash sends the same request.
SCHEMA = """
CREATE TABLE IF NOT EXISTS projects (tracker_id INTEGER PRIMARY KEY, name TEXT NOT NULL, id INTEGER UNIQUE);
CREATE TABLE IF NOT EXISTS payloads (id TEXT PRIMARY KEY, number INTEGER);
"""


class Bridge:
    """The pairs of projects, and the payloads that were received."""

    def __init__(self, path, api):
        self.api = api
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript(SCHEMA)

    def sync_everything(self):
        self.sync_projects()
        for [id] in self.db.execute("SELECT id FROM projects WHERE id IS NOT NULL").fetchall():
            self.sync_hours(id)

    def sync_projects(self):
        """Make or rename here what was made or renamed there."""
        response = requests.get(f"{TRACKER}/projects", timeout=5)
        response.raise_for_status()
        for project in response.json():
            try:
                self.sync_project(project["id"], project["name"])
            except requests.HTTPError as error:
                # A name that is not allowed here holds up no other project.
                print(f"project {project['id']} of the tracker: {error}", file=sys.stderr, flush=True)

    def sync_project(self, tracker_id, name):
        self.db.execute("INSERT OR IGNORE INTO projects (tracker_id, name) VALUES (?, ?)", [tracker_id, name])
        row = self.db.execute("SELECT id, name FROM projects WHERE tracker_id = ?", [tracker_id]).fetchone()
        id, known_name = row
        if id is None:
            id = self.create(tracker_id, known_name)
            self.db.execute("UPDATE projects SET id = ? WHERE tracker_id = ?", [id, tracker_id])
            print(f"project {tracker_id} of the tracker is project {id}: {known_name}", flush=True)
        if name != known_name:
            renamed = self.request("PUT", f"/v2/projects/{id}", {"name": name})
            if renamed.status_code != 200:
                raise requests.HTTPError(renamed.text or "it is gone here", response=renamed)
            self.db.execute("UPDATE projects SET name = ? WHERE tracker_id = ?", [name, tracker_id])

    def create(self, tracker_id, name):
        """Create a project once, however often this is repeated; one that has the name already is taken instead."""
        key = f"tracker-{TRACKER}-{tracker_id}"
        response = self.request("POST", "/v2/projects", {"name": name}, **{"Idempotency-Key": key})
        if response.status_code == 201:
            return response.json()["id"]
        for project in self.request("GET", "/v2/projects", None, params={"name": name, "per_page": 1000}).json():
            if project["name"].casefold() == name.casefold():
                return project["id"]
        raise requests.HTTPError(response.text, response=response)

    def receive(self, id, number, payload):
        """Write the hours of the projects of an entry to the tracker, and remember the payload afterwards."""
        if self.db.execute("SELECT 1 FROM payloads WHERE id = ?", [id]).fetchone():
            return
        [last] = self.db.execute("SELECT number FROM payloads ORDER BY rowid DESC LIMIT 1").fetchone() or [None]
        if last is not None and number != last + 1:
            # Payloads are missing, or the server was restored from a backup.
            print(f"payload {number} after {last}: looking at everything", flush=True)
            self.sync_everything()
        else:
            # An entry that has moved to another project changes both.
            before_and_after = [payload["object"]["project"], *payload["changes"].get("project", [])]
            for project_id in {project["id"] for project in before_and_after if project}:
                self.sync_hours(project_id)
        self.db.execute("INSERT OR IGNORE INTO payloads VALUES (?, ?)", [id, number])

    def sync_hours(self, id):
        """Write the hours of a project as they are now; the whole sum, so that it may be written twice."""
        row = self.db.execute("SELECT tracker_id FROM projects WHERE id = ?", [id]).fetchone()
        if row is None:
            return  # a project that the tracker does not know
        response = self.request("GET", f"/v2/projects/{id}")
        # A project that was deleted, or merged into another, has no hours any more.
        minutes = 0 if response.status_code == 404 else response.json()["minutes"]
        requests.put(f"{TRACKER}/projects/{row[0]}", json={"spent_minutes": minutes}, timeout=5).raise_for_status()

    def request(self, method, path, body=None, params=None, **headers):
        response = self.api.request(method, SERVER + path, json=body, params=params, headers=headers, timeout=5)
        if response.status_code not in (400, 404):
            response.raise_for_status()
        return response


class Server(HTTPServer):
    """Receives the webhook and the tracker's notices, one at a time, and looks at the tracker once a minute."""

    looks_at = 0
    sync = None

    def service_actions(self):
        if monotonic() < self.looks_at:
            return
        self.looks_at = monotonic() + LOOK_SECONDS
        try:
            # Everything until that has succeeded once, since hours may have changed while the bridge was away.
            (self.sync or self.bridge.sync_everything)()
            self.sync = self.bridge.sync_projects
        except requests.RequestException as error:
            print(f"Will try again in a minute: {error}", file=sys.stderr, flush=True)


class Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        try:
            if self.path == "/tracker":
                # Not signed, and not believed: it only says that it is time to look.
                self.server.bridge.sync_projects()
                return self.respond(204)
            payload = self.server.webhook.verify(body, dict(self.headers))
            number = self.headers["X-Hourhook-Sequence"]
            if number is not None:  # a ping has none
                self.server.bridge.receive(self.headers["webhook-id"], int(number), payload)
        except requests.RequestException as error:
            # The payload comes again.
            print(error, file=sys.stderr, flush=True)
            return self.respond(503)
        except (WebhookVerificationError, ValueError):
            return self.respond(403)
        return self.respond(204)

    def respond(self, status):
        self.send_response(status)
        self.end_headers()

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
        server = Server(("127.0.0.1", PORT), Handler)
    except OSError as error:
        sys.exit(f"Could not listen on port {PORT}: {error}")
    server.bridge = Bridge(os.environ.get("DATABASE", "bridge.db"), api)
    server.webhook = webhook
    print(f"Connecting {TRACKER} and {SERVER}, listening at http://127.0.0.1:{PORT}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
