"""Find the pages of the documentation, in the checkout or in the installed package, and their images.

The build backend (``bin/build_backend.py``) puts them into the wheel, laid out as in the checkout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from os.path import normpath
from pathlib import Path
from urllib.parse import unquote

PREFIX = "/docs/"
INDEX = f"{PREFIX}index"
# Pages outside of ``docs/`` that operators need.
_FURTHER_PAGES = ("SECURITY.md", "CHANGELOG.md")
# The page of the package index, which cannot link to the others.
_NOT_SERVED = ("package-readme.md",)
_IMAGE_TYPES = {".svg": b"image/svg+xml", ".png": b"image/png"}
# The folders of ``docs/`` in the order of the navigation, and the titles of their sections.
_SECTIONS = {"guides": "Guides", "api": "API", "operating": "Run a server", "": "More"}


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the navigation."""

    title: str
    pages: Sequence[str]


@dataclass(frozen=True, slots=True)
class Documentation:
    """The files of the documentation by path, such as ``/docs/guides/receiving``."""

    pages: Mapping[str, Path]
    images: Mapping[str, Path]
    # Paths of pages as links in the files name them, such as ``/docs/guides/receiving.md``.
    aliases: Mapping[str, str]
    _names: Mapping[Path, str]

    @property
    def sections(self) -> Sequence[Section]:
        found = {
            title: [path for path in self.pages if _folder_of(path) == folder and path != INDEX]
            for folder, title in _SECTIONS.items()
        }
        return [Section(title, pages) for title, pages in found.items() if pages]

    def resolve(self, page: str, link: str) -> str | None:
        """Return the path that a relative link of a page leads to, with its fragment; None if it is not served."""
        target, _, fragment = link.partition("#")
        file = self.pages[page]
        if target:
            file = Path(normpath(file.parent / unquote(target)))
        name = self._names.get(file)
        return f"{name}#{fragment}" if name is not None and fragment else name


@cache
def find_documentation() -> Documentation:
    """Return the documentation of this version; the files are listed once."""
    root = _root()
    docs = root / "docs"
    pages: dict[str, Path] = {}
    aliases: dict[str, str] = {}
    for file in sorted(docs.rglob("*.md")):
        name = file.relative_to(docs).as_posix()
        if name in _NOT_SERVED:
            continue
        path = INDEX if name == "README.md" else PREFIX + name.removesuffix(".md").removesuffix("/README")
        pages[path] = file
        aliases[PREFIX + name] = path
    for name in _FURTHER_PAGES:
        pages[PREFIX + name.removesuffix(".md").lower()] = root / name
    images = {
        PREFIX + file.relative_to(docs).as_posix(): file
        for file in sorted(docs.rglob("*"))
        if file.suffix in _IMAGE_TYPES
    }
    return Documentation(pages, images, aliases, {file: path for path, file in [*pages.items(), *images.items()]})


def image_type(path: Path) -> bytes:
    return _IMAGE_TYPES[path.suffix]


@cache
def title_of(page: Path) -> str:
    return page.read_text().partition("\n")[0].removeprefix("# ").strip()


def _root() -> Path:
    package = Path(__file__).parents[2]
    installed = package / "documentation"
    return installed if installed.exists() else package.parents[1]


def _folder_of(path: str) -> str:
    return path.removeprefix(PREFIX).rpartition("/")[0]
