"""The field types of nested inputs: an object of inputs under one key, or a list of such objects.

    class TaxLine(Inputs):
        required: ClassVar = ("percentage",)
        percentage: Percentage | UnsetType = UNSET

    class InvoiceCreate(Inputs):
        taxes: Annotated[list[TaxLine], NestedListField(TaxLine, 100)] | UnsetType = UNSET

Errors name the path of a part, such as ``taxes[1].percentage`` (``docs/api/conventions.md#errors``). The readable parts
of a value with errors are kept, so that the rules can report further errors in them.
"""

from dataclasses import dataclass
from typing import Any

from hourhook.domain.inputs.base import FieldType, PartialError
from hourhook.domain.inputs.declarations import Inputs, schema_of
from hourhook.domain.inputs.parsing import parse


@dataclass(frozen=True)
class NestedField(FieldType):
    """An object of inputs."""

    inputs: type[Inputs]

    @property
    def schema(self) -> dict[str, Any]:
        return schema_of(self.inputs)

    def parse(self, value: object) -> Inputs:
        params, errors, messages = _parse_object(self.inputs, value)
        if errors:
            raise PartialError(errors, params, messages)
        return params


@dataclass(frozen=True)
class NestedListField(FieldType):
    """A list of objects of inputs, with at most ``max_items``."""

    inputs: type[Inputs]
    max_items: int

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": schema_of(self.inputs), "maxItems": self.max_items}

    def parse(self, value: object) -> list[Inputs]:
        if not isinstance(value, list) or len(value) > self.max_items:
            raise ValueError("not a list, or too long")
        parsed = []
        found_errors = []
        messages: dict[str, str] = {}
        for index, element in enumerate(value):
            try:
                params, errors, said = _parse_object(self.inputs, element)
            except ValueError:
                # The element keeps its index, because errors are reported by index.
                params, errors, said = self.inputs(), [("", "invalid")], {}
            parsed.append(params)
            found_errors += [(f"[{index}]{part}", code) for part, code in errors]
            messages |= {f"[{index}]{part}": f"[{index}]{message}" for part, message in said.items()}
        if found_errors:
            raise PartialError(found_errors, parsed, messages)
        return parsed


def _parse_object(inputs: type[Inputs], value: object) -> tuple[Inputs, list[tuple[str, str]], dict[str, str]]:
    """Return the object, its errors, and their messages, which begin with the part as its path does."""
    if not isinstance(value, dict):
        raise ValueError("not an object")
    params, errors = parse(inputs, value, resource="")
    messages = {f".{field}": f".{message}" for field, message in errors.messages().items()}
    return params, [(f".{field}", code) for field, code in errors.all()], messages
