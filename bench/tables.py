"""Figures as people read them: tables, spreads, and a line that says what is going on."""

import statistics
import sys
from collections.abc import Sequence


def print_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, as Markdown has it."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    print(f"\n{title}\n")
    print(_line(heads, widths))
    print("|" + "|".join("-" * (width + 1) + (":" if place else "-") for place, width in enumerate(widths)) + "|")
    for row in rows:
        print(_line(row, widths))
    sys.stdout.flush()


def format_spread(values: Sequence[float], form: str = ",.0f") -> str:
    """The median, and the least and the most where there are several."""
    if len(values) == 1:
        return format(values[0], form)
    return f"{statistics.median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all lies at or below."""
    return sorted(values)[min(len(values) - 1, round(share * len(values)))]


def progress(text: str) -> None:
    """Say what is going on, on a line that the next one replaces."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()
    elif text:
        sys.stderr.write(f"{text}\n")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    texts = (
        cell.rjust(width) if place else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join(texts)} |"
