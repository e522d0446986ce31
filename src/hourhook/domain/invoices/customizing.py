"""Customization of invoices: labels, locale, currency, online payment (`docs/api/invoices.md#customization`).

A key that is sent blank is reset to its default.
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
    """A locale code, parsed as plain text: ``check_locale`` reports an unknown one with an error code of its own."""

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [*LOCALE_CURRENCIES]}


Label = Annotated[str, TextField(255)]
Locale = Annotated[str, LocaleField(255)]
CurrencyCode = Annotated[str, choice(*CURRENCIES)]
LowerCurrencyCode = Annotated[str, choice(*map(str.lower, CURRENCIES), ignore_case=True)]

# The labels and their defaults.
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
    """Payment by PayPal, which the presence of this object allows."""

    paypal_address: Annotated[Label, "The issuer's PayPal e-mail address."] | UnsetType | None = UNSET
    paypal_invoice_title: (
        Annotated[Label, "Title shown at PayPal. Default: the invoice's reference."] | UnsetType | None
    ) = UNSET
    paypal_currency_code: Annotated[CurrencyCode, "Default: `USD`."] | UnsetType | None = UNSET


class StripeInput(Inputs):
    """Payment by Stripe, which the presence of this object allows."""

    payment_description: (
        Annotated[Label, "Description shown at Stripe. Default: the invoice's reference."] | UnsetType | None
    ) = UNSET
    currency_code: Annotated[LowerCurrencyCode, "Default: `usd`."] | UnsetType | None = UNSET


class CustomizationInput(Inputs):
    """The labels on an invoice, and how it can be paid online. A blank key is reset to its default."""

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


# The flat spelling of the keys inside nested objects.
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
_DEFAULTS: dict[str, Any] = {
    **LABELS,
    "locale": DEFAULT_LOCALE,
    # Derived from the locale and from each other.
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
# Not inherited from the previous invoice: they usually hold its reference.
_TITLES = ("paypal_invoice_title", "stripe_connect_payment_description")

# All keys, by their names in the representation.
Customization = dict[str, Any]


def check_locale(errors: ValidationErrors, params: CustomizationInput | UnsetType | None) -> None:
    """Add ``locale_not_available`` for an unknown locale."""
    if params and params.locale and params.locale not in LOCALE_CURRENCIES:
        errors.add("customization.locale", "locale_not_available")


def build_customization(
    params: CustomizationInput | UnsetType | None, previous: Row | None, reference: str
) -> Customization:
    """Return the customization of a new invoice: values sent, then those of the previous invoice, then defaults."""
    requested = _read(params)
    inherited = dict(_DEFAULTS) if previous is None else read_stored(previous)
    if requested.get("currency_code", inherited["currency_code"]) != inherited["currency_code"]:
        # The symbol of another currency would be wrong.
        inherited["currency_symbol"] = None
    return _complete({**inherited, **dict.fromkeys(_TITLES, reference)}, requested)


def update_customization(params: CustomizationInput | UnsetType | None, stored: Row) -> Customization:
    """Return the customization of an edited invoice: values sent, then the stored ones."""
    return _complete(read_stored(stored), _read(params))


def restore_customization(values: Mapping[str, Any]) -> Customization:
    """Return the customization of an imported invoice: the values of its representation, then defaults."""
    return _complete(_DEFAULTS, {name: value for name, value in values.items() if name in _DEFAULTS})


def read_stored(invoice: Row) -> Customization:
    """Return the customization of a row of ``invoices``."""
    labels = msgspec.json.decode(invoice.labels, type=dict[str, str])
    return {**labels, **{name: getattr(invoice, name) for name in _DEFAULTS if name not in LABELS}}


def as_columns(customization: Customization) -> dict[str, Any]:
    """Return a customization as columns; the labels are JSON in one of them."""
    labels = {name: customization[name] for name in LABELS}
    columns = {name: value for name, value in customization.items() if name not in LABELS}
    return {"labels": msgspec.json.encode(labels).decode(), **columns}


def _read(params: CustomizationInput | UnsetType | None) -> Mapping[str, Any]:
    """Return the values that were sent, by their names in the representation; None for blank ones."""
    if not params:
        return {}
    requested = {name: value for name, value in msgspec.structs.asdict(params).items() if value is not UNSET}
    for name, spellings in _FLAT.items():
        if name not in requested:
            continue
        nested = requested.pop(name)
        requested[_ALLOWANCES[name]] = nested is not None
        for inner, flat in spellings.items():
            if nested is not None and getattr(nested, inner) is not UNSET:
                requested[flat] = getattr(nested, inner)
    if not (requested.get("custom_html") or "-").strip():
        requested["custom_html"] = None
    return requested


def _complete(inherited: Mapping[str, Any], requested: Mapping[str, Any]) -> Customization:
    customization = {**inherited, **requested}
    for name, default in _DEFAULTS.items():
        if customization[name] is None:
            customization[name] = default
    if customization["currency_code"] is None:
        customization["currency_code"] = LOCALE_CURRENCIES[customization["locale"]]
    if customization["currency_symbol"] is None:
        customization["currency_symbol"] = CURRENCIES[customization["currency_code"]].symbol
    return customization
