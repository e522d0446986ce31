"""Read the line in which time is logged: ``1h15 @Harbour map sounding the bay #soundings yesterday``.

Time, project, tags and day come in any order; tags stay in the description, as in the API, and the rest is the
description. Nothing is guessed silently: a line that names no known project has ``unknown_names``, and one whose
beginning fits several has ``ambiguous``.

- Time: ``1h15``, ``1h 15m``, ``1:15``, ``1.25h``, ``75m``, or ``75`` if nothing else is a time.
- Project: its name anywhere; the beginning of its name as the first words of the rest, or after ``@``.
- Day: ``today``, ``yesterday``, ``mon``, ``23.11.``, ``23.11.2026``, ``2026-11-23``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from hourhook.domain.inputs.input_types import MAX_MINUTES
from hourhook.domain.search_keys import search_key
from hourhook.domain.summaries import SimpleProject

MAX_LENGTH = 2_000
# So that a long description is not offered as the name of a project, word by word.
_MAX_NAME_WORDS = 4
_MIN_PREFIX_LENGTH = 3
_MIN_COMPLETED_LENGTH = 2
_MAX_COMPLETIONS = 6
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIMES = (
    re.compile(r"(?<!\S)(?P<h>\d{1,5})\s?h(?:(?P<m>\d{1,2})m?|\s?(?P<m2>\d{1,2})\s?m(?:in)?)?(?!\S)", re.IGNORECASE),
    re.compile(r"(?<!\S)(?P<h>\d{1,5}):(?P<m>[0-5]\d)(?!\S)"),
    re.compile(r"(?<!\S)(?P<decimal>\d{0,5}[.,]\d{1,4})\s?h(?!\S)", re.IGNORECASE),
    re.compile(r"(?<!\S)(?P<m>\d{1,8})\s?m(?:in)?(?!\S)", re.IGNORECASE),
)
_BARE_MINUTES = re.compile(r"(?<!\S)(?P<m>\d{1,8})(?!\S)")
_DAY = re.compile(
    r"(?<!\S)(?:(?P<iso>\d{4}-\d{2}-\d{2})|(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})?"
    r"|(?P<word>today|yesterday|(?:mon|tue|wed|thu|fri|sat|sun)|(?:mon|tues|wednes|thurs|fri|satur|sun)day))(?!\S)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TimeLine:
    """What a line says."""

    minutes: int | None
    day: date
    description: str
    project: SimpleProject | None = None
    # Names that a project could be created under, the likeliest first.
    unknown_names: Sequence[str] = ()
    # Whether the unknown name was marked with ``@``.
    is_marked: bool = False
    # Projects whose names begin with what was typed.
    ambiguous: Sequence[SimpleProject] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer to what the line left open: an existing project, a new one under this name, or neither."""

    project_id: int | None = None
    new_name: str | None = None


def read_line(text: str, today: date, projects: Sequence[SimpleProject], choice: Choice | None = None) -> TimeLine:
    """Read a line; ``projects`` are those that the user may choose."""
    rest = " ".join(text[:MAX_LENGTH].split())
    minutes, rest = _take_time(rest)
    day, rest = _take_day(rest, today)
    line = _read_project(TimeLine(minutes, day, rest), projects, choice)
    if line.minutes is not None:
        return line
    # A bare number is a time only where it is not part of a project's name.
    if line.project is not None:
        minutes, description = _take(_BARE_MINUTES, line.description)
        return replace(line, minutes=minutes, description=description)
    minutes, rest = _take(_BARE_MINUTES, rest)
    return line if minutes is None else _read_project(TimeLine(minutes, day, rest), projects, choice)


@dataclass(frozen=True, slots=True)
class Completions:
    """Projects whose names begin with what is typed last, and where that begins in the line."""

    start: int
    projects: Sequence[SimpleProject]


def complete(text: str, projects: Sequence[SimpleProject]) -> Completions | None:
    """Return the projects that may be meant at the end of a line: after two letters, or at once after ``@``."""
    words = [(found.start(), found[0]) for found in re.finditer(r"\S+", text[:MAX_LENGTH])]
    for start, word in words[-_MAX_NAME_WORDS:]:
        typed = search_key(" ".join(text[start:].split()).removeprefix("@"))
        if word.startswith("#") or (len(typed) < _MIN_COMPLETED_LENGTH and not word.startswith("@")):
            continue
        fitting = [project for project in projects if _key(project).startswith(typed) and _key(project) != typed]
        if fitting:
            return Completions(start, fitting[:_MAX_COMPLETIONS])
    return None


def read_minutes(text: str) -> int | None:
    """Read the time of a field: as in the line, or decimal hours such as ``1.25``; None if it is not a time."""
    text = text.strip()
    if re.fullmatch(r"\d{0,5}[.,]\d{1,4}", text):
        text += "h"
    for pattern in (*_TIMES, _BARE_MINUTES):
        if pattern.fullmatch(text):
            return _take(pattern, text)[0]
    return None


