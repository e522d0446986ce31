"""What endpoints take: one declaration per request body or set of filters, which both reads and documents it.

    class EntryInputs(Inputs):
        required: ClassVar = ("date",)
        date: Annotated[Day, "The day the work was done."] | UnsetType = UNSET
        project_id: Id | None | UnsetType = UNSET

    given, faults = inputs.parse(EntryInputs, raw, resource="Entry")
    faults.add("project_id", "missing")
    faults.raise_if_any()

A key that is absent stays ``UNSET``. One that is null or ``""`` is ``None`` where the declaration allows that, and a
``missing_field`` where it does not; in a query it is as if absent. One that cannot be read has the fault ``invalid``
(``field[2]`` for an element of a list, whose others are read all the same) and stays ``UNSET``. Unknown keys are
ignored. An object inside the inputs is declared as ``hourhook.domain.inputs.nested`` says.
A key that is a word of Python's is declared with ``rename={"from_": "from"}``.
(Contract, 00-conventions §4, §8, §17.)
"""

import inspect
import types
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Self, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType

from hourhook.domain.inputs.field import FieldType, PartialError
from hourhook.errors import FieldError, ValidationFailed


class Inputs(msgspec.Struct, kw_only=True):
    """The inputs of an endpoint; subclasses declare them."""

    # Keys without which the request is refused (``missing_field``).
    required: ClassVar[tuple[str, ...]] = ()
    # Older or other names of keys; they count where the key itself is absent, and are not documented.
    aliases: ClassVar[Mapping[str, str]] = {}


class Query(dict[str, list[str]]):
    """The parameters of a query string; ``ids[]`` counts as ``ids``."""

    @classmethod
    def of(cls, pairs: list[tuple[str, str]]) -> Self:
        """Gather the values of each key, in order."""
        query = cls()
        for key, value in pairs:
            query.setdefault(key.removesuffix("[]"), []).append(value)
        return query


# The body of a request, or its query.
RawInputs = Mapping[str, object] | Query
T = TypeVar("T", bound=Inputs)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class InputField:
    """One declared input."""

    name: str
    kind: FieldType
    nullable: bool
    description: str
    # Where its value is kept; differs from the name only where that is a word of Python's.
    attribute: str


class ValidationErrors:
    """What is wrong with the inputs of one request, all of it, to be answered together."""

    def __init__(self, resource: str, order: tuple[str, ...] = ()) -> None:
        self._resource = resource
        self._order = {name: place for place, name in enumerate(order)}
        # Only the keys count: there may be one for each element of a long list, and none is noted twice.
        self._found: dict[tuple[str, str], None] = {}

    def add(self, field: str, code: str) -> None:
        """Note a fault: ``field`` is a key, ``key[index]``, ``key.key``, or ``base`` for the object as a whole.

        What cannot be read has no other fault.
        """
        if (field, "invalid") not in self._found:
            self._found[field, code] = None

    def has(self, field: str) -> bool:
        """Whether something is wrong with this key or a part of it."""
        return any(_is_part(found, field) for found, _ in self._found)

    def discard(self, field: str) -> None:
        """Leave out whatever is wrong with this key and its parts, since it does not count."""
        self._found = {fault: None for fault in self._found if not _is_part(fault[0], field)}

    def all(self) -> list[tuple[str, str]]:
        """Everything found, fields and codes, in the order of the declaration."""
        return sorted(self._found, key=lambda fault: self._order.get(_key(fault[0]), -1))

    def require(self, params: Inputs, *fields: str) -> None:
        """Note ``missing_field`` for each of these keys that is absent or blank."""
        for field in fields:
            if getattr(params, field) in (UNSET, None) and not self.has(field):
                self.add(field, "missing_field")

    def raise_if_any(self, message: str = "Validation Failed") -> None:
        """Raise ``ValidationFailed`` with everything found, in the order of the declaration, if anything was."""
        if self._found:
            raise ValidationFailed([FieldError(self._resource, field, code) for field, code in self.all()], message)


def parse(inputs: type[T], raw: RawInputs, *, resource: str) -> tuple[T, ValidationErrors]:
    """Read the inputs of a request; ``resource`` is what its faults are about, as ``ProjectGroup``."""
    fields = fields_of(inputs)
    errors = ValidationErrors(resource, tuple(field.name for field in fields))
    raw = _renamed(raw, inputs.aliases)
    values: dict[str, Any] = {}
    for field in fields:
        if field.name in raw:
            _read_field(field, raw, values, errors)
    params = inputs(**values)
    errors.require(params, *inputs.required)
    return params, errors


def value_or(value: V | UnsetType, otherwise: V) -> V:
    """What was given, or something else where nothing was."""
    return otherwise if value is UNSET else value


@cache
def fields_of(inputs: type[Inputs]) -> tuple[InputField, ...]:
    """The declared inputs, in order."""
    hints = get_type_hints(inputs, include_extras=True)
    return tuple(
        _field(attribute, name, hints[attribute])
        for attribute, name in zip(inputs.__struct_fields__, inputs.__struct_encode_fields__, strict=True)
    )


def schema_of(inputs: type[Inputs]) -> dict[str, Any]:
    """The JSON Schema of an object of these inputs."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {field.name: _nullable(field) for field in fields_of(inputs)},
    }
    if inputs.required:
        schema["required"] = [*inputs.required]
    about = inspect.cleandoc(inputs.__doc__ or "")
    return {**schema, "description": about} if about else schema


def _read_field(field: InputField, raw: RawInputs, values: dict[str, Any], errors: ValidationErrors) -> None:
    value = raw[field.name]
    try:
        if isinstance(raw, Query):
            texts = [text for text in raw[field.name] if text]
            parse = field.kind.parse_query(texts) if texts else UNSET
        else:
            parse = None if value is None or value == "" else field.kind.parse(value)
    except PartialError as error:
        for part, code in error.errors:
            errors.add(f"{field.name}{part}", code)
        if error.value is not None:
            values[field.attribute] = error.value
    except ValueError:
        errors.add(field.name, "invalid")
    else:
        if parse is None and not field.nullable:
            errors.add(field.name, "missing_field")
        else:
            values[field.attribute] = parse


def _renamed(raw: RawInputs, aliases: Mapping[str, str]) -> RawInputs:
    for alias, name in aliases.items():
        if alias in raw and name not in raw:
            # A copy of the same class, since a query is read by other rules than a body.
            raw = Query({**raw, name: raw[alias]}) if isinstance(raw, Query) else {**raw, name: raw[alias]}
    return raw


def _field(attribute: str, name: str, hint: Any) -> InputField:
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    for part in parts:
        if get_origin(part) is Annotated:
            kinds = [extra for extra in part.__metadata__ if isinstance(extra, FieldType)]
            texts = [extra for extra in part.__metadata__ if isinstance(extra, str)]
            # Annotations nest from the inside out, so what stands last was written nearest.
            return InputField(name, kinds[-1], type(None) in parts, texts[-1] if texts else "", attribute)
    raise TypeError(f"the input {name} has no kind")


def _nullable(field: InputField) -> dict[str, Any]:
    schema = {**field.kind.schema}
    if field.nullable:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return {**schema, "description": field.description} if field.description else schema


def _is_part(found: str, field: str) -> bool:
    return found == field or found.startswith((f"{field}.", f"{field}["))


def _key(field: str) -> str:
    return field.partition("[")[0].partition(".")[0]
