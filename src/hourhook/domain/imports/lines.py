"""Import entries from the lines of a file (``docs/guides/move-in.md#from-a-file``)."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import bindparam, select

from hourhook.domain.entries import reading as entries_reading
from hourhook.domain.events import recording
from hourhook.domain.imports.context import ImportContext, find_by_key
from hourhook.domain.imports.source_objects import SourceObject
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.projects import storing as projects_storing
from hourhook.domain.search_keys import search_key
from hourhook.domain.tags import tagging
from hourhook.store.schema import entries, entry_tags, users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class EntryLine:
    """An entry in a file, whose values are valid. Its person is known by the e-mail address, or by the name."""

    number: int
    date: str
    minutes: int
    description: str
    project: str | None
    email: str | None
    person: str | None
    source_url: str | None


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be imported, and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class CheckedLine:
    """A line whose person is known here, and what identifies it when the file is imported again."""

    line: EntryLine
    user_id: int
    identity: str


def check_lines(
    tx: Transaction, context: ImportContext, lines: Sequence[EntryLine], default_email: str | None
) -> tuple[list[CheckedLine], list[BadLine]]:
    """Find the person of each line: by its e-mail address or name, else the default, else the owner.

    Two lines that are equal are two entries, also when the file is imported again.
    """
    rows = tx.all(_USERS, account=context.caller.account_id)
    by_email = {row.email_key: row.id for row in rows}
    names = Counter(row.name_key for row in rows)
    by_name = {row.name_key: row.id for row in rows if names[row.name_key] == 1}
    default_id = None if default_email is None else by_email.get(search_key(default_email))
    checked, bad, seen = list[CheckedLine](), list[BadLine](), Counter[bytes]()
    for line in lines:
        if line.email is not None:
            user_id = by_email.get(search_key(line.email))
            reason = f"there is no user with the e-mail address {line.email}: create the user first"
        elif line.person is not None:
            user_id = by_name.get(search_key(line.person)) or default_id
            reason = f"there is not exactly one user with the name {line.person}: create the user, or give --email"
        else:
            user_id = context.caller.user_id if default_email is None else default_id
            reason = f"there is no user with the e-mail address {default_email}: check --email"
        if user_id is None:
            bad.append(BadLine(line.number, reason))
            continue
        content = msgspec.json.encode(
            [line.date, line.minutes, line.description, line.project, user_id, line.source_url]
        )
        seen[content] += 1
        identity = f"{hashlib.sha256(content).hexdigest()}:{seen[content]}"
        checked.append(CheckedLine(line, user_id, identity))
    return checked, bad


def import_lines(tx: Transaction, context: ImportContext, lines: Sequence[CheckedLine]) -> int:
    """Import lines that were not imported before, with the projects and tags that they name; return their number."""
    made = 0
    for checked in lines:
        if context.find(tx, "entry", checked.identity) is None:
            _import_line(tx, context, checked)
            made += 1
    return made


def _import_line(tx: Transaction, context: ImportContext, checked: CheckedLine) -> None:
    line, caller = checked.line, context.caller
    project_id = None if line.project is None else _find_or_create_project(tx, context, line.project)
    description = line.description or None
    resolved = tagging.resolve(tx, caller, description)
    tags, new_tags = tagging.create_missing(tx, caller, resolved)
    id = context.insert(
        tx,
        entries,
        SourceObject(id=0),
        date=line.date,
        user_id=checked.user_id,
        project_id=project_id,
        minutes=line.minutes,
        description=description,
        description_key=description and search_key(description),
        source_url=line.source_url,
        invoiced_at=None,
        approved_at=None,
        approved_by_id=None,
    )
    context.insert_many(
        tx, entry_tags, ("entry_id", "tag_id", "place"), [(id, tag.id, place) for place, tag in enumerate(tags)]
    )
    context.add(tx, "entry", checked.identity, id)
    if context.raises_events:
        for tag in new_tags:
            recording.record_creation(tx, "tag", tag)
        recording.record_creation(tx, "entry", entries_reading.show(tx, caller, id))


def _find_or_create_project(tx: Transaction, context: ImportContext, name: str) -> int:
    found = find_by_key(tx, "project", search_key(name), context.caller.account_id)
    if found is not None:
        return found
    created = projects_storing.insert(tx, context.caller, name=name)
    if context.raises_events:
        recording.record_creation(tx, "project", projects_reading.show(tx, context.caller, created.id))
    return created.id


_USERS = Statement(
    select(users.c.id, users.c.email_key, users.c.name_key).where(users.c.account_id == bindparam("account"))
)
