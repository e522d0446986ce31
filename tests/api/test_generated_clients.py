"""Clients that public generators make from the OpenAPI document drive the main path (docs/guides/generate-a-client.md).

``bin/test`` installs the generator for Python. ``HOURHOOK_TEST_NODE_MODULES`` names a ``node_modules`` folder with
``openapi-typescript``, ``openapi-fetch`` and ``typescript`` (5; ``openapi-typescript`` does not run with a later one).
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hourhook.api.app import documented_endpoints
from hourhook.api.openapi.document import build_document
from tests.support.accounts import Account

NODE_MODULES = os.environ.get("HOURHOOK_TEST_NODE_MODULES")
PYTHON_PROGRAM = """
import datetime, os

from hourhook_client import AuthenticatedClient
from hourhook_client.api.entries import create_entry, delete_entry, get_entry, list_entries, update_entry
from hourhook_client.api.projects import create_project
from hourhook_client.api.reports import report_time
from hourhook_client.api.webhooks import create_webhook
from hourhook_client.models import EntryCreate, EntryUpdate, ProjectCreate, WebhookCreate, WebhookCreateEventsItem

client = AuthenticatedClient(base_url=os.environ["SERVER"], token=os.environ["TOKEN"], raise_on_unexpected_status=True)
project = create_project.sync(client=client, body=ProjectCreate(name="Harbour map"))
day = datetime.date(2026, 11, 30)
entry = create_entry.sync(client=client, body=EntryCreate(date=day, minutes=50, project_id=project.id))
assert (entry.minutes, entry.date, entry.project.name) == (60, day, "Harbour map"), entry
assert update_entry.sync(entry.id, client=client, body=EntryUpdate(description="Traced #soundings")).tags[0].id
assert [each.id for each in list_entries.sync(client=client, from_=day)] == [entry.id]
all_events = [WebhookCreateEventsItem("*")]
body = WebhookCreate(name="Sync", payload_uri="https://example.com/", events=all_events)
webhook = create_webhook.sync(client=client, body=body)
assert webhook.secret.startswith("whsec_"), webhook
assert delete_entry.sync_detailed(entry.id, client=client).status_code == 204
assert get_entry.sync_detailed(entry.id, client=client).status_code == 404
assert create_entry.sync(client=client, body=EntryCreate(date=day, minutes=-1)).errors[0].field == "minutes"
"""
TYPESCRIPT_PROGRAM = """
import createClient from "openapi-fetch";
import type { paths } from "./hourhook";

declare const process: { env: Record<string, string>; exitCode: number };
const client = createClient<paths>({
  baseUrl: process.env.SERVER, headers: { "X-NokoToken": process.env.TOKEN, "User-Agent": "test" },
});
const project = await client.POST("/v2/projects", { body: { name: "Harbour map" } });
const body = { date: "2026-11-30", minutes: 50, project_id: project.data!.id };
const entry = await client.POST("/v2/entries", { body });
const list = await client.GET("/v2/entries", { params: { query: { from: "2026-11-30" } } });
const gone = await client.DELETE("/v2/entries/{entry_id}", { params: { path: { entry_id: entry.data!.id } } });
const refused = await client.POST("/v2/entries", { body: { ...body, minutes: -1 } });
const found = [entry.data!.minutes, list.data!.length, gone.response.status, refused.response.status];
if (JSON.stringify(found) !== "[60,1,204,400]") { console.log(found, refused); process.exitCode = 1; }
"""


@pytest.fixture
def document(tmp_path: Path, account: Account) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(build_document(documented_endpoints(), account.base_url)))
    return path


def run(folder: Path, account: Account, *words: str | Path) -> None:
    environment = {**os.environ, "SERVER": account.base_url, "TOKEN": account.supervisor.token}
    completed = subprocess.run(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert completed.returncode == 0, completed.stdout


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_generated_python_client_drives_the_main_path(document: Path, account: Account, tmp_path: Path) -> None:
    generator = Path(sys.executable).with_name("openapi-python-client")

    # Formatting what is generated takes longer than generating it.
    (tmp_path / "config.yaml").write_text("post_hooks: []")
    options = ("--path", document, "--output-path", "client", "--config", "config.yaml", "--fail-on-warning")
    run(tmp_path, account, generator, "generate", *options)
    (tmp_path / "client" / "program.py").write_text(PYTHON_PROGRAM)
    run(tmp_path / "client", account, sys.executable, "program.py")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_generated_typescript_types_drive_the_main_path(document: Path, account: Account, tmp_path: Path) -> None:
    if NODE_MODULES is None or not (Path(NODE_MODULES) / "openapi-typescript").exists():
        packages = "openapi-typescript, openapi-fetch and typescript@5"
        pytest.skip(f"needs {packages}: name their node_modules in HOURHOOK_TEST_NODE_MODULES")
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "program.ts").write_text(TYPESCRIPT_PROGRAM)
    node = shutil.which("node")
    assert node is not None

    options = ["--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]
    run(tmp_path, account, "node_modules/.bin/openapi-typescript", document, "-o", "hourhook.d.ts")
    run(tmp_path, account, "node_modules/.bin/tsc", *options, "program.ts")
    run(tmp_path, account, node, "program.js")
