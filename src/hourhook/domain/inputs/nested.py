"""Inputs inside inputs: an object of them under one key, or a list of such objects.

    class GivenTax(Inputs):
        required: ClassVar = ("percentage",)
        percentage: Percentage | UnsetType = UNSET

    class NewInvoice(Inputs):
        taxes: Annotated[list[GivenTax], ListOf(GivenTax, 100)] | UnsetType = UNSET

Faults of parts are named by the way to them: ``taxes[1].percentage`` (contract, 00-conventions §8). What is at fault is
read as far as it goes, so that the rules can find what else is wrong.
"""

from dataclasses import dataclass
from typing import Any

from hourhook.domain.inputs.declarations import Inputs, parse, schema_of
from hourhook.domain.inputs.field import FieldType, PartialError


@dataclass(frozen=True)
class NestedField(FieldType):
    """An object of inputs."""

    inputs: type[Inputs]

    @property
    def schema(self) -> dict[str, Any]:
        return schema_of(self.inputs)

    def parse(self, value: object) -> Inputs:
        params, errors = _read(self.inputs, value)
        if errors:
            raise PartialError(errors, params)
        return params


@dataclass(frozen=True)
class NestedListField(FieldType):
    """A list of objects of inputs, no longer than ``max_items``."""

    inputs: type[Inputs]
    max_items: int

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": schema_of(self.inputs), "maxItems": self.max_items}

    def parse(self, value: object) -> list[Inputs]:
        if not isinstance(value, list) or len(value) > self.max_items:
            raise ValueError("no list, or too long a one")
        found = []
        bad = []
        for place, element in enumerate(value):
            try:
                params, errors = _read(self.inputs, element)
            except ValueError:
                # It keeps its place, since faults are reported by place.
                params, errors = self.inputs(), [("", "invalid")]
            found.append(params)
            bad += [(f"[{place}]{part}", code) for part, code in errors]
        if bad:
            raise PartialError(bad, found)
        return found


def _read(inputs: type[Inputs], value: object) -> tuple[Inputs, list[tuple[str, str]]]:
    if not isinstance(value, dict):
        raise ValueError("not an object")
    params, errors = parse(inputs, value, resource="")
    return params, [(f".{field}", code) for field, code in errors.all()]
