"""How the hours of an invoice become money: what is given, and how it is kept (contract, invoices.md)."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from sqlalchemy import bindparam, delete, select

from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, Decimal2, Id, Inputs, UnsetType, ValidationErrors, choice
from hourhook.domain.inputs.nested import NestedField, NestedListField
from hourhook.domain.inputs.numbers import MAX_DECIMAL, DecimalField
from hourhook.domain.invoices.totals import CUSTOM, FLAT, METHODS, STANDARD
from hourhook.domain.users import reading as users_reading
from hourhook.store.schema import invoice_hourly_rates
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

Method = Annotated[str, choice(*METHODS)]
Rate = Annotated[int, DecimalField(0, MAX_DECIMAL)]
# More people than bill their hours together.
MAX_CUSTOM_RATES = 1_000


class HourlyRateInput(Inputs):
    """What an hour of one user costs."""

    required: ClassVar = ("user_id", "hourly_rate")
    aliases: ClassVar = {"user": "user_id"}
    user_id: Annotated[Id, "The user the rate applies to."] | UnsetType = UNSET
    hourly_rate: Rate | UnsetType = UNSET


class RateCalculationInput(Inputs):
    """How hours become money."""

    required: ClassVar = ("calculation_method",)
    calculation_method: (
        Annotated[
            Method,
            "Individual hourly rates with a standard rate for the rest, one hourly rate for all, or one flat amount.",
        ]
        | UnsetType
    ) = UNSET
    standard_hourly_rate: Annotated[Rate, "Required for both hourly methods."] | UnsetType | None = UNSET
    custom_hourly_rates: (
        Annotated[
            list[HourlyRateInput],
            NestedListField(HourlyRateInput, MAX_CUSTOM_RATES),
            "Required for `custom_hourly_rates`; ignored otherwise.",
        ]
        | UnsetType
        | None
    ) = UNSET
    flat_rate: Annotated[Decimal2, "Required for `flat_rate`: the amount for all hours."] | UnsetType | None = UNSET


RateCalculation = Annotated[RateCalculationInput, NestedField(RateCalculationInput)]

# What each method cannot do without.
_NEEDED = {
    STANDARD: ("standard_hourly_rate",),
    CUSTOM: ("standard_hourly_rate", "custom_hourly_rates"),
    FLAT: ("flat_rate",),
}


@dataclass(frozen=True, slots=True)
class StoredRates:
    """A rate calculation as it is stored, in hundredths; the custom rates are of users, in order."""

    calculation_method: str = STANDARD
    standard_hourly_rate: int | None = 0
    flat_rate: int | None = None
    custom_hourly_rates: tuple[tuple[int, int], ...] = ()

    def as_columns(self) -> dict[str, Any]:
        """What of it stands in the invoice itself."""
        return {
            "calculation_method": self.calculation_method,
            "standard_hourly_rate": self.standard_hourly_rate,
            "flat_rate": self.flat_rate,
        }


def validate(
    tx: Transaction, caller: Caller, params: RateCalculationInput | UnsetType | None, errors: ValidationErrors
) -> None:
    """Note what its method cannot do without, and users who are not there or have two rates."""
    if not params:
        return
    path = "rate_calculation"
    if params.calculation_method is not UNSET and params.calculation_method != CUSTOM:
        errors.discard(f"{path}.custom_hourly_rates")
    for name in _NEEDED.get(params.calculation_method or "", ()):
        if getattr(params, name) in (UNSET, None) and not errors.has(f"{path}.{name}"):
            errors.add(f"{path}.{name}", "missing_field")
    if params.calculation_method == CUSTOM:
        _judge_users(tx, caller, params.custom_hourly_rates or [], errors, f"{path}.custom_hourly_rates")


def from_input(params: RateCalculationInput) -> StoredRates:
    """A rate calculation that was judged."""
    custom = params.custom_hourly_rates or [] if params.calculation_method == CUSTOM else []
    return StoredRates(
        params.calculation_method or "",
        None if params.standard_hourly_rate is UNSET else params.standard_hourly_rate,
        None if params.flat_rate is UNSET else params.flat_rate,
        tuple((rate.user_id or 0, rate.hourly_rate or 0) for rate in custom),
    )


def read_stored(tx: Transaction, invoice: Row) -> StoredRates:
    """The rate calculation of a row of invoices."""
    custom = tx.all(_CUSTOM, account=invoice.account_id, id=invoice.id)
    return StoredRates(
        invoice.calculation_method,
        invoice.standard_hourly_rate,
        invoice.flat_rate,
        tuple((row.user_id, row.hourly_rate) for row in custom),
    )


def store_custom(tx: Transaction, id: int, rates: StoredRates) -> None:
    """Store the custom rates of an invoice, in the place of those that it has."""
    clear_custom(tx, id)
    tx.insert_many(
        invoice_hourly_rates,
        ("account_id", "invoice_id", "user_id", "hourly_rate", "place"),
        [(tx.account_id, id, *rate, place) for place, rate in enumerate(rates.custom_hourly_rates)],
    )


def clear_custom(tx: Transaction, id: int) -> None:
    """Forget the custom rates of an invoice."""
    tx.execute_later(_CLEAR, account=tx.account_id, id=id)


def _judge_users(
    tx: Transaction, caller: Caller, params: list[HourlyRateInput], errors: ValidationErrors, path: str
) -> None:
    ids = [rate.user_id for rate in params if rate.user_id]
    known = {*users_reading.find_ids(tx, caller, ids)} if ids else set()
    seen = set()
    for place, rate in enumerate(params):
        if not rate.user_id:
            continue
        if rate.user_id not in known:
            errors.add(f"{path}[{place}].user_id", "missing")
        elif rate.user_id in seen:
            errors.add(f"{path}[{place}].user_id", "invalid")
        seen.add(rate.user_id)


_OF_INVOICE = (
    invoice_hourly_rates.c.account_id == bindparam("account"),
    invoice_hourly_rates.c.invoice_id == bindparam("id"),
)

_CUSTOM = Statement(
    select(invoice_hourly_rates.c.user_id, invoice_hourly_rates.c.hourly_rate)
    .where(*_OF_INVOICE)
    .order_by(invoice_hourly_rates.c.place)
)

_CLEAR = Statement(delete(invoice_hourly_rates).where(*_OF_INVOICE))
