"""``/reports``: period, groupings and filters in the URL, bars, table, CSV, XLSX."""

import csv
import io
import re
import zipfile
from urllib.parse import urlencode

import pytest

from tests.support.accounts import Account
from tests.support.browsers import Browser
from tests.support.factories import make_entry, make_project, make_tag
from tests.support.oauth_clients import signed_in_browser
from tests.support.statements import capture_statements

YEAR = {"from": "2024-01-01", "to": "2024-12-31"}
NB = "\N{NO-BREAK SPACE}"


def test_the_report_of_this_month_is_by_project(account: Account) -> None:
    project = make_project(account, "Harbour map", billing_increment=1)
    make_entry(account.owner, minutes=75, project_id=project["id"])
    make_entry(account.owner, "#admin*", minutes=30)
    make_entry(account.owner, minutes=600, date="2024-04-30")

    page = read(signed_in_browser(account, account.owner))

    assert 'name="from" type="date" value="2024-05-01"' in page
    assert 'name="to" type="date" value="2024-05-31"' in page
    assert f"1{NB}h{NB}45{NB}min from 1 May to 31 May · 1{NB}h{NB}15{NB}min billable" in page
    assert rows_of(page) == [("Harbour map", "1.25"), ("No project", "0.50"), ("Total", "1.75")]
    assert f"<title>Harbour map: 1{NB}h{NB}15{NB}min</title>" in page


def test_two_groupings_are_rows_within_rows(account: Account) -> None:
    for name in ("Harbour map", "Quay"):
        project = make_project(account, name, billing_increment=1)
        for day, minutes in (("2024-04-30", 60), ("2024-05-01", 30 if name == "Quay" else 90)):
            make_entry(account.owner, minutes=minutes, date=day, project_id=project["id"])

    page = read(signed_in_browser(account, account.owner), **YEAR, group_by="project", then_by="month")

    assert rows_of(page) == [
        ("Harbour map", "2.50"),
        ("April 2024", "1.00"),
        ("May 2024", "1.50"),
        ("Quay", "1.50"),
        ("April 2024", "1.00"),
        ("May 2024", "0.50"),
        ("Total", "4.00"),
    ]


@pytest.mark.parametrize("group_by", ["project", "user", "tag", "date", "week", "month"])
def test_a_bar_leads_to_exactly_its_entries(account: Account, group_by: str) -> None:
    for name, day in (("Harbour map", "2024-04-30"), ("Quay", "2024-05-01")):
        project = make_project(account, name, billing_increment=1)
        make_entry(account.owner, "#lamp #lens", minutes=45, date=day, project_id=project["id"])
        make_entry(account.leader, "#lens", minutes=75, date=day, project_id=project["id"])
    browser = signed_in_browser(account, account.owner)
    asked = {**YEAR, "from": "2024-05-01"} if group_by == "week" else YEAR

    page = read(browser, **asked, group_by=group_by)

    links = re.findall(r'<li><a href="(/entries\?[^"]+)">.*?<span class="figure">([^<]+)</span></a></li>', page)
    assert links
    for path, time in links:
        entries = browser.get(path.replace("&amp;", "&")).body.decode()
        shown = re.findall(r'<td class="figure">(\d+\.\d\d)</td>', entries)
        assert f"{sum(map(float, shown)):.2f}" == time, path


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"from": "spring"}, "This is not a date."),
        ({"from": "2000-01-01", "to": "2024-01-01"}, "Choose at most ten years."),
        ({"group_by": "colour", "then_by": "smell", "user_ids": "x", "page": "-1"}, "Reports"),
        ({"group_by": "tag", "then_by": "tag"}, "Reports"),
        ({"from": "9999-12-01", "to": "9999-12-31", "group_by": "week"}, "No time was logged"),
        ({"from": "0001-01-01", "to": "0001-02-01", "group_by": "week"}, "No time was logged"),
    ],
)
def test_what_cannot_be_used_is_explained_and_the_rest_counts(
    account: Account, query: dict[str, str], sentence: str
) -> None:
    make_entry(account.owner, minutes=45)

    assert sentence in read(signed_in_browser(account, account.owner), **query)


def test_days_at_both_ends_of_the_calendar_have_weeks_with_links(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)
    for day in ("0001-01-01", "9999-12-31"):
        make_entry(account.owner, minutes=45, date=day)
        for by in ("week", "month", "date"):
            assert "0.75" in read(browser, **{"from": day, "to": day}, group_by=by)


