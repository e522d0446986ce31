"""Beside the code: what is tracked fits any machine, what is pinned fits the project, commands in pages exist."""

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

from hourhook.cli import main

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

# Each is written so that this file does not hold what it looks for.
FOREIGN = {
    "a path of one machine": r"(?<![\w.{}$:])/(?:home|root|tmp|Users|work|private)/[\w.]",
    "the address of a package registry": r"https?://[^\s\"]+/(?:simple|packages)\b|registry *= *[\"{]",
    "the choice of a package registry": r"--(?:extra-)?i[n]dex-url|--find-l[i]nks|\"r[e]solved\": ",
    "the name of a package registry": r"(?i)\bp[y]pi\b|\bp[y]thonhosted\b|\bn[p]mjs\b|\bcrates[.]io\b",
}


def test_no_tracked_file_names_a_machine_or_a_package_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} holds {what}"
        for path in find_tracked_texts()
        for line, what in find_foreign(path.read_text())
        if not (what == "a path of one machine" and path.is_relative_to(ROOT / "tests"))
    ]

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        'open("/ho' + 'me/ada/hourhook.db")',
        "cd /ro" + "ot/hourhook",
        "--in" + "dex-url https://packages.example",
        '"res' + 'olved": "https://packages.example/a.tgz"',
        "https://packages.example/sim" + "ple/click",
        "reg" + 'istry = "https://packages.example"',
        "get it from Py" + "PI",
    ],
)
def test_what_is_foreign_to_a_checkout_is_found(text: str) -> None:
    assert [line for line, _ in find_foreign(f"first\n{text}\n")] == [2]


@pytest.mark.parametrize(
    "text",
    ["/v2/projects/:id/root/", "https://app.example/ho" + "me/page", "$HOME/hourhook", "/var/lib/hourhook", "simple"],
)
def test_what_belongs_to_a_checkout_is_left_alone(text: str) -> None:
    assert list(find_foreign(text)) == []


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("run.txt", [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["build"]]),
        ("test.txt", PROJECT["dependency-groups"]["test"]),
    ],
)
def test_every_dependency_is_pinned_to_a_version_that_fits(file: str, wanted: list[str]) -> None:
    pinned = read_pins(file)

    for requirement in map(Requirement, wanted):
        version = pinned.get(normalise(requirement.name))
        assert version, f"{requirement.name} is not in requirements/{file}: run bin/pin"
        assert requirement.specifier.contains(version), f"{requirement} does not fit {version}: run bin/pin"


def test_what_the_tests_share_with_the_server_is_pinned_alike() -> None:
    run, test = read_pins("run.txt"), read_pins("test.txt")

    assert {name: test[name] for name in run.keys() & test} == {name: run[name] for name in run.keys() & test}


@pytest.mark.parametrize("file", ["run.txt", "test.txt"])
def test_every_pin_carries_its_checksums(file: str) -> None:
    pins = re.split(r"\n(?=\S)", (ROOT / "requirements" / file).read_text())

    assert [pin for pin in pins if "--hash=sha256:" not in pin] == []


def test_every_dependency_says_what_it_saves() -> None:
    page = (ROOT / "docs" / "decisions" / "0001-dependencies.md").read_text()
    wanted = [*PROJECT["project"]["dependencies"], *chain(*PROJECT["dependency-groups"].values())]

    assert [text for text in wanted if f"`{Requirement(text).name}`" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_commands_that_a_page_names_exist(page: Path) -> None:
    for command in find_commands(page.read_text()):
        problem = find_problem(command)
        assert problem is None, f"{page.name} says `{command}`, but {problem}"


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("./bin/hourhook", None),
        ("./bin/hourhook serve --port 80", None),
        ("hourhook serve --port=80", None),
        ("hourhook --version", None),
        ("hourhook account create --name N --json", None),
        ("hourhook account borrow", "there is no command account borrow"),
        ("hourhook serve --colour", "serve has no --colour"),
        ("./bin/hour", "there is no bin/hour to run"),
    ],
)
def test_a_command_that_does_not_exist_is_found(command: str, problem: str | None) -> None:
    assert list(find_commands(f"text\n```sh\n$ {command} # really\n```\n")) == [command]
    assert find_problem(command) == problem


def find_tracked_texts() -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in path.read_bytes():
            yield path


def find_foreign(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in FOREIGN.items():
            if re.search(pattern, line):
                yield number, what


def read_pins(file: str) -> dict[str, str]:
    text = (ROOT / "requirements" / file).read_text()
    return {normalise(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)}


def normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def find_commands(text: str) -> Iterator[str]:
    """The commands of ours in the code of a page, in blocks and between backticks."""
    blocks = re.findall(r"^ *```[^\n]*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL))
    lines = "\n".join([*blocks, *spans]).replace("\\\n", " ").splitlines()
    for part in (part.strip() for line in lines for part in re.split(r"&&|[|;#]", line)):
        if found := re.fullmatch(r"(?:\$ |sudo |exec |\w+=\S+ )*((?:hourhook|(?:\./)?bin/\w+)(?: .*)?)", part):
            yield found[1]


def find_problem(command: str) -> str | None:
    program, *words = command.split()
    if program.removeprefix("./").startswith("bin/"):
        program = program.removeprefix("./")
        if not os.access(ROOT / program, os.X_OK):
            return f"there is no {program} to run"
    return find_problem_of_hourhook(words) if program.endswith("hourhook") else None


def find_problem_of_hourhook(words: list[str]) -> str | None:
    current: click.Command = main
    names: list[str] = []
    while words and isinstance(current, click.Group) and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        names.append(words.pop(0))
        if names[-1] not in current.commands:
            return f"there is no command {' '.join(names)}"
        current = current.commands[names[-1]]
    known = {"--help", *(option for param in current.params for option in param.opts + param.secondary_opts)}
    used = [match[0] for word in words if (match := re.match(r"--[a-z-]+", word))]
    unknown = [option for option in used if option not in known]
    return f"{' '.join(names)} has no {unknown[0]}" if unknown else None
