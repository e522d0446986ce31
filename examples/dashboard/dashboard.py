"""Shows on a page what people log, the moment they log it.

It copies the entries of the last days, follows the stream of events from exactly there, and pushes the sums to every
open page. The position in the stream is kept with the copy, so a restart of either side misses and repeats nothing.

Settings are environment variables: TOKEN (of a leader), SERVER, PORT and DATABASE.
"""

import json
import os
import sqlite3
import sys
import threading
from contextlib import suppress
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

SERVER = os.environ.get("SERVER", "http://127.0.0.1:8080")
PORT = int(os.environ.get("PORT", "9003"))
DATABASE = os.environ.get("DATABASE", "dashboard.db")
DAYS = 7
PAGE = Path(__file__).with_name("dashboard.html")

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY, position INTEGER, date TEXT, person TEXT, project TEXT, minutes INTEGER, description TEXT
);
CREATE TABLE IF NOT EXISTS follower (position INTEGER);
"""


class Follower:
    """Follows the stream of events, and keeps a copy of the entries."""

    def __init__(self, token):
        self.api = requests.Session()
        self.api.headers["X-NokoToken"] = token
        self.changed = threading.Condition()
        self.state = json.dumps({"position": 0, "problem": "starting", "sums": [], "latest": []})

    def run(self):
        self.db = sqlite3.connect(DATABASE)
        self.db.row_factory = sqlite3.Row
        self.db.executescript(SCHEMA)
        while True:
            try:
                if self.position() is None:
                    self.copy()
                self.follow()
            except requests.HTTPError as error:
                self.publish(f"{error.response.status_code}: {error.response.text or error.response.reason}")
            except requests.RequestException:
                self.publish("The server does not answer.")
            threading.Event().wait(1)

    def copy(self):
        """Read the entries of the last days, each with the position of the response that it came in."""
        url = f"{SERVER}/v2/entries?from={first_day()}&after_id=0&per_page=1000"
        position = None
        with self.db:
            self.db.execute("DELETE FROM entries")
            while url:
                response = self.api.get(url, timeout=30)
                response.raise_for_status()
                read_at = int(response.headers["X-Hourhook-Position"])
                position = read_at if position is None else position
                for entry in response.json():
                    self.put(entry, read_at)
                url = response.links.get("next", {}).get("url")
            self.move_to(position)

    def follow(self):
        """Apply events as they happen, until the connection ends."""
        url = f"{SERVER}/v2/events/stream?types=entry.created,entry.updated,entry.deleted"
        headers = {"Last-Event-ID": str(self.position())}
        # A comment comes every 15 seconds, so silence means that the connection is dead.
        with self.api.get(url, headers=headers, stream=True, timeout=(5, 40)) as response:
            if response.status_code == 400 and '"expired"' in response.text:
                # Away for longer than events are kept: begin anew.
                self.copy()
                return
            response.raise_for_status()
            self.publish(None)
            response.encoding = "utf-8"
            for line in response.iter_lines():
                if line.startswith(b"data:"):
                    self.apply(json.loads(line[5:]))
                    self.publish(None)

    def apply(self, event):
        entry, position = event["object"], event["position"]
        with self.db:
            # A copied entry may be newer than the event.
            known = self.db.execute("SELECT position FROM entries WHERE id = ?", [entry["id"]]).fetchone()
            if known is None or known["position"] < position:
                if event["type"] == "entry.deleted":
                    self.db.execute("DELETE FROM entries WHERE id = ?", [entry["id"]])
                else:
                    self.put(entry, position)
            self.move_to(position)

    def put(self, entry, position):
        user, project = entry["user"], entry["project"]
        person = " ".join(filter(None, [user["first_name"], user["last_name"]])) or user["email"]
        values = [entry["id"], position, entry["date"], person, project and project["name"], entry["minutes"]]
        self.db.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", [*values, entry["description"]])

    def move_to(self, position):
        self.db.execute("DELETE FROM follower")
        self.db.execute("INSERT INTO follower VALUES (?)", [position])

    def position(self):
        return self.db.execute("SELECT max(position) FROM follower").fetchone()[0]

    def publish(self, problem):
        """Tell every open page."""
        sums = self.db.execute(
            "SELECT date, person, project, sum(minutes) AS minutes FROM entries WHERE date >= ? "
            "GROUP BY date, person, project ORDER BY date DESC, person, project",
            [first_day()],
        )
        latest = self.db.execute("SELECT * FROM entries ORDER BY position DESC, id DESC LIMIT 10")
        state = {
            "position": self.position(),
            "problem": problem,
            "sums": [dict(row) for row in sums],
            "latest": [dict(row) for row in latest],
        }
        with self.changed:
            self.state = json.dumps(state)
            self.changed.notify_all()


def first_day():
    return str(date.today() - timedelta(days=DAYS - 1))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            self.begin("text/html; charset=utf-8")
            self.wfile.write(PAGE.read_bytes())
        elif self.path == "/state.json":
            self.begin("application/json")
            self.wfile.write(self.server.follower.state.encode())
        elif self.path == "/states":
            self.send_states()
        else:
            self.send_error(404)

    def begin(self, type):
        self.send_response(200)
        self.send_header("Content-Type", type)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()

    def send_states(self):
        """Send the whole state at each change: a page that was away is right as soon as it is back."""
        self.begin("text/event-stream")
        follower, sent = self.server.follower, None
        try:
            while True:
                with follower.changed:
                    if follower.state is sent:
                        follower.changed.wait(15)
                    state = follower.state
                self.wfile.write(b": alive\n\n" if state is sent else f"data: {state}\n\n".encode())
                sent = state
        except OSError:
            pass  # the page was closed

    def log_message(self, *_):
        pass


def main():
    if not os.environ.get("TOKEN"):
        sys.exit("Set TOKEN to a token of a leader or a supervisor.")
    follower = Follower(os.environ["TOKEN"])
    try:
        server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
    except OSError as error:
        sys.exit(f"Could not listen on port {PORT}: {error}")
    server.daemon_threads = True
    server.follower = follower
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"Dashboard at http://127.0.0.1:{PORT}/", flush=True)
    follower.run()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
