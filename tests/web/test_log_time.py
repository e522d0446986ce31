"""The line "Log time": preview, log, ask, undo."""

import re

import pytest

from tests.support.accounts import Account, Person
from tests.support.browsers import Browser
from tests.support.clients import Response
from tests.support.events_of import EventReader
from tests.support.factories import make_project, make_tag
from tests.support.oauth_clients import signed_in_browser

NB = "\N{NO-BREAK SPACE}"


def log(browser: Browser, line: str, path: str = "/", **fields: str) -> Response:
    return browser.submit_to(browser.get(path), "/log", line=line, **fields)


def preview(account: Account, person: Person, line: str) -> str:
    response = signed_in_browser(account, person).get(f"/log/preview?line={line.replace('#', '%23').replace(' ', '+')}")
    assert response.status == 200
    return response.body.decode()


def test_a_line_becomes_an_entry(account: Account) -> None:
    project = make_project(account, "Harbour map", billing_increment=15)
    browser = signed_in_browser(account, account.owner)

    response = log(browser, "1h10 Harbour map checking depth #soundings 10.5.2024")

    assert (response.status, response.headers["location"]) == (303, "/")
    [entry] = account.owner.client.get("/v2/entries").json()
    assert (entry["minutes"], entry["date"], entry["project"]["id"]) == (75, "2024-05-10", project["id"])
    assert (entry["description"], entry["tags"][0]["name"]) == ("checking depth #soundings", "soundings")
    assert f"Logged 1{NB}h{NB}15{NB}min on Harbour map, Friday 10 May." in browser.get("/").body.decode()


def test_a_page_raises_the_same_events_as_the_api(account: Account) -> None:
    make_project(account, "Harbour map")
    reader = EventReader(account)
    log(signed_in_browser(account, account.owner), "45m Harbour map #soundings 2024-05-21")
    by_page = reader.read_new()
    [entry], [tag] = (account.owner.client.get(f"/v2/{name}").json() for name in ("entries", "tags"))
    for path in (f"/v2/entries/{entry['id']}", f"/v2/tags/{tag['id']}"):
        account.owner.client.delete(path)
    reader.read_new()
    body = {"minutes": 45, "date": "2024-05-21", "description": "#soundings", "project_name": "Harbour map"}
    account.owner.client.post("/v2/entries", body)
    by_api = reader.read_new()

    assert [event.type for event in by_page] == ["tag.created", "entry.created"]
    for mine, theirs in zip(by_page, by_api, strict=True):
        assert mine.type == theirs.type
        assert shape(mine.object) == shape(theirs.object)
        assert shape(mine.changes) == shape(theirs.changes)


def shape(value: object) -> object:
    """Return a value without what differs between two objects: ids, URLs and times."""
    if isinstance(value, dict):
        return [(key, shape(part)) for key, part in value.items() if not key.endswith(("id", "url", "_at"))]
    return [shape(part) for part in value] if isinstance(value, list) else value


def test_an_unknown_project_asks_before_it_is_created(account: Account) -> None:
    browser = signed_in_browser(account, account.leader)

    response = log(browser, "45m Lighthouse #lamp")

    assert response.status == 422
    assert b'value="new:Lighthouse" class="primary">Create Lighthouse and log</button>' in response.body
    assert account.owner.client.get("/v2/projects").json() == []
    assert browser.submit_to(response, "/log", project="new:Lighthouse").status == 303
    [entry] = account.owner.client.get("/v2/entries").json()
    assert (entry["project"]["name"], entry["description"]) == ("Lighthouse", "#lamp")


def test_an_unknown_project_is_refused_to_those_who_may_not_create_one(account: Account) -> None:
    browser = signed_in_browser(account, account.coworker)

    response = log(browser, "45m @Lighthouse #lamp")

    assert response.status == 422
    assert "There is no project “Lighthouse” among yours." in response.body.decode()
    assert b"Create Lighthouse" not in response.body
    assert browser.submit_to(response, "/log", project="new:Lighthouse").status == 422
    assert account.owner.client.get("/v2/projects").json() == []
    assert browser.submit_to(response, "/log", project="none").status == 303
    [entry] = account.coworker.client.get("/v2/entries").json()
    assert (entry["project"], entry["description"]) == (None, "Lighthouse #lamp")


