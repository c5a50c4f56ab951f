"""Ends: of the input, of the connection, in good order and not, with work in flight and without."""

from tests.transcripts.registry import LEGACY, MODERN, scenario
from tests.transcripts.scenarios_plain import SAMPLE

from sansmcp.session import CallRequest, Timeouts


@scenario()
def the_input_ends(r):
    """What was read before the end of the input is still worked on for a moment, and answered."""
    r.start()
    r.client.send_request("tools/call", {"name": "echo"}, r.now)
    r.client.send_request("tools/call", {"name": "waits"}, r.now)
    r.pair.end_client_output()
    r.settle()
    quick = r.request()
    r.advance(0.2)
    r.respond_text(quick, "in time")
    r.advance(1.0)


@scenario(("2025-03-26",))
def the_input_ends_with_an_array(r):
    """What is finished of an array when the end comes is answered without the rest."""
    r.start()
    calls = [CallRequest(method="tools/call", params={"name": name}) for name in ("echo", "waits")]
    r.client.send_batch(calls, r.now)
    r.pair.end_client_output()
    r.settle()
    quick = r.request()
    r.advance(0.2)
    r.respond_text(quick, "in time")
    r.advance(1.0)


@scenario()
def the_input_ends_with_nothing_left(r):
    """A server that has nothing left to do ends with its input."""
    r.start()
    r.tool("echo")
    r.respond_text(r.request(), "hello")
    r.pair.end_client_output()
    r.settle()


@scenario()
def the_input_ends_within_a_message(r):
    """What the end of the input cut off is never read as a message."""
    r.start()
    r.tool("waits")
    r.tool("waits")
    r.by_hand("S", '{"jsonrpc":"2.0","id":2,"resu', "the server dies while it writes", end=b"")
    r.pair.end_server_output()
    r.settle()


@scenario()
def the_connection_breaks(r):
    """Both ends read the end at once: the client's calls are lost, the server's handlers are stopped."""
    r.start()
    r.tool("waits")
    r.pair.break_off()
    r.advance(1.0)


@scenario(http=True)
def the_server_closes(r):
    """A server that closes takes no new work, and lets what runs finish."""
    r.start()
    r.tool("waits")
    request = r.request()
    r.server.close(r.now)
    r.settle()
    r.note("a request that comes now is refused")
    r.tool("echo")
    r.advance(1.0)
    r.respond_text(request, "finished")


@scenario(http=True)
def the_server_closes_without_patience(r):
    """What does not finish in time is stopped when the server closes."""
    r.start(server={"timeouts": Timeouts(close=2.0)})
    r.tool("waits")
    r.server.close(r.now)
    r.advance(3.0)


@scenario(http=True)
def the_client_closes_with_calls(r):
    """A client that closes ends its own calls; the server hears the end of its input."""
    r.start()
    r.tool("waits")
    r.client.close(r.now)
    r.advance(1.0)


@scenario(LEGACY)
def the_connection_ends_with_a_question(r):
    """A question that nobody can answer any more is withdrawn, and its call with it."""
    r.start()
    r.tool("samples")
    r.ask(r.request(), {"message": SAMPLE})
    r.pair.break_off()
    r.advance(1.0)


@scenario(MODERN)
def the_connection_ends_between_rounds(r):
    """The end comes while the user is asked: the call is lost."""
    r.start()
    r.tool("samples")
    r.ask(r.request(), {"message": SAMPLE}, request_state="s1")
    r.pair.break_off()


@scenario(MODERN)
def the_connection_ends_with_a_subscription(r):
    """A subscription ends with its connection, without a closing result."""
    r.start()
    r.listen(tools_list_changed=True)
    r.pair.break_off()
