"""``examples/bookkeeping``: beancount and hledger accept the ledger, and its balances are those of the invoices."""

import shutil
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.example_programs import MakeProgram, Program, RestartableServer, free_port

DAY = "2026-11-23"
# Reads a ledger as ``bean-check`` does, and prints the balance of each account and currency.
BALANCES = """
import sys
from collections import defaultdict
from decimal import Decimal
from beancount.core.data import Transaction
from beancount.loader import load_file
entries, errors, _ = load_file(sys.argv[1])
sys.exit(str(errors)) if errors else None
sums = defaultdict(Decimal)
for entry in entries:
    for posting in entry.postings if isinstance(entry, Transaction) else []:
        sums[posting.account, posting.units.currency] += posting.units.number
for (account, currency), amount in sums.items():
    print(account, currency, amount)
"""


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def webhook(live: RestartableServer, port: int) -> dict[str, Any]:
    return live.create_webhook(port, "invoice.created,invoice.updated,invoice.deleted")


@pytest.fixture
def bookkeeping(make_program: MakeProgram, webhook: dict[str, Any], port: int) -> Program:
    return make_program("bookkeeping/bookkeeping.py", SECRET=webhook["secret"], PORT=str(port))


def test_the_ledger_follows_invoices_through_restarts_replays_and_skipped_payloads(
    live: RestartableServer, webhook: dict[str, Any], bookkeeping: Program
) -> None:
    ledger = bookkeeping.folder / "invoices.beancount"
    first = create_invoice(live, minutes=50, rate=95.55, taxes=[{"name": "VAT", "percentage": 19.3}])
    bookkeeping.start()
    assert_right(live, webhook, ledger)

    text = 'Acme "Inc"; Söhne\\\nHarbour 1'
    second = create_invoice(live, minutes=25, rate=33.33, recipient_details=text, currency="JPY")
    third = create_invoice(live, minutes=10, rate=1.125, taxes=[{"percentage": 7}], currency="KWD")
    create_invoice(live, minutes=0, rate=10, reference="")
    live.send("PUT", f"{first['url']}/paid")
    bookkeeping.kill()
    live.send("PUT", second["url"], {"rate_calculation": {"calculation_method": "flat_rate", "flat_rate": 1200}})
    live.restart()
    expense = live.send("POST", "/v2/expenses", {"date": DAY, "price": 12.5, "taxable": False, "project_id": 1})
    live.send("PUT", f"{third['url']}/add_expenses", {"expense_ids": [expense["id"]]})
    bookkeeping.start()
    assert_right(live, webhook, ledger)

    before = ledger.read_bytes()
    live.send("PUT", f"/v2/webhooks/{webhook['id']}/replay", {"sequence": 1})
    live.wait_until_delivered(webhook)
    bookkeeping.kill()
    ledger.unlink()
    bookkeeping.start()
    assert ledger.read_bytes() == before

    live.send("PUT", f"{first['url']}/unpaid")
    bookkeeping.kill()
    live.send("DELETE", second["url"])
    live.skip_failing(webhook)
    bookkeeping.start()
    live.send("PUT", first["url"], {"reference": "INV-7"})
    assert_right(live, webhook, ledger)
    assert "INV-7" in ledger.read_text()
    assert "JPY" not in ledger.read_text()
    assert "reading everything" in bookkeeping.output


def create_invoice(
    live: RestartableServer,
    minutes: int,
    rate: float,
    taxes: Any = (),
    currency: str = "EUR",
    **values: Any,
) -> Any:
    entry = live.log(DAY, minutes, project_name="Harbour map")
    return live.send(
        "POST",
        "/v2/invoices",
        {
            "invoice_date": DAY,
            "entry_ids": [entry["id"]],
            "rate_calculation": {"calculation_method": "standard_hourly_rate", "standard_hourly_rate": rate},
            "taxes": [*taxes],
            "customization": {"currency_code": currency},
            **values,
        },
    )


def assert_right(live: RestartableServer, webhook: dict[str, Any], ledger: Path) -> None:
    """Compare the balances with the invoices, by beancount, and by hledger where it is installed."""
    live.wait_until_delivered(webhook)
    expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for invoice in live.send("GET", "/v2/invoices"):
        account = "Assets:Bank" if invoice["state"] == "paid" else "Assets:Receivable"
        breakdown = live.send("GET", f"{invoice['url']}/breakdown")
        expected[account, breakdown["currency_code"]] += Decimal(breakdown["total_amount"])
    expected = {key: amount for key, amount in expected.items() if amount}

    completed = subprocess.run([sys.executable, "-c", BALANCES, ledger], capture_output=True, text=True)
    assert completed.returncode == 0, completed.stderr + ledger.read_text()
    found: dict[tuple[str, str], Decimal] = {}
    for line in completed.stdout.splitlines():
        account, currency, amount = line.split()
        if account.startswith("Assets:") and Decimal(amount):
            found[account, currency] = Decimal(amount)
    assert found == expected
    if hledger := shutil.which("hledger"):
        subprocess.run([hledger, "-f", ledger, "check"], check=True, capture_output=True)
