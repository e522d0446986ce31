"""Render docs/img/demo.svg from the output of a real demo: ``python docs/img/demo.py`` (takes half a minute).

The picture shows the receiver that fails and recovers, and the server crash, on a terminal of 80 columns.
"""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from html import escape
from itertools import groupby, takewhile
from pathlib import Path

COLUMNS, ROWS = 80, 50
FIRST, LAST = "Dashboard fails", "Nothing was lost"
FONT_SIZE, CHARACTER_WIDTH, LINE_HEIGHT, PADDING = 13, 7.83, 17, 18
BACKGROUND, FOREGROUND = "#16191f", "#d5d9e0"
COLOURS = {"2": "#868e9c", "31": "#f47067", "32": "#6bc46d", "33": "#daaa3f", "35": "#c58af9", "36": "#56b6c2"}
_ERASE, _STYLE = "\r\x1b[2K", re.compile(r"\x1b\[([0-9;?]*)[a-zA-Z]")


def main() -> None:
    lines = [line.rpartition(_ERASE)[2].rstrip() for line in record()]
    plain = [_STYLE.sub("", line) for line in lines]
    first = next(number for number, line in enumerate(plain) if line.startswith(FIRST))
    last = next(number for number, line in enumerate(plain) if line.strip().startswith(LAST))
    last += len([*takewhile(bool, plain[last:])])
    Path(__file__).with_suffix(".svg").write_text(render(lines[first:last]))


def record() -> list[str]:
    """Run the demo on a terminal of its own until the script has played once; return its lines, styles included."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": ""}
    command = [sys.executable, "-m", "hourhook", "demo", "--port", "0"]
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=environment) as demo:
        os.close(its)
        output = b""
        while b"the demo repeats" not in output:
            output += os.read(ours, 4096)
        demo.send_signal(signal.SIGINT)
        for part in iter(lambda: read_rest(ours), b""):
            output += part
    os.close(ours)
    return output.decode().replace("\r\n", "\n").split("\n")


def read_rest(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the demo has closed the terminal
        return b""


def render(lines: list[str]) -> str:
    width = round(COLUMNS * CHARACTER_WIDTH + 2 * PADDING)
    height = len(lines) * LINE_HEIGHT + 2 * PADDING
    texts = [text for number, line in enumerate(lines) for text in render_line(number, line)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            ' role="img" aria-label="Output of hourhook demo: a receiver fails and recovers, and the server crashes">',
            f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>',
            f"<g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" "
            f'font-size="{FONT_SIZE}" fill="{FOREGROUND}" xml:space="preserve">',
            *texts,
            "</g>",
            "</svg>\n",
        ]
    )


def render_line(number: int, line: str) -> Iterator[str]:
    """Render each word as one text element at its column, so that columns align in any monospace font."""
    y = PADDING + number * LINE_HEIGHT + FONT_SIZE
    for style, characters in groupby(styled_characters(line), key=lambda each: each[1]):
        run = [*characters]
        for is_gap, part in groupby(run, key=lambda each: each[2].isspace()):
            word = [*part]
            if is_gap:
                continue
            text = "".join(character for _, _, character in word)
            x = PADDING + word[0][0] * CHARACTER_WIDTH
            length = len(text) * CHARACTER_WIDTH
            attributes = {"1": ' font-weight="bold"', "": ""}.get(style) or (
                f' fill="{COLOURS[style]}"' if style in COLOURS else ""
            )
            yield f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}"{attributes}>{escape(text)}</text>'


def styled_characters(line: str) -> Iterator[tuple[int, str, str]]:
    """Yield the column, the style and the text of each character."""
    column, style = 0, ""
    for part in re.split(r"(\x1b\[[0-9;?]*[a-zA-Z])", line):
        if match := _STYLE.fullmatch(part):
            style = match[1].replace("0", "", 1) if match[1] == "0" else match[1]
            continue
        for character in part:
            yield column, style, character
            column += 1


if __name__ == "__main__":
    main()
