"""Read the entries of a CSV file, and say of each line that cannot be read what is wrong with it."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from io import StringIO
from pathlib import Path
from typing import Annotated, ClassVar

from hourhook.cli.importing.csv_formats import CsvFormat
from hourhook.domain.hashtags import find as find_hashtags
from hourhook.domain.hashtags import parse_name
from hourhook.domain.imports.lines import BadLine, EntryLine
from hourhook.domain.inputs import UNSET, Day, Email, Inputs, Minutes, Name, Text, UnsetType, Uri, parse, value_or
from hourhook.domain.search_keys import search_key
from hourhook.errors import OperatorError, ValidationFailed

_DELIMITERS = ",;\t"
_CLOCK = re.compile(r"(\d{1,6}):([0-5]?\d)(?::([0-5]?\d))?")
_OTHER_DATE = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?:\s.*)?")
_NO = ("no", "false", "0", "n")


class _Line(Inputs):
    """The values of a line, as the API takes them."""

    required: ClassVar = ("date", "minutes")
    date: Day | UnsetType = UNSET
    minutes: Annotated[Minutes, ""] | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET
    project: Name | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET
    person: Name | UnsetType | None = UNSET
    source_url: Uri | UnsetType | None = UNSET


@dataclass
class CsvContent:
    """The lines of a file. ``unbillable`` counts those that the product calls not billable."""

    lines: list[EntryLine] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    unbillable: int = 0


class _BadValue(ValueError):
    pass


def read_file(path: Path, format: CsvFormat, *, ignores_columns: bool, date_order: str | None) -> CsvContent:
    """Read a file. Raises ``OperatorError`` if it cannot be read at all, or has columns that it should not have."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise OperatorError(f"{path} is not UTF-8: export or save it as CSV in UTF-8") from None
    records = [*_read_records(text)]
    if not records:
        raise OperatorError(f"{path} is empty: the first line must name the columns")
    header = [name.strip().casefold() for name in records[0][1]]
    _check_header(path, header, format, ignores_columns)
    rows = [(number, _row(header, values)) for number, values in records[1:] if any(map(str.strip, values))]
    dates = [] if format.has_api_dates else [_first(row, format.date) for _, row in rows if row is not None]
    order = date_order or _date_order(path, dates)
    content = CsvContent()
    for number, row in rows:
        try:
            if row is None:
                raise _BadValue(f"it has another number of columns than the first line, which has {len(header)}")
            content.lines.append(_entry_line(number, row, format, order))
            content.unbillable += _first(row, format.billable).casefold() in _NO
        except _BadValue as error:
            content.bad.append(BadLine(number, str(error)))
        except ValidationFailed as error:
            reasons = [each.message or f"{each.field} is missing" for each in error.errors]
            content.bad.append(BadLine(number, " ".join(reasons)))
    return content


