"""Sums up each day by person and project, as a Markdown file or a mail. Run it every hour or so.

A day is summed up once it is over in all the time zones that are named; the date of an entry is the day of the person
who logged it, wherever they are. A day that changes later, because somebody logs or corrects time, is summed up anew.
It finds such days in the feed of events, so it needs no open port.

    python daily_summary.py --zone Europe/Berlin --zone America/New_York [--mail-to team@example.com]

Settings are environment variables: TOKEN (of a leader), SERVER, DATABASE, and for mail SMTP (host:port) and MAIL_FROM.
"""

import argparse
import hashlib
import os
import smtplib
import sqlite3
import sys
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

SERVER = os.environ.get("SERVER", "http://127.0.0.1:8080")
# How far back it catches up, and follows corrections.
MAX_DAYS = 31

SCHEMA = """
CREATE TABLE IF NOT EXISTS days (day TEXT PRIMARY KEY, text TEXT);
CREATE TABLE IF NOT EXISTS changed (day TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS follower (position INTEGER);
"""


def last_day_over(now, zones):
    """Return the last day that is over in all zones."""
    return min(now.astimezone(zone).date() for zone in zones) - timedelta(days=1)


def sum_up(db, api, last_day, publish):
    """Publish the summaries of days that are over, and of those that have changed since."""
    follow_changes(db, api)
    [newest] = db.execute("SELECT max(day) FROM days").fetchone()
    earliest = last_day - timedelta(days=MAX_DAYS - 1)
    first = last_day if newest is None else max(date.fromisoformat(newest) + timedelta(days=1), earliest)
    new = {first + timedelta(days=number) for number in range((last_day - first).days + 1)}
    changed = {date.fromisoformat(day) for [day] in db.execute("SELECT day FROM changed")}
    known = {date.fromisoformat(day) for [day] in db.execute("SELECT day FROM days")}
    for day in sorted(new | {day for day in changed & known if day >= earliest}):
        text = summary(day, read_entries(api, day))
        [old] = db.execute("SELECT text FROM days WHERE day = ?", [str(day)]).fetchone() or [None]
        if text != old:
            with db:
                # From here on it is unknown what was published last, so a crash makes the next run publish again.
                db.execute("INSERT OR REPLACE INTO days VALUES (?, NULL)", [str(day)])
                db.execute("INSERT OR IGNORE INTO changed VALUES (?)", [str(day)])
            publish(day, text, is_correction=old is not None)
        with db:
            db.execute("UPDATE days SET text = ? WHERE day = ?", [text, str(day)])
            db.execute("DELETE FROM changed WHERE day = ?", [str(day)])


def follow_changes(db, api):
    """Note the days of all entries that have changed since the last run."""
    [position] = db.execute("SELECT max(position) FROM follower").fetchone()
    if position is None:
        response = get(api, "/v2/entries?per_page=1")
        with db:
            move_to(db, int(response.headers["X-Hourhook-Position"]))
        return
    events = True
    while events:
        response = api.get(f"{SERVER}/v2/events?types=entry.*&limit=1000&after={position}", timeout=30)
        if response.status_code == 400 and '"expired"' in response.text:
            # It has not run for longer than events are kept: look at every day again.
            with db:
                db.execute("INSERT OR IGNORE INTO changed SELECT day FROM days")
                db.execute("DELETE FROM follower")
            follow_changes(db, api)
            return
        response.raise_for_status()
        events = response.json()
        position = int(response.headers["X-Hourhook-Position"])
        with db:
            for event in events:
                # An entry that has moved to another day changes both.
                days = {event["object"]["date"], *event["changes"].get("date", [])}
                db.executemany("INSERT OR IGNORE INTO changed VALUES (?)", [[day] for day in days])
            db.execute("DELETE FROM changed WHERE day NOT IN (SELECT day FROM days)")
            move_to(db, position)


def move_to(db, position):
    db.execute("DELETE FROM follower")
    db.execute("INSERT INTO follower VALUES (?)", [position])


