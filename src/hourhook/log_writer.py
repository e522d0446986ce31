"""A writer of log lines that never blocks its caller, whatever the reader of the log does.

Lines are queued and written by a thread, several at once. A reader that stalls, a full disk or a closed pipe therefore
delays neither a request nor a delivery nor the shutdown. The queue is bounded: lines beyond ``MAX_QUEUED_CHARACTERS``,
and lines that cannot be written, are dropped and counted, and a later line reports how many.
"""

import atexit
import os
import select
import threading
from collections.abc import Callable
from typing import TextIO

# How long a line may be delayed, so that several are written together. Writing each line separately would cost more
# than producing it, because each write releases the interpreter lock.
FLUSH_INTERVAL_SECONDS = 0.05
# Some ten thousand lines.
MAX_QUEUED_CHARACTERS = 4_000_000
# How long the end of the process waits for a reader that has stalled.
EXIT_TIMEOUT_SECONDS = 0.5


class LogWriter:
    """A queue of lines, and the thread that writes them to a stream. It has the methods of a structlog logger."""

    def __init__(self, stream: TextIO, describe_dropped: Callable[[int], str]) -> None:
        """``describe_dropped`` returns the line that reports a number of dropped lines."""
        self._write_text = _writing_function(stream)
        self._describe_dropped = describe_dropped
        self._queue: list[str] = []
        self._queued_characters = 0
        # Lines dropped in total, and those of them that no line has reported yet.
        self.dropped_count = 0
        self._unreported_count = 0
        # Batches queued and finished, for ``drain``.
        self._queued_batches = self._finished_batches = 0
        self._lock = threading.Lock()
        self._finished = threading.Condition(self._lock)
        self._has_lines = threading.Event()
        self._is_urgent = threading.Event()
        threading.Thread(target=self._write_loop, name="log", daemon=True).start()
        atexit.register(self.drain, EXIT_TIMEOUT_SECONDS)

    def info(self, line: str) -> None:
        """Queue a line; it is written within ``FLUSH_INTERVAL_SECONDS``."""
        with self._lock:
            if self._queued_characters > MAX_QUEUED_CHARACTERS:
                self._count_dropped(1)
                return
            self._queue.append(line)
            self._queued_characters += len(line)
        if not self._has_lines.is_set():
            self._has_lines.set()

    def error(self, line: str) -> None:
        """Queue a line; it and those before it are written immediately, because the process may be about to end."""
        self.info(line)
        self._is_urgent.set()

    debug = warning = info
    critical = error

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until all queued lines have been written or dropped; return whether they have, within the timeout."""
        with self._finished:
            target = self._queued_batches + bool(self._queue)
            self._has_lines.set()
            self._is_urgent.set()
            return self._finished.wait_for(lambda: self._finished_batches >= target, timeout_seconds)

    def _write_loop(self) -> None:
        while True:
            self._has_lines.wait()
            self._is_urgent.wait(FLUSH_INTERVAL_SECONDS)
            self._is_urgent.clear()
            self._has_lines.clear()
            self._write_batch()

    def _write_batch(self) -> None:
        with self._lock:
            lines, self._queue = self._queue, []
            self._queued_characters = 0
            unreported, self._unreported_count = self._unreported_count, 0
            if not lines:
                self._unreported_count = unreported
                return
            self._queued_batches += 1
        if unreported:
            lines.append(self._describe_dropped(unreported))
        try:
            self._write_text("\n".join(lines) + "\n")
        except (OSError, ValueError):
            # The pipe is closed or the disk is full. The process is not to end for its log.
            with self._lock:
                self._count_dropped(len(lines) - bool(unreported))
                self._unreported_count += unreported
        with self._finished:
            self._finished_batches += 1
            self._finished.notify_all()

    def _count_dropped(self, count: int) -> None:
        self.dropped_count += count
        self._unreported_count += count


def _writing_function(stream: TextIO) -> Callable[[str], None]:
    try:
        descriptor = stream.fileno()
    except OSError:
        # A stream in memory.
        def write_text(text: str) -> None:
            stream.write(text)
            stream.flush()

        return write_text
    encoding = stream.encoding or "utf-8"
    # Past the stream's own buffer: a thread that is blocked in it would keep the interpreter from ending.
    return lambda text: _write_all(descriptor, text.encode(encoding, "backslashreplace"))


def _write_all(descriptor: int, content: bytes) -> None:
    remaining = memoryview(content)
    while remaining:
        try:
            remaining = remaining[os.write(descriptor, remaining) :]
        except BlockingIOError:
            # Another process has made the shared pipe non-blocking.
            select.select((), (descriptor,), ())
