"""The field types of numbers: integers, ids, decimals."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hourhook.domain.inputs.base import FieldType

MAX_ID = 2**31 - 1
# Stands for an id that cannot exist. Not 0, because rules treat a falsy id as absent.
NONEXISTENT_ID = -1
# Still exact with two fraction digits in a JSON number, which many parsers read as a binary float.
MAX_DECIMAL = 10**12

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,20}(\.[0-9]{0,40})?|\.[0-9]{1,40})")
# Beyond any stored sum of decimals.
_MAX_BOUND = Decimal(10**15)


@dataclass(frozen=True)
class IntegerField(FieldType):
    """An integer between two bounds, both inclusive."""

    minimum: int
    maximum: int

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}

    def parse(self, value: object) -> int:
        number = read_integer(value)
        if not self.minimum <= number <= self.maximum:
            raise ValueError("out of range")
        return number


class IdField(FieldType):
    """An id; an integer that cannot be one is parsed as ``NONEXISTENT_ID``."""

    schema = {"type": "integer", "minimum": 1, "maximum": MAX_ID}

    def parse(self, value: object) -> int:
        number = read_integer(value)
        return number if 1 <= number <= MAX_ID else NONEXISTENT_ID


@dataclass(frozen=True)
class DecimalField(FieldType):
    """A decimal between two bounds, both inclusive, parsed into an integer in hundredths.

    Further fraction digits are rounded, halves away from zero.
    """

    minimum: int | Decimal = -MAX_DECIMAL
    maximum: int = MAX_DECIMAL

    @property
    def schema(self) -> dict[str, Any]:
        minimum = self.minimum if isinstance(self.minimum, int) else float(self.minimum)
        return {"type": "number", "minimum": minimum, "maximum": self.maximum}

    def parse(self, value: object) -> int:
        number = _decimal(value)
        if not self.minimum <= number <= self.maximum:
            raise ValueError("out of range")
        return scale(number, 2, ROUND_HALF_UP)


@dataclass(frozen=True)
class ExactDecimalField(FieldType):
    """A decimal between two bounds, both inclusive; the rules round it."""

    minimum: int = -MAX_DECIMAL
    maximum: int = MAX_DECIMAL

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.minimum, "maximum": self.maximum}

    def parse(self, value: object) -> Decimal:
        number = _decimal(value)
        if not self.minimum <= number <= self.maximum:
            raise ValueError("out of range")
        return number


@dataclass(frozen=True)
class DecimalBoundField(FieldType):
    """A bound of a filter on decimals with so many fraction digits, parsed into an integer of their last digit.

    A bound of any size is accepted.
    """

    rounding: str
    digits: int = 2

    schema = {"type": "number"}

    def parse(self, value: object) -> int:
        number = _decimal(value)
        return scale(max(-_MAX_BOUND, min(number, _MAX_BOUND)), self.digits, self.rounding)


def read_integer(value: object) -> int:
    """Return the integer of a JSON number such as ``15.0``, or of a string; raises ``ValueError`` for other values."""
    if isinstance(value, bool):
        raise ValueError("not an integer")
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        # A longer one is out of range anyway; parsing it takes time quadratic in its length.
        return int(value) if len(value) <= 40 else MAX_DECIMAL**2
    raise ValueError("not an integer")


def _decimal(value: object) -> Decimal:
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value.strip()):
            raise ValueError("not a number")
        return Decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    # The digits that were sent, not the binary fraction of the float.
    number = Decimal(repr(value))
    if not number.is_finite():
        raise ValueError("not a number")
    return number


def scale(number: Decimal, digits: int, rounding: str = ROUND_HALF_UP) -> int:
    """Round a decimal to so many fraction digits, and return it as an integer of the last of them."""
    # Rounded only here: decimal arithmetic would first round to the precision of its context.
    return int(number.quantize(Decimal(1).scaleb(-digits), rounding).scaleb(digits))
