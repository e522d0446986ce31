"""Parse the body or the query of a request into declared inputs, and collect its validation errors."""

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from msgspec import UNSET

from hourhook.domain.inputs.base import PartialError
from hourhook.domain.inputs.declarations import InputField, Inputs, fields_of
from hourhook.domain.inputs.error_messages import describe_element, describe_type
from hourhook.domain.inputs.validation_errors import ValidationErrors


class Query(dict[str, list[str]]):
    """The parameters of a query string; ``ids[]`` counts as ``ids``."""

    @classmethod
    def of(cls, pairs: list[tuple[str, str]]) -> Self:
        """Group the values by key, in order."""
        query = cls()
        for key, value in pairs:
            query.setdefault(key.removesuffix("[]"), []).append(value)
        return query


# The body of a request, or its query.
RawInputs = Mapping[str, object] | Query
T = TypeVar("T", bound=Inputs)


def parse(inputs: type[T], raw: RawInputs, *, resource: str) -> tuple[T, ValidationErrors]:
    """Parse the inputs of a request; ``resource`` is the name in its validation errors, such as ``ProjectGroup``."""
    fields = fields_of(inputs)
    errors = ValidationErrors(resource, tuple(field.name for field in fields))
    raw = _resolve_aliases(raw, inputs.aliases)
    values: dict[str, Any] = {}
    for field in fields:
        if field.name in raw:
            _parse_field(field, raw, values, errors)
    params = inputs(**values)
    errors.require(params, *inputs.required)
    return params, errors


def _parse_field(field: InputField, raw: RawInputs, values: dict[str, Any], errors: ValidationErrors) -> None:
    value = raw[field.name]
    try:
        if isinstance(raw, Query):
            texts = [text for text in raw[field.name] if text]
            parsed = field.type.parse_query(texts) if texts else UNSET
        else:
            parsed = None if value is None or value == "" else field.type.parse(value)
    except PartialError as error:
        for part, code in error.errors:
            name = f"{field.name}{part}"
            said = error.messages.get(part)
            if said is not None:
                said = field.name + said
            elif code == "invalid":
                said = describe_element(name, field.type.schema)
            errors.add(name, code, said)
        if error.value is not None:
            values[field.attribute] = error.value
    except ValueError:
        errors.add(field.name, "invalid", describe_type(field.name, field.type.schema))
    else:
        if parsed is None and not field.nullable:
            errors.add(field.name, "missing_field")
        else:
            values[field.attribute] = parsed


def _resolve_aliases(raw: RawInputs, aliases: Mapping[str, str]) -> RawInputs:
    for alias, name in aliases.items():
        if alias in raw and name not in raw:
            # A copy of the same class, since queries and bodies are parsed by different rules.
            raw = Query({**raw, name: raw[alias]}) if isinstance(raw, Query) else {**raw, name: raw[alias]}
    return raw
