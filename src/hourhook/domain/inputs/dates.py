"""The field types of dates and timestamps."""

import re
from datetime import UTC, date, datetime

from hourhook.clock import to_timestamp, truncate_to_second
from hourhook.domain.inputs.base import FieldType

_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
# ISO 8601, with any precision and with or without an offset. A space stands for the T, as in RFC 3339.
_TIME = (
    r"[Tt ](?:[01][0-9]|2[0-4])(?::?[0-5][0-9](?::?(?:[0-5][0-9]|60)(?:[.,][0-9]+)?)?)?"
    r"(?:[Zz]|[-+ ](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?"
)
_DATE_AND_TIME = re.compile(rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}}){_TIME}")
# A space stands for a plus sign that was not percent-encoded in a query.
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(?:[Zz]|([-+ ])([0-9]{2}):?([0-9]{2}))"
)


class DateField(FieldType):
    """A date, parsed into ``YYYY-MM-DD``: also without leading zeros, or with a time of day, which is ignored.

    The date of a timestamp is taken as it is written, whatever its offset.
    """

    schema = {"type": "string", "format": "date"}

    def parse(self, value: object) -> str:
        match = (_DATE.fullmatch(value) or _DATE_AND_TIME.fullmatch(value)) if isinstance(value, str) else None
        if match is None:
            raise ValueError("not a date")
        return date(*map(int, match.groups())).isoformat()


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
