"""``/entries``: filters and totals, several at once, one entry, new, edit, delete."""

from urllib.parse import urlencode

import pytest

from hourhook.domain.entries import exporting, totals
from tests.support.accounts import Account
from tests.support.browsers import find_form
from tests.support.factories import approve, ids, insert_entries, make_entry, make_project, make_tag, mark_as_invoiced
from tests.support.oauth_clients import signed_in_browser
from tests.support.statements import capture_statements

NB = "\N{NO-BREAK SPACE}"
TODAY = "2024-05-21"


def test_the_list_shows_this_month_with_totals(account: Account) -> None:
    project = make_project(account, "Harbour map", billing_increment=1)
    for minutes, date in ((75, TODAY), (30, "2024-05-01"), (600, "2024-04-30")):
        make_entry(
            account.owner, "#admin*" if minutes == 30 else "x", minutes=minutes, date=date, project_id=project["id"]
        )
    browser = signed_in_browser(account, account.owner)

    page = browser.get("/entries").body.decode()
    assert f"2 entries · 1{NB}h{NB}45{NB}min · 1{NB}h{NB}15{NB}min billable" in page
    assert 'name="from" type="date" value="2024-05-01"' in page
    assert f"3 entries · 11{NB}h{NB}45{NB}min" in browser.get("/entries?from=").body.decode()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"from": "2024-05-02"}, {"b"}),
        ({"to": "2024-05-01"}, {"a"}),
        ({"description": "A"}, {"a"}),
        ({"billable": "false"}, set()),
        ({"invoiced": "true"}, {"a"}),
        ({"from": "nonsense"}, {"a", "b"}),
        ({"project_ids": "x"}, {"a", "b"}),
        ({"user_ids": "999"}, set()),
        ({"page": "2"}, set()),
        ({"page": "-1", "from": ""}, {"a", "b"}),
    ],
)
def test_filters_are_in_the_url(account: Account, query: dict[str, str], shown: set[str]) -> None:
    first = make_entry(account.owner, "a", date="2024-05-01")
    make_entry(account.owner, "b", date="2024-05-02")
    mark_as_invoiced(account, first)

    page = signed_in_browser(account, account.owner).get(f"/entries?{urlencode(query)}")

    assert page.status == 200
    assert {name for name in ("a", "b") if f'<td class="wide">{name}</td>' in page.body.decode()} == shown


def test_a_filter_that_is_no_date_is_explained(account: Account) -> None:
    page = signed_in_browser(account, account.owner).get("/entries?from=yesterday").body.decode()

    assert "This is not a date." in page
    assert 'value="yesterday"' in page


def test_long_lists_have_pages_and_few_statements(account: Account) -> None:
    insert_entries(account, 120, make_tag(account, "lamp"))
    browser = signed_in_browser(account, account.owner)

    with capture_statements(account.database) as statements:
        page = browser.get("/entries?from=&page=2").body.decode()

    assert "51 to 100 of 120" in page
    assert "?from=&amp;page=3" in page
    assert len(statements) <= 8


def test_entries_that_are_too_many_to_sum_up_have_pages_without_totals(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals, "MAX_SUMMED", 60)
    tag = make_tag(account, "lamp")
    insert_entries(account, 120, tag)
    browser = signed_in_browser(account, account.owner)

    first, last = (browser.get(f"/entries?from=&tag_ids={tag['id']}&page={n}").body.decode() for n in (1, 3))

    assert "More than 60 entries match. Choose a shorter period to sum them up." in first
    assert ("1 to 50, more follow" in first, "101 to 120 of 120" in last) == (True, True)
    assert 'rel="next"' in first
    assert "120 entries" in browser.get("/entries?from=").body.decode()


def test_selected_entries_are_approved_and_marked_as_invoiced(account: Account) -> None:
    entries = [make_entry(account.leader) for _ in range(3)]
    browser = signed_in_browser(account, account.supervisor)
    form = find_form(browser.get("/entries?from="), "/entries/selected")
    selected = [("csrf_token", form.fields["csrf_token"]), *(("ids", str(id)) for id in ids(entries[:2]))]

    for act, key in (("approve", "approved_at"), ("invoice", "invoiced_at")):
        assert browser.post("/entries/selected", [*selected, ("act", act)]).status == 303
        found = {entry["id"]: entry[key] for entry in account.owner.client.get("/v2/entries").json()}
        assert [found[id] is not None for id in ids(entries)] == [True, True, False]


def test_acting_on_nothing_is_refused(account: Account) -> None:
    make_entry(account.owner)
    browser = signed_in_browser(account, account.owner)

    response = browser.submit_to(browser.get("/entries?from="), "/entries/selected", act="approve")

    assert (response.status, b"Select at least one entry." in response.body) == (422, True)


def test_selected_entries_are_deleted_after_a_question(account: Account) -> None:
    entries = [make_entry(account.owner) for _ in range(2)]
    browser = signed_in_browser(account, account.owner)
    page = browser.get("/entries/delete?" + urlencode([("ids", id) for id in ids(entries)]))
    assert b"Delete 2 entries?" in page.body
    token = find_form(page, "/entries/delete").fields["csrf_token"]

    response = browser.post("/entries/delete", [("csrf_token", token), *(("ids", str(id)) for id in ids(entries))])

    assert response.status == 303
    assert account.owner.client.get("/v2/entries").json() == []


