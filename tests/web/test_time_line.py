"""Reading the line in which time is logged."""

from datetime import date

import pytest

from hourhook.domain.summaries import SimpleProject
from hourhook.web.time_line import Choice, TimeLine, read_line

TODAY = date(2026, 12, 1)


def project(id: int, name: str) -> SimpleProject:
    return SimpleProject(id, name, 15, True, True, "#3fa7d6", f"http://time.test/v2/projects/{id}")


HARBOUR_MAP, HARPER, PHASE_2, RESEARCH = projects = [
    project(1, "Harbour map"),
    project(2, "Harper"),
    project(3, "Phase 2"),
    project(4, "Research"),
]


def read(text: str, choice: Choice | None = None) -> TimeLine:
    return read_line(text, TODAY, projects, choice)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1h15", 75),
        ("1h15m", 75),
        ("1h 15m", 75),
        ("1 h 15 min", 75),
        ("1h", 60),
        ("1:15", 75),
        ("1.25h", 75),
        ("1,25h", 75),
        (".5h", 30),
        ("75m", 75),
        ("75 min", 75),
        ("75", 75),
        ("0m", 0),
        ("1H15", 75),
        ("", None),
        ("an hour", None),
        ("1:75", None),
        ("99999999999m", None),
        ("99999999m", None),
        ("v1.25h", None),
    ],
)
def test_times(text: str, minutes: int | None) -> None:
    assert read(text).minutes == minutes


@pytest.mark.parametrize(
    ("word", "day"),
    [
        ("", "2026-12-01"),
        ("today", "2026-12-01"),
        ("yesterday", "2026-11-30"),
        ("tue", "2026-12-01"),
        ("mon", "2026-11-30"),
        ("Wednesday", "2026-11-25"),
        ("23.11.", "2026-11-23"),
        ("2.1.", "2027-01-02"),
        ("23.11.2024", "2024-11-23"),
        ("2024-05-21", "2024-05-21"),
        ("29.2.", "2026-12-01"),
        ("31.4.2026", "2026-12-01"),
        ("moon", "2026-12-01"),
    ],
)
def test_days(word: str, day: str) -> None:
    assert read(f"45m #soundings {word}").day.isoformat() == day


@pytest.mark.parametrize(
    ("text", "found", "description"),
    [
        ("45m Harbour map #soundings", HARBOUR_MAP, "#soundings"),
        ("#soundings harbour MAP 45m", HARBOUR_MAP, "#soundings"),
        ("checking depth Harbour map 45m at noon", HARBOUR_MAP, "checking depth at noon"),
        ("45m harb checking depth", HARBOUR_MAP, "checking depth"),
        ("45m harbour m checking depth", HARBOUR_MAP, "checking depth"),
        ("45m checking depth @harb at noon", HARBOUR_MAP, "checking depth at noon"),
        ("45m @harbour map at noon", HARBOUR_MAP, "at noon"),
        ("45m @r", RESEARCH, ""),
        ("Phase 2 30", PHASE_2, ""),
        ("30 Phase 2 fix 3 things", PHASE_2, "fix 3 things"),
        ("Phase 2 fix 3 things 45m", PHASE_2, "fix 3 things"),
        ("#tag* 15m harper", HARPER, "#tag*"),
        ("45m", None, ""),
        ("45m #soundings", None, "#soundings"),
    ],
)
def test_projects(text: str, found: SimpleProject | None, description: str) -> None:
    line = read(text)

    assert (line.project, line.description) == (found, description)
    assert (*line.unknown_names, *line.ambiguous) == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("45m Lighthouse #lamp", ["Lighthouse"]),
        ("45m re the survey", ["re the survey"]),
        ("20m @Deep water #lamp", ["Deep water", "Deep"]),
        ("20m painting @Deep", ["Deep"]),
        ("20m a description that is too long for a name", []),
    ],
)
def test_a_project_that_is_not_known_leaves_a_question(text: str, names: list[str]) -> None:
    line = read(text)

    assert line.project is None
    assert list(line.unknown_names) == names


@pytest.mark.parametrize("text", ["45m har #soundings", "45m @har"])
def test_the_beginning_of_several_names_leaves_a_question(text: str) -> None:
    assert read(text).ambiguous == [HARBOUR_MAP, HARPER]


@pytest.mark.parametrize(
    ("text", "choice", "found", "description"),
    [
        ("45m har #soundings", Choice(project_id=2), HARPER, "#soundings"),
        ("45m checking @har", Choice(project_id=1), HARBOUR_MAP, "checking"),
        ("45m Lighthouse lamp", Choice(), None, "Lighthouse lamp"),
        ("45m @Lighthouse lamp", Choice(), None, "Lighthouse lamp"),
        ("45m @Lighthouse lamp", Choice(new_name="Lighthouse"), None, "lamp"),
        ("45 Lighthouse lamp", Choice(new_name="Lighthouse lamp"), None, ""),
        ("45m har", Choice(project_id=99), None, "har"),
    ],
)
def test_an_answer_settles_the_question(
    text: str, choice: Choice, found: SimpleProject | None, description: str
) -> None:
    line = read(text, choice)

    assert (line.minutes, line.project, line.description) == (45, found, description)
