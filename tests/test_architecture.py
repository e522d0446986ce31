"""The architecture: layers import downwards only, without cycles; names, docstrings and sizes of modules."""

import ast
import re
from collections.abc import Container, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "hourhook"
MAX_LINES = 400

FOUNDATION = (
    "settings", "clock", "time_zones", "email_addresses", "errors", "log_writer", "logs", "crypto", "backoff",
    "rate_limits", "waker",
)  # fmt: skip
# The domain uses the parts of the delivery engine that record and control, never those that send.
RECORDS_AND_CONTROLS = tuple(
    f"delivery.{name}"
    for name in (
        "alerts",
        "event_log",
        "catching_up",
        "log_reading",
        "tail",
        "one_offs",
        "lane_control",
        "history",
        "broadcasts",
        "envelope",
        "signing",
        "transports.http.address_guard",
    )
)
BELOW_HTTP = (*FOUNDATION, "store", *RECORDS_AND_CONTROLS, "mail.outbox", "domain")
# The front ends run rules in transactions, but leave tables and statements to the domain.
BELOW_FRONT_ENDS = (
    *FOUNDATION, "store.transaction", "store.database", "store.executions", *RECORDS_AND_CONTROLS,
    "mail.outbox", "domain", "http",
)  # fmt: skip
EVERYTHING = ("",)

# Each layer, and what its modules may import; a name stands for the module and all below it.
MAY_IMPORT = {
    "errors": (),
    "clock": (),
    "waker": (),
    "email_addresses": (),
    "time_zones": ("clock",),
    "settings": ("errors", "email_addresses"),
    "log_writer": (),
    "logs": ("settings", "clock", "log_writer"),
    "crypto": ("errors",),
    "backoff": ("clock",),
    "rate_limits": ("settings", "clock"),
    "store": (*FOUNDATION, "store"),
    "mail": (*FOUNDATION, "store", "mail"),
    "delivery": (*FOUNDATION, "store", "delivery"),
    "delivery.transports": (*FOUNDATION, "delivery.signing", "delivery.transports"),
    "domain": BELOW_HTTP,
    "http": (*BELOW_FRONT_ENDS,),
    "api": (*BELOW_FRONT_ENDS, "api"),
    "web": (*BELOW_FRONT_ENDS, "web"),
    "process": EVERYTHING,
    "cli": EVERYTHING,
    "__main__": EVERYTHING,
}

# Names that say nothing about the content of a file.
EMPTY_NAMES = {"common", "handler", "helper", "manager", "misc", "service", "util"}
# In a string: the path of a module or of something in it, or a key that a module keeps in a shared dict.
NAME_IN_STRING = re.compile(r"hourhook(\.[a-z_][a-z_0-9]*)+(:\w+)?")


class Import(NamedTuple):
    """An import of one module by another, or a string that names it, both without ``hourhook.``."""

    module: str
    line: int
    target: str


def test_layers_import_downwards_only() -> None:
    assert list(find_imports_up(read_imports(SOURCE))) == []


def test_a_private_key_is_spelled_out_in_one_module_only() -> None:
    assert list(find_shared_keys(SOURCE)) == []


def test_modules_do_not_import_each_other_in_a_cycle() -> None:
    assert find_cycle(read_imports(SOURCE)) is None


def test_file_names_describe_their_content() -> None:
    assert list(find_empty_names(SOURCE)) == []


def test_every_module_has_a_docstring() -> None:
    assert list(find_modules_without_docstring(SOURCE)) == []


def test_no_module_is_too_long() -> None:
    assert list(find_long_modules(SOURCE)) == []


