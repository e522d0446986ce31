"""What an import knows while it runs: what has become of each object of the source, and on whose behalf it writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from sqlalchemy import Table, bindparam, case, delete, select, update

from hourhook.domain.callers import Caller
from hourhook.domain.imports.source_objects import SourceObject, parse_moment
from hourhook.errors import OperatorError
from hourhook.store.schema import (
    accounts,
    imported_objects,
    project_groups,
    projects,
    tags,
    teams,
    users,
)
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction

S = TypeVar("S", bound=SourceObject)
Key = tuple[str, str]
"""The kind of an object, and its id at the source."""

# What later objects refer to, and so must still exist.
REFERENCED = {"user": users, "team": teams, "project_group": project_groups, "project": projects, "tag": tags}


@dataclass
class ImportContext:
    """One import. In a dry run nothing is written, and new objects have negative ids.

    ``source`` identifies the account at the other server, or the kind of file. ``caller`` is the owner of the account.
    """

    source: str
    caller: Caller
    is_dry_run: bool = False
    raises_events: bool = False
    _targets: dict[Key, int] = field(default_factory=dict)
    # Imported by an earlier run, and deleted since.
    _deleted: set[Key] = field(default_factory=set)
    _last_fake_id: int = 0

    def load(self, tx: Transaction) -> None:
        """Read what earlier runs have imported; objects that others refer to must still exist."""
        account = self.caller.account_id
        existing = {kind: {row.id for row in tx.all(_IDS[kind], account=account)} for kind in REFERENCED}
        for row in tx.all(_IMPORTED, account=account, source=self.source):
            if row.kind in existing and row.target_id not in existing[row.kind]:
                self._deleted.add((row.kind, row.source_id))
            else:
                self._targets[row.kind, row.source_id] = row.target_id

    def is_known(self, kind: str, source_id: object) -> bool:
        """Return whether an earlier transaction has imported an object."""
        return (kind, str(source_id)) in self._targets

    def find(self, tx: Transaction, kind: str, source_id: object) -> int | None:
        """Return the id here of an object of the source, if it has been imported."""
        key = kind, str(source_id)
        pending: dict[Key, int] = tx.state.get("imported", {})
        return pending.get(key) or self._targets.get(key)

    def adopt(self, tx: Transaction, kind: str, source_id: object, key: str) -> bool:
        """Let an object be the one here whose name or address has this search key; return whether there is one."""
        found = find_by_key(tx, kind, key, self.caller.account_id)
        if found is not None:
            self.add(tx, kind, source_id, found)
        return found is not None

    def resolve(self, tx: Transaction, kind: str, source: S, make: Callable[[Transaction, Self, S], bool]) -> int:
        """Return the id here of an object that another one names; one that was in no list is made from its summary."""
        if self.find(tx, kind, source.id) is None:
            make(tx, self, source)
        found = self.find(tx, kind, source.id)
        assert found is not None
        return found

    def add(self, tx: Transaction, kind: str, source_id: object, target_id: int) -> None:
        """Store what an object has become, in the same transaction."""
        key = kind, str(source_id)
        if self.is_dry_run:
            self._targets[key] = target_id
            return
        pending: dict[Key, int] | None = tx.state.get("imported")
        if pending is None:
            pending = tx.state["imported"] = {}
            tx.before_commit(self._store)
            tx.after_commit(lambda: self._take_over(pending))
        pending[key] = target_id

    def insert(self, tx: Transaction, table: Table, source: SourceObject, **values: Any) -> int:
        """Insert a row with the times of the source; return its id."""
        if self.is_dry_run:
            self._last_fake_id -= 1
            return self._last_fake_id
        created_at = tx.event_time if source.created_at is None else parse_moment(source.created_at)
        updated_at = created_at if source.updated_at is None else parse_moment(source.updated_at)
        return tx.insert(
            table, account_id=tx.account_id, **values, created_at=created_at, updated_at=max(created_at, updated_at)
        )

    def insert_many(
        self, tx: Transaction, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert rows of a table without ids; ``account_id`` is added to each."""
        if not self.is_dry_run:
            tx.insert_many(table, ("account_id", *columns), [(tx.account_id, *row) for row in rows])

    def _store(self, tx: Transaction) -> None:
        pending: dict[Key, int] = tx.state["imported"]
        kinds, ids = {kind for kind, _ in pending}, [source_id for _, source_id in pending]
        found = tx.all(_IMPORTED_SINCE, account=tx.account_id, source=self.source, kinds=[*kinds], ids=ids)
        if not {(row.kind, row.source_id) for row in found}.isdisjoint(pending.keys() - self._deleted):
            raise OperatorError(
                "another import of the same source is running: wait until it has ended, then repeat the command"
            )
        for kind, source_id in self._deleted & pending.keys():
            tx.execute_later(_FORGET, account=tx.account_id, source=self.source, kind=kind, source_id=source_id)
        rows = [(self.source, kind, source_id, id) for (kind, source_id), id in pending.items()]
        self.insert_many(tx, imported_objects, ("source", "kind", "source_id", "target_id"), rows)
        # Without an event: so that the cached totals of lists are not used any more.
        tx.execute_later(_TOUCH_ACCOUNT, account=tx.account_id, now=tx.started_at)

    def _take_over(self, pending: dict[Key, int]) -> None:
        self._targets |= pending
        self._deleted -= pending.keys()


def find_by_key(tx: Transaction, kind: str, key: str, account_id: int) -> int | None:
    """Return the id of the object whose name or e-mail address has this search key."""
    found: int | None = tx.value(_BY_KEY[kind], account=account_id, key=key)
    return found


_IDS = {
    kind: Statement(select(table.c.id).where(table.c.account_id == bindparam("account")))
    for kind, table in REFERENCED.items()
}

_IMPORTED = Statement(
    select(imported_objects.c.kind, imported_objects.c.source_id, imported_objects.c.target_id).where(
        imported_objects.c.account_id == bindparam("account"), imported_objects.c.source == bindparam("source")
    )
)

_IMPORTED_SINCE = Statement(
    select(imported_objects.c.kind, imported_objects.c.source_id).where(
        imported_objects.c.account_id == bindparam("account"),
        imported_objects.c.source == bindparam("source"),
        any_of(imported_objects.c.kind, "kinds"),
        any_of(imported_objects.c.source_id, "ids"),
    )
)

_FORGET = Statement(
    delete(imported_objects).where(
        imported_objects.c.account_id == bindparam("account"),
        imported_objects.c.source == bindparam("source"),
        imported_objects.c.kind == bindparam("kind"),
        imported_objects.c.source_id == bindparam("source_id"),
    )
)

_BY_KEY = {
    kind: Statement(
        select(table.c.id).where(
            table.c.account_id == bindparam("account"),
            table.c["email_key" if kind == "user" else "name_key"] == bindparam("key"),
        )
    )
    for kind, table in REFERENCED.items()
}

_TOUCH_ACCOUNT = Statement(
    update(accounts)
    .where(accounts.c.id == bindparam("account"))
    .values(
        updated_at=case((accounts.c.updated_at < bindparam("now"), bindparam("now")), else_=accounts.c.updated_at + 1)
    )
)
