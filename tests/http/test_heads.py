from sansmcp.http import Headers


def test_names_of_fields_have_no_case():
    headers = Headers([("Content-Type", "application/json")])
    assert headers.get("content-type") == "application/json"
    assert "content-type" in headers


def test_every_value_of_a_field_is_kept_in_order():
    headers = Headers([("Accept", "a"), ("Host", "h"), ("ACCEPT", "b")])
    assert headers.all("accept") == ("a", "b")
    assert headers.get("accept") == "a"
    assert headers.lines == (("accept", "a"), ("host", "h"), ("accept", "b"))


def test_a_field_that_is_not_there_has_no_value():
    headers = Headers()
    assert headers.get("host") is None
    assert headers.all("host") == ()
    assert "host" not in headers


def test_what_may_be_secret_is_not_shown():
    assert "secret" not in repr(Headers([("Authorization", "Bearer secret")]))
