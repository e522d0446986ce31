"""The seeds of randomized tests; ``HOURHOOK_TEST_SEEDS`` sets them, such as ``17`` or ``100-199``."""

import os


def chosen_seeds(default: str) -> range:
    """Return the seeds that the environment sets, or the default ones."""
    first, _, last = os.environ.get("HOURHOOK_TEST_SEEDS", default).partition("-")
    return range(int(first), int(last or first) + 1)
