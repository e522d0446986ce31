"""``/v2/account``: read the account of the token."""

from tests.support.accounts import Account


def test_every_role_may_read_the_account(account: Account) -> None:
    for person in account.people.values():
        response = person.client.get("/v2/account")

        assert response.status == 200
        assert response.json() == {
            "id": account.id,
            "name": "northwind",
            "invoicing_enabled": True,
            "owner": {
                "id": account.owner.id,
                "email": "owner@northwind.test",
                "first_name": "Ada",
                "last_name": "Byron",
                "profile_image_url": "",
                "url": f"{account.base_url}/v2/users/{account.owner.id}",
            },
            "url": f"{account.base_url}/v2/account",
            "created_at": "2024-05-21T10:05:00Z",
            "updated_at": "2024-05-21T10:05:00Z",
        }


def test_each_token_reads_its_own_account(account: Account, other_account: Account) -> None:
    assert account.leader.client.get("/v2/account").json()["name"] == "northwind"
    assert other_account.leader.client.get("/v2/account").json()["name"] == "southwind"


def test_a_disabled_feature_is_shown(account: Account) -> None:
    account.change_settings(invoicing="off")

    assert account.leader.client.get("/v2/account").json()["invoicing_enabled"] is False
