"""The command line of the benchmarks; the measurements themselves are not tested."""

import pytest

from bench.run import BENCHMARKS, parse_arguments


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ([*BENCHMARKS], False)),
        (["--quick"], ([*BENCHMARKS], True)),
        (["all"], ([*BENCHMARKS], False)),
        (["api", "fanout"], (["api", "fanout"], False)),
    ],
)
def test_all_benchmarks_run_unless_some_are_named(arguments: list[str], expected: tuple[list[str], bool]) -> None:
    assert parse_arguments(arguments) == expected


def test_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(SystemExit):
        parse_arguments(["nonsense"])