def _read_project(line: TimeLine, projects: Sequence[SimpleProject], choice: Choice | None) -> TimeLine:
    words = line.description.split()
    if choice is not None:
        return _apply(line, words, projects, choice)
    marked = next((index for index, word in enumerate(words) if word.startswith("@") and len(word) > 1), None)
    if marked is not None:
        words[marked] = words[marked][1:]
        run = _name_run(words, marked)
        fitting, length = _fit(run, projects, 1)
    else:
        found = _find_full_name(words, projects)
        if found is not None:
            project, start, length = found
            return replace(line, project=project, description=_without(words, start, length))
        first = next((index for index, word in enumerate(words) if not word.startswith("#")), None)
        if first is None:
            return line
        marked, run = first, _name_run(words, first)
        fitting, length = _fit(run, projects, _MIN_PREFIX_LENGTH)
        if not fitting:
            names = [" ".join(run)] if len(run) <= _MAX_NAME_WORDS else []
            return replace(line, unknown_names=names)
    if len(fitting) == 1:
        return replace(line, project=fitting[0], description=_without(words, marked, length))
    if fitting:
        return replace(line, ambiguous=fitting)
    names = [" ".join(run[:count]) for count in range(min(len(run), _MAX_NAME_WORDS), 0, -1)]
    return replace(line, unknown_names=names, is_marked=True)


def _apply(line: TimeLine, words: list[str], projects: Sequence[SimpleProject], choice: Choice) -> TimeLine:
    """Return the line with the answer to what it left open; the name is no longer part of the description."""
    words = [word.removeprefix("@") if len(word) > 1 else word for word in words]
    if choice.new_name is not None:
        name = choice.new_name.split()
        for start in range(len(words) - len(name) + 1):
            if words[start : start + len(name)] == name:
                return replace(line, description=_without(words, start, len(name)), unknown_names=[choice.new_name])
        return replace(line, description=" ".join(words), unknown_names=[choice.new_name])
    project = next((project for project in projects if project.id == choice.project_id), None)
    if project is None:
        return replace(line, description=" ".join(words))
    for start in range(len(words)):
        fitting, length = _fit(_name_run(words, start), projects, 1)
        if project in fitting:
            return replace(line, project=project, description=_without(words, start, length))
    return replace(line, project=project, description=" ".join(words))


def _find_full_name(words: list[str], projects: Sequence[SimpleProject]) -> tuple[SimpleProject, int, int] | None:
    """Return the project whose whole name is in the words, the longest one if there are several, and where."""
    text = f" {search_key(' '.join(words))} "
    found = max(
        (project for project in projects if f" {_key(project)} " in text),
        key=lambda project: len(_key(project)),
        default=None,
    )
    if found is None:
        return None
    start = len(text[: text.index(f" {_key(found)} ")].split())
    return found, start, len(_key(found).split())


def _fit(run: list[str], projects: Sequence[SimpleProject], min_length: int) -> tuple[list[SimpleProject], int]:
    """Return the projects whose names begin with the most words of a run, and how many words these are.

    A project with exactly this name comes alone.
    """
    best: tuple[list[SimpleProject], int] = ([], 0)
    for length in range(1, len(run) + 1):
        typed = search_key(" ".join(run[:length]))
        fitting = (
            [project for project in projects if _key(project).startswith(typed)] if len(typed) >= min_length else []
        )
        exact = [project for project in fitting if _key(project) == typed]
        if fitting:
            best = (exact or fitting, length)
    return best


def _name_run(words: list[str], start: int) -> list[str]:
    """Return the words from ``start`` that may belong to a name: up to the next tag."""
    run = []
    for word in words[start:]:
        if word.startswith("#"):
            break
        run.append(word)
    return run


def _without(words: list[str], start: int, length: int) -> str:
    return " ".join(words[:start] + words[start + length :])


def _key(project: SimpleProject) -> str:
    return search_key(" ".join(project.name.split()))


def _take_time(text: str) -> tuple[int | None, str]:
    for pattern in _TIMES:
        minutes, rest = _take(pattern, text)
        if minutes is not None:
            return minutes, rest
    return None, text


def _take(pattern: re.Pattern[str], text: str) -> tuple[int | None, str]:
    """Return the minutes of the first match, and the text without it."""
    match = pattern.search(text)
    if match is None:
        return None, text
    found = match.groupdict()
    if found.get("decimal"):
        minutes = round(float(found["decimal"].replace(",", ".")) * 60)
    else:
        minutes = int(found.get("h") or 0) * 60 + int(found.get("m") or found.get("m2") or 0)
    if minutes > MAX_MINUTES:
        return None, text
    return minutes, " ".join((text[: match.start()] + text[match.end() :]).split())


def _take_day(text: str, today: date) -> tuple[date, str]:
    match = _DAY.search(text)
    day = None if match is None else _resolve_day(match, today)
    if match is None or day is None:
        return today, text
    return day, " ".join((text[: match.start()] + text[match.end() :]).split())


def _resolve_day(match: re.Match[str], today: date) -> date | None:
    word = (match["word"] or "").lower()
    if word in ("today", "yesterday"):
        return today - timedelta(days=word == "yesterday")
    if word:
        weekday = next(index for index, name in enumerate(_WEEKDAYS) if name.startswith(word[:3]))
        return today - timedelta(days=(today.weekday() - weekday) % 7)
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        if match["y"]:
            return date(int(match["y"]), int(match["m"]), int(match["d"]))
    except ValueError:
        return None
    years = (today.year, today.year - 1, today.year + 1)
    candidates = [found for year in years if (found := _date_or_none(year, int(match["m"]), int(match["d"])))]
    return min(candidates, key=lambda found: abs(found - today), default=None)


def _date_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
