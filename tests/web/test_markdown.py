"""The limited Markdown of descriptions and footers."""

import re
import time

import pytest

from hourhook.web.markdown import render


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("Thank you.\nPay soon.", "<p>Thank you.<br>\nPay soon.</p>\n"),
        ("*soon*, **really** `IBAN`", "<p><em>soon</em>, <strong>really</strong> <code>IBAN</code></p>\n"),
        ("- one\n- two", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"),
        ("1. one", "<ol>\n<li>one</li>\n</ol>\n"),
        ("# Terms", "<h3>Terms</h3>\n"),
        ("###### Terms", "<h6>Terms</h6>\n"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>\n"),
    ],
)
def test_text_lists_and_headings_are_rendered(text: str, html: str) -> None:
    assert render(text) == html


@pytest.mark.parametrize("address", ["https://pay.example/?a=1&b=2", "http://pay.example", "mailto:ada@pay.example"])
def test_a_link_to_the_web_or_a_mail_address_is_nofollow(address: str) -> None:
    for text in (f"[pay]({address})", f"<{address}>"):
        [link] = re.findall(r"<a ([^>]*)>", render(text))
        assert f'href="{address.replace("&", "&amp;")}"' in link
        assert 'rel="nofollow noopener"' in link


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java&#115;cript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "[x](file:///etc/passwd)",
        "[x](/v2/account)",
        "[x](//evil.example)",
        "[x](\\\\evil.example)",
        "<javascript:alert(1)>",
        "[x][y]\n\n[y]: javascript:alert(1)",
        "[x][y]\n\n[y]: https://somewhere.example",
    ],
)
def test_any_other_link_stays_text(text: str) -> None:
    assert "<a" not in render(text)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<b onclick=alert(1)>x</b>",
        "<img src=x onerror=alert(1)>",
        "![x](https://somewhere.example/pixel.png)",
        "![x](data:image/png;base64,AAAA)",
        '<a href="https://x.example" onmouseover="alert(1)">x</a>',
        "<!-- -->",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        '[x](https://x.example "\\" onmouseover=\\"alert(1)")',
    ],
)
def test_html_and_pictures_are_shown_as_text(text: str) -> None:
    html = render(text)

    tags = {*re.findall(r"<([a-z0-9]+)", html)}
    assert tags <= {"p", "a", "br"}
    assert not re.search(r"<[^>]*\son\w+=", re.sub(r'"[^"]*"', '""', html))


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "*a",
        "**a _b ",
        "`",
        "``a`",
        "> ",
        "- ",
        "<",
        "&",
        "\\",
        "[a](",
        "![",
        "](",
        "a_",
        "1. ",
        "  - a\n",
        "# a\n",
    ],
)
def test_no_text_takes_long_to_render(unit: str) -> None:
    # The longest text that the API accepts.
    text = (unit * 65_535)[:65_535]
    started_at = time.perf_counter()

    render(text)

    assert time.perf_counter() - started_at < 20
