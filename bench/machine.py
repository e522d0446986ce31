"""The machine on which the benchmarks run."""

import os
import platform
import sqlite3
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.databases import Databases
from bench.subprocesses import MEASURED_CORE, OTHER_CORE


def describe(databases: Databases) -> dict[str, str]:
    """Return what the figures depend on, without anything that identifies the machine."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": f"{_processor()}, {os.cpu_count()} cores, {_memory()}",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "PostgreSQL": databases.postgres_version(),
        "fsync": f"{statistics.median(fsync_seconds(200)) * 1000:.2f} ms (median of 200, 4 KiB each)",
        "load": f"{os.getloadavg()[0]:.2f} before the run",
        "cores": f"measured process on {MEASURED_CORE}, receiver, load and PostgreSQL on {OTHER_CORE}",
    }


def fsync_seconds(count: int) -> list[float]:
    """Return the seconds of ``count`` calls of fsync, each after writing 4 KiB."""
    seconds = []
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(count):
            file.write(bytes(4096))
            started_at = time.perf_counter()
            os.fsync(file.fileno())
            seconds.append(time.perf_counter() - started_at)
    return seconds


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
