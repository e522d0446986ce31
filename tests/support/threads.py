"""Concurrent work in a thread, as another process would do it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE_SECONDS = 10


def run_in_thread(function: Callable[..., T], *args: Any) -> T:
    """Run a function in a thread; raises ``TimeoutError`` if it is blocked, such as by a transaction of this thread."""
    executor = ThreadPoolExecutor(1)
    try:
        return executor.submit(function, *args).result(timeout=PATIENCE_SECONDS)
    finally:
        # Do not wait: a blocked thread ends only when the transaction of this thread does.
        executor.shutdown(wait=False)
