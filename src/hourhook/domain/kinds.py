"""What one input may be: how leniently it is read, and how it is documented.

A kind reads a JSON value, or the texts of a query parameter, into the type that the rules work with, and raises
``ValueError`` for anything else (contract, 00-conventions §4 and §17). What callers of the API meet is in the names at
the end of this module; ``hourhook.domain.inputs`` puts them to use.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from hourhook.clock import moment_of, whole_second

LARGEST_ID = 2**31 - 1
# No object has this id: it stands for one that cannot exist, which is an id nevertheless, and so is not falsy.
NO_ID = -1
# Far beyond any real work, and far below what a column or a sum of columns could not hold.
LARGEST_MINUTES = 10_000_000
# With two fraction digits still exact as a JSON number, which readers take for a binary fraction.
LARGEST_DECIMAL = 10**12
# Ten of the largest pages at once.
LARGEST_LIST = 10_000

_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,20}(\.[0-9]{0,40})?|\.[0-9]{1,40})")
_HUNDREDTH = Decimal("0.01")
# Beyond any sum of decimals that is kept.
_FARTHEST_BOUND = Decimal(10**15)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A blank stands for the plus sign that somebody forgot to encode in a query.
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(?:[Zz]|([-+ ])([0-9]{2}):?([0-9]{2}))"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BLANK_OR_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):.")
_WEB = re.compile(r"https?://[^/?#]", re.IGNORECASE)
_EMAIL = re.compile(r"[^@<>()\[\],;:\\\"]+@[^@<>()\[\],;:\\\"]+")
# They are shown as links, and these would run in the page that shows them.
_SCRIPTS = frozenset({"javascript", "vbscript", "data"})


class BadParts(ValueError):
    """Some parts of a list or an object cannot be read.

    ``faults`` says which and why, as ``("[2]", "invalid")`` (places count from 0) or ``(".name", "missing_field")``.
    ``value`` is what could be read of the whole, where that tells the rules something; they find faults in it too.
    """

    def __init__(self, faults: Sequence[tuple[str, str]], value: object = None) -> None:
        super().__init__(", ".join(f"{part} {code}" for part, code in faults))
        self.faults = faults
        self.value = value


class Kind(ABC):
    """One kind of input. ``schema`` is its JSON Schema."""

    @property
    @abstractmethod
    def schema(self) -> dict[str, Any]: ...

    @abstractmethod
    def read(self, value: object) -> Any:
        """Read a JSON value that is neither null nor empty; None means that it is blank all the same."""

    def read_query(self, texts: list[str]) -> Any:
        """Read a query parameter from its texts, none of them empty; the last one counts."""
        return self.read(texts[-1])


@dataclass(frozen=True)
class Characters(Kind):
    """Text of at most ``longest`` characters that every database can keep."""

    longest: int
    # A single line without blanks around it.
    is_name: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.longest}

    def read(self, value: object) -> str | None:
        text = self._fitting(value)
        return text if text.strip() else None

    def read_query(self, texts: list[str]) -> str | None:
        # A filter may well look for a blank.
        return self._fitting(texts[-1]) or None

    def _fitting(self, value: object) -> str:
        text = _text(value)
        if self.is_name:
            text = text.strip()
            if _CONTROL.search(text):
                raise ValueError("control characters")
        if len(text) > self.longest:
            raise ValueError("too long")
        return text


@dataclass(frozen=True)
class Whole(Kind):
    """An integer between two bounds, both inclusive."""

    minimum: int
    maximum: int

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}

    def read(self, value: object) -> int:
        number = _whole(value)
        if not self.minimum <= number <= self.maximum:
            raise ValueError("out of range")
        return number


@dataclass(frozen=True)
class OneNumberOf(Kind):
    """One of a few integers."""

    options: tuple[int, ...]

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "enum": [*self.options]}

    def read(self, value: object) -> int:
        number = _whole(value)
        if number not in self.options:
            raise ValueError("not an option")
        return number


@dataclass(frozen=True)
class OneOf(Kind):
    """One of a few words; ``aliases`` are older spellings of them, which the documentation leaves out."""

    options: tuple[str, ...]
    any_case: bool = False
    aliases: tuple[tuple[str, str], ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [*self.options]}

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise ValueError("not a text")
        word = value.lower() if self.any_case else value
        word = dict(self.aliases).get(word, word)
        if word not in self.options:
            raise ValueError("not an option")
        return word


class YesOrNo(Kind):
    """A boolean, or the word for it."""

    schema = {"type": "boolean"}

    def read(self, value: object) -> bool:
        if value is True or value == "true":
            return True
        if value is False or value == "false":
            return False
        raise ValueError("not a boolean")


@dataclass(frozen=True)
class Hundredths(Kind):
    """A decimal between two bounds, both inclusive, as an integer in hundredths; further fraction digits are rounded.

    Halves are rounded away from zero.
    """

    minimum: int = -LARGEST_DECIMAL
    maximum: int = LARGEST_DECIMAL

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.minimum, "maximum": self.maximum}

    def read(self, value: object) -> int:
        number = _decimal(value)
        if not self.minimum <= number <= self.maximum:
            raise ValueError("out of range")
        return _hundredths(number, ROUND_HALF_UP)


@dataclass(frozen=True)
class Bound(Kind):
    """A bound that decimals are compared with, as an integer in hundredths.

    One that lies beyond all of them takes in all of them, or none.
    """

    rounding: str

    schema = {"type": "number"}

    def read(self, value: object) -> int:
        number = _decimal(value)
        return _hundredths(max(-_FARTHEST_BOUND, min(number, _FARTHEST_BOUND)), self.rounding)


class CalendarDay(Kind):
    """A date, ``YYYY-MM-DD``."""

    schema = {"type": "string", "format": "date"}

    def read(self, value: object) -> str:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise ValueError("not a date")
        date.fromisoformat(value)
        return value


class PointInTime(Kind):
    """A timestamp with ``Z`` or any offset, as a moment in whole seconds."""

    schema = {"type": "string", "format": "date-time"}

    def read(self, value: object) -> int:
        match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise ValueError("not a timestamp")
        day, time_of_day, sign, hours, minutes = match.groups()
        offset = f"{'-' if sign == '-' else '+'}{hours}:{minutes}" if sign else "+00:00"
        try:
            return whole_second(moment_of(datetime.fromisoformat(f"{day}T{time_of_day}{offset}").astimezone(UTC)))
        except OverflowError as error:
            raise ValueError("before or after all time") from error


@dataclass(frozen=True)
class Address(Kind):
    """An absolute URL; with ``of_the_web`` only ``http`` and ``https``."""

    of_the_web: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "uri", "maxLength": 2048}

    def read(self, value: object) -> str | None:
        text = _text(value).strip()
        if not text:
            return None
        match = _SCHEME.match(text)
        if len(text) > 2048 or _BLANK_OR_CONTROL.search(text) or match is None:
            raise ValueError("not a URL")
        if match[1].lower() in _SCRIPTS or (self.of_the_web and not _WEB.match(text)):
            raise ValueError("not a URL of a kind that is allowed")
        return text


class EmailAddress(Kind):
    """What is, by its looks, an e-mail address."""

    schema = {"type": "string", "format": "email", "maxLength": 254}

    def read(self, value: object) -> str | None:
        text = _text(value).strip()
        if not text:
            return None
        if len(text) > 254 or _BLANK_OR_CONTROL.search(text) or not _EMAIL.fullmatch(text):
            raise ValueError("not an address")
        return text


class OneId(Kind):
    """An id; one that cannot exist is read as ``NO_ID``."""

    schema = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}

    def read(self, value: object) -> int:
        number = _whole(value)
        return number if 1 <= number <= LARGEST_ID else NO_ID


class Ids(Kind):
    """A list of ids, in any of its spellings."""

    schema = {"type": "array", "items": {"type": "integer"}, "maxItems": LARGEST_LIST}

    def read(self, value: object) -> list[int]:
        if isinstance(value, str):
            return self.read_query([value])
        if not isinstance(value, list):
            raise ValueError("not a list")
        return _each(value, _ID.read, NO_ID)

    def read_query(self, texts: list[str]) -> list[int]:
        return [_ID.read(part) for part in _parts(texts)]


@dataclass(frozen=True)
class Several(Kind):
    """A list of texts, each of the given kind; in a query, or as one text, separated by commas."""

    kind: Kind

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.kind.schema, "maxItems": LARGEST_LIST}

    def read(self, value: object) -> list[Any]:
        if isinstance(value, str):
            return self.read_query([value])
        if not isinstance(value, list):
            raise ValueError("not a list")
        # A blank one keeps its place, since faults are reported by place.
        return ["" if element is None else element for element in _each(value, self.kind.read, None)]

    def read_query(self, texts: list[str]) -> list[Any]:
        return [self.kind.read(part) for part in _parts(texts)]


def choice(*options: str, any_case: bool = False, **aliases: str) -> OneOf:
    """The kind that is one of a few words: ``Role = Annotated[str, choice("leader", "coworker")]``."""
    return OneOf(options, any_case, (*aliases.items(),))


def number_choice(*options: int) -> OneNumberOf:
    """The kind that is one of a few integers."""
    return OneNumberOf(options)


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("not a text that can be kept")
    # Raises UnicodeEncodeError, a ValueError, for half of a surrogate pair.
    value.encode()
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool):
        raise ValueError("not an integer")
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        # What is longer than any integer we take is out of range, and costs no arithmetic to know.
        return int(value) if len(value) <= 40 else LARGEST_DECIMAL**2
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


def _parts(texts: list[str]) -> list[str]:
    parts = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    if len(parts) > LARGEST_LIST:
        raise ValueError("too long")
    return parts


def _each(values: list[object], read: Any, unreadable: Any) -> list[Any]:
    """The elements as they are read; what cannot be read keeps its place, and the rules judge the others."""
    if len(values) > LARGEST_LIST:
        raise ValueError("too long")
    found = []
    bad = []
    for place, value in enumerate(values):
        try:
            found.append(read(value))
        except ValueError:
            found.append(unreadable)
            bad.append(place)
    if bad:
        raise BadParts([(f"[{place}]", "invalid") for place in bad], found)
    return found


_ID = OneId()

Id = Annotated[int, _ID]
Count = Annotated[int, Whole(0, LARGEST_ID)]
Minutes = Annotated[int, Whole(0, LARGEST_MINUTES)]
Decimal2 = Annotated[int, Hundredths()]
# The bounds of a filter, which take in nothing that lies beyond them, however little.
DecimalFrom = Annotated[int, Bound(ROUND_CEILING)]
DecimalTo = Annotated[int, Bound(ROUND_FLOOR)]
Boolean = Annotated[bool, YesOrNo()]
Day = Annotated[str, CalendarDay()]
Moment = Annotated[int, PointInTime()]
Text = Annotated[str, Characters(65_535)]
Name = Annotated[str, Characters(255, is_name=True)]
Uri = Annotated[str, Address()]
WebUri = Annotated[str, Address(of_the_web=True)]
Email = Annotated[str, EmailAddress()]
IdList = Annotated[list[int], Ids()]
