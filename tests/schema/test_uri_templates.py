"""URI templates expand as their RFC says.

Source: RFC 6570, sections 1.2 and 3.2, whose examples these are; 2.1 to 2.4 for what is no template.
"""

import pytest

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import UriTemplate

VALUES = {
    "count": ("one", "two", "three"),
    "dom": ("example", "com"),
    "dub": "me/too",
    "hello": "Hello World!",
    "half": "50%",
    "var": "value",
    "who": "fred",
    "base": "http://example.com/home/",
    "path": "/foo/bar",
    "list": ("red", "green", "blue"),
    "keys": {"semi": ";", "dot": ".", "comma": ","},
    "v": 6,
    "x": 1024,
    "y": 768,
    "empty": "",
    "empty_keys": (),
    "undef": None,
}


@pytest.mark.parametrize(
    ("template", "uri"),
    [
        ("{count}", "one,two,three"),
        ("{count*}", "one,two,three"),
        ("{/count}", "/one,two,three"),
        ("{/count*}", "/one/two/three"),
        ("{;count}", ";count=one,two,three"),
        ("{;count*}", ";count=one;count=two;count=three"),
        ("{?count}", "?count=one,two,three"),
        ("{?count*}", "?count=one&count=two&count=three"),
        ("{&count*}", "&count=one&count=two&count=three"),
        ("{var}", "value"),
        ("{hello}", "Hello%20World%21"),
        ("{half}", "50%25"),
        ("O{empty}X", "OX"),
        ("O{undef}X", "OX"),
        ("{x,y}", "1024,768"),
        ("{x,hello,y}", "1024,Hello%20World%21,768"),
        ("?{x,empty}", "?1024,"),
        ("?{x,undef}", "?1024"),
        ("?{undef,y}", "?768"),
        ("{var:3}", "val"),
        ("{var:30}", "value"),
        ("{list}", "red,green,blue"),
        ("{keys}", "semi,%3B,dot,.,comma,%2C"),
        ("{keys*}", "semi=%3B,dot=.,comma=%2C"),
        ("{+hello}", "Hello%20World!"),
        ("{+half}", "50%25"),
        ("{base}index", "http%3A%2F%2Fexample.com%2Fhome%2Findex"),
        ("{+base}index", "http://example.com/home/index"),
        ("{+path}/here", "/foo/bar/here"),
        ("up{+path}{var}/here", "up/foo/barvalue/here"),
        ("{+path:6}/here", "/foo/b/here"),
        ("{+keys*}", "semi=;,dot=.,comma=,"),
        ("{#path,x}/here", "#/foo/bar,1024/here"),
        ("foo{#empty}", "foo#"),
        ("foo{#undef}", "foo"),
        ("{.who,who}", ".fred.fred"),
        ("www{.dom*}", "www.example.com"),
        ("X{.empty_keys}", "X"),
        ("{/var,empty}", "/value/"),
        ("{/var:1,var}", "/v/value"),
        ("{/list*,path:4}", "/red/green/blue/%2Ffoo"),
        ("{/keys*}", "/semi=%3B/dot=./comma=%2C"),
        ("{;x,y,empty}", ";x=1024;y=768;empty"),
        ("{;v,empty,who}", ";v=6;empty;who=fred"),
        ("{;keys*}", ";semi=%3B;dot=.;comma=%2C"),
        ("{?x,y,empty}", "?x=1024&y=768&empty="),
        ("{?x,y,undef}", "?x=1024&y=768"),
        ("{?keys}", "?keys=semi,%3B,dot,.,comma,%2C"),
        ("{?keys*}", "?semi=%3B&dot=.&comma=%2C"),
        ("?fixed=yes{&x}", "?fixed=yes&x=1024"),
        ("{&var:3}", "&var=val"),
    ],
)
def test_the_examples_of_the_rfc_expand_as_it_says(template, uri):
    assert UriTemplate(template).expand(VALUES) == uri


@pytest.mark.parametrize(
    ("template", "values", "uri"),
    [
        ("{+a}", {"a": "a%20b%2"}, "a%20b%252"),
        ("{a}", {"a": "%20"}, "%2520"),
        ("{a}", {"a": "ä"}, "%C3%A4"),
        ("a b%20ä{a}", {}, "a%20b%20%C3%A4"),
        ("{a}{b}", {"a": True, "b": False}, "truefalse"),
        ("{a}", {"a": 0.5}, "0.5"),
        ("{?a*}", {"a": {"b": ""}}, "?b="),
        ("{;a*}", {"a": {"b": ""}}, ";b"),
        ("{a*}", {"a": {"b": ""}}, "b="),
        ("{?a*}", {"a": ["", "b"]}, "?a=&a=b"),
        ("{a.b}{%41}", {"a.b": "1", "%41": "2"}, "12"),
        ("none", {"a": 1}, "none"),
        ("", {}, ""),
    ],
)
def test_what_the_rfc_says_without_an_example_holds_too(template, values, uri):
    assert UriTemplate(template).expand(values) == uri


def test_a_template_knows_its_variables_and_says_what_it_is_made_of():
    template = UriTemplate("a:{b}{?c*,d:3}{b}")
    assert template.variables == ("b", "c", "d")
    assert "".join(map(str, template.parts)) == template.text
    assert template == UriTemplate("a:{b}{?c*,d:3}{b}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a:{b", "a '{' is never closed; expected '}' after it"),
        ("a:b}", "a '}' closes nothing; expected '{' before it"),
        ("a:{b}}", "a '}' closes nothing"),
        ("a:{}", "'' is no variable; expected a name"),
        ("a:{=b}", "'=b' is no variable"),
        ("a:{b,}", "'' is no variable"),
        ("a:{b..c}", "'b..c' is no variable"),
        ("a:{b:0}", "'b:0' is no variable"),
        ("a:{b:10000}", "'b:10000' is no variable"),
        ("a:{b*:3}", r"'b\*:3' is no variable"),
        ("a:{{b}}", "'{b' is no variable"),
        ("a:{ä}", "'ä' is no variable"),
    ],
)
def test_what_is_no_template_is_refused(text, said):
    with pytest.raises(LocalProtocolError, match=said):
        UriTemplate(text)


def test_what_a_uri_cannot_hold_is_refused():
    with pytest.raises(LocalProtocolError, match="a value of a URI is a text or a number, not object"):
        UriTemplate("{a}").expand({"a": [object()]})
    with pytest.raises(LocalProtocolError, match="':3' cuts a text; expected one, found several"):
        UriTemplate("{a:3}").expand({"a": ["b"]})
