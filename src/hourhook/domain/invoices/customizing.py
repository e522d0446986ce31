"""What is printed on an invoice, in which language and currency, and how it can be paid online.

A key that is sent blank goes back to its fallback: to what it is where nobody has ever said anything. (Contract,
invoices.md under "customization".)
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from hourhook.domain.inputs import UNSET, Boolean, Inputs, Text, UnsetType, ValidationErrors, choice
from hourhook.domain.inputs.nested import NestedField
from hourhook.domain.inputs.texts import TextField
from hourhook.domain.invoices.currencies import CURRENCIES
from hourhook.domain.invoices.locales import DEFAULT_LOCALE, LOCALE_CURRENCIES
from hourhook.store.statements import Row


class LocaleField(TextField):
    """The code of a locale; read as any text, so that an unknown one is told apart from what is no code at all."""

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [*LOCALE_CURRENCIES]}


Label = Annotated[str, TextField(255)]
Locale = Annotated[str, LocaleField(255)]
CurrencyCode = Annotated[str, choice(*CURRENCIES)]
LowerCurrencyCode = Annotated[str, choice(*map(str.lower, CURRENCIES), ignore_case=True)]

# What is printed, with what is printed where nobody says anything else.
LABELS = {
    "title": "Invoice",
    "date": "Date",
    "project": "Projects",
    "reference": "Invoice reference",
    "total_due": "Total amount due",
    "summary": "Summary",
    "project_summary": "Project summary",
    "user_summary": "People summary",
    "no_project_name": "No project",
    "work_time": "work time",
    "no_tax": "no tax",
    "work_total": "Total worked",
    "total": "TOTAL",
    "report": "Report",
    "taxable_total": "Total taxable",
    "tax_total": "Total tax",
    "taxfree_total": "Total taxfree",
    "total_report": "TOTAL",
}


class PaypalInput(Inputs):
    """Payment by PayPal; that it is there allows it."""

    paypal_address: Annotated[Label, "The issuer's PayPal e-mail address."] | UnsetType | None = UNSET
    paypal_invoice_title: (
        Annotated[Label, "Title shown at PayPal. Default: the invoice's reference."] | UnsetType | None
    ) = UNSET
    paypal_currency_code: Annotated[CurrencyCode, "Default: `USD`."] | UnsetType | None = UNSET


class StripeInput(Inputs):
    """Payment by Stripe; that it is there allows it."""

    payment_description: (
        Annotated[Label, "Description shown at Stripe. Default: the invoice's reference."] | UnsetType | None
    ) = UNSET
    currency_code: Annotated[LowerCurrencyCode, "Default: `usd`."] | UnsetType | None = UNSET


class CustomizationInput(Inputs):
    """What is printed on an invoice, and how it can be paid; a key that is blank goes back to its fallback."""

    title: Annotated[Label, "Default: `Invoice`."] | UnsetType | None = UNSET
    date: Annotated[Label, "Default: `Date`."] | UnsetType | None = UNSET
    project: Annotated[Label, "Default: `Projects`."] | UnsetType | None = UNSET
    reference: Annotated[Label, "Default: `Invoice reference`."] | UnsetType | None = UNSET
    total_due: Annotated[Label, "Default: `Total amount due`."] | UnsetType | None = UNSET
    summary: Annotated[Label, "Default: `Summary`."] | UnsetType | None = UNSET
    project_summary: Annotated[Label, "Default: `Project summary`."] | UnsetType | None = UNSET
    user_summary: Annotated[Label, "Default: `People summary`."] | UnsetType | None = UNSET
    no_project_name: Annotated[Label, "Default: `No project`."] | UnsetType | None = UNSET
    work_time: Annotated[Label, "Default: `work time`."] | UnsetType | None = UNSET
    no_tax: Annotated[Label, "Default: `no tax`."] | UnsetType | None = UNSET
    work_total: Annotated[Label, "Default: `Total worked`."] | UnsetType | None = UNSET
    total: Annotated[Label, "Default: `TOTAL`."] | UnsetType | None = UNSET
    report: Annotated[Label, "Default: `Report`."] | UnsetType | None = UNSET
    locale: Annotated[Locale, "Default: `en-US`."] | UnsetType | None = UNSET
    currency_code: Annotated[CurrencyCode, "Default: the currency of the locale."] | UnsetType | None = UNSET
    currency_symbol: Annotated[Label, "Default: the symbol of the currency."] | UnsetType | None = UNSET
    taxable_total: Annotated[Label, "Default: `Total taxable`."] | UnsetType | None = UNSET
    tax_total: Annotated[Label, "Default: `Total tax`."] | UnsetType | None = UNSET
    taxfree_total: Annotated[Label, "Default: `Total taxfree`."] | UnsetType | None = UNSET
    total_report: Annotated[Label, "Default: `TOTAL`."] | UnsetType | None = UNSET
    custom_html: Annotated[Text, "HTML that replaces the generated invoice."] | UnsetType | None = UNSET
    paypal_invoice: (
        Annotated[PaypalInput, NestedField(PaypalInput), "`null` disallows this payment method."] | UnsetType | None
    ) = UNSET
    stripe_connect_payment: (
        Annotated[StripeInput, NestedField(StripeInput), "`null` disallows this payment method."] | UnsetType | None
    ) = UNSET
    allow_paypal_invoice: Annotated[Boolean, "`paypal_invoice` takes precedence over it."] | UnsetType | None = UNSET
    paypal_invoice_title: Annotated[Label, "Same as in `paypal_invoice`."] | UnsetType | None = UNSET
    paypal_currency_code: Annotated[CurrencyCode, "Same as in `paypal_invoice`."] | UnsetType | None = UNSET
    paypal_address: Annotated[Label, "Same as in `paypal_invoice`."] | UnsetType | None = UNSET
    allow_stripe_connect_payment: (
        Annotated[Boolean, "`stripe_connect_payment` takes precedence over it."] | UnsetType | None
    ) = UNSET
    stripe_connect_payment_description: (
        Annotated[Label, "Same as `payment_description` in `stripe_connect_payment`."] | UnsetType | None
    ) = UNSET
    stripe_connect_currency_code: (
        Annotated[LowerCurrencyCode, "Same as `currency_code` in `stripe_connect_payment`."] | UnsetType | None
    ) = UNSET


# How the objects inside a customization are spelled without them.
_FLAT = {
    "paypal_invoice": {
        "paypal_address": "paypal_address",
        "paypal_invoice_title": "paypal_invoice_title",
        "paypal_currency_code": "paypal_currency_code",
    },
    "stripe_connect_payment": {
        "payment_description": "stripe_connect_payment_description",
        "currency_code": "stripe_connect_currency_code",
    },
}
_ALLOWANCES = {"paypal_invoice": "allow_paypal_invoice", "stripe_connect_payment": "allow_stripe_connect_payment"}
_FALLBACKS: dict[str, Any] = {
    **LABELS,
    "locale": DEFAULT_LOCALE,
    # These follow from the locale and from each other.
    "currency_code": None,
    "currency_symbol": None,
    "custom_html": None,
    "allow_paypal_invoice": False,
    "paypal_invoice_title": None,
    "paypal_currency_code": "USD",
    "paypal_address": None,
    "allow_stripe_connect_payment": False,
    "stripe_connect_payment_description": None,
    "stripe_connect_currency_code": "usd",
}
# Neither is taken over from the previous invoice, whose reference they hold most often.
_TITLES = ("paypal_invoice_title", "stripe_connect_payment_description")

# By the names of the representation, all of them.
Customization = dict[str, Any]


def check_locale(errors: ValidationErrors, params: CustomizationInput | UnsetType | None) -> None:
    """Note ``locale_not_available`` for a locale that this server does not know."""
    if params and params.locale and params.locale not in LOCALE_CURRENCIES:
        errors.add("customization.locale", "locale_not_available")


def build_customization(
    params: CustomizationInput | UnsetType | None, previous: Row | None, reference: str
) -> Customization:
    """The customization of a new invoice: what is given, else as of the previous one, else the fallbacks."""
    wanted = _read(params)
    inherited = dict(_FALLBACKS) if previous is None else read_stored(previous)
    if wanted.get("currency_code", inherited["currency_code"]) != inherited["currency_code"]:
        # The symbol of another currency would be wrong.
        inherited["currency_symbol"] = None
    return _completed({**inherited, **dict.fromkeys(_TITLES, reference)}, wanted)


def update_customization(params: CustomizationInput | UnsetType | None, stored: Row) -> Customization:
    """The customization of an invoice that is edited: what is given, else as it is."""
    return _completed(read_stored(stored), _read(params))


def read_stored(invoice: Row) -> Customization:
    """The customization of a row of invoices."""
    labels = msgspec.json.decode(invoice.labels, type=dict[str, str])
    return {**labels, **{name: getattr(invoice, name) for name in _FALLBACKS if name not in LABELS}}


def as_columns(customization: Customization) -> dict[str, Any]:
    """The same as it is stored: its columns, the labels in one of them."""
    labels = {name: customization[name] for name in LABELS}
    columns = {name: value for name, value in customization.items() if name not in LABELS}
    return {"labels": msgspec.json.encode(labels).decode(), **columns}


def _read(params: CustomizationInput | UnsetType | None) -> Mapping[str, Any]:
    """What is given, by the names of the representation; None for what is blank."""
    if not params:
        return {}
    wanted = {name: value for name, value in msgspec.structs.asdict(params).items() if value is not UNSET}
    for name, spellings in _FLAT.items():
        if name not in wanted:
            continue
        nested = wanted.pop(name)
        wanted[_ALLOWANCES[name]] = nested is not None
        for inner, flat in spellings.items():
            if nested is not None and getattr(nested, inner) is not UNSET:
                wanted[flat] = getattr(nested, inner)
    if not (wanted.get("custom_html") or "-").strip():
        wanted["custom_html"] = None
    return wanted


def _completed(otherwise: Mapping[str, Any], wanted: Mapping[str, Any]) -> Customization:
    done = {**otherwise, **wanted}
    for name, fallback in _FALLBACKS.items():
        if done[name] is None:
            done[name] = fallback
    if done["currency_code"] is None:
        done["currency_code"] = LOCALE_CURRENCIES[done["locale"]]
    if done["currency_symbol"] is None:
        done["currency_symbol"] = CURRENCIES[done["currency_code"]].symbol
    return done
