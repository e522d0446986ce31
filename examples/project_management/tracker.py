"""A very small project management tool, which stands for yours: a page, a JSON API, and a notice of each change.

    GET /projects            [{"id": 1, "name": "Harbour map", "spent_minutes": 0}]
    POST /projects           {"name": "Harbour map"}
    PUT /projects/1          {"name": "…"} or {"spent_minutes": 90}

After each change of a name it posts to NOTIFY. Settings are environment variables: PORT, DATABASE, NOTIFY.
"""

import html
import json
import os
import sqlite3
import sys
import threading
import urllib.parse
import urllib.request
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

PORT = int(os.environ.get("PORT", "9005"))
NOTIFY = os.environ.get("NOTIFY", "http://127.0.0.1:9004/tracker")
PAGE = """<!doctype html><meta charset="utf-8"><title>Projects</title>
<h1>Projects</h1><table><tr><th>Project<th>Hours{rows}</table>
<form method="post" action="/"><input name="name" required aria-label="Name"><button>New project</button></form>"""


class Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self):
        projects = self.list_projects()
        if self.path == "/projects":
            return self.respond(200, json.dumps(projects), "application/json")
        rows = [f"<tr><td>{html.escape(p['name'])}<td>{p['spent_minutes'] / 60:.2f}" for p in projects]
        return self.respond(200, PAGE.format(rows="".join(rows)), "text/html; charset=utf-8")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        name = urllib.parse.parse_qs(body)["name"][0] if self.path == "/" else json.loads(body)["name"]
        with self.server.db as db:
            db.execute("INSERT INTO projects (name) VALUES (?)", [name])
        self.respond(303 if self.path == "/" else 201, location="/")
        threading.Thread(target=notify, daemon=True).start()

    def do_PUT(self):
        changes = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)))
        id = int(self.path.removeprefix("/projects/"))
        with self.server.db as db:
            for key in changes.keys() & {"name", "spent_minutes"}:
                db.execute(f"UPDATE projects SET {key} = ? WHERE id = ?", [changes[key], id])
        self.respond(204)
        if "name" in changes:
            threading.Thread(target=notify, daemon=True).start()

    def list_projects(self):
        rows = self.server.db.execute("SELECT id, name, spent_minutes FROM projects ORDER BY id")
        return [dict(zip(("id", "name", "spent_minutes"), row, strict=True)) for row in rows]

    def respond(self, status, text="", type="text/plain", location=None):
        self.send_response(status)
        self.send_header("Content-Type", type)
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def notify():
    """Say once that something has changed; a receiver that misses it asks by itself, later."""
    with suppress(OSError):
        urllib.request.urlopen(NOTIFY, data=b"", timeout=5).close()


def main():
    try:
        server = HTTPServer(("127.0.0.1", PORT), Handler)
    except OSError as error:
        sys.exit(f"Could not listen on port {PORT}: {error}")
    server.db = sqlite3.connect(os.environ.get("DATABASE", "tracker.db"))
    server.db.execute(
        "CREATE TABLE IF NOT EXISTS projects "
        "(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, spent_minutes INTEGER DEFAULT 0)"
    )
    print(f"Tracker at http://127.0.0.1:{PORT}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