@pytest.mark.parametrize(
    ("path", "text", "target"),
    [
        ("settings.py", "from hourhook.clock import now", "clock"),
        ("store/schema.py", "import hourhook.delivery.event_log", "delivery.event_log"),
        ("delivery/worker/worker.py", "from hourhook.domain import entries", "domain.entries"),
        ("delivery/transports/outcomes.py", "from hourhook.delivery.worker import slots", "delivery.worker"),
        ("domain/entries.py", "from hourhook.delivery.transports.http.client import send", "delivery.transports.http"),
        ("domain/entries.py", "from hourhook import delivery", "delivery"),
        ("domain/entries.py", "from hourhook.http.responses import Response", "http"),
        ("domain/entries.py", "def create():\n    from hourhook.api.v2.entries import created", "api.v2"),
        ("http/context.py", "from hourhook.api.pagination import Pairs", "api"),
        ("http/middleware.py", "import hourhook.web.rendering", "web"),
        ("api/v2/entries.py", "from hourhook.web.rendering import show", "web"),
        ("api/v2/entries.py", "from hourhook.store.schema import entries", "store"),
        ("web/rendering.py", "import json, hourhook.api.v2.entries", "api.v2"),
        ("web/rendering.py", "if TYPE_CHECKING:\n    from hourhook.cli import main", "cli"),
        ("mail/worker.py", "from hourhook.delivery.worker.wakeups import Wakeups", "delivery.worker"),
        ("parcels.py", "from hourhook.clock import Clock", "clock"),
    ],
)
def test_an_import_of_a_higher_layer_is_found(tmp_path: Path, path: str, text: str, target: str) -> None:
    build(tmp_path, {"delivery/__init__.py": "", "domain/entries.py": "", path: text})

    [problem] = find_imports_up(read_imports(tmp_path))

    assert problem.startswith(f"{path.removesuffix('.py').replace('/', '.')} imports {target}")


@pytest.mark.parametrize(
    ("path", "text", "target"),
    [
        ("http/router.py", 'importlib.import_module("hourhook.api.app")', "api.app"),
        ("store/database.py", '__import__("hourhook.domain.entries", fromlist=["create"])', "domain.entries"),
        ("domain/entries.py", 'resolve("hourhook.api.v2.entries:create")', "api.v2.entries"),
        ("domain/entries.py", "KEY = f'hourhook.api.{name}'", "api"),
    ],
)
def test_an_import_of_a_higher_layer_through_a_string_is_found(
    tmp_path: Path, path: str, text: str, target: str
) -> None:
    build(tmp_path, {"api/app.py": "", "api/v2/entries.py": "", "domain/entries.py": "", path: text})

    [problem] = find_imports_up(read_imports(tmp_path))

    assert problem.startswith(f"{path.removesuffix('.py').replace('/', '.')} imports {target}")


def test_a_private_key_in_the_string_of_another_module_is_found(tmp_path: Path) -> None:
    build(
        tmp_path,
        {
            "http/context.py": 'KEY = "hourhook.context"\nMODULE = "hourhook.http.context"',
            "web/sign_in.py": 'MODULE = "hourhook.http.context"\nscope["hourhook.context"].client_address',
        },
    )

    assert list(find_shared_keys(tmp_path)) == ["hourhook.context: http.context, web.sign_in"]


def test_imports_of_lower_layers_are_allowed(tmp_path: Path) -> None:
    build(
        tmp_path,
        {
            "store/transaction.py": "from hourhook.clock import Clock",
            "delivery/event_log.py": "from hourhook.store.transaction import Transaction",
            "domain/entries.py": "from hourhook.delivery import event_log\nfrom hourhook.store.schema import entries",
            "http/context.py": 'from hourhook.domain.callers import Caller\nKEY = "hourhook.context"',
            "api/v2/entries.py": "from hourhook import domain\nfrom hourhook.store.transaction import Transaction",
            "web/entries.py": "from hourhook.http.context import get_context",
            "process/serving.py": "from hourhook.api import entries\nfrom hourhook.store.sqlite import SqliteDatabase",
            "cli/__init__.py": "import json\nfrom hourhook import __version__, process",
        },
    )

    assert list(find_imports_up(read_imports(tmp_path))) == []


def test_a_cycle_is_found(tmp_path: Path) -> None:
    build(
        tmp_path,
        {
            "domain/entries.py": "from hourhook.domain import tags",
            "domain/tags.py": "from hourhook.domain.projects import find",
            "domain/projects.py": "def find():\n    from hourhook.domain.entries import count",
        },
    )

    cycle = find_cycle(read_imports(tmp_path))

    assert cycle is not None
    assert set(cycle) == {"domain.entries", "domain.tags", "domain.projects"}


