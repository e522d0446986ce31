"""The settings of a webhook: filters, headers, rate, deadline and batches (``docs/api/webhooks.md#settings``)."""

import base64
from decimal import Decimal
from typing import Annotated

import msgspec
from sqlalchemy import Table, bindparam, select, update

from hourhook.crypto import Keyring
from hourhook.delivery import catching_up, lane_control
from hourhook.domain.audit import recording
from hourhook.domain.callers import Caller
from hourhook.domain.decimals import to_json_number
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.inputs import UNSET, IdList, Inputs, UnsetType, ValidationErrors, value_or
from hourhook.domain.inputs.nested import NestedField
from hourhook.domain.inputs.numbers import DecimalField, IntegerField
from hourhook.domain.webhooks import reading
from hourhook.domain.webhooks.headers import Headers
from hourhook.errors import OperatorError
from hourhook.store.schema import projects, tags, users, webhooks
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction

MAX_BATCH = 500
# A day; the deadline of the server is far shorter.
MAX_TIMEOUT_SECONDS = 86_400


class FiltersUpdate(Inputs):
    """Lists of ids. An absent list keeps its ids, an empty one matches everything."""

    project_ids: IdList | UnsetType = UNSET
    user_ids: IdList | UnsetType = UNSET
    tag_ids: IdList | UnsetType = UNSET


class WebhookSettingsUpdate(Inputs):
    """Changes to the settings of a webhook. Absent properties keep their values."""

    filters: (
        Annotated[FiltersUpdate, NestedField(FiltersUpdate), "Only events about these objects are sent."] | UnsetType
    ) = UNSET
    headers: (
        Annotated[Headers, "All headers to add to each request. `null` keeps the value of a header."] | UnsetType
    ) = UNSET
    max_per_second: (
        Annotated[
            int, DecimalField(Decimal("0.1"), 1000), "At most this many requests per second; `null` for no limit."
        ]
        | UnsetType
        | None
    ) = UNSET
    timeout_seconds: (
        Annotated[
            int,
            DecimalField(1, MAX_TIMEOUT_SECONDS),
            "The deadline of an attempt, at most that of the server; `null` for that of the server.",
        ]
        | UnsetType
        | None
    ) = UNSET
    batch_limit: (
        Annotated[int, IntegerField(1, MAX_BATCH), "At most this many payloads in one request; 1 by default."]
        | UnsetType
        | None
    ) = UNSET


class WebhookFilterIds(msgspec.Struct, frozen=True):
    """Only events about objects with these ids are sent; an empty list matches everything."""

    project_ids: list[int] = []
    user_ids: list[int] = []
    tag_ids: list[int] = []


class WebhookSettings(msgspec.Struct, frozen=True):
    """The settings of a webhook. Values of headers are not shown."""

    filters: WebhookFilterIds
    headers: dict[str, None]
    max_per_second: float | None
    timeout_seconds: float | None
    batch_limit: int


def show(tx: Transaction, caller: Caller, id: int) -> WebhookSettings:
    reading.find(tx, caller, id)
    return show_found(tx, caller, id)


def show_found(tx: Transaction, caller: Caller, id: int) -> WebhookSettings:
    """Show the settings of a webhook that the caller was found to see."""
    return _represent(_read(tx, caller, id))


def change(
    tx: Transaction,
    caller: Caller,
    dependencies: Dependencies,
    id: int,
    params: WebhookSettingsUpdate,
    errors: ValidationErrors,
) -> WebhookSettings:
    """Change the settings that are given, which apply from the next attempt on; filters from the next event on."""
    reading.find(tx, caller, id)
    before = _read(tx, caller, id)
    filters = _merge_filters(tx, before, params.filters, errors)
    headers = _merge_headers(dependencies.keyring, before, params.headers, errors)
    _check_timeout(params.timeout_seconds, dependencies.send_timeout_seconds, errors)
    errors.raise_if_any()
    values = {
        "filters": filters,
        "headers": headers,
        "max_per_second": value_or(params.max_per_second, before.max_per_second),
        "timeout_seconds": value_or(params.timeout_seconds, before.timeout_seconds),
        "batch_limit": value_or(params.batch_limit, before.batch_limit) or 1,
    }
    if any(value != getattr(before, name) for name, value in values.items()):
        # Filters are about later events.
        catching_up.finish(tx, id)
        tx.execute(_CHANGE, account=tx.account_id, id=id, **values)
        lane_control.reconfigure(tx, id, is_filtered=filters is not None)
    after = _read(tx, caller, id)
    _record(tx, caller, id, before, after)
    return _represent(after)


