"""Numbers: integers, ids, decimals."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hourhook.domain.inputs.field import FieldType

MAX_ID = 2**31 - 1
# No object has this id: it stands for one that cannot exist, which is an id nevertheless, and so is not falsy.
NONEXISTENT_ID = -1
# With two fraction digits still exact as a JSON number, which readers take for a binary fraction.
MAX_DECIMAL = 10**12

_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,20}(\.[0-9]{0,40})?|\.[0-9]{1,40})")
_HUNDREDTH = Decimal("0.01")
# Beyond any sum of decimals that is kept.
_FARTHEST_BOUND = Decimal(10**15)


@dataclass(frozen=True)
class IntegerField(FieldType):
    """An integer between two bounds, both inclusive."""

    minimum: int
    maximum: int

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}

    def parse(self, value: object) -> int:
        number = _whole(value)
        if not self.minimum <= number <= self.maximum:
            raise ValueError("out of range")
        return number


@dataclass(frozen=True)
class IntegerChoiceField(FieldType):
    """One of a few integers."""

    options: tuple[int, ...]

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "enum": [*self.options]}

    def parse(self, value: object) -> int:
        number = _whole(value)
        if number not in self.options:
            raise ValueError("not an option")
        return number


class IdField(FieldType):
    """An id; one that cannot exist is read as ``NONEXISTENT_ID``."""

    schema = {"type": "integer", "minimum": 1, "maximum": MAX_ID}

    def parse(self, value: object) -> int:
        number = _whole(value)
        return number if 1 <= number <= MAX_ID else NONEXISTENT_ID


@dataclass(frozen=True)
class DecimalField(FieldType):
    """A decimal between two bounds, both inclusive, as an integer in hundredths; further fraction digits are rounded.

    Halves are rounded away from zero.
    """

    minimum: int = -MAX_DECIMAL
    maximum: int = MAX_DECIMAL

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.minimum, "maximum": self.maximum}

    def parse(self, value: object) -> int:
        number = _decimal(value)
        if not self.minimum <= number <= self.maximum:
            raise ValueError("out of range")
        return _hundredths(number, ROUND_HALF_UP)


@dataclass(frozen=True)
class DecimalBoundField(FieldType):
    """A bound that decimals are compared with, as an integer in hundredths.

    One that lies beyond all of them takes in all of them, or none.
    """

    rounding: str

    schema = {"type": "number"}

    def parse(self, value: object) -> int:
        number = _decimal(value)
        return _hundredths(max(-_FARTHEST_BOUND, min(number, _FARTHEST_BOUND)), self.rounding)


def integer_choice(*options: int) -> IntegerChoiceField:
    """The kind that is one of a few integers."""
    return IntegerChoiceField(options)


def _whole(value: object) -> int:
    if isinstance(value, bool):
        raise ValueError("not an integer")
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        # What is longer than any integer we take is out of range, and costs no arithmetic to know.
        return int(value) if len(value) <= 40 else MAX_DECIMAL**2
    raise ValueError("not an integer")


def _decimal(value: object) -> Decimal:
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value.strip()):
            raise ValueError("not a number")
        return Decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    # The digits that were sent, not the binary fraction that a float is.
    number = Decimal(repr(value))
    if not number.is_finite():
        raise ValueError("not a number")
    return number


def _hundredths(number: Decimal, rounding: str) -> int:
    # Rounded once, and by this alone: arithmetic would round to its own precision first.
    return int(number.quantize(_HUNDREDTH, rounding).scaleb(2))
