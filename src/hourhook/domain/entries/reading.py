"""Find and list entries (``docs/api/entries.md#filters``)."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from sqlalchemy import Boolean as BooleanType
from sqlalchemy import ColumnElement, Select, bindparam, exists, func, literal_column, select

from hourhook.clock import DAY, midnight
from hourhook.domain.callers import Caller
from hourhook.domain.entries import kept_totals
from hourhook.domain.entries.kept_totals import people_and_projects
from hourhook.domain.entries.representations import COLUMNS, IS_BILLABLE, JOINED, Entry, represent
from hourhook.domain.inputs import (
    UNSET,
    Boolean,
    Day,
    IdList,
    Inputs,
    Moment,
    Text,
    UnsetType,
    ValidationErrors,
    choice,
)
from hourhook.domain.invoices import reading as invoices_reading
from hourhook.domain.listings import Listing, active_filters, id_conditions
from hourhook.domain.pages import Page, Pagination
from hourhook.domain.project_groups import reading as project_groups_reading
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.search_keys import search_key
from hourhook.domain.tags import reading as tags_reading
from hourhook.domain.teams import reading as teams_reading
from hourhook.domain.users import reading as users_reading
from hourhook.domain.visibility import scope_of, visible_entries
from hourhook.errors import NotFound
from hourhook.store.schema import entries, entry_tags, invoice_entries, tags
from hourhook.store.statements import Row, Statement, any_of, contains, in_subquery
from hourhook.store.transaction import Transaction

TagFilter = Annotated[str, choice("and", "combination of", any="combination of")]


class EntryFilters(Inputs, rename={"from_": "from"}):
    """Filters of the list of entries."""

    user_ids: Annotated[IdList, "By any of these users."] | UnsetType = UNSET
    description: Annotated[Text, "Description contains this text."] | UnsetType = UNSET
    project_ids: Annotated[IdList, "In any of these projects."] | UnsetType = UNSET
    tag_ids: Annotated[IdList, "With these tags; see `tag_filter_type`."] | UnsetType = UNSET
    tag_filter_type: (
        Annotated[TagFilter, "`and`: with all of the tags; `combination of`: with any of them."] | UnsetType
    ) = UNSET
    invoice_ids: Annotated[IdList, "On any of these invoices."] | UnsetType = UNSET
    import_ids: (
        Annotated[IdList, "From these imports; imports do not exist any more, so nothing matches."] | UnsetType
    ) = UNSET
    from_: Annotated[Day, "On or after this date."] | UnsetType = UNSET
    to: Annotated[Day, "On or before this date."] | UnsetType = UNSET
    invoiced: (
        Annotated[Boolean, "`true`: only those invoiced, on an invoice or outside; `false`: only the others."]
        | UnsetType
    ) = UNSET
    invoiced_at_from: Annotated[Day, "Invoiced on or after this UTC day."] | UnsetType = UNSET
    invoiced_at_to: Annotated[Day, "Invoiced on or before this UTC day."] | UnsetType = UNSET
    updated_from: Annotated[Moment, "Updated at or after this time."] | UnsetType = UNSET
    updated_to: Annotated[Moment, "Updated at or before this time."] | UnsetType = UNSET
    billable: Boolean | UnsetType = UNSET
    approved_at_from: Annotated[Day, "Approved on or after this UTC day."] | UnsetType = UNSET
    approved_at_to: Annotated[Day, "Approved on or before this UTC day."] | UnsetType = UNSET
    approved_by_ids: Annotated[IdList, "Approved by any of these users."] | UnsetType = UNSET


def list_page(
    tx: Transaction,
    caller: Caller,
    params: EntryFilters,
    errors: ValidationErrors,
    pagination: Pagination,
    **within: int,
) -> Page[Entry]:
    """List the entries that the caller sees, newest date first."""
    errors.raise_if_any()
    filters, tags_count = resolve_filters(caller, params, **within)
    rows, total = LISTING.read(tx, caller, pagination, filters, tags_count=tags_count)
    return Page(_represent(tx, caller, rows), total)


def list_without_total(
    tx: Transaction, caller: Caller, params: EntryFilters, errors: ValidationErrors, pagination: Pagination
) -> list[Entry]:
    """Return one page of ``list_page`` without counting the others."""
    errors.raise_if_any()
    filters, tags_count = resolve_filters(caller, params)
    rows, _ = LISTING.read(tx, caller, pagination, filters, with_total=False, tags_count=tags_count)
    return _represent(tx, caller, rows)


def resolve_filters(caller: Caller, params: EntryFilters, **within: int) -> tuple[dict[str, Any], int]:
    """Return the filters of ``LISTING`` in these inputs, and the number of tags in them (``tags_count``)."""
    filters = {**active_filters(params), **within}
    if "description" in filters:
        filters["description"] = search_key(filters["description"])
    for name in filters.keys() & {"invoiced_at_from", "approved_at_from"}:
        filters[name] = midnight(filters[name])
    for name in filters.keys() & {"invoiced_at_to", "approved_at_to"}:
        # The whole day is included.
        filters[name] = midnight(filters[name]) + DAY
    tag_ids = {*filters.get("tag_ids", ())}
    if filters.pop("tag_filter_type", "and") != "and" and len(tag_ids) > 1:
        filters["any_tag_ids"] = filters.pop("tag_ids")
    if "invoice_ids" in filters and caller.is_scoped:
        # These roles cannot see invoices, so the filter must not reveal which entries are on one.
        filters["invoice_ids"] = []
    return filters, len(tag_ids)


def list_for_user(
    tx: Transaction,
    caller: Caller,
    user_id: int,
    params: EntryFilters,
    errors: ValidationErrors,
    pagination: Pagination,
) -> Page[Entry]:
    """List the entries of a user (raises ``NotFound``)."""
    if user_id != caller.user_id:
        users_reading.require(tx, caller, user_id)
    return list_page(tx, caller, params, errors, pagination, within_user=user_id)


def list_for_team(
    tx: Transaction,
    caller: Caller,
    team_id: int,
    params: EntryFilters,
    errors: ValidationErrors,
    pagination: Pagination,
) -> Page[Entry]:
    """List the entries of the current members of a team (raises ``NotFound``)."""
    teams_reading.require(tx, caller, team_id)
    return list_page(tx, caller, params, errors, pagination, within_team=team_id)


def list_for_project(
    tx: Transaction,
    caller: Caller,
    project_id: int,
    params: EntryFilters,
    errors: ValidationErrors,
    pagination: Pagination,
) -> Page[Entry]:
    """List the entries of a project (raises ``NotFound``)."""
    projects_reading.require(tx, caller, project_id)
    return list_page(tx, caller, params, errors, pagination, within_project=project_id)


def list_for_project_group(
    tx: Transaction,
    caller: Caller,
    group_id: int,
    params: EntryFilters,
    errors: ValidationErrors,
    pagination: Pagination,
) -> Page[Entry]:
    """List the entries of the projects now in a group (raises ``NotFound``)."""
    project_groups_reading.require(tx, caller, group_id)
    return list_page(tx, caller, params, errors, pagination, within_group=group_id)


def list_for_tag(
    tx: Transaction, caller: Caller, tag_id: int, params: EntryFilters, errors: ValidationErrors, pagination: Pagination
) -> Page[Entry]:
    """List the entries with a tag (raises ``NotFound``)."""
    tags_reading.require(tx, caller, tag_id)
    return list_page(tx, caller, params, errors, pagination, within_tag=tag_id)


def list_for_invoice(
    tx: Transaction,
    caller: Caller,
    invoice_id: int,
    params: EntryFilters,
    errors: ValidationErrors,
    pagination: Pagination,
) -> Page[Entry]:
    """List the entries on an invoice (raises ``NotFound``)."""
    invoices_reading.require(tx, caller, invoice_id)
    return list_page(tx, caller, params, errors, pagination, within_invoice=invoice_id)


def show(tx: Transaction, caller: Caller, id: int) -> Entry:
    """Return an entry (raises ``NotFound``)."""
    row = tx.one(_find(scope_of(caller)), account=caller.account_id, me=caller.user_id, id=id)
    if row is None:
        raise NotFound
    return _represent(tx, caller, [row])[0]


def _represent(tx: Transaction, caller: Caller, rows: list[Row]) -> list[Entry]:
    return represent(tx, caller.account_id, caller.links, rows, include_invoices=not caller.is_scoped)


@cache
def _find(scope: str) -> Statement:
    return Statement(_OF_ACCOUNT.where(entries.c.id == bindparam("id"), visible_entries(scope)))


_OF_ACCOUNT = select(*COLUMNS).select_from(JOINED).where(entries.c.account_id == bindparam("account"))

_on_invoices = select(invoice_entries.c.entry_id).where(invoice_entries.c.account_id == bindparam("account"))

# The tag of ``tag_ids`` that fewest entries have.
_RAREST_TAG = (
    select(tags.c.id)
    .where(tags.c.account_id == bindparam("account"), any_of(tags.c.id, "tag_ids"))
    .order_by(tags.c.entries_count)
    .limit(1)
    .scalar_subquery()
)
_TAG_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "within_tag": entry_tags.c.tag_id == bindparam("within_tag"),
    "tag_ids_only": entry_tags.c.tag_id == bindparam("tag_ids_only"),
    "any_tag_ids": any_of(entry_tags.c.tag_id, "any_tag_ids"),
}
_of_tags = select(entry_tags.c.entry_id.label("id")).where(entry_tags.c.account_id == bindparam("account"))
_COUNT_OF_TAG = Statement(
    select(tags.c.entries_count).where(tags.c.account_id == bindparam("account"), tags.c.id == bindparam("tag"))
)


def _of_entry(condition: ColumnElement[bool]) -> Select[Any]:
    is_of_entry = (entry_tags.c.account_id == bindparam("account")) & (entry_tags.c.entry_id == entries.c.id)
    return select(entry_tags.c.tag_id).where(is_of_entry, condition).correlate(entries)


_count_of_tag_ids = (
    _of_entry(any_of(entry_tags.c.tag_id, "tag_ids"))
    .with_only_columns(func.count(), maintain_column_froms=True)
    .scalar_subquery()
)


def _known_total(tx: Transaction, caller: Caller, filters: Mapping[str, Any]) -> int | None:
    """Return the number of entries with a tag, which is kept, or that which sums of entries know."""
    for name in ("within_tag", "tag_ids_only"):
        if filters.keys() == {name}:
            return int(tx.value(_COUNT_OF_TAG, account=caller.account_id, tag=filters[name]) or 0)
    return kept_totals.count(tx, caller, filters)


LISTING = Listing(
    rows=_OF_ACCOUNT,
    count_query=select(func.count()).select_from(entries).where(entries.c.account_id == bindparam("account")),
    id=entries.c.id,
    order=(entries.c.date.desc(), entries.c.id.desc()),
    visible=visible_entries,
    is_large=True,
    indexed_texts={"description": "entries"},
    indexed={
        ("user_ids",): "ix_entries_by_user",
        ("project_ids",): "ix_entries_by_project",
        ("approved_by_ids", "approved_by_ids_only"): "ix_entries_approved",
        ("approved_at_from", "approved_at_to"): "ix_entries_approved_at",
        ("invoiced_at_from", "invoiced_at_to"): "ix_entries_invoiced_at",
        ("updated_from", "updated_to"): "ix_entries_account_id_updated_at_id",
        **{(name,): _of_tags.where(condition) for name, condition in _TAG_CONDITIONS.items()},
        ("tag_ids",): _of_tags.where(entry_tags.c.tag_id == _RAREST_TAG),
    },
    uncounted=frozenset({"description", "tag_ids", *_TAG_CONDITIONS}),
    known_total=_known_total,
    conditions={
        **people_and_projects(entries),
        "without_project": entries.c.project_id.is_(None),
        "within_invoice": in_subquery(
            entries.c.id, _on_invoices.where(invoice_entries.c.invoice_id == bindparam("within_invoice"))
        ),
        **{name: exists(_of_entry(condition)) for name, condition in _TAG_CONDITIONS.items()},
        "tag_ids": _count_of_tag_ids == bindparam("tags_count"),
        "description": contains(entries.c.description_key, "description"),
        **{
            name: in_subquery(entries.c.id, _on_invoices.where(condition))
            for name, condition in id_conditions(invoice_entries.c.invoice_id, "invoice_ids").items()
        },
        # Imports are not supported. Not ``false()``, for which the condition on the account would be left out.
        "import_ids": literal_column("1 = 0", BooleanType),
        "from_": entries.c.date >= bindparam("from_"),
        "to": entries.c.date <= bindparam("to"),
        "invoiced": entries.c.invoiced_at.is_not(None),
        "not invoiced": entries.c.invoiced_at.is_(None),
        "invoiced_at_from": entries.c.invoiced_at >= bindparam("invoiced_at_from"),
        "invoiced_at_to": entries.c.invoiced_at < bindparam("invoiced_at_to"),
        "updated_from": entries.c.updated_at >= bindparam("updated_from"),
        "updated_to": entries.c.updated_at <= bindparam("updated_to"),
        "billable": IS_BILLABLE,
        "not billable": ~IS_BILLABLE,
        "approved_at_from": entries.c.approved_at >= bindparam("approved_at_from"),
        "approved_at_to": entries.c.approved_at < bindparam("approved_at_to"),
        **id_conditions(entries.c.approved_by_id, "approved_by_ids"),
    },
)
