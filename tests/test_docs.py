"""The pages say what is so: links lead somewhere, settings and endpoints exist, and none is left out."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from urllib.parse import unquote

import pytest

from hourhook.api.app import all_endpoints
from hourhook.api.openapi.document import build_document
from hourhook.domain.delivery_stats import DeliveryStats
from hourhook.domain.links import DEFAULT_BASE_URL
from hourhook.http.metrics import Metrics
from hourhook.settings import Settings, environment_variable

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
OF_TESTS = {f"HOURHOOK_TEST_{name}" for name in ("DATABASE_URL", "SEEDS", "STEPS")}
SETTINGS = {environment_variable(field.name) for field in fields(Settings)} | OF_TESTS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert [link for link in find_links(page.read_text()) if not leads_somewhere(page, link)] == []


def test_every_page_is_found_from_the_readme() -> None:
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
def test_every_setting_that_a_page_names_exists(page: Path) -> None:
    assert {*re.findall(r"\bHOURHOOK_[A-Z_]+[A-Z]\b", page.read_text())} - SETTINGS == set()


def test_every_endpoint_is_on_a_page_of_the_api() -> None:
    told = {endpoint for page in (DOCS / "api").glob("*.md") for endpoint in find_endpoints(page.read_text())}

    assert sorted(find_offered() - told) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_endpoint_that_a_page_names_exists(page: Path) -> None:
    assert sorted({*find_endpoints(page.read_text())} - find_offered()) == []


def test_the_page_about_monitoring_names_the_figures_that_there_are() -> None:
    exposed = Metrics().exposition(DeliveryStats(0, 0, 0, 0, 0, 0, 0)).decode()
    page = (DOCS / "operating" / "monitoring.md").read_text()

    assert {*re.findall(r"\bhourhook_[a-z_]+", page)} == {*re.findall(r"^# TYPE (\S+)", exposed, re.MULTILINE)}


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
def test_a_heading_is_linked_to_by_its_slug(heading: str, slug: str) -> None:
    assert slug_of(heading) == slug


def find_links(text: str) -> Iterator[str]:
    """The links of a page to what lies in the repository, images included."""
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^()\s]+)\)", re.sub(r"`[^`\n]*`", "", prose)):
        if not re.match(r"[a-z]+:", link):
            yield link


def leads_somewhere(page: Path, link: str) -> bool:
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
    """The anchor that hosts of repositories give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def find_endpoints(text: str) -> Iterator[tuple[str, str]]:
    for method, path in re.findall(r"`(GET|POST|PUT|DELETE) (/v2/[^`\s?]*)", text):
        yield method, shape_of(path)


def find_offered() -> set[tuple[str, str]]:
    paths = build_document(all_endpoints(), DEFAULT_BASE_URL)["paths"]
    return {
        (method.upper(), shape_of(path))
        for path, operations in paths.items()
        if path.startswith("/v2/")
        for method in operations
        if method in {"get", "post", "put", "delete"}
    }


def shape_of(path: str) -> str:
    """A path whatever its parameters are called."""
    return re.sub(r"\{[^}]*\}", "{}", path).rstrip("/")
