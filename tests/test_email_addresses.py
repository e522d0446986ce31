"""Which e-mail addresses can exist."""

import pytest

from hourhook.email_addresses import is_possible

LONG_LABEL = "x" * 63


@pytest.mark.parametrize(
    "address",
    [
        "ada@northwind.test",
        "a@b",
        "ada.byron+time@mail.northwind.test",
        "!#$%&'*+-/=?^_`{|}~@northwind.test",
        "-a-@northwind.test",
        f"{'a' * 64}@{LONG_LABEL}.test",
        f"a@{LONG_LABEL}.{LONG_LABEL}.{LONG_LABEL}.{'x' * 60}",
        "a@1.2.3.test",
        "a@4u.test",
        "a@x--y.test",
        "a@xn--bcher-kva.test",
        # RFC 6531.
        "jürgen@bücher.test",
        "用户@例子.测试",
        "δοκιμή@παράδειγμα.δοκιμή",
        "अजय@डाटा.भारत",
        f"{'ü' * 32}@northwind.test",
    ],
)
def test_an_address_that_can_exist_is_accepted(address: str) -> None:
    assert is_possible(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "@",
        "ada",
        "ada@",
        "@northwind.test",
        "a@b@c",
        "a b@c.test",
        "a\u00a0b@c.test",
        "a\u3000b@c.test",
        "a@b..c",
        "a@.b",
        "a@b.",
        "a@b.test\n",
        ".a@b.test",
        "a.@b.test",
        "a..b@c.test",
        "a@-x.org",
        "a@x-.org",
        "a@x.-org",
        "a@x_y.org",
        "a@x!.org",
        "a@x/y.org",
        '"a b"@c.test',
        "a,b@c.test",
        "a;b@c.test",
        "<a@b.test>",
        "a(b)@c.test",
        "a\\b@c.test",
        "a@[192.0.2.1]",
        "a@192.0.2.1",
        f"{'a' * 65}@northwind.test",
        f"a@{'x' * 64}.test",
        f"a@{LONG_LABEL}.{LONG_LABEL}.{LONG_LABEL}.{'x' * 61}",
        # Limits are in octets.
        f"{'ü' * 33}@northwind.test",
        f"a@{'ü' * 60}.test",
        f"ü@{LONG_LABEL}.{LONG_LABEL}.{LONG_LABEL}.{'x' * 60}",
    ],
)
def test_an_address_that_cannot_exist_is_refused(address: str) -> None:
    assert not is_possible(address)
