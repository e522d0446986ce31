"""Create, edit and delete projects."""

from typing import Annotated, ClassVar

from sqlalchemy import bindparam, delete, update

from hourhook.domain.callers import Caller
from hourhook.domain.events import recording
from hourhook.domain.inputs import UNSET, Boolean, Id, Inputs, Minutes, Name, UnsetType, ValidationErrors, value_or
from hourhook.domain.invoices import side_effects
from hourhook.domain.project_groups import reading as project_groups_reading
from hourhook.domain.project_groups import storing as project_groups_storing
from hourhook.domain.projects import reading, rules, storing
from hourhook.domain.projects.colors import Color
from hourhook.domain.projects.reading import BillingIncrement, ProjectIds
from hourhook.domain.projects.representations import Project
from hourhook.domain.search_keys import search_key
from hourhook.domain.timers import cascades as timers_cascades
from hourhook.errors import ValidationFailed
from hourhook.store.schema import project_access, projects
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction

ProjectName = Annotated[Name, "Unique within the account, ignoring case."]
HexColor = Annotated[Color, "3 or 6 hexadecimal digits, with or without `#`."]


class ProjectCreate(Inputs):
    """A project to create."""

    required: ClassVar = ("name",)
    name: ProjectName | UnsetType = UNSET
    billable: Annotated[Boolean, "Default: `true`."] | UnsetType | None = UNSET
    project_group_id: Annotated[Id, "The project group to add it to."] | UnsetType | None = UNSET
    billing_increment: Annotated[BillingIncrement, "Default: the account's default increment."] | UnsetType | None = (
        UNSET
    )
    color: Annotated[HexColor, "Default: the next color of a palette."] | UnsetType | None = UNSET
    budgeted_minutes: Minutes | UnsetType | None = UNSET


class ProjectUpdate(Inputs):
    """Changes to a project. Absent properties keep their values."""

    name: ProjectName | UnsetType = UNSET
    project_group_id: Annotated[Id, "`null` removes it from its group."] | UnsetType | None = UNSET
    billing_increment: Annotated[BillingIncrement, "Existing entries keep their minutes."] | UnsetType = UNSET
    color: HexColor | UnsetType = UNSET
    billable: Boolean | UnsetType = UNSET
    budgeted_minutes: Minutes | UnsetType | None = UNSET


def create(tx: Transaction, caller: Caller, params: ProjectCreate, errors: ValidationErrors) -> Project:
    caller.require_role("leader")
    name = params.name or ""
    _check(tx, caller, params, errors)
    if storing.is_project_limit_reached(tx, caller):
        raise ValidationFailed.on_base(
            "Project", "reached_project_limit", "The account has reached its limit of projects."
        )
    id = storing.insert(
        tx,
        caller,
        name=name,
        billable=params.billable is not False,
        billing_increment=params.billing_increment or None,
        color=params.color or None,
        budgeted_minutes=value_or(params.budgeted_minutes, None),
    ).id
    if params.project_group_id:
        project_groups_storing.add_projects(tx, params.project_group_id, [id])
    created = reading.show(tx, caller, id)
    recording.record_creation(tx, "project", created)
    return created


def edit(tx: Transaction, caller: Caller, id: int, params: ProjectUpdate, errors: ValidationErrors) -> Project:
    """Edit a project; its entries keep their minutes, even if the billing increment changes."""
    before = reading.show(tx, caller, id)
    caller.require_role("leader")
    rules.refuse_archived(before)
    _check(tx, caller, params, errors, id)
    name = value_or(params.name, before.name)
    values = {
        "name": name,
        "billing_increment": value_or(params.billing_increment, before.billing_increment),
        "color": value_or(params.color, before.color),
        "billable": value_or(params.billable, before.billable),
        "budgeted_minutes": value_or(params.budgeted_minutes, before.budgeted_minutes),
    }
    current_group_id = None if before.group is None else before.group.id
    group_id = value_or(params.project_group_id, current_group_id)
    if group_id == current_group_id and all(value == getattr(before, name) for name, value in values.items()):
        return before
    recalculated = {}
    if values["billable"] != before.billable:
        recalculated = side_effects.recalculate_as_if_project(tx, id, billable=not before.billable)
    tx.execute(_EDIT, account=caller.account_id, id=id, name_key=search_key(name), now=tx.event_time, **values)
    if group_id != current_group_id:
        project_groups_storing.remove_projects(tx, [id])
        if group_id is not None:
            project_groups_storing.add_projects(tx, group_id, [id])
    after = reading.show(tx, caller, id)
    recording.record_update(tx, "project", before, after)
    side_effects.record_events(tx, caller, recalculated)
    return after


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    """Delete a project that is not in use; raises ``ValidationFailed`` otherwise."""
    project = reading.show(tx, caller, id)
    caller.require_role("leader")
    rules.refuse_archived(project)
    if rules.is_used(project):
        raise ValidationFailed.on_base(
            "Project",
            "not_deletable",
            "The Project cannot be deleted because it has entries, expenses, or invoices.",
        )
    _remove(tx, caller, [project])


def remove_many(tx: Transaction, caller: Caller, params: ProjectIds, errors: ValidationErrors) -> None:
    """Delete those of these projects that are active and not in use."""
    caller.require_role("leader")
    errors.raise_if_any()
    for found in reading.find_in_batches(tx, caller, params.project_ids or []):
        _remove(tx, caller, [project for project in found if project.enabled and not rules.is_used(project)])


def _check(
    tx: Transaction,
    caller: Caller,
    params: ProjectCreate | ProjectUpdate,
    errors: ValidationErrors,
    id: int | None = None,
) -> None:
    if params.name and storing.find_by_name(tx, caller, params.name) not in (None, id):
        errors.add("name", "already_exists")
    if params.project_group_id and not project_groups_reading.exists(tx, caller, params.project_group_id):
        errors.add("project_group_id", "missing")
    errors.raise_if_any()


def _remove(tx: Transaction, caller: Caller, removed: list[Project]) -> None:
    for project in removed:
        recording.record_deletion(tx, "project", project)
    ids = [project.id for project in removed]
    timers_cascades.remove_for_projects(tx, caller, ids)
    project_groups_storing.remove_projects(tx, ids)
    tx.execute(_DELETE_ACCESS, account=caller.account_id, ids=ids)
    tx.execute(_DELETE, account=caller.account_id, ids=ids)


_EDIT = Statement(
    update(projects)
    .where(projects.c.account_id == bindparam("account"), projects.c.id == bindparam("id"))
    .values(
        name=bindparam("name"),
        name_key=bindparam("name_key"),
        billing_increment=bindparam("billing_increment"),
        color=bindparam("color"),
        billable=bindparam("billable"),
        budgeted_minutes=bindparam("budgeted_minutes"),
        updated_at=bindparam("now"),
    )
)

_DELETE_ACCESS = Statement(
    delete(project_access).where(
        project_access.c.account_id == bindparam("account"), any_of(project_access.c.project_id, "ids")
    )
)

_DELETE = Statement(delete(projects).where(projects.c.account_id == bindparam("account"), any_of(projects.c.id, "ids")))
