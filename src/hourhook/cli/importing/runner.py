"""Import the lists of another server one after the other, with progress, a table at the end, and a recount."""

from collections.abc import Callable, Sequence

import msgspec

from hourhook.cli.importing.source import ListRefused, Source, SourceAccount
from hourhook.cli.tables import print_table
from hourhook.cli.terminal import Terminal
from hourhook.domain import directory
from hourhook.domain.imports.batches import SourceLists, Tally, recount
from hourhook.domain.imports.context import ImportContext
from hourhook.domain.links import Links
from hourhook.errors import OperatorError
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction

# Objects in one transaction: short ones, so that others can write in between.
BATCH_OBJECTS = 200
MAX_SHOWN_SKIPPED = 20

# In this order, because objects refer to earlier ones.
_LISTS = {
    "user": ("users", "/v2/users"),
    "team": ("teams", "/v2/teams"),
    "project_group": ("project groups", "/v2/project_groups"),
    "project": ("projects", "/v2/projects"),
    "tag": ("tags", "/v2/tags"),
    "entry": ("entries", "/v2/entries"),
    "expense": ("expenses", "/v2/expenses"),
    "invoice": ("invoices", "/v2/invoices"),
}
_AMOUNTS: dict[str, Callable[[int], str]] = {
    "entry": lambda minutes: f"{minutes} min",
    "expense": lambda hundredths: f"{hundredths / 100:.2f}",
    "invoice": lambda ten_thousandths: f"{ten_thousandths / 10_000:.2f}",
}


class ServerImport:
    """An import of one account into another."""

    def __init__(
        self,
        terminal: Terminal,
        database: Database,
        source: Source,
        account_id: int,
        links: Links,
        batch_objects: int = BATCH_OBJECTS,
    ) -> None:
        self._terminal = terminal
        self._database = database
        self._source = source
        self._account_id = account_id
        self._links = links
        self._batch_objects = batch_objects
        self._refused: list[str] = []

    def run(self, *, is_dry_run: bool, raises_events: bool) -> None:
        """Import everything, and print what became of it. Raises ``OperatorError``, also if the sums differ."""
        account = self._source.read_account()
        context = self._database.read_now(self._start, account, is_dry_run, raises_events)
        self._show(f"Reading account {account.name} at {self._source.url}")
        lists = SourceLists(context)
        tallies = {kind: self._import_list(lists, kind) for kind in _LISTS}
        self._terminal.set_footer([])
        self._show_table(tallies, is_dry_run)
        if not is_dry_run:
            self._check_sums(tallies, self._database.read_now(recount, context))

    def _start(self, tx: Transaction, account: SourceAccount, is_dry_run: bool, raises_events: bool) -> ImportContext:
        caller = directory.act_as_owner(tx, self._account_id, self._links)
        # Whatever the address under which the server was reached.
        identity = f"noko:{account.id}:{account.created_at}"
        if identity == f"noko:{caller.account_id}:{directory.account_created_at(tx, caller.account_id)}":
            raise OperatorError("--from is the account into which to import: name another server or account")
        context = ImportContext(identity, caller, is_dry_run, raises_events)
        context.load(tx)
        return context

    def _import_list(self, lists: SourceLists, kind: str) -> Tally:
        name, path = _LISTS[kind]
        tally = Tally()
        try:
            self._progress(name, tally)
            for page in self._source.read_list(path):
                for start in range(0, len(page), self._batch_objects):
                    batch = page[start : start + self._batch_objects]
                    tally.add(self._run(lists.import_batch, kind, batch, is_dry_run=lists.context.is_dry_run))
                    self._progress(name, tally)
        except ListRefused as refusal:
            self._refused.append(str(refusal))
        self._show(f"{name}: {tally.read} read, {tally.made} new")
        return tally

    def _run(
        self, function: Callable[..., Tally], kind: str, batch: Sequence[msgspec.Raw], *, is_dry_run: bool
    ) -> Tally:
        if is_dry_run:
            return self._database.read_now(function, kind, batch)
        return self._database.write_now(self._account_id, function, kind, batch)

    def _progress(self, name: str, tally: Tally) -> None:
        self._terminal.set_footer([(f"{name}: {tally.read} read, {tally.made} new …", "dim")])

    def _show(self, text: str) -> None:
        self._terminal.print_line([(text, "")])

    def _show_table(self, tallies: dict[str, Tally], is_dry_run: bool) -> None:
        self._terminal.print_line()
        titles = ("", "read", "would be made" if is_dry_run else "made", "here already", "imported before", "skipped")
        rows = [
            (_LISTS[kind][0], *map(str, (each.read, each.made, each.found, each.known, len(each.skipped))))
            for kind, each in tallies.items()
        ]
        print_table(titles, rows)
        for kind, each in tallies.items():
            for id, reason in each.skipped[:MAX_SHOWN_SKIPPED]:
                self._show(f"Skipped {kind.replace('_', ' ')} {id or '?'}: {reason}")
            if len(each.skipped) > MAX_SHOWN_SKIPPED:
                self._show(f"… and {len(each.skipped) - MAX_SHOWN_SKIPPED} more {_LISTS[kind][0]}")
        for refusal in self._refused:
            self._show(f"Not read: {refusal}")

    def _check_sums(self, tallies: dict[str, Tally], counted: dict[str, tuple[int, int]]) -> None:
        self._terminal.print_line()
        rows, differing = [], []
        for kind, (count, amount) in counted.items():
            name, show = _LISTS[kind][0], _AMOUNTS[kind]
            there, here = (tallies[kind].read, tallies[kind].amount), (count, amount)
            rows.append((name, f"{there[0]}, {show(there[1])}", f"{count}, {show(amount)}", _verdict(there == here)))
            if there != here:
                differing.append(name)
        print_table(("recount", "there", "here", ""), rows)
        if differing or self._refused:
            names = " and ".join(differing) or "lists that were not read"
            raise OperatorError(
                f"the sides differ in {names}: see above what was skipped or not read, or it was changed since an "
                "earlier import"
            )


def _verdict(is_equal: bool) -> str:
    return "equal" if is_equal else "differ"
