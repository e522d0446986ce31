"""Days and moments."""

import re
from datetime import UTC, date, datetime

from hourhook.clock import to_timestamp, truncate_to_second
from hourhook.domain.inputs.field import FieldType

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A blank stands for the plus sign that somebody forgot to encode in a query.
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(?:[Zz]|([-+ ])([0-9]{2}):?([0-9]{2}))"
)


class DateField(FieldType):
    """A date, ``YYYY-MM-DD``."""

    schema = {"type": "string", "format": "date"}

    def parse(self, value: object) -> str:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise ValueError("not a date")
        date.fromisoformat(value)
        return value


class TimestampField(FieldType):
    """A timestamp with ``Z`` or any offset, as a moment in whole seconds."""

    schema = {"type": "string", "format": "date-time"}

    def parse(self, value: object) -> int:
        match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise ValueError("not a timestamp")
        day, time_of_day, sign, hours, minutes = match.groups()
        offset = f"{'-' if sign == '-' else '+'}{hours}:{minutes}" if sign else "+00:00"
        try:
            return truncate_to_second(
                to_timestamp(datetime.fromisoformat(f"{day}T{time_of_day}{offset}").astimezone(UTC))
            )
        except OverflowError as error:
            raise ValueError("before or after all time") from error
