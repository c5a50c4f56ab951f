"""Requirements are found in MDX, whatever the markup around them. All samples are invented."""

import hashlib

import pytest
from tests.requirements.sentences import TOP, requirements, slug


def texts(source: str) -> list[str]:
    return [found.text for found in requirements("page", source)]


def levels(source: str) -> list[str]:
    return [found.level for found in requirements("page", source)]


def test_a_sentence_without_a_key_word_in_capitals_is_no_requirement() -> None:
    assert texts("Gardens must be watered. Gardeners may rest. Trees MAY grow.") == []


def test_each_sentence_of_a_paragraph_stands_alone() -> None:
    source = "Bees fly. Bees **MUST** land.\nThey SHOULD\nrest. The end."
    assert texts(source) == ["Bees MUST land.", "They SHOULD rest."]


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ("MUST", "MUST"),
        ("MUST NOT", "MUST-NOT"),
        ("**MUST**\n**NOT**", "MUST-NOT"),
        ("SHALL", "MUST"),
        ("SHALL NOT", "MUST-NOT"),
        ("is REQUIRED to", "MUST"),
        ("SHOULD", "SHOULD"),
        ("SHOULD NOT", "SHOULD-NOT"),
        ("is RECOMMENDED to", "SHOULD"),
        ("is NOT RECOMMENDED to", "SHOULD-NOT"),
    ],
)
def test_a_key_word_gives_the_level(words: str, level: str) -> None:
    assert levels(f"A bee {words} fly.") == [level]


def test_a_sentence_with_several_key_words_has_the_strongest_level_and_of_equals_the_first() -> None:
    assert levels("Bees SHOULD fly and MUST land.") == ["MUST"]
    assert levels("Bees MUST NOT sting but MUST land.") == ["MUST-NOT"]


def test_markup_case_and_white_space_do_not_change_the_hash() -> None:
    plain = requirements("page", "The hive's `door_way` MUST be open to A and B.")
    marked = requirements(
        "page",
        "The [hive's](/hive#it) `door_way`  **MUST**\nbe _open_ to <b>A</b> &amp;and B.".replace("&amp;", ""),
    )
    shouted = requirements("page", "THE HIVE'S DOOR_WAY MUST BE OPEN TO A AND B.")
    expected = hashlib.sha256(b"the hive's door_way must be open to a and b.").hexdigest()
    assert [found.digest for found in [*plain, *marked, *shouted]] == [expected] * 3


def test_underscores_inside_words_and_stars_in_code_stay() -> None:
    assert texts("A `*` in snake_case_word MUST \\*stay\\*.") == ["A * in snake_case_word MUST *stay*."]


def test_code_blocks_and_comments_and_front_matter_hold_no_requirements() -> None:
    source = (
        "---\ntitle: Bees MUST fly\n---\n\n{/* Bees MUST fly. */}\n\n```js\nMUST()\n```\n\n~~~\nSHOULD\n~~~\n"
    )
    assert texts(source) == []


def test_an_indented_code_block_ends_with_its_own_fence() -> None:
    source = "- Bees MUST fly:\n\n  ````md\n  ```\n  Wasps MUST fly.\n  ````\n\n- Wasps SHOULD rest.\n"
    assert texts(source) == ["Bees MUST fly:", "Wasps SHOULD rest."]


def test_a_full_stop_in_code_or_after_an_abbreviation_ends_no_sentence() -> None:
    source = "Bees, e.g. Workers, MUST read `a.txt. Now` first. `x` SHOULD follow."
    assert texts(source) == ["Bees, e.g. Workers, MUST read a.txt. Now first.", "x SHOULD follow."]


def test_the_anchor_is_the_slug_of_the_nearest_heading() -> None:
    source = (
        "Bees MUST fly.\n\n## The `hive`: Inside & Out\n\nBees MUST rest.\n\n### Deep\n\nBees SHOULD eat.\n"
    )
    assert [found.anchor for found in requirements("page", source)] == [TOP, "the-hive-inside-out", "deep"]
    assert slug("**What** is `_meta`?") == "what-is-_meta"


