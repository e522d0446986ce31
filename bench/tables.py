"""Print tables, format spreads, and show progress."""

import statistics
import sys
from collections.abc import Sequence


def print_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    print(f"\n{title}\n")
    print(_line(headings, widths))
    print("|" + "|".join("-" * (width + 1) + (":" if index else "-") for index, width in enumerate(widths)) + "|")
    for row in rows:
        print(_line(row, widths))
    sys.stdout.flush()


def format_spread(values: Sequence[float], format_spec: str = ",.0f") -> str:
    """Return the median, with minimum and maximum if there are several values."""
    if len(values) == 1:
        return format(values[0], format_spec)
    return f"{statistics.median(values):{format_spec}} ({min(values):{format_spec}}–{max(values):{format_spec}})"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value at or below which this share of all values lies."""
    return sorted(values)[min(len(values) - 1, round(share * len(values)))]


def progress(text: str) -> None:
    """Show the current step, on a line that the next call replaces."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()
    elif text:
        sys.stderr.write(f"{text}\n")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    texts = (
        cell.rjust(width) if index else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join(texts)} |"
