"""``/tags``: list, rename, make unbillable, merge, delete."""

from tests.support.accounts import Account
from tests.support.browsers import find_form
from tests.support.factories import make_entry, make_tag
from tests.support.oauth_clients import signed_in_browser


def test_tags_are_listed_with_their_entries(account: Account) -> None:
    make_entry(account.owner, "#lamp #lens")
    make_entry(account.owner, "#lamp #admin*")
    browser = signed_in_browser(account, account.leader)

    page = browser.get("/tags").body.decode()
    assert 'data-label="Entries">2<' in page
    assert "Not billable" in page
    assert "#lens" not in browser.get("/tags?name=LAMP").body.decode()


def test_a_tag_is_renamed_and_made_unbillable(account: Account) -> None:
    entry = make_entry(account.owner, "paint the #lamp")
    tag = entry["tags"][0]
    browser = signed_in_browser(account, account.leader)
    path = f"/tags/{tag['id']}/edit"
    page = browser.get(path)
    assert b"1 entry has this tag." in page.body

    token = find_form(page, path).fields["csrf_token"]
    assert browser.post(path, {"csrf_token": token, "name": "Lantern"}).status == 303

    changed = account.owner.client.get(entry["url"]).json()
    assert (changed["description"], changed["billable"]) == ("paint the #Lantern*", False)
    refused = browser.submit_to(browser.get(path), path, name="two words")
    assert (refused.status, b"This cannot be used." in refused.body) == (422, True)


def test_a_tag_is_merged_into_another(account: Account) -> None:
    entry, other = make_entry(account.owner, "#lamp"), make_tag(account, "lens")
    tag = entry["tags"][0]
    browser = signed_in_browser(account, account.leader)
    path = f"/tags/{tag['id']}/merge"
    page = browser.get(path)
    assert b"1 entry gets the other tag" in page.body

    for into, sentence in (("", b"Choose the one"), ("999", b"nothing like this"), (str(tag["id"]), b"nothing like")):
        refused = browser.submit_to(page, path, into=into)
        assert (refused.status, sentence in refused.body) == (422, True)
    assert browser.submit_to(page, path, into=str(other["id"])).status == 303
    assert account.owner.client.get(entry["url"]).json()["description"] == "#lens"


def test_a_tag_is_deleted_after_its_consequences_are_said(account: Account) -> None:
    entry = make_entry(account.owner, "paint the #lamp")
    browser = signed_in_browser(account, account.leader)
    path = f"/tags/{entry['tags'][0]['id']}/delete"
    page = browser.get(path)
    assert b"1 entry loses this tag" in page.body

    assert browser.submit_to(page, path).headers["location"] == "/tags"
    assert account.owner.client.get(entry["url"]).json()["description"] == "paint the lamp"


def test_only_those_who_may_change_tags_are_offered_to(account: Account, other_account: Account) -> None:
    tag, theirs = make_tag(account, "lamp"), make_tag(other_account, "lens")
    leader = signed_in_browser(account, account.leader)
    for act in ("edit", "merge", "delete"):
        assert leader.get(f"/tags/{theirs['id']}/{act}").status == 404

    account.change_settings(tag_creation_role="supervisor")

    for person in (account.leader, account.coworker):
        browser = signed_in_browser(account, person)
        assert b"Delete\xe2\x80\xa6" not in browser.get("/tags").body
        assert browser.get(f"/tags/{tag['id']}/edit").status == 404
