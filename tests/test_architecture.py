"""The house stands: arrows between its floors go down only, and its files are named and opened as agreed."""

import ast
from collections.abc import Container, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "hourhook"

FOUNDATION = ("settings", "clock", "errors", "logs", "crypto", "backoff", "rate_limits", "waker")
# The domain uses the parts of the engine that record and control, never those that send.
RECORDS_AND_CONTROLS = tuple(
    f"delivery.{name}"
    for name in (
        "event_log",
        "one_offs",
        "lane_control",
        "history",
        "broadcasts",
        "envelope",
        "transports.http.address_guard",
    )
)
BELOW_HTTP = (*FOUNDATION, "store.transaction", "store.database", *RECORDS_AND_CONTROLS, "mail.outbox", "domain")
EVERYTHING = ("",)

# Each layer, and what its modules may import; a name stands for the module and all below it.
MAY_IMPORT = {
    "errors": (),
    "clock": (),
    "settings": ("errors",),
    "logs": ("settings", "clock"),
    "crypto": ("errors",),
    "backoff": ("clock",),
    "rate_limits": ("settings", "clock"),
    "waker": (),
    "store": (*FOUNDATION, "store"),
    "mail": (*FOUNDATION, "store", "mail"),
    "delivery": (*FOUNDATION, "store", "delivery"),
    "domain": (*FOUNDATION, "store", *RECORDS_AND_CONTROLS, "mail.outbox", "domain"),
    "http": (*BELOW_HTTP, "http"),
    "api": (*BELOW_HTTP, "http", "api"),
    "web": (*BELOW_HTTP, "http", "web"),
    "cli": EVERYTHING,
    "process": EVERYTHING,
    "__main__": EVERYTHING,
}

# Names that say nothing about what a file holds.
EMPTY_NAMES = {"common", "handler", "helper", "manager", "misc", "service", "util"}


class Arrow(NamedTuple):
    """One import of one module of the house by another, both named without `hourhook.`."""

    module: str
    line: int
    target: str


def test_arrows_between_the_floors_go_down_only() -> None:
    problems = list(find_arrows_up(read_arrows(SOURCE)))

    assert not problems, "\n".join(problems)


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert find_circle(read_arrows(SOURCE)) is None


def test_file_names_say_what_the_files_hold() -> None:
    assert list(find_empty_names(SOURCE)) == []


def test_every_module_opens_with_what_it_promises() -> None:
    assert list(find_silent_modules(SOURCE)) == []


@pytest.mark.parametrize(
    ("path", "text", "target"),
    [
        ("settings.py", "from hourhook.clock import now", "clock"),
        ("store/schema.py", "import hourhook.delivery.event_log", "delivery.log"),
        ("delivery/worker.py", "from hourhook.domain import entries", "domain.entries"),
        ("domain/entries.py", "from hourhook.delivery.transports.http.client import send", "delivery.sender"),
        ("domain/entries.py", "from hourhook import delivery", "delivery"),
        ("domain/entries.py", "def create():\n    from hourhook.api.v2.entries import created", "api.entries"),
        ("api/entries.py", "from hourhook.web.rendering import show", "web.pages"),
        ("web/pages.py", "import json, hourhook.api.v2.entries", "api.entries"),
        ("web/pages.py", "from hourhook.store.schema import entries", "store.schema"),
        ("web/pages.py", "if TYPE_CHECKING:\n    from hourhook.cli import main", "cli"),
        ("parcels.py", "from hourhook.clock import Clock", "clock"),
    ],
)
def test_an_arrow_that_goes_up_is_found(tmp_path: Path, path: str, text: str, target: str) -> None:
    build(tmp_path, {"delivery/__init__.py": "", "domain/entries.py": "", path: text})

    [problem] = find_arrows_up(read_arrows(tmp_path))

    assert problem.startswith(f"{path.removesuffix('.py').replace('/', '.')} imports {target} ")


