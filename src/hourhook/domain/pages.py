"""Pagination of collections (``docs/api/conventions.md#pagination``)."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

DEFAULT_PAGE_SIZE = 30
MAX_PAGE_SIZE = 1000
# Beyond any collection, and keeps offsets within the integers of the databases.
MAX_PAGE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Pagination:
    """The requested page, counted from 1, and its size; with ``after_id``, the objects with a greater id instead."""

    page: int = 1
    per_page: int = DEFAULT_PAGE_SIZE
    after_id: int | None = None

    @property
    def limit(self) -> int:
        return self.per_page

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The items of one page, and the total over all pages; None if there are too many to count, and a page follows.

    With ``after_id``, the total is greater than the number of items if more follow, and says no more than that.
    """

    items: list[T]
    total: int | None
