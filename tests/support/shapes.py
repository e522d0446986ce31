"""The shapes of all examples of the API contract: keys in order, and the type of each.

The contract is a separate folder of pages and examples. ``python -m tests.support.shapes FOLDER`` writes
``tests/api/shapes.json`` from it.

A shape is the name of a type (``integer``, ``decimal``, ``boolean``, ``string``, ``date``, ``timestamp``, ``url``, or
``null`` where the example has no other value), the name of an example that is embedded, a list of one shape, an object
of shapes, or, under ``changes``, a pair of shapes. The contract's pages say which keys may be null (they end in ``?``),
and which strings are ``""`` without a value (their type ends in ``or blank``).
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[2]
SHAPES_FILE = ROOT / "tests" / "api" / "shapes.json"
# Some checkouts have the contract in this folder beside them.
CONTRACT = ROOT.parent / "shared" / "contract"

_STRING_PATTERNS = {
    "date": r"\d{4}-\d\d-\d\d",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "url": r"https?://\S+",
}
# Examples of requests, payloads, errors and lists, which other examples never embed.
_NEVER_EMBEDDED = ("request_", "payload_", "headers_", "error_", "entries_list")
# The suffix of a type that is ``""`` without a value.
_OR_BLANK = " or blank"
Shape = Any


def read_contract(contract: Path) -> dict[str, Shape]:
    """Return the shape of each example of the contract, by name."""
    examples = {path.stem: json.loads(path.read_text()) for path in sorted((contract / "examples").glob("*.json"))}
    return _Reader(examples, _find_keys(contract, "null"), _find_keys(contract, "blank")).read_all()


def find_differences(
    shape: Shape, value: Any, shapes: Mapping[str, Shape], *, is_full: bool, path: str = ""
) -> list[str]:
    """Return where a value differs from a shape; with ``is_full``, only what is null in the example may be null."""
    if isinstance(shape, str) and shape in shapes:
        shape = shapes[shape]
    if isinstance(shape, dict):
        return _find_differences_of_object(shape, value, shapes, is_full, path)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{path} is {value!r} instead of a list"]
        if is_full and shape and not value:
            return [f"{path} is empty"]
        if not shape:
            return []
        differences_by_item = [
            find_differences(shape[0], each, shapes, is_full=is_full, path=f"{path}[{number}]")
            for number, each in enumerate(value)
        ]
        return [difference for differences in differences_by_item for difference in differences]
    if shape.endswith(_OR_BLANK):
        if value == "" and not is_full:
            return []
        shape = shape.removesuffix(_OR_BLANK)
    found_type = type_of(value)
    # A string may happen to look like a URL, a date or a timestamp.
    if found_type == shape or (shape == "string" and found_type in _STRING_PATTERNS):
        return []
    return [f"{path} is {value!r} instead of {shape}"]


def type_of(value: Any) -> str:
    """Return the name of the type of a value that is neither a list nor an object."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return next((name for name, pattern in _STRING_PATTERNS.items() if re.fullmatch(pattern, value)), "string")
    return {bool: "boolean", int: "integer", float: "decimal"}.get(type(value), "neither")


def _find_differences_of_object(
    shape: Mapping[str, Shape], value: Any, shapes: Mapping[str, Shape], is_full: bool, path: str
) -> list[str]:
    keys = [key.rstrip("?") for key in shape]
    if not isinstance(value, dict):
        return [f"{path} is {value!r} instead of an object"]
    if [*value] != keys:
        return [f"{path or 'it'} has the keys {[*value]} instead of {keys}"]
    differences = []
    for key, inner in shape.items():
        name = key.rstrip("?")
        if value[name] is None and key != name and not is_full:
            continue
        differences += find_differences(inner, value[name], shapes, is_full=is_full, path=f"{path}.{name}".lstrip("."))
    return differences


class _Reader:
    """Turns examples into shapes."""

    def __init__(
        self, examples: Mapping[str, Any], nullable: Mapping[str, set[str]], blankable: Mapping[str, set[str]]
    ) -> None:
        self._examples = examples
        self._nullable = nullable
        self._blankable = blankable
        # The names of representations by their keys; of several with the same keys, the shorter name comes first.
        self._by_keys: dict[tuple[str, ...], list[str]] = {}
        for name in sorted(examples, key=len):
            if isinstance(examples[name], dict) and not name.startswith(_NEVER_EMBEDDED):
                self._by_keys.setdefault((*examples[name],), []).append(name)

    def read_all(self) -> dict[str, Shape]:
        return {
            name: self._read_object(example, name) if isinstance(example, dict) else self._read(example, name)
            for name, example in self._examples.items()
        }

    def _read(self, value: Any, key: str) -> Shape:
        if isinstance(value, dict):
            return self._embedded_name(value, key) or self._read_object(value, key)
        if isinstance(value, list):
            return [self._read(value[0], key)] if value else []
        return type_of(value)

    def _read_object(self, value: Mapping[str, Any], name: str) -> Shape:
        if name == "changes":
            return {
                key: {"before": self._read(pair[0], key), "after": self._read(pair[1], key)}
                for key, pair in value.items()
            }
        nullable, blankable = (
            keys.get(name, keys.get(name.split("_", maxsplit=1)[0], set()))
            for keys in (self._nullable, self._blankable)
        )
        return {
            f"{key}?" if key in nullable else key: (
                f"{self._read(inner, key)}{_OR_BLANK}" if key in blankable else self._read(inner, key)
            )
            for key, inner in value.items()
        }

    def _embedded_name(self, value: Mapping[str, Any], key: str) -> str | None:
        same_keys = self._by_keys.get((*value,), [])
        similar_names = [name for name in same_keys if key.rstrip("s") in name]
        return next(iter([*similar_names, *same_keys]), None)


def _find_keys(contract: Path, absence: Literal["null", "blank"]) -> dict[str, set[str]]:
    """Return the keys that are ``null`` or ``""`` without a value, by representation.

    The contract's pages describe a representation in a table or in a line.
    """
    found: dict[str, set[str]] = {}
    for page in sorted(contract.glob("*.md")):
        for name, parents, text in _sections(page.read_text()):
            keys = found.setdefault(name, set())
            for parent in parents:
                keys |= found.get(parent, set())
            for row in re.findall(r"^\|(.*)\|$", text, re.MULTILINE):
                cells = [cell.strip() for cell in row.split("|")]
                is_blankable = len(cells) > 3 and cells[1] == "string" and '→ `""`' in cells[3]
                is_nullable = len(cells) > 2 and cells[2] == "yes" and not is_blankable
                if is_blankable if absence == "blank" else is_nullable:
                    keys |= {*re.findall(r"`(\w+)`", cells[0])}
            if absence == "null":
                keys |= {*re.findall(r"`(\w+)` \((?:\w+, )?nullable", text)}
    # The pages say only in prose that the current user starts with the fields of a user.
    found["current_user"] |= found["simple_user"]
    return found


def _sections(page: str) -> Iterator[tuple[str, list[str], str]]:
    for part in re.split(r"^#+ ", page, flags=re.MULTILINE)[1:]:
        head = part.partition("\n")[0]
        names = [_stem_of(name) for name in re.findall(r"`([A-Z]\w+)`", head)]
        if names and not head.startswith(("GET", "POST", "PUT", "DELETE")):
            yield names[0], names[1:], part


def _stem_of(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def dump_shapes(shapes: Mapping[str, Shape]) -> str:
    return json.dumps(shapes, indent=1) + "\n"


if __name__ == "__main__":
    SHAPES_FILE.write_text(dump_shapes(read_contract(Path(sys.argv[1]))))