def test_arrows_that_go_down_are_left_alone(tmp_path: Path) -> None:
    build(
        tmp_path,
        {
            "store/transaction.py": "from hourhook.clock import Clock",
            "delivery/log.py": "from hourhook.store.transaction import Transaction",
            "domain/entries.py": "from hourhook.delivery import log\nfrom hourhook.store.schema import entries",
            "api/entries.py": "from hourhook import domain\nfrom hourhook.store.transaction import Transaction",
            "process/serving.py": "from hourhook.api import entries\nfrom hourhook.store.sqlite import SqliteDatabase",
            "cli/__init__.py": "import json\nfrom hourhook import __version__, process",
        },
    )

    assert list(find_arrows_up(read_arrows(tmp_path))) == []


def test_a_circle_is_found(tmp_path: Path) -> None:
    build(
        tmp_path,
        {
            "domain/entries.py": "from hourhook.domain import tags",
            "domain/tags.py": "from hourhook.domain.projects import find",
            "domain/projects.py": "def find():\n    from hourhook.domain.entries import count",
        },
    )

    circle = find_circle(read_arrows(tmp_path))

    assert circle is not None
    assert set(circle) == {"domain.entries", "domain.tags", "domain.projects"}


def test_an_empty_name_and_a_silent_module_are_found(tmp_path: Path) -> None:
    build(tmp_path, {"domain/entry_helpers.py": "", "web/services/pages.py": '"""Pages."""'})

    assert list(find_empty_names(tmp_path)) == ["domain/entry_helpers.py", "web/services/pages.py"]
    assert list(find_silent_modules(tmp_path)) == ["domain/entry_helpers.py"]


def build(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def find_arrows_up(arrows: Iterable[Arrow]) -> Iterator[str]:
    for arrow in arrows:
        floor = arrow.module.split(".")[0]
        if floor not in MAY_IMPORT:
            yield f"{arrow.module} imports {arrow.target} but stands on no floor of the house"
        elif not any(is_within(arrow.target, allowed) for allowed in MAY_IMPORT[floor]):
            allowed = ", ".join(MAY_IMPORT[floor]) or "nothing of the house"
            yield f"{arrow.module} imports {arrow.target} (line {arrow.line}); {floor} may import: {allowed}"


def is_within(module: str, package: str) -> bool:
    return package in {"", module} or module.startswith(f"{package}.")


def find_circle(arrows: Iterable[Arrow]) -> list[str] | None:
    graph: dict[str, set[str]] = {}
    for arrow in arrows:
        graph.setdefault(arrow.module, set()).add(arrow.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return None


def read_arrows(root: Path) -> list[Arrow]:
    modules = {name_module(root, path): path for path in sorted(root.rglob("*.py"))}
    return [
        Arrow(module, node.lineno, target)
        for module, path in modules.items()
        for node in ast.walk(ast.parse(path.read_text(), str(path)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for target in find_targets(node, modules)
    ]


def name_module(root: Path, path: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


def find_targets(node: ast.Import | ast.ImportFrom, modules: Container[str]) -> Iterator[str]:
    """The modules of the house that an import names; relative imports are the linter's to refuse."""
    for alias in node.names:
        name = alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
        package, _, target = name.partition(".")
        if isinstance(node, ast.ImportFrom) and target not in modules:
            # `from a.b import c` names the module a.b.c only where there is one, else something inside a.b.
            target = target.rpartition(".")[0]
        if package == "hourhook" and target:
            yield target


def find_empty_names(root: Path) -> Iterator[str]:
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root)
        words = {word.removesuffix("s") for part in place.with_suffix("").parts for word in part.split("_")}
        if words & EMPTY_NAMES:
            yield place.as_posix()


def find_silent_modules(root: Path) -> Iterator[str]:
    for path in sorted(root.rglob("*.py")):
        if not ast.get_docstring(ast.parse(path.read_text())):
            yield path.relative_to(root).as_posix()
