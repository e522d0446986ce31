"""Create, edit and delete expenses (``docs/api/expenses.md#create-an-expense``)."""

from typing import Annotated, ClassVar

import msgspec
from sqlalchemy import bindparam, delete, update

from hourhook.clock import format_timestamp
from hourhook.domain.callers import Caller
from hourhook.domain.decimals import to_json_number
from hourhook.domain.entries import assignment
from hourhook.domain.events import recording
from hourhook.domain.expenses import reading, rules
from hourhook.domain.expenses.representations import Expense, compose
from hourhook.domain.inputs import (
    UNSET,
    Boolean,
    Day,
    Decimal2,
    Id,
    Inputs,
    Text,
    UnsetType,
    ValidationErrors,
    value_or,
)
from hourhook.domain.search_keys import search_key
from hourhook.domain.summaries import SimpleProject, SimpleUser
from hourhook.store.schema import expenses
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

Price = Annotated[Decimal2, "Without a currency symbol; negative for refunds. Rounded to 2 decimal places."]
Description = Annotated[Text, "Hashtags in it do not become tags."]


class ExpenseCreate(Inputs):
    """An expense to create."""

    required: ClassVar = ("date", "project_id", "price")
    date: Annotated[Day, "The day the money was spent."] | UnsetType = UNSET
    project_id: Annotated[Id, "The project it was spent on."] | UnsetType = UNSET
    price: Price | UnsetType = UNSET
    user_id: Annotated[Id, "The user who spent it. Default: the caller."] | UnsetType | None = UNSET
    taxable: Annotated[Boolean, "Default: `true`."] | UnsetType | None = UNSET
    description: Description | UnsetType | None = UNSET


class ExpenseUpdate(Inputs):
    """Changes to an expense; `date`, `project_id` and `price` are required, other absent keys stay unchanged."""

    required: ClassVar = ("date", "project_id", "price")
    date: Day | UnsetType = UNSET
    project_id: Id | UnsetType = UNSET
    price: Price | UnsetType = UNSET
    user_id: Id | UnsetType = UNSET
    taxable: Boolean | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET


def create(tx: Transaction, caller: Caller, params: ExpenseCreate, errors: ValidationErrors) -> Expense:
    user, project = _find_assignment(tx, caller, errors, params.user_id or caller.user_id, params.project_id or None)
    date, price, taxable = params.date or "", params.price or 0, params.taxable is not False
    description = params.description or None
    id = tx.insert(
        expenses,
        account_id=caller.account_id,
        date=date,
        user_id=user.id,
        project_id=project.id,
        price=price,
        taxable=taxable,
        description=description,
        description_key=description and search_key(description),
        created_at=tx.event_time,
        updated_at=tx.event_time,
    )
    created = compose(
        caller.links,
        id=id,
        price=price,
        description=description,
        taxable=taxable,
        date=date,
        project=project,
        user=user,
        created_at=tx.event_time,
        updated_at=tx.event_time,
    )
    recording.record_creation(tx, "expense", created)
    return created


def edit(tx: Transaction, caller: Caller, id: int, params: ExpenseUpdate, errors: ValidationErrors) -> Expense:
    before = reading.find(tx, caller, id)
    rules.require_permission(caller, before)
    rules.refuse_uneditable(before)
    user, project = before.user, before.project
    user_id = value_or(params.user_id, user.id)
    if (user_id, params.project_id) == (user.id, project.id):
        errors.raise_if_any()
    else:
        user, project = _find_assignment(tx, caller, errors, user_id, params.project_id or None)
    price = params.price or 0
    after = msgspec.structs.replace(
        before,
        price=to_json_number(price),
        description=value_or(params.description, before.description),
        taxable=value_or(params.taxable, before.taxable),
        date=params.date or "",
        project=project,
        user=user,
        updated_at=format_timestamp(tx.event_time),
    )
    if not recording.diff(before, after):
        return before
    tx.execute(
        _UPDATE,
        account=caller.account_id,
        id=id,
        date=after.date,
        user=user.id,
        project=project.id,
        price=price,
        taxable=after.taxable,
        description=after.description,
        description_key=after.description and search_key(after.description),
        now=tx.event_time,
    )
    recording.record_update(tx, "expense", before, after)
    return after


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    before = reading.find(tx, caller, id)
    rules.require_permission(caller, before)
    rules.refuse_uneditable(before)
    tx.execute(_DELETE, account=caller.account_id, id=id)
    recording.record_deletion(tx, "expense", before)


def _find_assignment(
    tx: Transaction, caller: Caller, errors: ValidationErrors, user_id: int, project_id: int | None
) -> tuple[SimpleUser, SimpleProject]:
    """Find the user and the project; raises ``ValidationFailed`` if there is any error, in these or other inputs."""
    assigned = assignment.resolve(tx, caller, errors, user_id, project_id, None)
    errors.raise_if_any()
    # An expense without a project has an error.
    assert assigned.project is not None
    return assigned.user, assigned.project


_OF_ID = (expenses.c.account_id == bindparam("account"), expenses.c.id == bindparam("id"))

_UPDATE = Statement(
    update(expenses)
    .where(*_OF_ID)
    .values(
        date=bindparam("date"),
        user_id=bindparam("user"),
        project_id=bindparam("project"),
        price=bindparam("price"),
        taxable=bindparam("taxable"),
        description=bindparam("description"),
        description_key=bindparam("description_key"),
        updated_at=bindparam("now"),
    )
)

_DELETE = Statement(delete(expenses).where(*_OF_ID))