def test_a_beginning_of_several_names_asks_which(account: Account) -> None:
    harper = [make_project(account, name) for name in ("Harbour map", "Harper")][1]
    browser = signed_in_browser(account, account.owner)

    response = log(browser, "45m har #lamp")

    assert response.status == 422
    assert f'value="id:{harper["id"]}">Log on Harper</button>' in response.body.decode()
    assert browser.submit_to(response, "/log", project=f"id:{harper['id']}").status == 303
    [entry] = account.owner.client.get("/v2/entries").json()
    assert (entry["project"]["name"], entry["description"]) == ("Harper", "#lamp")


def test_the_line_of_another_day_logs_on_that_day(account: Account) -> None:
    response = log(signed_in_browser(account, account.owner), "45m", "/days/2024-05-21")

    assert response.headers["location"] == "/days/2024-05-21"
    assert account.owner.client.get("/v2/entries").json()[0]["date"] == "2024-05-21"


def test_the_new_entry_is_marked_and_can_be_undone(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)
    log(browser, "45m")

    page = browser.get("/")
    assert page.body.count(b'<tr class="new">') == 1
    assert page.body.count(b">Undo</button>") == 1
    assert browser.submit_to(page, "/log/undo").status == 303
    assert account.owner.client.get("/v2/entries").json() == []
    assert f"Removed 45{NB}min without a project." in browser.get("/").body.decode()


@pytest.mark.parametrize("entry_id", ["", "x", "9" * 20, "0", "2147483647"])
def test_undoing_something_else_is_not_found(account: Account, entry_id: str) -> None:
    browser = signed_in_browser(account, account.owner)
    log(browser, "45m")

    assert browser.submit_to(browser.get("/"), "/log/undo", entry_id=entry_id).status == 404


def test_an_open_redirect_is_not_followed(account: Account) -> None:
    response = log(signed_in_browser(account, account.owner), "45m", next="//app.example/")

    assert response.headers["location"] == "/"


def test_the_preview_says_what_the_line_will_become(account: Account) -> None:
    make_project(account, "Harbour map", billing_increment=15)
    make_tag(account, "admin*")

    text = preview(account, account.owner, "1h10 harb #soundings #admin yesterday")

    assert (
        f"1{NB}h{NB}10{NB}min → 1{NB}h{NB}15{NB}min on Harbour map, yesterday"
        " · not billable because of #admin* · makes the tag #soundings"
    ) in text


def test_the_preview_warns_of_tags_that_cannot_be_created(account: Account) -> None:
    account.change_settings(tag_creation_role="leader")

    assert "you cannot make the tag #lamp" in preview(account, account.coworker, "45m #lamp")


def test_the_preview_writes_nothing_of_hostile_text_as_html(account: Account) -> None:
    text = preview(account, account.owner, "45m <b>x</b>")

    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert "<b>" not in text


def completed(account: Account, line: str) -> list[tuple[str, str]]:
    text = preview(account, account.owner, line)
    return re.findall(r'data-complete="([^"]+)" data-from="(\d+)"', text)


def test_projects_are_completed_after_the_first_letters(account: Account) -> None:
    for name in ("Harbour map", "Harbour office", "Pilots"):
        make_project(account, name)

    assert completed(account, "45m ha") == [("Harbour map", "4"), ("Harbour office", "4")]
    assert completed(account, "45m harbour o") == [("Harbour office", "4")]
    assert completed(account, "45m @p") == [("Pilots", "4")]
    for line in ("45m p", "45m Pilots", "45m #pi", "45m"):
        assert completed(account, line) == []
