"""Inputs that new and edited invoices share: reference, names, addresses, texts and display flags."""

from typing import Annotated, Any

import msgspec

from hourhook.domain.inputs import UNSET, Boolean, Inputs, Name, Text, UnsetType
from hourhook.domain.inputs.nested import NestedField
from hourhook.domain.invoices.customizing import CustomizationInput
from hourhook.domain.invoices.rates import RateCalculation
from hourhook.domain.search_keys import search_key

# The values of absent and blank flags.
FLAG_DEFAULTS = {
    "show_hours_worked": True,
    "show_full_report": False,
    "show_user_summaries": False,
    "show_project_summaries": False,
    "show_project_name_for_expenses": False,
}
# Blank ones are stored as an empty string.
TEXT_FIELDS = (
    "reference", "project_name", "company_name", "company_details", "recipient_details", "description", "footer",
)  # fmt: skip
# Each of these columns has a casefolded one beside it, for filters.
SEARCHABLE_FIELDS = (*TEXT_FIELDS, "currency_symbol")


class Details(Inputs):
    """The properties that new and edited invoices share."""

    reference: Annotated[Name, "Default for new invoices: the number of the last one plus 1."] | UnsetType | None = (
        UNSET
    )
    project_name: Annotated[Text, "Default for new invoices: the names of their projects."] | UnsetType | None = UNSET
    company_name: (
        Annotated[
            Name,
            "The issuer. Default for new invoices: that of these projects' last invoice, else the account's name.",
        ]
        | UnsetType
        | None
    ) = UNSET
    company_details: (
        Annotated[Text, "The issuer's address. Default for new invoices: that of the last invoice of these projects."]
        | UnsetType
        | None
    ) = UNSET
    recipient_details: (
        Annotated[
            Text, "The recipient's address. Default for new invoices: that of the last invoice of these projects."
        ]
        | UnsetType
        | None
    ) = UNSET
    description: Annotated[Text, "Limited Markdown, stored unchanged."] | UnsetType | None = UNSET
    footer: Annotated[Text, "Limited Markdown, stored unchanged."] | UnsetType | None = UNSET
    show_hours_worked: Annotated[Boolean, "Default for new invoices: `true`."] | UnsetType | None = UNSET
    show_full_report: Annotated[Boolean, "Default for new invoices: `false`."] | UnsetType | None = UNSET
    show_user_summaries: Annotated[Boolean, "Default for new invoices: `false`."] | UnsetType | None = UNSET
    show_project_summaries: Annotated[Boolean, "Default for new invoices: `false`."] | UnsetType | None = UNSET
    show_project_name_for_expenses: Annotated[Boolean, "Default for new invoices: `false`."] | UnsetType | None = UNSET
    rate_calculation: (
        Annotated[
            RateCalculation,
            "Default for new invoices: that of the last invoice of these projects, else a standard rate of 0.",
        ]
        | UnsetType
        | None
    ) = UNSET
    customization: (
        Annotated[
            CustomizationInput,
            NestedField(CustomizationInput),
            "Keys left out of a new invoice are taken from the last invoice of these projects, else from the defaults.",
        ]
        | UnsetType
        | None
    ) = UNSET


def read_details(params: Details) -> dict[str, Any]:
    """Return the texts and flags that were sent, with blank ones replaced by their defaults."""
    values = {name: value for name, value in msgspec.structs.asdict(params).items() if value is not UNSET}
    texts = {name: values[name] or "" for name in TEXT_FIELDS if name in values}
    flags = {
        name: default if values[name] is None else values[name]
        for name, default in FLAG_DEFAULTS.items()
        if name in values
    }
    return {**texts, **flags}


def with_search_keys(columns: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of an invoice with the casefolded columns that filters search."""
    return {**columns, **{f"{name}_key": search_key(columns[name]) for name in SEARCHABLE_FIELDS if name in columns}}
