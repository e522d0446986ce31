"""The package and the container files: the wheel is complete and runs, and the images are built as the pages say."""

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest
import yaml

from hourhook.settings import Settings, environment_variable
from tests.test_checkout import find_problem

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONTAINERFILE = (ROOT / "Containerfile").read_text()
INSTALL_PAGE = (ROOT / "docs" / "operating" / "install.md").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    checkout = folder / "checkout"
    copy_for_build(checkout)
    return folder / build(checkout, "wheel", folder)


def test_the_wheel_contains_every_file_of_the_package(wheel: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, check=True, capture_output=True, text=True)
    tracked = {name.removeprefix("src/") for name in listed.stdout.split() if (ROOT / name).exists()}

    assert tracked - {*zipfile.ZipFile(wheel).namelist()} == set()


def test_the_wheel_contains_the_documentation(wheel: Path) -> None:
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*") if path.suffix in (".md", ".svg")}

    assert {f"hourhook/documentation/{page}" for page in pages} - {*zipfile.ZipFile(wheel).namelist()} == set()


def test_the_installed_wheel_runs_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-index", "--no-deps", "--target", installed, wheel], check=True)
    environment = {**os.environ, "PYTHONPATH": str(installed)}

    def run(*words: str) -> str:
        return subprocess.run(words, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True).stdout

    assert run(sys.executable, "-c", "import hourhook; print(hourhook.__file__)").startswith(str(installed))
    assert PROJECT["version"] in run(sys.executable, "-m", "hourhook", "--version")
    served = "from hourhook.api.documentation.pages import find_documentation as find; print(*find().pages)"
    assert {"/docs/index", "/docs/guides/receiving", "/docs/security"} <= {*run(sys.executable, "-c", served).split()}
    # The document is built from every endpoint, and the command as pip has written it.
    assert run(str(installed / "bin" / "hourhook"), "openapi").startswith("{")


def test_the_source_distribution_contains_what_building_and_testing_need(tmp_path: Path) -> None:
    name = build(ROOT, "sdist", tmp_path)
    with tarfile.open(tmp_path / name) as archive:
        names = {path.partition("/")[2] for path in archive.getnames()}
    needed = ["README.md", "Containerfile", "compose.yaml", "bin/test", "requirements/run.txt", "docs/README.md"]

    assert {*needed, "tests/test_packaging.py", "pyproject.toml", "LICENSE"} - names == set()


def test_the_package_describes_itself_completely(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    [path] = [name for name in archive.namelist() if name.endswith("/METADATA")]
    metadata = Parser().parsestr(archive.read(path).decode())

    assert metadata["Summary"] == PROJECT["description"]
    assert metadata["License-Expression"] == "MIT"
    assert all(url.startswith("https://") for url in PROJECT["urls"].values())
    assert {classifier.split(" :: ")[0] for classifier in PROJECT["classifiers"]} == {
        "Development Status",
        "Environment",
        "Intended Audience",
        "Natural Language",
        "Operating System",
        "Programming Language",
        "Topic",
        "Typing",
    }


def test_the_package_readme_has_no_relative_links_or_images() -> None:
    text = (ROOT / PROJECT["readme"]).read_text()
    links = re.findall(r"\]\(([^)\s]+)\)|\b(?:href|src)=\"([^\"]+)\"", text)

    assert [link for found in links for link in found if link and not link.startswith(("https://", "#"))] == []


def test_the_image_is_built_from_files_that_exist_and_no_others() -> None:
    sources = [words[:-1] for words in find_instructions("COPY") if not words[0].startswith("--from")]

    assert [source for words in sources for source in words if not (ROOT / source).exists()] == []
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {source for words in sources for source in words} == allowed


def test_the_image_installs_as_the_install_page_says() -> None:
    documented = [shlex.split(line) for line in INSTALL_PAGE.splitlines() if line.startswith("venv/bin/pip install")]
    used = [
        [word for word in words if word != "--no-cache-dir"] for words in find_instructions("RUN") if "install" in words
    ]

    assert [words[1:] for words in used if words[0].endswith("/pip")] == [words[1:] for words in documented]


def test_the_image_runs_as_an_unprivileged_user_with_a_volume() -> None:
    [[user]] = find_instructions("USER")
    [[volume]] = find_instructions("VOLUME")
    [[folder]] = find_instructions("WORKDIR")[-1:]

    assert user == "hourhook"
    assert volume == folder == "/var/lib/hourhook"


@pytest.mark.parametrize("service", [name for name, service in COMPOSE["services"].items() if "build" in service])
def test_the_commands_of_the_containers_exist(service: str) -> None:
    [entrypoint] = find_instructions("ENTRYPOINT")
    [default] = find_instructions("CMD")

    for command in (default, COMPOSE["services"][service]["command"]):
        assert find_problem(" ".join([*entrypoint, *command])) is None


def test_compose_starts_postgresql_one_server_and_two_workers() -> None:
    services = COMPOSE["services"]

    assert {*services} == {"database", "migrate", "serve", "worker"}
    assert services["database"]["image"].startswith("postgres:")
    assert "--no-worker" in services["serve"]["command"]
    assert services["worker"]["deploy"]["replicas"] == 2
    assert COMPOSE["volumes"].keys() == {"database"}
    for name in ("serve", "worker"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_compose_sets_settings_that_exist() -> None:
    known = {environment_variable(field) for field in Settings.__dataclass_fields__}

    for service in ("migrate", "serve", "worker"):
        assert {*COMPOSE["services"][service]["environment"]} - known == set()


def copy_for_build(folder: Path) -> None:
    """Copy what the Containerfile copies, so that a build that needs more fails."""
    for words in find_instructions("COPY"):
        if words[0].startswith("--from"):
            continue
        for source in words[:-1]:
            target = folder / source
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, target)


def build(checkout: Path, kind: str, folder: Path) -> str:
    """Build a wheel or an sdist of a checkout; return the file's name."""
    before = Path.cwd()
    os.chdir(checkout)
    try:
        backend = runpy.run_path(str(checkout / "bin" / "build_backend.py"))
        return str(backend[f"build_{kind}"](str(folder)))
    finally:
        os.chdir(before)


def find_instructions(name: str) -> list[list[str]]:
    """Return the words of each instruction of the Containerfile; those in brackets are a list."""
    text = CONTAINERFILE.replace("\\\n", " ")
    lines = re.findall(rf"^{name} (.+)$", text, re.MULTILINE)
    return [re.findall(r'"([^"]*)"', line) if line.startswith("[") else shlex.split(line) for line in lines]
