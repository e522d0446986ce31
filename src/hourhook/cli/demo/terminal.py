"""What a demo is shown on: coloured lines and one that stays below them on a terminal, plain lines elsewhere."""

import os
import shutil
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TextIO

# A piece of a line, and the style it is in.
Span = tuple[str, str]

PLAIN_WIDTH = 100
MAX_WIDTH = 120
# Between the left and the right of a line.
GAP = 2
_STYLES = {"": "", "bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36", "magenta": "35"}
_ERASE, _HIDE_CURSOR, _SHOW_CURSOR = "\r\x1b[2K", "\x1b[?25l", "\x1b[?25h"


class Terminal:
    """Takes whole lines; once its reader has left, it takes them in silence and says so in ``is_pipe_broken``."""

    def __init__(self, stream: TextIO) -> None:
        self.is_pipe_broken = False
        # Called when it is.
        self.on_pipe_broken: Callable[[], None] | None = None
        self._stream = stream
        self._is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._is_coloured = self._is_terminal and not os.environ.get("NO_COLOR")
        self._footer: Sequence[Span] = ()
        self._held: list[str] | None = None
        if isinstance(stream, TextIOWrapper):
            # What the reader's encoding has no sign for is no reason to stop.
            stream.reconfigure(errors="replace")
        if self._is_terminal:
            self._write(_HIDE_CURSOR)

    @property
    def width(self) -> int:
        """How many columns there are to write on."""
        if not self._is_terminal:
            return PLAIN_WIDTH
        return max(40, min(shutil.get_terminal_size().columns, MAX_WIDTH))

    def print_line(self, left: Sequence[Span] = (), right: Sequence[Span] = ()) -> None:
        """Add a line. ``right`` stands at the right edge, and on a terminal ``left`` is cut to leave room for it."""
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
        """Add a paragraph."""
        for line in textwrap.wrap(text, self.width - len(indent) - 1):
            self.print_line([(indent, ""), (line, style)])

    def set_footer(self, spans: Sequence[Span]) -> None:
        """Have these stay below all lines, on a terminal, in place of those that did."""
        self._footer = spans
        if self._is_terminal:
            self._add("")

    @contextmanager
    def buffered(self) -> Iterator[None]:
        """Keep lines back until what belongs before them is shown, which is the last line of the context."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            for line in [*held[-1:], *held[:-1]]:
                self._add(line)

    def close(self) -> None:
        """Leave a terminal as it was."""
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
    """A text in a column of this width."""
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
