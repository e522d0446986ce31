"""Inputs of endpoints: each is declared once, and the declaration parses, validates and documents it."""

from msgspec import UNSET, UnsetType

from hourhook.domain.inputs.base import FieldType
from hourhook.domain.inputs.declarations import Inputs, fields_of, schema_of, value_or
from hourhook.domain.inputs.enums import choice, integer_choice
from hourhook.domain.inputs.input_types import (
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
from hourhook.domain.inputs.parsing import Query, RawInputs, parse
from hourhook.domain.inputs.validation_errors import ValidationErrors

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
