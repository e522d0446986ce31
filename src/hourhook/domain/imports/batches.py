"""Import the objects of a list in batches, each in one transaction, and recount what has been imported."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, select

from hourhook.domain.imports.context import ImportContext
from hourhook.domain.imports.invoices import import_invoice
from hourhook.domain.imports.people import import_team, import_user
from hourhook.domain.imports.projects import import_group, import_project, import_tag
from hourhook.domain.imports.source_objects import (
    SkippedObject,
    SourceEntry,
    SourceExpense,
    SourceGroup,
    SourceInvoice,
    SourceObject,
    SourceProject,
    SourceTag,
    SourceTeam,
    SourceUser,
    to_hundredths,
    to_ten_thousandths,
)
from hourhook.domain.imports.work import import_entry, import_expense
from hourhook.store.schema import entries, expenses, imported_objects, invoices
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

# Not where the backslash itself is escaped.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


@dataclass
class Tally:
    """What has become of the objects of one kind, and the sum of their amounts at the source.

    ``found`` are those that were here under the same name, ``known`` those that an earlier run has imported.
    """

    read: int = 0
    made: int = 0
    found: int = 0
    known: int = 0
    # The id, 0 if there is none, and the reason of each.
    skipped: list[tuple[int, str]] = field(default_factory=list)
    amount: int = 0

    def add(self, other: "Tally") -> None:
        """Add what another batch of the same kind has done."""
        self.read += other.read
        self.made += other.made
        self.found += other.found
        self.known += other.known
        self.skipped += other.skipped
        self.amount += other.amount


@dataclass
class InvoiceItems:
    """The entries and expenses of invoices by the id at the source, collected while entries and expenses are read."""

    entry_ids: dict[int, list[int]] = field(default_factory=dict)
    expense_ids: dict[int, list[int]] = field(default_factory=dict)


class SourceLists:
    """Imports the lists of one source; the order of ``KINDS`` matters, since objects refer to earlier ones."""

    def __init__(self, context: ImportContext) -> None:
        self.context = context
        self._items = InvoiceItems()
        self._seen: set[tuple[str, int]] = set()

    def import_batch(self, tx: Transaction, kind: str, batch: Sequence[msgspec.Raw]) -> Tally:
        """Import objects as the source has sent them. One that was seen before, on another page, does not count."""
        tally = Tally()
        for raw in batch:
            id = find_id(raw)
            if (kind, id) in self._seen:
                continue
            tally.read += 1
            if id:
                self._seen.add((kind, id))
            try:
                decoded = _decode(kind, raw)
                tally.amount += _amount(decoded)
                if self.context.find(tx, kind, id) is not None:
                    tally.known += 1
                elif self._import(tx, decoded):
                    tally.made += 1
                else:
                    tally.found += 1
                self._note_invoice(tx, kind, decoded)
            except SkippedObject as reason:
                tally.skipped.append((id, str(reason)))
        return tally

    def _import(self, tx: Transaction, decoded: SourceObject) -> bool:
        if isinstance(decoded, SourceInvoice):
            entry_ids = self._items.entry_ids.get(decoded.id, [])
            return import_invoice(tx, self.context, decoded, entry_ids, self._items.expense_ids.get(decoded.id, []))
        importer: Callable[[Transaction, ImportContext, Any], bool] = _IMPORTERS[type(decoded)]
        return importer(tx, self.context, decoded)

    def _note_invoice(self, tx: Transaction, kind: str, decoded: SourceObject) -> None:
        if isinstance(decoded, SourceEntry | SourceExpense) and decoded.invoice is not None:
            ids = self._items.entry_ids if isinstance(decoded, SourceEntry) else self._items.expense_ids
            target_id = self.context.find(tx, kind, decoded.id)
            assert target_id is not None
            ids.setdefault(decoded.invoice.id, []).append(target_id)


class _WithId(msgspec.Struct):
    id: int


def find_id(raw: msgspec.Raw) -> int:
    """Return the id of an object; 0 if it has none."""
    try:
        return msgspec.json.decode(raw, type=_WithId).id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 0


def recount(tx: Transaction, context: ImportContext) -> dict[str, tuple[int, int]]:
    """Return how many entries, expenses and invoices have been imported from the source and still exist.

    With each number comes the sum: of minutes, of prices in hundredths, of totals in ten-thousandths.
    """
    found = {}
    for kind, statement in _RECOUNTS.items():
        row = tx.one(statement, account=context.caller.account_id, source=context.source)
        assert row is not None
        found[kind] = (row.count, int(row.amount or 0))
    return found


def _decode(kind: str, raw: msgspec.Raw) -> SourceObject:
    if _NUL.search(raw):
        raise SkippedObject("it contains the character U+0000, which cannot be stored")
    try:
        decoded: SourceObject = _DECODERS[kind].decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SkippedObject(f"it is not as the API documents it: {error}") from None
    return decoded


def _amount(decoded: SourceObject) -> int:
    match decoded:
        case SourceEntry(minutes=minutes):
            return minutes
        case SourceExpense(price=price):
            return _or_zero(to_hundredths, price)
        case SourceInvoice(total_amount=total):
            return _or_zero(to_ten_thousandths, total)
    return 0


def _or_zero(scale: Callable[[Decimal], int], number: Decimal) -> int:
    try:
        return scale(number)
    except SkippedObject:
        return 0


KINDS: dict[str, type[SourceObject]] = {
    "user": SourceUser,
    "team": SourceTeam,
    "project_group": SourceGroup,
    "project": SourceProject,
    "tag": SourceTag,
    "entry": SourceEntry,
    "expense": SourceExpense,
    "invoice": SourceInvoice,
}
_DECODERS = {kind: msgspec.json.Decoder(type_) for kind, type_ in KINDS.items()}
_IMPORTERS: dict[type[SourceObject], Callable[[Transaction, ImportContext, Any], bool]] = {
    SourceUser: import_user,
    SourceTeam: import_team,
    SourceGroup: import_group,
    SourceProject: import_project,
    SourceTag: import_tag,
    SourceEntry: import_entry,
    SourceExpense: import_expense,
}

_RECOUNTS = {
    kind: Statement(
        select(func.count().label("count"), func.sum(table.c[amount]).label("amount"))
        .join_from(
            imported_objects,
            table,
            (table.c.account_id == imported_objects.c.account_id) & (table.c.id == imported_objects.c.target_id),
        )
        .where(
            imported_objects.c.account_id == bindparam("account"),
            imported_objects.c.source == bindparam("source"),
            imported_objects.c.kind == kind,
        )
    )
    for kind, table, amount in (
        ("entry", entries, "minutes"),
        ("expense", expenses, "price"),
        ("invoice", invoices, "total_amount"),
    )
}
