"""Benchmarks: scripts with figures, not tests with deadlines. ``bench/README.md`` says what each measures."""
