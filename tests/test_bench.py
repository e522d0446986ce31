"""The command of the benchmarks takes what its help says; what they measure is not tested."""

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


def test_a_benchmark_that_there_is_not_is_refused() -> None:
    with pytest.raises(SystemExit):
        parse_arguments(["nonsense"])
