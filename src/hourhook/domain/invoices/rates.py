"""Rate calculation of an invoice: inputs, validation and storage (`docs/api/invoices.md#rates`)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from sqlalchemy import bindparam, delete, select

from hourhook.domain.callers import Caller
from hourhook.domain.decimals import AMOUNT_DIGITS
from hourhook.domain.inputs import UNSET, Id, Inputs, UnsetType, ValidationErrors, choice
from hourhook.domain.inputs.nested import NestedField, NestedListField
from hourhook.domain.inputs.numbers import MAX_DECIMAL, ExactDecimalField, scale
from hourhook.domain.invoices.currencies import fraction_digits, smallest_rate
from hourhook.domain.invoices.totals import CUSTOM, FLAT, METHODS, STANDARD, round_to_unit
from hourhook.domain.users import reading as users_reading
from hourhook.store.schema import invoice_hourly_rates
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

Method = Annotated[str, choice(*METHODS)]
# Rounded to the digits of the currency, which another input may change.
Rate = Annotated[Decimal, ExactDecimalField(0, MAX_DECIMAL)]
FlatRate = Annotated[Decimal, ExactDecimalField()]
# More people than one invoice bills.
MAX_CUSTOM_RATES = 1_000


class HourlyRateInput(Inputs):
    """The hourly rate of one user."""

    required: ClassVar = ("user_id", "hourly_rate")
    aliases: ClassVar = {"user": "user_id"}
    user_id: Annotated[Id, "The user the rate applies to."] | UnsetType = UNSET
    hourly_rate: Rate | UnsetType = UNSET


class RateCalculationInput(Inputs):
    """How the billable hours are priced."""

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
    flat_rate: Annotated[FlatRate, "Required for `flat_rate`: the amount for all hours."] | UnsetType | None = UNSET


RateCalculation = Annotated[RateCalculationInput, NestedField(RateCalculationInput)]

# The required inputs of each method.
_REQUIRED = {
    STANDARD: ("standard_hourly_rate",),
    CUSTOM: ("standard_hourly_rate", "custom_hourly_rates"),
    FLAT: ("flat_rate",),
}


@dataclass(frozen=True, slots=True)
class StoredRates:
    """A stored rate calculation, in ten-thousandths; custom rates are pairs of user id and rate, in order."""

    calculation_method: str = STANDARD
    standard_hourly_rate: int | None = 0
    flat_rate: int | None = None
    custom_hourly_rates: tuple[tuple[int, int], ...] = ()

    def in_currency(self, code: str) -> "StoredRates":
        """Return a copy with rates that have at most two fraction digits, or as many as the currency has."""

        def rounded(rate: int | None) -> int | None:
            return None if rate is None else round_to_unit(rate, 1, smallest_rate(code))

        custom = tuple((user_id, rounded(rate) or 0) for user_id, rate in self.custom_hourly_rates)
        standard, flat = rounded(self.standard_hourly_rate), rounded(self.flat_rate)
        return StoredRates(self.calculation_method, standard, flat, custom)

    def as_columns(self) -> dict[str, Any]:
        """Return the columns of the invoice itself; custom rates have a table of their own."""
        return {
            "calculation_method": self.calculation_method,
            "standard_hourly_rate": self.standard_hourly_rate,
            "flat_rate": self.flat_rate,
        }


def validate(
    tx: Transaction, caller: Caller, params: RateCalculationInput | UnsetType | None, errors: ValidationErrors
) -> None:
    """Add errors for missing inputs of the method, unknown users, and users with two rates."""
    if not params:
        return
    path = "rate_calculation"
    if params.calculation_method is not UNSET and params.calculation_method != CUSTOM:
        errors.discard(f"{path}.custom_hourly_rates")
    for name in _REQUIRED.get(params.calculation_method or "", ()):
        if getattr(params, name) in (UNSET, None) and not errors.has(f"{path}.{name}"):
            errors.add(f"{path}.{name}", "missing_field")
    if params.calculation_method == CUSTOM:
        _check_users(tx, caller, params.custom_hourly_rates or [], errors, f"{path}.custom_hourly_rates")


def from_input(params: RateCalculationInput, currency_code: str) -> StoredRates:
    """Convert a validated input, rounding the rates as ``StoredRates.in_currency`` does."""
    digits = max(2, fraction_digits(currency_code))

    def rounded(rate: Decimal | UnsetType | None) -> int | None:
        return None if rate is UNSET or rate is None else scale(rate, digits) * 10 ** (AMOUNT_DIGITS - digits)

    custom = params.custom_hourly_rates or [] if params.calculation_method == CUSTOM else []
    return StoredRates(
        params.calculation_method or "",
        rounded(params.standard_hourly_rate),
        rounded(params.flat_rate),
        tuple((rate.user_id or 0, rounded(rate.hourly_rate) or 0) for rate in custom),
    )


def read_stored(tx: Transaction, invoice: Row) -> StoredRates:
    """Return the rate calculation of a row of ``invoices``."""
    custom = tx.all(_CUSTOM, account=invoice.account_id, id=invoice.id)
    return StoredRates(
        invoice.calculation_method,
        invoice.standard_hourly_rate,
        invoice.flat_rate,
        tuple((row.user_id, row.hourly_rate) for row in custom),
    )


def store_custom(tx: Transaction, id: int, rates: StoredRates) -> None:
    """Replace the custom rates of an invoice."""
    clear_custom(tx, id)
    tx.insert_many(
        invoice_hourly_rates,
        ("account_id", "invoice_id", "user_id", "hourly_rate", "place"),
        [(tx.account_id, id, *rate, place) for place, rate in enumerate(rates.custom_hourly_rates)],
    )


def clear_custom(tx: Transaction, id: int) -> None:
    tx.execute_later(_CLEAR, account=tx.account_id, id=id)


def _check_users(
    tx: Transaction, caller: Caller, params: list[HourlyRateInput], errors: ValidationErrors, path: str
) -> None:
    ids = [rate.user_id for rate in params if rate.user_id]
    known = {*users_reading.find_ids(tx, caller, ids)} if ids else set()
    seen = set()
    for index, rate in enumerate(params):
        if not rate.user_id:
            continue
        if rate.user_id not in known:
            errors.add(f"{path}[{index}].user_id", "missing")
        elif rate.user_id in seen:
            field = f"{path}[{index}].user_id"
            errors.add(field, "invalid", f"{field} has a rate already: send one rate for each user.")
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
