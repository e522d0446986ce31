"""Inputs of endpoints: declared once, which both reads and documents them."""

from msgspec import UNSET, UnsetType

from hourhook.domain.inputs.declarations import (
    Faults,
    Inputs,
    Query,
    Raw,
    fields_of,
    given_or,
    read,
    schema_of,
)
from hourhook.domain.inputs.field import Kind
from hourhook.domain.inputs.fields import (
    Boolean,
    Count,
    Day,
    Decimal2,
    DecimalFrom,
    DecimalTo,
    Email,
    Id,
    IdList,
    Minutes,
    Moment,
    Name,
    NameList,
    Text,
    Uri,
    WebUri,
)
from hourhook.domain.inputs.numbers import number_choice
from hourhook.domain.inputs.texts import choice

__all__ = [
    "UNSET",
    "Boolean",
    "Count",
    "Day",
    "Decimal2",
    "DecimalFrom",
    "DecimalTo",
    "Email",
    "Faults",
    "Id",
    "IdList",
    "Inputs",
    "Kind",
    "Minutes",
    "Moment",
    "Name",
    "NameList",
    "Query",
    "Raw",
    "Text",
    "UnsetType",
    "Uri",
    "WebUri",
    "choice",
    "fields_of",
    "given_or",
    "number_choice",
    "read",
    "schema_of",
]