def test_a_heading_that_comes_again_is_told_apart() -> None:
    source = "# Notes\n\nBees MUST fly.\n\n# Notes\n\nBees MUST fly.\n"
    assert [found.anchor for found in requirements("page", source)] == ["notes", "notes-2"]


def test_an_introduction_that_ends_in_a_colon_goes_to_each_item_of_its_list() -> None:
    source = "Bees fly. Bees **MUST**:\n\n1. find flowers\n2. come home. Always.\n\nBees SHOULD rest.\n"
    assert texts(source) == [
        "Bees MUST: find flowers",
        "Bees MUST: come home. Always.",
        "Bees SHOULD rest.",
    ]


def test_an_item_with_a_key_word_of_its_own_stands_alone() -> None:
    source = "Bees MUST do this:\n\n- fly. They SHOULD hum.\n- Wasps MUST NOT come in.\n"
    assert texts(source) == [
        "Bees MUST do this: fly.",
        "They SHOULD hum.",
        "Wasps MUST NOT come in.",
    ]


def test_an_introduction_of_items_that_all_stand_alone_is_a_requirement_itself() -> None:
    assert texts("Bees MUST do this:\n\n- Bees SHOULD fly.\n") == ["Bees MUST do this:", "Bees SHOULD fly."]


def test_items_of_items_inherit_from_the_item_that_introduces_them() -> None:
    source = "1. Bees **SHOULD**:\n   - fly:\n     - far\n     - high\n   - rest\n2. Wasps **MUST** leave\n"
    assert texts(source) == [
        "Bees SHOULD: fly: far",
        "Bees SHOULD: fly: high",
        "Bees SHOULD: rest",
        "Wasps MUST leave",
    ]


def test_what_is_indented_under_an_item_inherits_nothing() -> None:
    source = (
        "Bees MUST:\n\n- fly\n\n  Wasps are near. Wasps SHOULD leave.\n\n  - They sting\n\n"
        "  | a | b |\n  |---|---|\n  | c | MUST be d |\n- rest\n"
    )
    assert texts(source) == ["Bees MUST: fly", "Wasps SHOULD leave.", "c: MUST be d", "Bees MUST: rest"]


def test_a_list_after_code_belongs_to_no_introduction() -> None:
    assert texts("Bees MUST dance:\n\n```\n8\n```\n\n- a note\n") == ["Bees MUST dance:"]


def test_a_table_row_gives_its_sentences_after_its_first_cell() -> None:
    source = "| Who | What |\n|---|:--|\n| `Bee` | It flies. It MUST land. |\n| Wasps MUST go | no |\n"
    assert texts(source) == ["Bee: It MUST land.", "Wasps MUST go"]


def test_notes_and_quotes_are_read_like_paragraphs() -> None:
    source = (
        "<Note>\n  Bees MUST\n  fly.\n</Note>\n\n> Bees SHOULD rest.\n\n"
        "- item\n  <Warning>Bees MUST eat.</Warning>\n"
    )
    assert texts(source) == ["Bees MUST fly.", "Bees SHOULD rest.", "Bees MUST eat."]


def test_members_of_a_generated_page_have_anchors_of_their_own() -> None:
    source = (
        '### `Bee`\n\n<div class="tsd-signature"><span>Bee</span></div> <p>Bees MUST fly.</p> '
        '<section><div class="tsd-anchor-link" id="bee-&#x5F;wing"><span>wing</span><svg><use/></svg></div>'
        "<div><p>A wing. It SHOULD be\n<code>&quot;dry&quot;</code>.</p>"
        "<ul><li>so <em>MUST</em> be two</li></ul></div></section>\n"
    )
    assert [(found.anchor, found.text) for found in requirements("page", source)] == [
        ("bee", "Bees MUST fly."),
        ("bee-_wing", 'It SHOULD be "dry".'),
        ("bee-_wing", "so MUST be two"),
    ]


def test_the_same_sentence_twice_under_one_heading_is_one_requirement() -> None:
    assert texts("Bees MUST fly. Bees **MUST** fly.") == ["Bees MUST fly."]
