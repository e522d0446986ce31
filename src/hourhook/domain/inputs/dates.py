"""The field types of dates and timestamps."""

import re
from datetime import UTC, date, datetime

from hourhook.clock import to_timestamp, truncate_to_second
from hourhook.domain.inputs.base import FieldType

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A space stands for a plus sign that was not percent-encoded in a query.
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(?:[Zz]|([-+ ])([0-9]{2}):?([0-9]{2}))"
)


class DateField(FieldType):
    """A date, ``YYYY-MM-DD``."""

    schema = {"type": "string", "format": "date"}

    def parse(self, value: object) -> str:
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise ValueError("not a date")
        date.fromisoformat(value)
        return value


class TimestampField(FieldType):
    """A timestamp with ``Z`` or any offset, parsed into a timestamp that is truncated to the second."""

    schema = {"type": "string", "format": "date-time"}

    def parse(self, value: object) -> int:
        match = _TIMESTAMP.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise ValueError("not a timestamp")
        day, time_of_day, sign, hours, minutes = match.groups()
        offset = f"{'-' if sign == '-' else '+'}{hours}:{minutes}" if sign else "+00:00"
        try:
            return truncate_to_second(
                to_timestamp(datetime.fromisoformat(f"{day}T{time_of_day}{offset}").astimezone(UTC))
            )
        except OverflowError as error:
            raise ValueError("out of range") from error
