"""What an invoice says: its reference, names, addresses and texts, and what it shows (contract, invoices.md)."""

from typing import Annotated, Any

import msgspec

from hourhook.domain.inputs import UNSET, Boolean, Inputs, Name, Text, UnsetType
from hourhook.domain.inputs.nested import NestedField
from hourhook.domain.invoices.customizing import CustomizationInput
from hourhook.domain.invoices.rates import RateCalculation
from hourhook.domain.search_keys import search_key

# Absent or blank, each is this.
FLAG_DEFAULTS = {
    "show_hours_worked": True,
    "show_full_report": False,
    "show_user_summaries": False,
    "show_project_summaries": False,
    "show_project_name_for_expenses": False,
}
# Blank, each of them is an empty text.
TEXT_FIELDS = (
    "reference", "project_name", "company_name", "company_details", "recipient_details", "description", "footer",
)  # fmt: skip
# Columns beside which their casefolded form is kept.
SEARCHABLE_FIELDS = (*TEXT_FIELDS, "currency_symbol")


class Details(Inputs):
    """What new invoices and edited ones have in common."""

    reference: (
        Annotated[Name, "New ones without it get the number of the last one, and one more."] | UnsetType | None
    ) = UNSET
    project_name: Annotated[Text, "New ones without it get the names of their projects."] | UnsetType | None = UNSET
    company_name: (
        Annotated[
            Name,
            "The issuer. New ones without it take that of the last invoice of these projects, else the account's name.",
        ]
        | UnsetType
        | None
    ) = UNSET
    company_details: (
        Annotated[Text, "The issuer's address. New ones without it take that of the last invoice of these projects."]
        | UnsetType
        | None
    ) = UNSET
    recipient_details: (
        Annotated[Text, "The recipient's address. New ones without it take that of the last invoice of these projects."]
        | UnsetType
        | None
    ) = UNSET
    description: Annotated[Text, "Limited Markdown, kept as it is."] | UnsetType | None = UNSET
    footer: Annotated[Text, "Limited Markdown, kept as it is."] | UnsetType | None = UNSET
    show_hours_worked: Annotated[Boolean, "`true` on new ones without it."] | UnsetType | None = UNSET
    show_full_report: Annotated[Boolean, "`false` on new ones without it."] | UnsetType | None = UNSET
    show_user_summaries: Annotated[Boolean, "`false` on new ones without it."] | UnsetType | None = UNSET
    show_project_summaries: Annotated[Boolean, "`false` on new ones without it."] | UnsetType | None = UNSET
    show_project_name_for_expenses: Annotated[Boolean, "`false` on new ones without it."] | UnsetType | None = UNSET
    rate_calculation: (
        Annotated[
            RateCalculation,
            "New ones without it take that of the last invoice of these projects, else a standard rate of 0.",
        ]
        | UnsetType
        | None
    ) = UNSET
    customization: (
        Annotated[
            CustomizationInput,
            NestedField(CustomizationInput),
            "What is absent of it new ones take over from the last invoice of these projects, else it is its fallback.",
        ]
        | UnsetType
        | None
    ) = UNSET


def read_details(params: Details) -> dict[str, Any]:
    """What is given of texts and switches, with what blank ones come to."""
    values = {name: value for name, value in msgspec.structs.asdict(params).items() if value is not UNSET}
    texts = {name: values[name] or "" for name in TEXT_FIELDS if name in values}
    switches = {
        name: default if values[name] is None else values[name]
        for name, default in FLAG_DEFAULTS.items()
        if name in values
    }
    return {**texts, **switches}


def with_search_keys(columns: dict[str, Any]) -> dict[str, Any]:
    """The columns of an invoice, with the casefolded forms that are searched."""
    return {**columns, **{f"{name}_key": search_key(columns[name]) for name in SEARCHABLE_FIELDS if name in columns}}