def test_an_entry_is_created_and_edited(account: Account) -> None:
    project = make_project(account, "Harbour map", billing_increment=1)
    browser = signed_in_browser(account, account.leader)

    response = browser.submit_to(
        browser.get("/entries/new"), "/entries/new", minutes="1:15", project_id=str(project["id"]), description="#lamp"
    )
    page = browser.follow_redirects(response)
    assert f"<h1>1{NB}h{NB}15{NB}min on Harbour map</h1>" in page.body.decode()
    [entry] = account.owner.client.get("/v2/entries").json()
    assert (entry["date"], entry["user"]["id"]) == (TODAY, account.leader.id)

    path = f"/entries/{entry['id']}/edit"
    edited = browser.submit_to(browser.get(path), path, minutes="2.5", user_id=str(account.owner.id), project_id="")
    assert edited.status == 303
    [entry] = account.owner.client.get("/v2/entries").json()
    assert (entry["minutes"], entry["user"]["id"], entry["project"]) == (150, account.owner.id, None)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("minutes", "soon", "This is not a time."),
        ("minutes", "", "Say how long it took"),
        ("date", "tomorrow", "This is not a date."),
        ("project_id", "999", "There is nothing like this here any more."),
        ("source_url", "javascript:alert(1)", "This cannot be used."),
    ],
)
def test_a_refused_entry_says_why_and_keeps_what_was_typed(
    account: Account, field: str, value: str, sentence: str
) -> None:
    browser = signed_in_browser(account, account.owner)
    typed = {"minutes": "1:15", "description": "painting the lamp", field: value}

    response = browser.submit_to(browser.get("/entries/new"), "/entries/new", **typed)

    page = response.body.decode()
    assert response.status == 422
    assert f'<p class="error" id="{field}-note">{sentence}' in page
    assert "painting the lamp" in page
    assert account.owner.client.get("/v2/entries").json() == []


def test_a_locked_entry_says_why_it_cannot_be_changed(account: Account) -> None:
    entry = make_entry(account.owner)
    browser = signed_in_browser(account, account.owner)
    path = f"/entries/{entry['id']}"
    page = browser.get(f"{path}/edit")
    approve(account, entry)

    assert b"The Entry is locked because it is approved." in browser.get(path).body
    assert browser.get(f"{path}/edit").headers["location"] == path
    assert browser.submit_to(page, f"{path}/edit", minutes="1:00").status in (303, 422)
    assert f'href="{path}/edit"'.encode() not in browser.get(path).body


def test_a_supervisor_approves_one_entry_and_withdraws_it(account: Account) -> None:
    entry = make_entry(account.leader)
    browser = signed_in_browser(account, account.supervisor)
    path = f"/entries/{entry['id']}"

    assert b"Approved." in browser.follow_redirects(browser.submit_to(browser.get(path), path)).body
    assert b"Approval withdrawn." in browser.follow_redirects(browser.submit_to(browser.get(path), path)).body


def test_another_persons_entry_can_be_seen_but_not_changed_by_a_coworker(account: Account) -> None:
    project = make_project(account, "Harbour map", account.coworker)
    entry = make_entry(account.owner, project_id=project["id"])
    browser = signed_in_browser(account, account.coworker)
    path = f"/entries/{entry['id']}"

    assert b"Only its person and leaders can change this entry." in browser.get(path).body
    token = find_form(browser.get("/"), "/log").fields["csrf_token"]
    assert browser.post(f"{path}/edit", {"csrf_token": token, "minutes": "1:00"}).status == 403
    assert browser.post(f"{path}/delete", {"csrf_token": token}).status == 403


def test_an_entry_of_another_account_is_not_found(account: Account, other_account: Account) -> None:
    entry = make_entry(other_account.owner)
    browser = signed_in_browser(account, account.owner)

    for path in ("", "/edit", "/delete"):
        assert browser.get(f"/entries/{entry['id']}{path}").status == 404


def test_an_entry_is_repeated_today(account: Account) -> None:
    make_entry(account.owner, "painting", minutes=45, date="2024-05-01")
    browser = signed_in_browser(account, account.owner)
    [entry] = account.owner.client.get("/v2/entries").json()

    page = browser.submit_to(browser.get("/days/2024-05-01"), f"/entries/{entry['id']}/repeat")

    assert page.headers["location"] == "/"
    found = account.owner.client.get("/v2/entries").json()
    assert [(each["date"], each["minutes"]) for each in found] == [(TODAY, 45), ("2024-05-01", 45)]


def test_entries_are_exported_as_csv_and_xlsx(account: Account) -> None:
    project = make_project(account, "=Harbour map")
    make_entry(account.owner, "@SUM(A1) #tide*", minutes=75, project_id=project["id"], date="2024-05-02")
    make_entry(account.owner, "of April", date="2024-04-30")
    browser = signed_in_browser(account, account.owner)

    csv = browser.get("/entries.csv").body.decode().splitlines()
    xlsx = browser.get("/entries.xlsx?from=2024-05-01")

    assert csv[0].startswith("Date,Person,E-mail,Project,Description,Hours,Minutes,Billable")
    assert csv[1].startswith(
        "2024-05-02,Ada Byron,owner@northwind.test,'=Harbour map,'@SUM(A1) #tide*,1.25,75,no,no,no,"
    )
    assert len(csv) == 2
    assert xlsx.body.startswith(b"PK")
    assert xlsx.headers["content-disposition"] == 'attachment; filename="entries.xlsx"'


def test_a_file_has_the_entries_that_its_reader_sees(account: Account) -> None:
    make_entry(account.owner, "secret")
    make_entry(account.contractor, "mine")

    csv = signed_in_browser(account, account.contractor).get("/entries.csv?from=").body.decode()

    assert ("mine" in csv, "secret" in csv) == (True, False)


def test_a_file_that_would_be_too_large_is_refused(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MAX_ENTRIES", 1)
    make_entry(account.owner)
    make_entry(account.owner)
    browser = signed_in_browser(account, account.owner)

    response = browser.get("/entries.csv")

    assert response.headers["location"] == "/entries"
    assert b"A file has at most 1 entries." in browser.get("/entries").body
