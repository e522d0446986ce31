"""Declare the inputs of an endpoint: one class per request body or set of filters, which parses and documents them.

    class EntryInputs(Inputs):
        required: ClassVar = ("date",)
        date: Annotated[Day, "The day the work was done."] | UnsetType = UNSET
        project_id: Id | None | UnsetType = UNSET

    params, errors = inputs.parse(EntryInputs, raw, resource="Entry")
    errors.add("project_id", "missing")
    errors.raise_if_any()

- An absent key stays ``UNSET``. Unknown keys are ignored.
- In a body, null and ``""`` become ``None`` if the declaration allows it, else the error ``missing_field``; in a query
  they count as absent.
- A value that cannot be parsed has the error ``invalid`` and stays ``UNSET``. In a list only the element has the error
  (``field[2]``), and the others are parsed all the same.
- ``hourhook.domain.inputs.nested`` declares objects inside the inputs.
- A key that is a reserved word of Python is declared with ``rename={"from_": "from"}``.

Callers of the API read the same rules in ``docs/api/conventions.md#request-bodies`` and ``#filters`` there.
"""

import inspect
import types
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType

from hourhook.domain.inputs.base import FieldType

V = TypeVar("V")


class Inputs(msgspec.Struct, kw_only=True):
    """The base class of declared inputs."""

    # Keys without which the request is refused (``missing_field``).
    required: ClassVar[tuple[str, ...]] = ()
    # Alternative names of keys: they count if the key itself is absent, and are not documented.
    aliases: ClassVar[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class InputField:
    """One declared input."""

    name: str
    type: FieldType
    nullable: bool
    description: str
    # The attribute that holds its value; differs from the name only if that is a reserved word of Python.
    attribute: str


def value_or(value: V | UnsetType, default: V) -> V:
    """Return a parsed value, or a default if the key was absent."""
    return default if value is UNSET else value


@cache
def fields_of(inputs: type[Inputs]) -> tuple[InputField, ...]:
    """Return the declared inputs, in order."""
    hints = get_type_hints(inputs, include_extras=True)
    return tuple(
        _make_field(attribute, name, hints[attribute])
        for attribute, name in zip(inputs.__struct_fields__, inputs.__struct_encode_fields__, strict=True)
    )


def schema_of(inputs: type[Inputs]) -> dict[str, Any]:
    """Return the JSON Schema of an object of these inputs."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {field.name: _schema_of_field(field) for field in fields_of(inputs)},
    }
    if inputs.required:
        schema["required"] = [*inputs.required]
    description = inspect.cleandoc(inputs.__doc__ or "")
    return {**schema, "description": description} if description else schema


def _make_field(attribute: str, name: str, hint: Any) -> InputField:
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    for part in parts:
        if get_origin(part) is Annotated:
            field_types = [extra for extra in part.__metadata__ if isinstance(extra, FieldType)]
            descriptions = [extra for extra in part.__metadata__ if isinstance(extra, str)]
            # Nested annotations are flattened from the inside out: the last one is the outermost.
            description = descriptions[-1] if descriptions else ""
            return InputField(name, field_types[-1], type(None) in parts, description, attribute)
    raise TypeError(f"the input {name} has no field type")


def _schema_of_field(field: InputField) -> dict[str, Any]:
    schema = {**field.type.schema}
    if field.nullable:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return {**schema, "description": field.description} if field.description else schema