def _read_records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the records with the numbers of the lines on which they begin."""
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    while True:
        number = reader.line_num + 1
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise OperatorError(f"line {number} is not CSV: {error}") from None


def _check_header(path: Path, header: Sequence[str], format: CsvFormat, ignores_columns: bool) -> None:
    for names, what in ((format.date, "date"), ((*format.minutes, *format.hours), "time")):
        if not {*names} & {*header}:
            raise OperatorError(
                f"{path} has no column for the {what} ({' or '.join(names)}): check --format, and that the first line "
                "names the columns"
            )
    repeated = sorted({name for name in header if name and header.count(name) > 1})
    if repeated:
        raise OperatorError(f"{path} has several columns named {', '.join(repeated)}: keep one of each")
    unknown = [name for name in header if name not in format.known() and not format.ignored.fullmatch(name) and name]
    if unknown and not ignores_columns:
        raise OperatorError(
            f"{path} has columns that are not imported ({', '.join(unknown)}): remove them, or add --ignore-columns"
        )


def _row(header: Sequence[str], values: Sequence[str]) -> dict[str, str] | None:
    if len(values) > len(header) and any(map(str.strip, values[len(header) :])):
        return None
    if len(values) < len(header):
        return None
    return {name: value.strip() for name, value in zip(header, values, strict=False)}


def _first(row: Mapping[str, str], names: Sequence[str]) -> str:
    return next((row[name] for name in names if row.get(name)), "")


def _date_order(path: Path, dates: Sequence[str]) -> str | None:
    """Return the order of day and month in dates such as 03/04/2026: mdy, dmy, or None if there are none."""
    found = [match for match in map(_OTHER_DATE.fullmatch, dates) if match]
    if not found:
        return None
    if any(int(match[1]) > 12 for match in found) or all(match[2] == "." for match in found):
        return "dmy"
    if any(int(match[3]) > 12 for match in found):
        return "mdy"
    raise OperatorError(
        f"{path} has dates such as {found[0][0]}, in which day and month cannot be told apart: add --date-order dmy or "
        "--date-order mdy"
    )


def _entry_line(number: int, row: Mapping[str, str], format: CsvFormat, date_order: str | None) -> EntryLine:
    date = _first(row, format.date)
    raw = {
        "date": date if format.has_api_dates else _iso_date(date, date_order),
        "minutes": _minutes(row, format),
        "description": _description(row, format),
        "project": _first(row, format.project),
        "email": _first(row, format.email),
        "person": " ".join(row[name] for name in format.person if row.get(name)),
        "source_url": _first(row, format.source_url),
    }
    params, errors = parse(_Line, raw, resource="Entry")
    errors.raise_if_any()
    return EntryLine(
        number,
        value_or(params.date, ""),
        value_or(params.minutes, 0),
        value_or(params.description, None) or "",
        value_or(params.project, None),
        value_or(params.email, None),
        value_or(params.person, None),
        value_or(params.source_url, None),
    )


def _iso_date(text: str, order: str | None) -> str:
    match = _OTHER_DATE.fullmatch(text)
    if match is None or order is None:
        return text
    first, _, second, year = match.groups()
    day, month = (first, second) if order == "dmy" else (second, first)
    return f"{year}-{month:0>2}-{day:0>2}"


def _minutes(row: Mapping[str, str], format: CsvFormat) -> object:
    minutes = _first(row, format.minutes)
    if minutes:
        return minutes
    hours = _first(row, format.hours)
    clock = _CLOCK.fullmatch(hours)
    if clock:
        whole, part, seconds = (int(group or 0) for group in clock.groups())
        return _rounded(Decimal(whole * 60 + part) + Decimal(seconds) / 60)
    try:
        number = Decimal(hours.replace(",", ".")) if hours else None
    except InvalidOperation:
        number = Decimal("nan")
    if number is None:
        return None
    if not number.is_finite() or not 0 <= number <= 1_000_000:
        raise _BadValue(f"{hours!r} is not a time: write hours as 1.5 or 1:30")
    return _rounded(number * 60)


def _rounded(minutes: Decimal) -> int:
    return int(minutes.quantize(Decimal(1), ROUND_HALF_UP))


def _description(row: Mapping[str, str], format: CsvFormat) -> str:
    """Return task and description, and after them the tags that are not hashtags of them yet."""
    text = ": ".join(part for part in (_first(row, format.task), _first(row, format.description)) if part)
    present = {hashtag.key for hashtag in find_hashtags(text)}
    parts = [text] if text else []
    for given in _first(row, format.tags).split(","):
        name = re.sub(r"\s+", "-", given.strip())
        if not name:
            continue
        parsed = parse_name(name)
        if parsed is None:
            raise _BadValue(f"{given.strip()!r} cannot be a tag: use up to 30 letters, digits, _ and -")
        if search_key(parsed[0]) not in present:
            present.add(search_key(parsed[0]))
            parts.append(f"#{parsed[0]}{'*' * parsed[1]}")
    return " ".join(parts)
