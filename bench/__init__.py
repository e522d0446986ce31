"""Benchmarks: measurements, not pass/fail tests (``bench/README.md``)."""
