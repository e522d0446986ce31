"""Print coloured lines above a fixed footer on a terminal, and plain lines elsewhere."""

import os
import shutil
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TextIO

# A part of a line, and its style.
Span = tuple[str, str]

PLAIN_WIDTH = 100
MAX_WIDTH = 120
# Columns between the left and the right part of a line.
GAP = 2
_STYLES = {"": "", "bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36", "magenta": "35"}
_ERASE, _HIDE_CURSOR, _SHOW_CURSOR = "\r\x1b[2K", "\x1b[?25l", "\x1b[?25h"


class Terminal:
    """Prints whole lines. Once the reader has closed the pipe, it prints nothing and sets ``is_pipe_broken``."""

    def __init__(self, stream: TextIO) -> None:
        self.is_pipe_broken = False
        # Called when the pipe breaks.
        self.on_pipe_broken: Callable[[], object] | None = None
        self._stream = stream
        self._is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._is_coloured = self._is_terminal and not os.environ.get("NO_COLOR")
        self._footer: Sequence[Span] = ()
        self._held: list[str] | None = None
        if isinstance(stream, TextIOWrapper):
            # Characters that the encoding lacks must not stop the command.
            stream.reconfigure(errors="replace")
        if self._is_terminal:
            self._write(_HIDE_CURSOR)

    @property
    def width(self) -> int:
        if not self._is_terminal:
            return PLAIN_WIDTH
        return max(40, min(shutil.get_terminal_size().columns, MAX_WIDTH))

    def print_line(self, left: Sequence[Span] = (), right: Sequence[Span] = ()) -> None:
        """Print a line with ``right`` at the right edge; on a terminal, ``left`` is cut to make room for it."""
        gap: list[Span] = []
        if right:
            left = _cut(left, self.width - _length(right) - GAP) if self._is_terminal else left
            gap = [(" " * max(GAP, self.width - _length(left) - _length(right)), "")]
        line = self._paint([*left, *gap, *right]).rstrip() + "\n"
        if self._held is not None:
            self._held.append(line)
        else:
            self._add(line)

    def print_paragraph(self, text: str, style: str = "", indent: str = "  ") -> None:
        for line in textwrap.wrap(text, self.width - len(indent) - 1):
            self.print_line([(indent, ""), (line, style)])

    def set_footer(self, spans: Sequence[Span]) -> None:
        """Replace the footer, which stays below all lines on a terminal."""
        self._footer = spans
        if self._is_terminal:
            self._add("")

    @contextmanager
    def buffered(self) -> Iterator[None]:
        """Hold lines back, then print the last line of the context first."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            for line in [*held[-1:], *held[:-1]]:
                self._add(line)

    def close(self) -> None:
        """Restore the terminal."""
        self._footer = ()
        if self._is_terminal:
            self._write(_ERASE + _SHOW_CURSOR)

    def _add(self, line: str) -> None:
        if self._is_terminal:
            line = _ERASE + line + self._paint(_cut(self._footer, self.width - 1))
        self._write(line)

    def _write(self, text: str) -> None:
        if self.is_pipe_broken:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self.is_pipe_broken = True
            if self.on_pipe_broken is not None:
                self.on_pipe_broken()

    def _paint(self, spans: Sequence[Span]) -> str:
        if not self._is_coloured:
            return "".join(text for text, _ in spans)
        return "".join(f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if style else text for text, style in spans)


def truncate_or_pad(text: str, width: int) -> str:
    """Fit a text into a column."""
    return (text if len(text) <= width else text[: max(0, width - 1)] + "…").ljust(width)


def _length(spans: Sequence[Span]) -> int:
    return sum(len(text) for text, _ in spans)


def _cut(spans: Sequence[Span], width: int) -> list[Span]:
    left = list[Span]()
    for text, style in spans:
        room = width - _length(left)
        if len(text) > room:
            return [*left, (text[: max(0, room - 1)] + "…", style)] if room > 0 else left
        left.append((text, style))
    return left