def test_an_empty_name_a_missing_docstring_and_a_long_module_are_found(tmp_path: Path) -> None:
    build(tmp_path, {"domain/entry_helpers.py": "", "web/services/pages.py": '"""Pages."""' + "\n" * 400})

    assert list(find_empty_names(tmp_path)) == ["domain/entry_helpers.py", "web/services/pages.py"]
    assert list(find_modules_without_docstring(tmp_path)) == ["domain/entry_helpers.py"]
    assert list(find_long_modules(tmp_path)) == []
    build(tmp_path, {"web/services/pages.py": '"""Pages."""' + "\n" * 401})
    assert list(find_long_modules(tmp_path)) == ["web/services/pages.py"]


def build(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def find_imports_up(imports: Iterable[Import]) -> Iterator[str]:
    for found in imports:
        layer = find_layer(found.module)
        if layer is None:
            yield f"{found.module} imports {found.target} but belongs to no layer"
        elif not any(is_within(found.target, allowed) for allowed in MAY_IMPORT[layer]):
            allowed = ", ".join(MAY_IMPORT[layer]) or "nothing"
            yield f"{found.module} imports {found.target} (line {found.line}); {layer} may import: {allowed}"


def find_layer(module: str) -> str | None:
    return max((layer for layer in MAY_IMPORT if is_within(module, layer)), key=len, default=None)


def is_within(module: str, package: str) -> bool:
    return package in {"", module} or module.startswith(f"{package}.")


def find_cycle(imports: Iterable[Import]) -> list[str] | None:
    graph: dict[str, set[str]] = {}
    for found in imports:
        if found.module != found.target:
            graph.setdefault(found.module, set()).add(found.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle
    return None


def read_imports(root: Path) -> list[Import]:
    modules = {name_module(root, path): path for path in sorted(root.rglob("*.py"))}
    return [
        Import(module, node.lineno, target)
        for module, path in modules.items()
        for node in ast.walk(ast.parse(path.read_text(), str(path)))
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Constant)
        for target in find_targets(node, modules)
    ]


def name_module(root: Path, path: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


def find_targets(node: ast.Import | ast.ImportFrom | ast.Constant, modules: Container[str]) -> Iterator[str]:
    """Find the modules that an import or a string names; the linter forbids relative imports."""
    if isinstance(node, ast.Constant):
        target = name_in_string(node).partition(":")[0]
        if target and (target in modules or find_layer(target) is not None):
            yield target
        return
    for alias in node.names:
        name = alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
        package, _, target = name.partition(".")
        if isinstance(node, ast.ImportFrom) and target not in modules:
            # `from a.b import c` names the module a.b.c only if there is one, else an object in a.b.
            target = target.rpartition(".")[0]
        if package == "hourhook" and target:
            yield target


def name_in_string(node: ast.Constant) -> str:
    text = node.value.rstrip(".") if isinstance(node.value, str) else ""
    return text.removeprefix("hourhook.") if NAME_IN_STRING.fullmatch(text) else ""


def find_shared_keys(root: Path) -> Iterator[str]:
    """Find keys such as ``hourhook.context`` that more than one module names in a string."""
    keys: dict[str, set[str]] = {}
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(), str(path))):
            name = name_in_string(node) if isinstance(node, ast.Constant) else ""
            if name and find_layer(name) is None:
                keys.setdefault(f"hourhook.{name}", set()).add(name_module(root, path))
    for key, modules in sorted(keys.items()):
        if len(modules) > 1:
            yield f"{key}: {', '.join(sorted(modules))}"


def find_empty_names(root: Path) -> Iterator[str]:
    for path in sorted(root.rglob("*.py")):
        relative_path = path.relative_to(root)
        words = {word.removesuffix("s") for part in relative_path.with_suffix("").parts for word in part.split("_")}
        if words & EMPTY_NAMES:
            yield relative_path.as_posix()


def find_modules_without_docstring(root: Path) -> Iterator[str]:
    for path in sorted(root.rglob("*.py")):
        if not ast.get_docstring(ast.parse(path.read_text())):
            yield path.relative_to(root).as_posix()


def find_long_modules(root: Path) -> Iterator[str]:
    for path in sorted(root.rglob("*.py")):
        if len(path.read_text().splitlines()) > MAX_LINES:
            yield path.relative_to(root).as_posix()
