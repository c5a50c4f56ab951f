"""URIs are matched against templates: in one way, in linear time, and back to what they were made of.

Source: RFC 6570, section 1.4, which leaves matching to those who can tell values from literals.
"""

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.server.steps import steps_of

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import UriTemplate
from sansmcp.server.uri_matching import UriMatcher


def match(template, uri, **options):
    return UriMatcher(UriTemplate(template), **options).match(uri)


@pytest.mark.parametrize(
    ("template", "uri", "found"),
    [
        ("a:b", "a:b", {}),
        ("a:b", "a:bc", None),
        ("notes://{id}", "notes://7", {"id": "7"}),
        ("notes://{id}", "notes://", {}),
        ("notes://{id}", "notes://a%20b", {"id": "a b"}),
        ("notes://{id}", "notes://bob@example.com:8,x", {"id": "bob@example.com:8,x"}),
        ("notes://{id}", "notes://Übung", {"id": "Übung"}),
        ("notes://{id}", "notes://a/b", None),
        ("notes://{id}", "notes://a?b", None),
        ("notes://{id}", "notes://a#b", None),
        ("notes://{id}", "notes://a\n", None),
        ("notes://{id}", "notes://%zz", None),
        ("notes://{id}", "notes://%", None),
        ("notes://{id}", "notes://%ff", None),
        ("notes://{id}", "notes://%c0%ae", None),
        ("notes://{id}", "note://7", None),
        ("a:{b}:{c}", "a:x:yy:z", {"b": "x", "c": "yy:z"}),
        ("a:{b}.txt", "a:x.txt.txt", {"b": "x.txt"}),
        ("a:{b}.txt", "a:x.png", None),
        ("a:{b}.txt", "a:.txt", {}),
        ("a:{b}.x/{c}", "a:1.x/2", {"b": "1", "c": "2"}),
        ("a:{b}.x{?c}", "a:1.x?c=2", {"b": "1", "c": "2"}),
        ("a:{b,c}", "a:1,2", {"b": "1", "c": "2"}),
        ("a:{b,c}", "a:1", {"b": "1"}),
        ("a:{b,c}", "a:1,2,3", None),
        ("a:{b,c*}", "a:1,2,3", {"b": "1", "c": ["2", "3"]}),
        ("a:{b,c*}", "a:1", {"b": "1"}),
        ("file:///{+path}", "file:///a/b?c#d,e", {"path": "a/b?c#d,e"}),
        ("file:///{+path}/{file}", "file:///a/b/c", {"path": "a/b", "file": "c"}),
        ("file:///{+path}/{file}", "file:///c", None),
        ("file:///{+path}/{file}/edit", "file:///a/b/c/edit", {"path": "a/b", "file": "c"}),
        ("a:{+b}?c={c}", "a:x?c=1?c=2", {"b": "x?c=1", "c": "2"}),
        ("a:{+b}/{c}", "a:x/y?z", None),
        ("a:b{#c}", "a:b#c/d", {"c": "c/d"}),
        ("a:b{#c}", "a:b", {}),
        ("a:b{#c}", "a:bc", None),
        ("a:b{.c}", "a:b.tar.gz", {"c": "tar.gz"}),
        ("a:b{/c}", "a:b/1", {"c": "1"}),
        ("a:b{/c}", "a:b/", {"c": ""}),
        ("a:b{/c}", "a:b", {}),
        ("a:b{/c}", "a:b/1/2", None),
        ("a:b{/c,d}", "a:b/1/2", {"c": "1", "d": "2"}),
        ("a:b{/c*}", "a:b/1/2", {"c": ["1", "2"]}),
        ("a:b{/c,d*}", "a:b/1/2/3", {"c": "1", "d": ["2", "3"]}),
        ("a:b{/c}/d", "a:b/d", {}),
        ("a:b{/c}/d", "a:b/1/d", {"c": "1"}),
        ("a:b{;c,d}", "a:b;c;d=1", {"c": "", "d": "1"}),
        ("a:b{?c,d}", "a:b?c=1&d=2", {"c": "1", "d": "2"}),
        ("a:b{?c,d}", "a:b?d=2&c=1", {"c": "1", "d": "2"}),
        ("a:b{?c,d}", "a:b?c=a/b=c", {"c": "a/b=c"}),
        ("a:b{?c,d}", "a:b?c=1&c=2", None),
        ("a:b{?c,d}", "a:b?e=1", None),
        ("a:b{?c}", "a:b?c=1#2", None),
        ("a:b{?c*}", "a:b?c=1&c=2", {"c": ["1", "2"]}),
        ("a:b?c=1{&d}", "a:b?c=1&d=2", {"d": "2"}),
        ("a:b{?c}{&d}", "a:b?c=1&d=2", {"c": "1", "d": "2"}),
        ("a:b{?c}{#d}", "a:b#2", {"d": "2"}),
        ("a:ä b/{c}", "a:%C3%A4%20b/1", {"c": "1"}),
    ],
)
def test_a_uri_matches_or_does_not(template, uri, found):
    assert match(template, uri) == found


