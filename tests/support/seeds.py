"""The seeds of randomized tests, which ``HOURHOOK_TEST_SEEDS`` chooses: ``17``, or ``100-199``."""

import os


def chosen_seeds(default: str) -> range:
    """Return the seeds that the environment names, or else the default ones."""
    first, _, last = os.environ.get("HOURHOOK_TEST_SEEDS", default).partition("-")
    return range(int(first), int(last or first) + 1)