def read_entries(api, day):
    url = f"/v2/entries?from={day}&to={day}&after_id=0&per_page=1000"
    while url:
        response = get(api, url)
        yield from response.json()
        url = response.links.get("next", {}).get("url")


def get(api, path):
    response = api.get(path if path.startswith("http") else SERVER + path, timeout=30)
    response.raise_for_status()
    return response


def summary(day, entries):
    """Return the summary of a day as Markdown."""
    people = defaultdict(lambda: defaultdict(int))
    for entry in entries:
        user, project = entry["user"], entry["project"]
        person = " ".join(filter(None, [user["first_name"], user["last_name"]])) or user["email"]
        people[person, user["id"]][project["name"] if project else "no project"] += entry["minutes"]
    lines = [f"# {day:%A}, {day.day} {day:%B %Y}", ""]
    if not people:
        return "\n".join([*lines, "Nobody has logged time.", ""])
    lines += ["| person | project | time |", "|---|---|--:|"]
    for key in sorted(people, key=lambda each: (each[0].casefold(), each[1])):
        person, projects = key[0], people[key]
        for project, minutes in sorted(projects.items(), key=lambda each: (-each[1], each[0])):
            lines.append(f"| {cell(person)} | {cell(project)} | {hours(minutes)} |")
        if len(projects) > 1:
            lines.append(f"| **{cell(person)}** | | **{hours(sum(projects.values()))}** |")
    total = sum(sum(projects.values()) for projects in people.values())
    return "\n".join([*lines, f"| **all** | | **{hours(total)}** |", ""])


def cell(text):
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").split())


def hours(minutes):
    return f"{minutes // 60}:{minutes % 60:02}"


def write_file(day, text, *, is_correction):
    folder = Path("summaries")
    folder.mkdir(exist_ok=True)
    path = folder / f"{day}.md"
    path.write_text(text, encoding="utf-8")
    print(f"{'corrected' if is_correction else 'wrote'} {path}")


def mailer(to):
    host, _, port = os.environ.get("SMTP", "localhost:25").partition(":")

    def send(day, text, *, is_correction):
        mail = EmailMessage()
        mail["From"] = os.environ.get("MAIL_FROM", to)
        mail["To"] = to
        mail["Subject"] = f"Time of {day}{' (corrected)' if is_correction else ''}"
        # The same for the same text.
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        mail["Message-ID"] = f"<{day}.{digest}@daily-summary.invalid>"
        mail.set_content(text)
        with smtplib.SMTP(host, int(port or 25), timeout=30) as smtp:
            smtp.send_message(mail)
        print(f"sent {mail['Subject']}")

    return send


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--zone", action="append", required=True, help="a time zone that people work in; repeatable")
    parser.add_argument("--mail-to", help="mail summaries to this address, instead of writing files to summaries/")
    parser.add_argument("--now", help="act as at this time, such as 2026-12-01T09:00:00+00:00")
    options = parser.parse_args()
    if not os.environ.get("TOKEN"):
        sys.exit("Set TOKEN to a token of a leader or a supervisor.")
    try:
        zones = [ZoneInfo(name) for name in options.zone]
        now = datetime.fromisoformat(options.now).astimezone(UTC) if options.now else datetime.now(UTC)
    except (ZoneInfoNotFoundError, ValueError) as error:
        sys.exit(f"Could not read the options: {error}")
    api = requests.Session()
    api.headers["X-NokoToken"] = os.environ["TOKEN"]
    api.mount("http", HTTPAdapter(max_retries=Retry(total=3, backoff_factor=0.3, status_forcelist=(429, 503))))
    db = sqlite3.connect(os.environ.get("DATABASE", "daily_summary.db"))
    db.executescript(SCHEMA)
    publish = mailer(options.mail_to) if options.mail_to else write_file
    try:
        sum_up(db, api, last_day_over(now, zones), publish)
    except requests.ConnectionError:
        sys.exit(f"{SERVER} does not answer: is it running?")
    except (OSError, smtplib.SMTPException) as error:  # a refused request, a mail server, a disk
        sys.exit(f"Could not sum up: {error}")


if __name__ == "__main__":
    main()