@pytest.mark.parametrize(
    ("template", "uri", "found"),
    [
        ("a:{b}", "a:1,2%2C3", {"b": ["1", "2,3"]}),
        ("a:{b}", "a:1", {"b": ["1"]}),
        ("a:{c,b}", "a:1,2,3", {"c": "1", "b": ["2", "3"]}),
        ("a:x{/b,c}", "a:x/1,2/3", {"b": ["1", "2"], "c": "3"}),
        ("a:x{.b}", "a:x.1,2", {"b": ["1", "2"]}),
        ("a:x{?b}", "a:x?b=1,2", {"b": ["1", "2"]}),
    ],
)
def test_lists_that_do_not_explode_stand_between_commas(template, uri, found):
    assert match(template, uri, lists=("b",)) == found


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("a:{b}{c}", r"where {c} begins after {b} cannot be told"),
        ("a:{b}-{c}", r"where {c} begins after '-' cannot be told, for its values and those before it may"),
        ("a:{b}{.c}", r"where {.c} begins after {b}"),
        ("a:{+b}{?c}", r"where {\?c} begins after {\+b}"),
        ("a:{+b}/{+c}", r"where {\+c} begins after '/'"),
        ("a:x{?b,c}{&d}", r"where {&d} begins after {\?b,c}"),
        ("a:{/b}{/c}", r"where {/c} begins after {/b}"),
        ("a:{b:3}", r"{b:3}: a URI does not hold the whole value"),
        ("a:{+b,c}", r"{\+b,c}: where one value ends cannot be told"),
        ("a:{.b,c}", r"{.b,c}: where one value ends cannot be told"),
        ("a:{+b*}", r"{\+b\*}: where one item ends cannot be told"),
        ("a:{.b*}", r"{.b\*}: values may hold a '.'; explode with"),
        ("a:{b*,c}", r"{b\*,c}: b may take any number of values; only the last variable may"),
        ("a:{/b*,c}", r"b may take any number of values"),
        ("a:{b}/{b}", r"{b}: b stands twice; expected each name once"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(template, said):
    with pytest.raises(LocalProtocolError, match=said):
        UriMatcher(UriTemplate(template))


def test_a_list_is_refused_where_its_items_cannot_be_told_apart():
    for template in ("a:{+b}", "a:{b,c}"):
        with pytest.raises(LocalProtocolError, match="b"):
            UriMatcher(UriTemplate(template), lists=("b",))


@pytest.mark.parametrize(
    ("template", "uri", "unguarded"),
    [
        ("a:{b}", "a:%2e%2e", ".."),
        ("a:{b}", "a:..%2fc", "../c"),
        ("a:{b}", "a:x%2Fy", "x/y"),
        ("a:{b}", "a:..%5cc", "..\\c"),
        ("a:{b}", "a:x%00", "x\0"),
        ("a:{b}", "a:C:x", "C:x"),
        ("a:{b}", "a:%252e%252e", "%2e%2e"),
        ("a:{+b}", "a:/etc", "/etc"),
        ("a:{+b}", "a:x/../../y", "x/../../y"),
        ("a:{?b}", "a:?b=../y", "../y"),
        ("a:{/b*}", "a:/x/../y", ["x", "..", "y"]),
        ("a:{/b*}", "a://etc", ["", "etc"]),
    ],
)
def test_paths_that_lead_elsewhere_match_only_where_nobody_guards(template, uri, unguarded):
    assert match(template, uri) is None
    assert match(template, uri, guards_paths=False) == {"b": unguarded}


def test_a_value_of_a_query_may_have_slashes_inside():
    assert match("a:{?b}", "a:?b=AC%2FDC") == {"b": "AC/DC"}


# Properties

TEXTS = st.text(max_size=6)
LITERALS = st.text(st.sampled_from("ab./:;?&=#-,_~!%2F ä"), min_size=1, max_size=4)


@st.composite
def templates(draw):
    """A template, and values for it; a variable may be without one."""
    names = iter(string.ascii_lowercase)
    text, values = "x:", {}
    for _ in range(draw(st.integers(1, 4))):
        text += draw(st.sampled_from(["", "/", "/a/"]) | LITERALS)
        sign = draw(st.sampled_from(["", "", "/", "?", "&", ";", ".", "+", "#"]))
        written = []
        count = draw(st.integers(1, 1 if sign in {"+", "#", "."} else 3))
        for number in range(count):
            name = next(names)
            explodes = sign not in {"+", "#", "."} and number == count - 1 and draw(st.booleans())
            written.append(name + "*" * explodes)
            value = draw(st.none() | (st.lists(TEXTS, max_size=3) if explodes else TEXTS))
            if value is not None:
                values[name] = value
        text += "{" + sign + ",".join(written) + "}"
    return text + draw(st.just("") | LITERALS), values


def given_back(template, values):
    """Return what a matcher must find: what is written like nothing is as if it were not given."""
    found = dict(values)
    for part in template.parts:
        if isinstance(part, str):
            continue
        kept = [variable.name for variable in part.variables if values.get(variable.name) not in (None, [])]
        for variable in part.variables:
            if variable.name not in kept:
                found.pop(variable.name, None)
        if not part.operator.is_named:
            # Without names only the last may be left out.
            assume(kept == [variable.name for variable in part.variables[: len(kept)]])
            if not part.operator.first and part.operator.separator.join(template_of(part, found)) == "":
                for name in kept:
                    found.pop(name)
    return found


def template_of(part, found):
    return [
        UriTemplate("{" + variable.name + "}").expand(found)
        for variable in part.variables
        if variable.name in found
    ]


@given(templates())
def test_what_was_expanded_is_given_back(drawn):
    text, values = drawn
    template = UriTemplate(text)
    try:
        matcher = UriMatcher(template, guards_paths=False)
    except LocalProtocolError:
        return
    expected = given_back(template, values)
    # A `+` keeps what is encoded already, so it cannot tell `%41` from `A`.
    assume(not any("%" in value for value in values.values() if isinstance(value, str)))
    assert matcher.match(template.expand(values)) == expected


@given(templates(), st.text(st.sampled_from("x:ab./;?&=#-,%2e%2F\\"), max_size=30))
def test_any_text_matches_or_does_not(drawn, uri):
    try:
        matcher = UriMatcher(UriTemplate(drawn[0]))
    except LocalProtocolError:
        return
    for text in (uri, "x:" + uri):
        found = matcher.match(text)
        assert found is None or set(found) <= set(UriTemplate(drawn[0]).variables)


@pytest.mark.parametrize(
    ("template", "unit", "tail"),
    [
        ("x:{/id*}", "a,", "!\n"),
        ("x:{/id*}", "/a", "#"),
        ("x:/{id*}", "a,", "/"),
        ("x:/{a}.{?b*}", ".", "?"),
        ("x:/{a}.b.b/{c}", ".b", "/"),
        ("x:/{+a}/{b}/{c}/d", "/d", "/e"),
        ("x:/{?b*}", "&b=%61", "%"),
        ("x:/{?b,c}", "&b=1", ""),
        ("x:/{a}", "%25", "2e"),
        ("x:/{+a}", "../", ""),
        ("x:/{;a*}{?b*}{#c}", ";a", "?b"),
    ],
)
def test_the_cost_of_a_hostile_uri_grows_as_its_length(template, unit, tail):
    matcher = UriMatcher(UriTemplate(template))
    costs = [steps_of(matcher.match, "x:/" + unit * count + tail)[1] for count in (200, 400, 800)]
    assert costs[1] - costs[0] <= 200 * 40
    assert costs[2] - costs[1] <= 2 * (costs[1] - costs[0]) + 20


def test_fifty_thousand_items_are_taken_or_refused_at_once():
    matcher = UriMatcher(UriTemplate("res://x{/id*}"))
    assert matcher.match("res://x/" + "a," * 50_000 + "!\n") is None
    assert matcher.match("res://x" + "/a" * 50_000) == {"id": ["a"] * 50_000}
