"""Keeps a plain-text ledger of all invoices, which beancount and hledger read.

A webhook says which invoice has changed; the program reads it and its breakdown from the API, and writes the ledger
anew. The ledger is a function of the invoices alone: repeats change nothing, a corrected invoice is corrected, a
deleted one is gone.

Settings are environment variables: TOKEN (of a leader), SECRET (of the webhook), SERVER, PORT, DATABASE and LEDGER.
"""

import os
import sqlite3
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from standardwebhooks import Webhook, WebhookVerificationError
from urllib3 import Retry

SERVER = os.environ.get("SERVER", "http://127.0.0.1:8080")
PORT = int(os.environ.get("PORT", "9002"))

# Your chart of accounts.
RECEIVABLE = "Assets:Receivable"
BANK = "Assets:Bank"
TIME = "Income:Time"
EXPENSES = "Income:Expenses"
TAX = "Liabilities:Tax"

SCHEMA = """
CREATE TABLE IF NOT EXISTS invoices (id INTEGER PRIMARY KEY, date TEXT, text TEXT);
CREATE TABLE IF NOT EXISTS payloads (id TEXT PRIMARY KEY, number INTEGER);
"""


class Ledger:
    """The transactions of all invoices, in a database and in a file."""

    def __init__(self, database, path, api):
        self.api = api
        self.path = path
        self.db = sqlite3.connect(database)
        self.db.executescript(SCHEMA)
        if self.last_number() is None:
            with self.db:
                self.read_everything()
                self.remember("none yet", 0)
        # The file may be older than the database, if the program was killed in between.
        self.write()

    def receive(self, id, number, payload):
        """Bring the invoice of a payload up to date, and remember the payload in the same transaction."""
        with self.db:
            if not self.db.execute("SELECT 1 FROM payloads WHERE id = ?", [id]).fetchone():
                if number == self.last_number() + 1:
                    self.read_invoice(payload["object"]["id"])
                else:
                    # Payloads are missing, or the server was restored from a backup.
                    print(f"payload {number} after {self.last_number()}: reading everything", flush=True)
                    self.read_everything()
                self.remember(id, number)
        # Also for a repeat, since the file may have been the reason for it.
        self.write()

    def read_everything(self):
        self.db.execute("DELETE FROM invoices")
        url = f"{SERVER}/v2/invoices?after_id=0&per_page=1000"
        while url:
            response = self.get(url)
            response.raise_for_status()
            for invoice in response.json():
                self.read_invoice(invoice["id"])
            url = response.links.get("next", {}).get("url")

    def read_invoice(self, id):
        """Read an invoice as it is now, whatever the payload says: a later one may be on its way."""
        invoice = self.get(f"{SERVER}/v2/invoices/{id}")
        breakdown = self.get(f"{SERVER}/v2/invoices/{id}/breakdown")
        if 404 in (invoice.status_code, breakdown.status_code):
            self.db.execute("DELETE FROM invoices WHERE id = ?", [id])
            return
        for response in (invoice, breakdown):
            response.raise_for_status()
        values = [id, invoice.json()["invoice_date"], transactions(invoice.json(), breakdown.json())]
        self.db.execute("INSERT OR REPLACE INTO invoices VALUES (?, ?, ?)", values)

    def get(self, url):
        return self.api.get(url, timeout=5)

    def write(self):
        """Replace the file at once, so that no reader sees half of it."""
        accounts = sorted({BANK, EXPENSES, RECEIVABLE, TAX, TIME})
        parts = ["; Written by bookkeeping.py: changes are lost.\n\n"]
        parts += [f"1970-01-01 open {account}\n" for account in accounts]
        parts += [text for [text] in self.db.execute("SELECT text FROM invoices ORDER BY date, id")]
        new = self.path.with_name(self.path.name + ".new")
        new.write_text("".join(parts), encoding="utf-8")
        new.replace(self.path)

    def last_number(self):
        row = self.db.execute("SELECT number FROM payloads ORDER BY rowid DESC LIMIT 1").fetchone()
        return row and row[0]

    def remember(self, id, number):
        self.db.execute("INSERT INTO payloads VALUES (?, ?)", [id, number])


def transactions(invoice, breakdown):
    """Return the transactions of an invoice, in the words that beancount and hledger share."""
    total, currency = breakdown["total_amount"], breakdown["currency_code"]
    payee = (invoice["recipient_details"].splitlines() or [""])[0]
    what = f"Invoice {invoice['reference']}"
    header = f'* "{quoted(payee)}" "{quoted(what)}{{}}" ^invoice-{invoice["id"]}\n'
    lines = [f"\n{invoice['invoice_date']} {header.format('')}", posting(RECEIVABLE, total, currency)]
    for time in breakdown["time"]:
        if "flat_rate" in time:
            comment = "flat rate"
        else:
            person = " ".join(filter(None, [time["user"]["first_name"], time["user"]["last_name"]]))
            comment = f"{person or time['user']['email']}, {time['minutes']} min at {time['rate']}"
        lines.append(posting(TIME, negated(time["amount"]), currency, comment))
    for key, comment in (("taxable_amount", "expenses"), ("taxfree_amount", "expenses without tax")):
        if float(breakdown["expenses"][key]):
            lines.append(posting(EXPENSES, negated(breakdown["expenses"][key]), currency, comment))
    for tax in breakdown["taxes"]:
        comment = f"{tax['name'] or 'tax'}, {tax['percentage']} %"
        lines.append(posting(TAX, negated(tax["amount"]), currency, comment))
    if invoice["payment"]:
        paid_on = invoice["payment"]["paid_at"][:10]
        lines += [f"\n{paid_on} {header.format(' paid')}"]
        lines += [posting(BANK, total, currency), posting(RECEIVABLE, negated(total), currency)]
    return "".join(lines)


def posting(account, amount, currency, comment=""):
    # Amounts are strings all the way: nothing is rounded.
    line = f"  {account:24} {amount:>15} {currency}"
    return f"{line}  ; {' '.join(comment.split())}\n" if comment else f"{line}\n"


def negated(amount):
    return amount.removeprefix("-") if amount.startswith("-") else f"-{amount}"


def quoted(text):
    """Return a text that can stand between quotes on one line; a semicolon begins a comment in hledger."""
    return " ".join(text.replace("\\", "\\\\").replace('"', "'").replace(";", ",").split())


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
            self.server.ledger.receive(self.headers["webhook-id"], int(number), payload)
        except OSError as error:
            # A server that does not answer, or a full disk. The payload comes again.
            print(error, file=sys.stderr, flush=True)
            return self.respond(503)
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
    ledger = Path(os.environ.get("LEDGER", "invoices.beancount"))
    api = requests.Session()
    api.headers["X-NokoToken"] = token
    api.mount("http", HTTPAdapter(max_retries=Retry(total=3, backoff_factor=0.3, status_forcelist=(429, 503))))
    try:
        server = HTTPServer(("127.0.0.1", PORT), Handler)
        server.ledger = Ledger(os.environ.get("DATABASE", "bookkeeping.db"), ledger, api)
    except requests.ConnectionError:
        sys.exit(f"{SERVER} does not answer: is it running?")
    except OSError as error:  # a port in use, and a refused request
        sys.exit(f"Could not start: {error}")
    server.webhook = webhook
    print(f"Writing {ledger}, and listening at http://127.0.0.1:{PORT}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
