"""Tests of the checkout: tracked files fit any machine, pins fit the dependencies, commands in the docs exist."""

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

# The patterns are written so that they do not match this file.
FORBIDDEN = {
    "a path of one machine": r"(?<![\w.{}$:])/(?:home|root|tmp|Users|work|private)/[\w.]",
    "the address of a package registry": r"https?://[^\s\"]+/(?:simple|packages)\b|registry *= *[\"{]",
    "the choice of a package registry": r"--(?:extra-)?i[n]dex-url|--find-l[i]nks|\"r[e]solved\": ",
    "the name of a package registry": r"(?i)\bp[y]pi\b|\bp[y]thonhosted\b|\bn[p]mjs\b|\bcrates[.]io\b",
}


def test_no_tracked_file_names_a_machine_or_a_package_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} contains {name}"
        for path in find_tracked_texts()
        for line, name in find_forbidden(path.read_text())
        if not (name == "a path of one machine" and path.is_relative_to(ROOT / "tests"))
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
def test_a_forbidden_text_in_a_tracked_file_is_found(text: str) -> None:
    assert [line for line, _ in find_forbidden(f"first\n{text}\n")] == [2]


@pytest.mark.parametrize(
    "text",
    ["/v2/projects/:id/root/", "https://app.example/ho" + "me/page", "$HOME/hourhook", "/var/lib/hourhook", "simple"],
)
def test_an_allowed_text_in_a_tracked_file_is_not_reported(text: str) -> None:
    assert list(find_forbidden(text)) == []


@pytest.mark.parametrize(
    ("file", "requirements"),
    [
        ("run.txt", [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["build"]]),
        ("test.txt", PROJECT["dependency-groups"]["test"]),
    ],
)
def test_every_dependency_is_pinned_to_a_version_that_fits(file: str, requirements: list[str]) -> None:
    pinned = read_pins(file)

    for requirement in map(Requirement, requirements):
        version = pinned.get(normalise(requirement.name))
        assert version, f"{requirement.name} is not in requirements/{file}: run bin/pin"
        assert requirement.specifier.contains(version), f"{requirement} does not fit {version}: run bin/pin"


def test_packages_in_both_requirements_files_have_the_same_version() -> None:
    run, test = read_pins("run.txt"), read_pins("test.txt")

    assert {name: test[name] for name in run.keys() & test} == {name: run[name] for name in run.keys() & test}


@pytest.mark.parametrize("file", ["run.txt", "test.txt"])
def test_every_pinned_package_has_a_checksum(file: str) -> None:
    pins = re.split(r"\n(?=\S)", (ROOT / "requirements" / file).read_text())

    assert [pin for pin in pins if "--hash=sha256:" not in pin] == []


def test_every_dependency_is_listed_in_decision_1() -> None:
    page = (ROOT / "docs" / "decisions" / "0001-dependencies.md").read_text()
    requirements = [*PROJECT["project"]["dependencies"], *chain(*PROJECT["dependency-groups"].values())]

    assert [text for text in requirements if f"`{Requirement(text).name}`" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_commands_on_a_documentation_page_exist(page: Path) -> None:
    for command in find_commands(page.read_text()):
        problem = find_problem(command)
        assert problem is None, f"{page.name} contains `{command}`, but {problem}"


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
def test_a_nonexistent_command_or_option_is_found(command: str, problem: str | None) -> None:
    assert list(find_commands(f"text\n```sh\n$ {command} # really\n```\n")) == [command]
    assert find_problem(command) == problem


def find_tracked_texts() -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in path.read_bytes():
            yield path


def find_forbidden(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        for name, pattern in FORBIDDEN.items():
            if re.search(pattern, line):
                yield number, name


def read_pins(file: str) -> dict[str, str]:
    text = (ROOT / "requirements" / file).read_text()
    return {normalise(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)}


def normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def find_commands(text: str) -> Iterator[str]:
    """Yield the commands of this project in the code blocks and code spans of a page."""
    blocks = re.findall(r"^ *```[^\n]*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL))
    lines = "\n".join([*blocks, *spans]).replace("\\\n", " ").splitlines()
    for part in (part.strip() for line in lines for part in re.split(r"&&|[|;#]", line)):
        if found := re.fullmatch(r"(?:\$ |sudo |exec |\w+=\S+ )*((?:hourhook|(?:\./)?bin/\w+)(?: .*)?)", part):
            yield found[1]


def find_problem(command: str) -> str | None:
    program, *arguments = command.split()
    if program.removeprefix("./").startswith("bin/"):
        program = program.removeprefix("./")
        if not os.access(ROOT / program, os.X_OK):
            return f"there is no {program} to run"
    return find_problem_of_hourhook(arguments) if program.endswith("hourhook") else None


def find_problem_of_hourhook(arguments: list[str]) -> str | None:
    current: click.Command = main
    names: list[str] = []
    while arguments and isinstance(current, click.Group) and re.fullmatch(r"[a-z][a-z-]*", arguments[0]):
        names.append(arguments.pop(0))
        if names[-1] not in current.commands:
            return f"there is no command {' '.join(names)}"
        current = current.commands[names[-1]]
    known = {"--help", *(option for param in current.params for option in param.opts + param.secondary_opts)}
    used = [match[0] for word in arguments if (match := re.match(r"--[a-z-]+", word))]
    unknown = [option for option in used if option not in known]
    return f"{' '.join(names)} has no {unknown[0]}" if unknown else None
