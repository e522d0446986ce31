"""Inputs of endpoints: declared once, which both reads and documents them."""

from msgspec import UNSET, UnsetType

from hourhook.domain.inputs.declarations import (
    Inputs,
    Query,
    RawInputs,
    ValidationErrors,
    fields_of,
    parse,
    schema_of,
    value_or,
)
from hourhook.domain.inputs.field import FieldType
from hourhook.domain.inputs.fields import (
    Boolean,
    Count,
    Day,
    Decimal2,
    DecimalFrom,
    DecimalTo,
    Email,
    HttpUri,
    Id,
    IdList,
    Minutes,
    Moment,
    Name,
    NameList,
    Text,
    Uri,
)
from hourhook.domain.inputs.numbers import integer_choice
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
    "FieldType",
    "HttpUri",
    "Id",
    "IdList",
    "Inputs",
    "Minutes",
    "Moment",
    "Name",
    "NameList",
    "Query",
    "RawInputs",
    "Text",
    "UnsetType",
    "Uri",
    "ValidationErrors",
    "choice",
    "fields_of",
    "integer_choice",
    "parse",
    "schema_of",
    "value_or",
]
