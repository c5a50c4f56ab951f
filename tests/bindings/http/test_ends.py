"""How servers end, on every carrier."""

import pytest
from tests.bindings.http.carriers import CARRIERS, serving, speaking
from tests.bindings.http.speaking import modern
from tests.bindings.http.test_streams import LISTEN

DRAINING = [carrier for carrier in CARRIERS if carrier.drains]
OTHERS = [carrier for carrier in CARRIERS if not carrier.drains]


@pytest.mark.parametrize("carrier", OTHERS, ids=[carrier.name for carrier in OTHERS])
def test_a_server_that_is_asked_to_end_does(carrier):
    with serving(carrier) as served, speaking(served) as speaker:
        assert speaker.post(modern("tools/list")).status == 200
        served.terminate()
        served.wait()


@pytest.mark.parametrize("carrier", DRAINING, ids=[carrier.name for carrier in DRAINING])
def test_streams_get_their_ends_first(carrier):
    with serving(carrier) as served, speaking(served) as speaker:
        assert speaker.post(modern("tools/list")).status == 200
        listening = speaker.post(LISTEN).messages()
        assert next(listening)["method"] == "notifications/subscriptions/acknowledged"
        inside = speaker.begin()
        stream = inside.get()
        served.terminate()
        closing = next(listening)
        assert closing["id"] == LISTEN["id"]
        assert "result" in closing
        assert list(listening) == []
        assert list(stream.messages()) == []
        assert served.wait() in {0, -15}
