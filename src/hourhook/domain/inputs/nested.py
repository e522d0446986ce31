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

from hourhook.domain.inputs.declarations import Inputs, read, schema_of
from hourhook.domain.inputs.field import BadParts, Kind


@dataclass(frozen=True)
class ObjectOf(Kind):
    """An object of inputs."""

    inputs: type[Inputs]

    @property
    def schema(self) -> dict[str, Any]:
        return schema_of(self.inputs)

    def read(self, value: object) -> Inputs:
        given, faults = _read(self.inputs, value)
        if faults:
            raise BadParts(faults, given)
        return given


@dataclass(frozen=True)
class ListOf(Kind):
    """A list of objects of inputs, no longer than ``longest``."""

    inputs: type[Inputs]
    longest: int

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": schema_of(self.inputs), "maxItems": self.longest}

    def read(self, value: object) -> list[Inputs]:
        if not isinstance(value, list) or len(value) > self.longest:
            raise ValueError("no list, or too long a one")
        found = []
        bad = []
        for place, element in enumerate(value):
            try:
                given, faults = _read(self.inputs, element)
            except ValueError:
                # It keeps its place, since faults are reported by place.
                given, faults = self.inputs(), [("", "invalid")]
            found.append(given)
            bad += [(f"[{place}]{part}", code) for part, code in faults]
        if bad:
            raise BadParts(bad, found)
        return found


def _read(inputs: type[Inputs], value: object) -> tuple[Inputs, list[tuple[str, str]]]:
    if not isinstance(value, dict):
        raise ValueError("not an object")
    given, faults = read(inputs, value, resource="")
    return given, [(f".{field}", code) for field, code in faults.all()]
