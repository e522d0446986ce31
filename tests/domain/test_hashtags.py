"""Finding and rewriting hashtags in texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourhook.domain import hashtags
from hourhook.domain.search_keys import search_key

# Texts with many of the characters that the syntax is about.
TEXTS = st.text(alphabet=st.sampled_from("#*ab-_ß9 \n([{,;:.!é\u0301"), max_size=40)


def names(text: str | None) -> list[str]:
    return [f"{found.name}*" if found.is_starred else found.name for found in hashtags.find(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Kick-off #planning", ["planning"]),
        ("#planning first", ["planning"]),
        ("#a #b* #c", ["a", "b*", "c"]),
        ("(#a [#b {#c ,#d ;#e :#f", ["a", "b", "c", "d", "e", "f"]),
        ("one\n#two\t#three\u00a0#four", ["two", "three", "four"]),
        ("#größe #日本語 #naïve_2 #-x", ["größe", "日本語", "naïve_2", "-x"]),
        ("#हिन्दी #cafe\u0301", ["हिन्दी", "cafe\u0301"]),
        ("#a,#b;#c:#d", ["a", "b", "c", "d"]),
        ("done.#a", []),
        ("issue#12 a/#b \"#c\" '#d'", []),
        ("##a #", []),
        ("# a #!", []),
        ("planning", []),
        ("#a#b", ["a"]),
        ("#a** #b*c", ["a*", "b*"]),
        ("#" + "x" * 30, ["x" * 30]),
        ("#" + "x" * 31, []),
        ("#½ #²", []),
        ("", []),
        (None, []),
    ],
)
def test_hashtags_are_found_by_the_documented_syntax(text: str | None, found: list[str]) -> None:
    assert names(text) == found


@given(TEXTS)
def test_found_hashtags_are_parts_of_the_text_in_order(text: str) -> None:
    end = 0
    for found in hashtags.find(text):
        assert end <= found.start
        end = found.end
        assert text[found.start : end] == f"#{found.name}{'*' if found.is_starred else ''}"
        assert 1 <= len(found.name) <= 30


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("planning", ("planning", False)),
        ("#planning", ("planning", False)),
        ("holiday*", ("holiday", True)),
        ("#holiday*", ("holiday", True)),
        (" #holiday*\n", ("holiday", True)),
        ("x" * 30, ("x" * 30, False)),
        ("x" * 31, None),
        ("two words", None),
        ("##a", None),
        ("a**", None),
        ("*", None),
        ("#", None),
        ("", None),
    ],
)
def test_a_tag_name_is_parsed_with_or_without_hash_sign_and_star(text: str, parsed: tuple[str, bool] | None) -> None:
    assert hashtags.parse_name(text) == parsed


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("Kick-off #planning", "Kick-off #scoping"),
        ("#Planning, #PLANNING* and planning", "#scoping, #scoping and planning"),
        ("#planningx #planning-x #plan", "#planningx #planning-x #plan"),
        ("mail#planning ##planning", "mail#planning ##planning"),
        ("(#planning)  \r\n\t#planning.", "(#scoping)  \r\n\t#scoping."),
        ("#planning*x", "#scoping*x"),
    ],
)
def test_renaming_rewrites_only_the_hashtags_of_the_tag(text: str, renamed: str) -> None:
    assert hashtags.rename(text, "planning", "#scoping") == renamed


def test_renaming_to_an_unbillable_tag_writes_its_star() -> None:
    assert hashtags.rename("#planning #planning* #planning*x", "planning", "#off*") == "#off* #off* #off*x"


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("Kick-off #planning", "Kick-off planning"),
        ("#Planning* and #plan", "Planning and #plan"),
        ("#planning,#planning", "planning,planning"),
    ],
)
def test_stripping_the_hash_sign_keeps_the_word(text: str, stripped: str) -> None:
    assert hashtags.strip_hash_sign(text, "planning") == stripped


@given(TEXTS)
def test_a_renamed_text_has_the_new_tag_in_place_of_the_old(text: str) -> None:
    for key in {found.key for found in hashtags.find(text)}:
        before = [found.key for found in hashtags.find(text)]
        after = [found.key for found in hashtags.find(hashtags.rename(text, key, "#new"))]

        assert after == ["new" if each == key else each for each in before]


@given(TEXTS)
def test_a_stripped_text_has_every_other_tag(text: str) -> None:
    for key in {found.key for found in hashtags.find(text)}:
        before = [found.key for found in hashtags.find(text)]
        after = [found.key for found in hashtags.find(hashtags.strip_hash_sign(text, key))]

        assert after == [each for each in before if each != key]


@given(TEXTS)
def test_rewriting_a_tag_that_is_not_in_the_text_changes_nothing(text: str) -> None:
    assert hashtags.rename(text, search_key("elsewhere"), "#new") == text
    assert hashtags.strip_hash_sign(text, search_key("elsewhere")) == text
