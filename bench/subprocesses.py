"""The processes of a benchmark: each is pinned to a core, and exchanges messages as lines of JSON.

The measured process has one core; receiver, load generator and PostgreSQL share another, so that they do not compete.
"""

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parent.parent
_CORES = sorted(os.sched_getaffinity(0))
MEASURED_CORE, OTHER_CORE = _CORES[0], _CORES[-1]
RESPONSE_TIMEOUT_SECONDS = 600
_TICKS = os.sysconf("SC_CLK_TCK")


class BenchmarkFailed(Exception):
    """A process of the benchmark has ended or did not reply, or a result is not as expected."""


class BenchProcess:
    """A process that runs a module of this package until the context is left."""

    def __init__(self, core: int, module: str, *arguments: object) -> None:
        """Start it with the environment of this process; its log goes to a temporary file."""
        # A file, because discarding the log would cost less than in production.
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            bufsize=1,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))},
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, **message: object) -> None:
        """Send a message to the process."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")

    def receive(self, timeout_seconds: float = RESPONSE_TIMEOUT_SECONDS) -> dict[str, Any]:
        """Wait for the next message of the process. Raises ``BenchmarkFailed`` if there is none in time."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            line = self._process.stdout.readline() if selector.select(timeout_seconds) else ""
        if not line:
            raise BenchmarkFailed(f"{self._process.args!r} did not reply:\n{self.log()[-4000:]}")
        message: dict[str, Any] = json.loads(line)
        return message

    def call(self, **message: object) -> dict[str, Any]:
        """Send a message and wait for the reply."""
        self.send(**message)
        return self.receive()

    def kill(self) -> None:
        """Kill it, like ``kill -9``."""
        self._process.kill()
        self._process.wait()

    def terminate(self) -> float:
        """End it with SIGTERM; return how many seconds that took."""
        started_at = time.monotonic()
        self._process.terminate()
        self._process.wait(20)
        return time.monotonic() - started_at

    def end(self) -> None:
        """End it by closing its input; kill it if it takes too long."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if self._process.poll() is None:
            self._process.stdin.close()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process.stdout.close()
        self._log.close()

    def log(self) -> str:
        """Return its log."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    @property
    def cpu_seconds(self) -> float:
        """The processor time it has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def memory_bytes(self) -> int:
        """Its resident memory."""
        return self._memory("VmRSS")

    @property
    def peak_memory_bytes(self) -> int:
        """The maximum of its resident memory so far."""
        return self._memory("VmHWM")

    def _memory(self, field: str) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def send_message(**message: object) -> None:
    """Send a message to the benchmark, from one of its processes."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Pin this process, and those that it starts, to a core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