def test_people_see_the_time_that_they_may_see(account: Account) -> None:
    project = make_project(account, "Harbour map", account.coworker, account.contractor, billing_increment=1)
    hidden = make_project(account, "Lighthouse", billing_increment=1)
    for person, minutes in ((account.leader, 60), (account.coworker, 30), (account.contractor, 15)):
        make_entry(person, minutes=minutes, project_id=project["id"])
    make_entry(account.leader, minutes=600, project_id=hidden["id"])

    totals = {
        role: rows_of(read(signed_in_browser(account, account.people[role])))[-1][1]
        for role in ("leader", "coworker", "contractor")
    }

    assert totals == {"leader": "11.75", "coworker": "1.75", "contractor": "0.25"}
    assert "Lighthouse" not in read(signed_in_browser(account, account.coworker))
    assert 'name="user_ids"' not in read(signed_in_browser(account, account.contractor))


def test_formulas_are_text_in_both_files(account: Account) -> None:
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "  =2", "a,b\"c'd"]
    for name in names:
        project = make_project(account, name, billing_increment=1)
        make_entry(account.owner, minutes=45, project_id=project["id"])
    browser = signed_in_browser(account, account.owner)
    asked = urlencode({**YEAR, "group_by": "project", "then_by": "user"})

    response = browser.get(f"/reports/time.csv?{asked}")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="time-2024-01-01-2024-12-31.csv"'
    header, *rows = csv.reader(io.StringIO(response.body.decode()))
    assert header[:4] == ["Project", "Person", "Hours", "Minutes"]
    assert {row[0] for row in rows} == {"'=1+1", "'+1", "'-1", "'@SUM(A1)", "'=2", "a,b\"c'd"}
    assert {(row[2], row[3], row[4]) for row in rows} == {("0.75", "45", "45")}

    book = zipfile.ZipFile(io.BytesIO(browser.get(f"/reports/time.xlsx?{asked}").body))
    sheet, texts = (book.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "sharedStrings"))
    assert "<f>" not in sheet
    assert sheet.count("<v>45</v>") == 3 * len(names)
    assert all(f">{name}</t>" in texts for name in ("=1+1", "+1", "-1", "@SUM(A1)"))


def test_a_long_file_is_sent_in_parts_and_is_whole(account: Account) -> None:
    tags = [make_tag(account, f"t{number}")["formatted_name"] for number in range(30)]
    for number in range(20):
        make_entry(account.owner, " ".join(tags), minutes=1, date=f"2024-05-{number + 1:02}")

    response = signed_in_browser(account, account.owner).get("/reports/time.csv?group_by=date&then_by=tag")

    rows = [*csv.reader(io.StringIO(response.body.decode()))]
    assert (len(rows), {row[3] for row in rows[1:]}) == (601, {"1"})
    page = read(signed_in_browser(account, account.owner), group_by="date", then_by="tag")
    assert "120 more rows are not shown." in page


def test_hostile_names_are_text(account: Account) -> None:
    project = make_project(account, "<script>alert(1)</script>", billing_increment=1)
    make_entry(account.owner, project_id=project["id"])

    page = read(signed_in_browser(account, account.owner), description='"><script>x')

    assert "<script>x" not in page
    assert "<script>alert" not in read(signed_in_browser(account, account.owner))


def test_a_report_takes_six_statements_at_most(account: Account) -> None:
    make_entry(account.owner, "#lamp")
    browser = signed_in_browser(account, account.owner)
    for query in ("group_by=tag&then_by=week", "group_by=team&then_by=project_group"):
        with capture_statements(account.database) as statements:
            browser.get(f"/reports?{query}")
        assert sum(statement.startswith("SELECT") for statement in statements) <= 6, statements


def read(browser: Browser, **query: str) -> str:
    response = browser.get(f"/reports?{urlencode(query)}")
    assert response.status == 200
    return response.body.decode()


def rows_of(page: str) -> list[tuple[str, str]]:
    """Return the names and times of the rows of the table, the total included."""
    rows = re.findall(r'<th scope="row"[^>]*>(.*?)</th>.*?figure sum">([^<]+)</td>', page, re.DOTALL)
    return [(re.sub(r"<[^>]+>", "", name), time) for name, time in rows]
