"""What another process does meanwhile, in a thread of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE_SECONDS = 10


def run_in_thread(function: Callable[..., T], *args: Any) -> T:
    """Do something that must not wait for the transaction of this thread; raises ``TimeoutError`` where it does."""
    threads = ThreadPoolExecutor(1)
    try:
        return threads.submit(function, *args).result(timeout=PATIENCE_SECONDS)
    finally:
        # It ends once the transaction does.
        threads.shutdown(wait=False)
