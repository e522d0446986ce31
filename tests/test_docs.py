"""The documentation is consistent with itself and with the code: links, settings, endpoints, metrics, log events."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from urllib.parse import unquote

import pytest

from hourhook.api.app import documented_endpoints
from hourhook.api.openapi.document import build_document
from hourhook.domain.delivery_stats import DeliveryStats
from hourhook.domain.links import DEFAULT_BASE_URL
from hourhook.http.metrics import Metrics
from hourhook.settings import Settings, environment_variable

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
CODE = [path for folder in ("src", "tests", "bench") for path in sorted((ROOT / folder).rglob("*.py"))]
TEST_SETTINGS = {
    f"HOURHOOK_TEST_{name}" for name in ("CHROMIUM", "DATABASE_URL", "NODE_MODULES", "PICTURES", "SEEDS", "STEPS")
}
SETTINGS = {environment_variable(field.name) for field in fields(Settings)} | TEST_SETTINGS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_has_a_target(page: Path) -> None:
    assert [link for link in find_links(page.read_text()) if not has_target(page, link)] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    found = {ROOT / "README.md"}
    to_read = [*found]
    while to_read:
        page = to_read.pop()
        for link in find_links(page.read_text()):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target not in found and target.exists():
                found.add(target)
                to_read.append(target)

    assert [page.relative_to(ROOT).as_posix() for page in PAGES if page not in found] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_setting_named_on_a_page_exists(page: Path) -> None:
    assert {*re.findall(r"\bHOURHOOK_[A-Z_]+[A-Z]\b", page.read_text())} - SETTINGS == set()


def test_every_endpoint_is_documented_on_an_api_page() -> None:
    documented = {endpoint for page in (DOCS / "api").glob("*.md") for endpoint in find_endpoints(page.read_text())}

    assert sorted(find_offered() - documented) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_endpoint_named_on_a_page_exists(page: Path) -> None:
    assert sorted({*find_endpoints(page.read_text())} - find_offered()) == []


def test_the_monitoring_page_lists_all_metrics() -> None:
    exposed = Metrics().exposition(DeliveryStats(*[0] * 9)).decode()
    page = (DOCS / "operating" / "monitoring.md").read_text()

    assert {*re.findall(r"\bhourhook_[a-z_]+", page)} == {*re.findall(r"^# TYPE (\S+)", exposed, re.MULTILINE)}


@pytest.mark.parametrize("page", ["monitoring.md", "mail.md"])
def test_the_log_events_of_a_page_exist(page: str) -> None:
    table = re.findall(
        r"^\| event \| .*\n\|[-|]*\n((?:\|.*\n)+)", (DOCS / "operating" / page).read_text(), re.MULTILINE
    )
    events = [event for row in "".join(table).splitlines() for event in re.findall(r"`([^`]+)`", row.split("|")[1])]
    source = "".join(path.read_text() for path in CODE if path.is_relative_to(ROOT / "src"))
    # The parts of a worker process log their failures through one function.
    failures = {f"{name} failed" for name in re.findall(r'(?:\bguard\(runtime, |\bsupervise\()"([a-z ]+)"', source)}

    assert failures
    assert [event for event, count in Counter(events).items() if count > 1] == []
    assert [event for event in events if f'"{event}"' not in source and event not in failures] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_headings_of_a_page_are_different(page: Path) -> None:
    assert [slug for slug, count in Counter(find_slugs(page.read_text())).items() if count > 1] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_row_of_a_table_is_repeated(page: Path) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", page.read_text(), re.MULTILINE)

    assert [row for table in tables for row, count in Counter(table.splitlines()).items() if count > 1] == []


def test_the_map_of_the_code_names_files_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text().partition("## Where things are")[2].partition("\n## ")[0]
    named = re.findall(r"`([a-z0-9_/]+(?:\.py|/))`", text)

    assert named
    assert [
        path for path in named if not (ROOT / "src" / "hourhook" / path).exists() and not (ROOT / path).exists()
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_files_named_on_a_page_exist(page: Path) -> None:
    named = re.findall(r"(?<![\w./-])(?:tests|bench|src|bin|requirements|docs)/[\w./-]*\w", page.read_text())

    assert [path for path in named if "://" not in path and not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    "term",
    [
        *("lane", "head", "sequence", "position", "lease", "settlement", "attempt", "outcome", "envelope", "stalled"),
        *("replay", "skip", "resource", "payload", "one-off delivery", "broadcast"),
    ],
)
def test_the_glossary_defines_a_term(term: str) -> None:
    assert f"\n**{term.capitalize()}.** " in (DOCS / "concepts.md").read_text()


def test_the_documentation_named_in_code_exists() -> None:
    """A path, and its anchor; a bare name says too little, and ``/docs/…`` is a path of the server."""
    missing = [
        f"{path.relative_to(ROOT)} names {link}"
        for path in CODE
        for link in re.findall(r"(?<!/)\bdocs/[\w./-]*\w(?:#[\w-]+)?", path.read_text())
        if link != "docs/" and not has_target(ROOT / "README.md", link)
    ]

    assert missing == []


def test_code_refers_to_no_page_outside_the_repository() -> None:
    """Such as ``(contract, entries.md)``, or the section of a page by its number."""
    outside = r"(?<!\w)\((?:contract|design)\b(?:,| \u00a7|\)| page)|\u00a7 ?\d"
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in CODE
        if path != Path(__file__).resolve()
        for line in path.read_text().splitlines()
        if re.search(outside, line, re.IGNORECASE)
    ]

    assert found == []


def test_decisions_are_numbered_once_and_listed() -> None:
    pages = [page for page in (DOCS / "decisions").glob("*.md") if page.name != "README.md"]
    numbers = Counter(page.name[:4] for page in pages)
    index = (DOCS / "decisions" / "README.md").read_text()

    assert [number for number, count in numbers.items() if count > 1] == []
    assert [page.name for page in pages if f"({page.name})" not in index] == []
    assert [page.name for page in pages if not page.read_text().startswith(f"# {int(page.name[:4])}. ")] == []


@pytest.mark.parametrize(
    ("heading", "slug"),
    [
        ("Not there yet", "not-there-yet"),
        ("What `status` says, and when", "what-status-says-and-when"),
        ("How is it doing: /metrics", "how-is-it-doing-metrics"),
    ],
)
def test_the_anchor_of_a_heading_is_its_slug(heading: str, slug: str) -> None:
    assert slug_of(heading) == slug


def find_links(text: str) -> Iterator[str]:
    """Yield the links of a page to files of the repository, including images."""
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^()\s]+)\)", re.sub(r"`[^`\n]*`", "", prose)):
        if not re.match(r"[a-z]+:", link):
            yield link


def has_target(page: Path, link: str) -> bool:
    path, _, anchor = unquote(link).partition("#")
    target = page.parent / path if path else page
    if not target.exists():
        return False
    return not anchor or anchor in {*find_slugs(target.read_text())}


def find_slugs(text: str) -> Iterator[str]:
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    for heading in re.findall(r"^#+ (.+)$", prose, re.MULTILINE):
        yield slug_of(heading)


def slug_of(heading: str) -> str:
    """Return the anchor that hosts of repositories give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def find_endpoints(text: str) -> Iterator[tuple[str, str]]:
    for method, path in re.findall(r"`(GET|POST|PUT|DELETE) (/v2/[^`\s?]*)", text):
        yield method, shape_of(path)


def find_offered() -> set[tuple[str, str]]:
    paths = build_document(documented_endpoints(), DEFAULT_BASE_URL)["paths"]
    return {
        (method.upper(), shape_of(path))
        for path, operations in paths.items()
        if path.startswith("/v2/")
        for method in operations
        if method in {"get", "post", "put", "delete"}
    }


def shape_of(path: str) -> str:
    """Return a path without the names of its parameters."""
    return re.sub(r"\{[^}]*\}", "{}", path).rstrip("/")