def _record(tx: Transaction, caller: Caller, id: int, before: Row, after: Row) -> None:
    """Record what was changed: names of headers, never their values."""
    shown = [msgspec.structs.asdict(_represent(row)) for row in (before, after)]
    changed = {key: [value, shown[1][key]] for key, value in shown[0].items() if value != shown[1][key]}
    if before.headers != after.headers:
        changed["headers"] = [shown[0]["headers"], shown[1]["headers"]]
    if changed:
        recording.record(tx, caller, "Webhook", id, "settings_changed", changed)


def _merge_filters(
    tx: Transaction, before: Row, given: FiltersUpdate | UnsetType, errors: ValidationErrors
) -> str | None:
    if given is UNSET:
        unchanged: str | None = before.filters
        return unchanged
    filters = msgspec.structs.asdict(_filters_of(before))
    for name, table in _FILTERED.items():
        ids = getattr(given, name)
        if ids is not UNSET:
            # What is stored stays allowed, though the object may have been deleted since.
            _check_exist(tx, f"filters.{name}", table, ids, filters[name], errors)
            filters[name] = [*dict.fromkeys(ids)]
    return msgspec.json.encode(filters).decode() if any(filters.values()) else None


def _check_exist(
    tx: Transaction, field: str, table: Table, ids: list[int], stored: list[int], errors: ValidationErrors
) -> None:
    new = {*ids} - {*stored}
    known = {*stored}
    if new:
        known |= {row.id for row in tx.all(_KNOWN[table.name], account=tx.account_id, ids=[*new])}
    for index, id in enumerate(ids):
        if id not in known:
            errors.add(f"{field}[{index}]", "missing")


def _merge_headers(
    keyring: Keyring, before: Row, given: dict[str, str | None] | UnsetType, errors: ValidationErrors
) -> str | None:
    if given is UNSET:
        unchanged: str | None = before.headers
        return unchanged
    stored = {name.lower(): value for name, value in _headers_of(before).items()}
    headers = {}
    for name, value in given.items():
        kept = stored.get(name.lower())
        if value is None and kept is None:
            errors.add(
                f"headers.{name}", "missing_field", f"headers.{name} has no value that null could keep: send one."
            )
        elif kept is not None and (value is None or _holds(keyring, kept, value)):
            headers[name] = kept
        elif value is not None:
            headers[name] = base64.b64encode(keyring.encrypt(value)).decode()
    return msgspec.json.encode(headers).decode() if headers else None


def _holds(keyring: Keyring, stored: str, value: str) -> bool:
    try:
        return keyring.decrypt(base64.b64decode(stored)) == value
    except OperatorError:
        # Encrypted with a key that is lost: it is stored anew.
        return False


def _check_timeout(timeout: int | UnsetType | None, limit_seconds: float, errors: ValidationErrors) -> None:
    if timeout and timeout > limit_seconds * 100:
        message = f"timeout_seconds must be at most {limit_seconds:g}, the deadline of this server."
        errors.add("timeout_seconds", "invalid", message)


def _represent(row: Row) -> WebhookSettings:
    return WebhookSettings(
        filters=_filters_of(row),
        headers=dict.fromkeys(_headers_of(row)),
        max_per_second=_number(row.max_per_second),
        timeout_seconds=_number(row.timeout_seconds),
        batch_limit=row.batch_limit,
    )


def _filters_of(row: Row) -> WebhookFilterIds:
    return msgspec.json.decode(row.filters or "{}", type=WebhookFilterIds)


def _headers_of(row: Row) -> dict[str, str]:
    return msgspec.json.decode(row.headers or "{}", type=dict[str, str])


def _number(hundredths: int | None) -> float | None:
    return None if hundredths is None else to_json_number(hundredths)


def _read(tx: Transaction, caller: Caller, id: int) -> Row:
    row = tx.one(_SETTINGS, account=caller.account_id, id=id)
    assert row is not None
    return row


_FILTERED = {"project_ids": projects, "user_ids": users, "tag_ids": tags}
_KNOWN = {
    table.name: Statement(
        select(table.c.id).where(table.c.account_id == bindparam("account"), any_of(table.c.id, "ids"))
    )
    for table in _FILTERED.values()
}
_OF_ID = (webhooks.c.account_id == bindparam("account")) & (webhooks.c.id == bindparam("id"))
_COLUMNS = ("filters", "headers", "max_per_second", "timeout_seconds", "batch_limit")
_SETTINGS = Statement(select(*(webhooks.c[name] for name in _COLUMNS)).where(_OF_ID))
_CHANGE = Statement(update(webhooks).where(_OF_ID).values({name: bindparam(name) for name in _COLUMNS}))
