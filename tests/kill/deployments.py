"""A deployment of real processes (``hourhook serve`` and ``hourhook worker``) that can be killed and restarted."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from typing import Self

from bench.backlogs import SECRET_KEY
from bench.subprocesses import ROOT, BenchmarkFailed

_START_SECONDS = 60
_PAUSE_SECONDS = 0.005


class Deployment:
    """A server and ``workers_count`` standalone workers; with none, the server delivers itself."""

    def __init__(self, url: str, workers_count: int = 0) -> None:
        """Start all of them, and wait until the server serves."""
        self._url = url
        # One file for each name, to which its processes append.
        self._logs: dict[str, tempfile._TemporaryFileWrapper[bytes]] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._sizes: dict[str, int] = {}
        self.port = _free_port()
        self.workers = [f"worker {number}" for number in range(1, workers_count + 1)]
        for name in [*self.workers, "serve"]:
            self.start(name)
        self.wait_until_healthy()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait()
        for log in self._logs.values():
            log.close()

    def start(self, name: str) -> None:
        """Start ``serve`` or one of the workers, without waiting."""
        log = self._logs.setdefault(name, tempfile.NamedTemporaryFile(suffix=".log"))
        self._processes[name] = subprocess.Popen(
            [sys.executable, "-m", "hourhook", *self._arguments(name)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | _SETTINGS | {"PYTHONPATH": str(ROOT / "src")},
        )

    def kill(self, name: str) -> int:
        """Send SIGKILL and wait for the end; returns its time (monotonic, nanoseconds)."""
        process = self._processes[name]
        if process.poll() is not None:
            raise BenchmarkFailed(f"{name} exited unexpectedly:\n{self._log_end(name)}")
        process.kill()
        process.wait()
        return time.monotonic_ns()

    def busiest_worker(self) -> str:
        """Return the worker that has logged, and so delivered, most since the last call."""
        sizes = {name: os.stat(self._logs[name].name).st_size for name in self.workers}
        before, self._sizes = self._sizes, sizes
        return max(sizes, key=lambda name: sizes[name] - before.get(name, 0))

    def wait_until_healthy(self) -> int:
        """Wait until ``/health`` answers 200; returns the time (monotonic, nanoseconds)."""
        deadline = time.monotonic() + _START_SECONDS
        while not _is_healthy(self.port):
            if self._processes["serve"].poll() is not None or time.monotonic() > deadline:
                raise BenchmarkFailed(f"serve did not become healthy:\n{self._log_end('serve')}")
            time.sleep(_PAUSE_SECONDS)
        return time.monotonic_ns()

    def _arguments(self, name: str) -> list[str]:
        if name in self.workers:
            return ["worker", "--database", self._url]
        options = ["--no-worker"] if self.workers else []
        return ["serve", "--port", str(self.port), "--database", self._url, *options]

    def _log_end(self, name: str) -> str:
        with open(self._logs[name].name, errors="replace") as log:
            return log.read()[-4000:]


_SETTINGS = {
    "HOURHOOK_SECRET_KEY": SECRET_KEY,
    "HOURHOOK_RATE_LIMIT": "off",
    "HOURHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "HOURHOOK_LOG_FORMAT": "json",
}


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
