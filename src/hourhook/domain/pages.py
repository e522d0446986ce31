"""Pages of collections: which one is asked for, and what is on it (contract, 00-conventions §6)."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

DEFAULT_PAGE_SIZE = 30
MAX_PAGE_SIZE = 1000
# Beyond any collection; keeps offsets within what a database counts.
MAX_PAGE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Pagination:
    """Page number ``page``, from 1, of pages of ``per_page`` items."""

    page: int = 1
    per_page: int = DEFAULT_PAGE_SIZE

    @property
    def limit(self) -> int:
        """How many items the page may hold."""
        return self.per_page

    @property
    def offset(self) -> int:
        """How many items come before the page."""
        return (self.page - 1) * self.per_page


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The items of one page, and how many there are on all pages together."""

    items: list[T]
    total: int
