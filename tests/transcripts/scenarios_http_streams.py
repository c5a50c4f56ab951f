"""Streams of events over HTTP: what cuts them, who comes back for the rest, and what keeps them open."""

from tests.transcripts.http_recording import EVENTS
from tests.transcripts.registry import LEGACY, MODERN, http_scenario
from tests.transcripts.scenarios_listening import GREETING, RESOURCES, TOOLS
from tests.transcripts.scenarios_plain import FORM, NOTE

from sansmcp.session import CallRequest

STREAMABLE = LEGACY[1:]
EVERY_STREAMABLE = STREAMABLE + MODERN
LATEST_LEGACY = LEGACY[-1:]


@http_scenario(STREAMABLE)
def a_call_is_cut_and_resumed(r):
    """The connection of a call is lost: the client comes back, names the last event, and misses nothing."""
    r.start()
    r.tool("slow", progress=True)
    request = r.request()
    r.progress(request, 1, 3)
    r.break_off(r.newest("POST"))
    r.note("nobody hears this now")
    r.progress(request, 2, 3)
    r.advance(1.0)
    r.progress(request, 3, 3)
    r.break_off(r.newest("GET"))
    r.respond_text(request, "done")
    r.advance(1.0)


@http_scenario(STREAMABLE)
def a_call_without_events_is_cut(r):
    """Before its first event nobody can come back for a call: it is lost, and its handler runs on."""
    r.start()
    r.tool("waits")
    request = r.request()
    r.break_off(r.newest("POST"))
    r.respond_text(request, "nobody hears this")


@http_scenario(MODERN)
def a_modern_call_is_cut(r):
    """With its connection a call is given up, and nothing of it can be asked for again."""
    r.start()
    r.tool("slow", progress=True)
    r.progress(r.request(), 1, 3)
    r.break_off(r.newest("POST"))
    r.advance(1.0)


@http_scenario(STREAMABLE)
def the_standalone_stream_is_cut(r):
    """What is told while nobody listens comes when the client is back; what is the same comes once."""
    r.start()
    r.publish(TOOLS)
    r.break_off(r.newest("GET"))
    r.publish(TOOLS)
    r.publish(RESOURCES)
    r.publish(TOOLS)
    r.advance(1.0)


@http_scenario(MODERN)
def a_subscription_is_cut(r):
    """A subscription whose stream is cut is opened again; what was told meanwhile is lost."""
    r.start()
    r.listen(tools_list_changed=True)
    r.publish(TOOLS)
    r.break_off(r.newest("POST"))
    r.publish(TOOLS)
    r.advance(1.0)
    r.publish(TOOLS)


@http_scenario(("2024-11-05",))
def the_stream_of_the_session_is_cut(r):
    """The session lasts as long as its stream: the calls in it are lost, and another one is opened."""
    r.start()
    r.tool("waits")
    r.break_off(r.newest("GET"))
    r.tool("echo")
    r.respond_text(r.request(), "hello")


@http_scenario(LATEST_LEGACY)
def polling(r):
    """The server ends a response and says when to come back; meanwhile no connection is open for it."""
    r.start()
    r.tool("slow", progress=True)
    request = r.request()
    r.progress(request, 1, 2)
    r.server.release(request.request_id, r.now, retry=5.0)
    r.settle()
    r.progress(request, 2, 2)
    r.advance(5.0)
    r.server.release(request.request_id, r.now)
    r.settle()
    r.respond_text(request, "done")
    r.advance(5.0)


@http_scenario(STREAMABLE)
def the_server_is_started_anew(r):
    """With its store kept another server goes on: the session is there, and what ran has an end."""
    r.start()
    r.listen(resource_subscriptions=(NOTE,))
    r.tool("slow", progress=True)
    r.progress(r.request(), 1, 2)
    r.restart()
    r.advance(1.0)
    r.tool("echo")
    r.respond_text(r.request(), "hello")
    r.publish(GREETING)


@http_scenario(STREAMABLE)
def a_second_listener(r):
    """A second GET to the standalone stream is refused; one that names an event takes it over."""
    r.start()
    r.publish(TOOLS)
    listening = (("accept", EVENTS), *r.fields_for())
    r.send("GET", listening, "a second listener", legal=True)
    for last in ("000000000001-1_9", "other_1", "no id"):
        r.send("GET", (*listening, ("last-event-id", last)), "an event that there is not")
    last = ("last-event-id", "000000000001-1_1")
    taken = r.send("GET", (*listening, last), "one that comes back takes the stream over", legal=True)
    r.publish(RESOURCES)
    r.break_off(taken)
    r.advance(1.0)


@http_scenario(EVERY_STREAMABLE)
def a_quiet_call(r):
    """A response that is quiet for fifteen seconds begins as a stream, and comments keep it open."""
    r.start()
    r.tool("slow", timeout=100.0)
    r.advance(50.0)
    r.respond_text(r.request(), "done")


@http_scenario(EVERY_STREAMABLE)
def answers_in_one_piece(r):
    """Where the server answers in one piece, nothing comes before the result, and nobody listens."""
    r.start(responses="json")
    r.tool("slow", progress=True, timeout=100.0)
    request = r.request()
    r.progress(request, 1, 2)
    r.advance(50.0)
    r.respond_text(request, "done")


@http_scenario(EVERY_STREAMABLE)
def answers_as_streams(r):
    """Where the server answers with streams only, each result is an event, and an error may have a status."""
    r.start(responses="stream")
    r.tool("echo")
    r.respond_text(r.request(), "hello")
    r.tool("none")
    r.fail(r.request(), -32602, "there is no such tool")
    r.call("prompts/get", {"name": "greet"})
    r.respond(r.request(), {"messages": []})


@http_scenario(("2025-03-26",))
def an_array_is_answered_by_a_stream(r):
    """Where something comes before the answers of an array, they are events."""
    r.start()
    r.client.set_log_level("info", r.now)
    calls = [CallRequest(method="tools/call", params={"name": name}) for name in ("slow", "echo")]
    r.client.send_batch(calls, r.now)
    r.settle()
    slow, quick = r.request(), r.request()
    r.respond_text(quick, "hello")
    r.log("info", "on its way", request=slow)
    r.respond_text(slow, "done")


@http_scenario(("2025-06-18", "2025-11-25"))
def a_question_survives_a_cut(r):
    """A question whose stream is cut comes once, and its answer may come on another connection."""
    r.start()
    r.tool("asks")
    r.ask(r.request(), {"name": FORM})
    question = r.question()
    r.break_off(r.newest("POST"))
    r.client.refuse_input(question.handle, -1, "the user said no", r.now)
    r.advance(1.0)
    r.fail(r.request(), -32603, "there is no answer to go on with")


@http_scenario(EVERY_STREAMABLE)
def giving_up_in_time(r):
    """A call whose time is over is given up: its connection is closed, and a legacy server is told."""
    r.start()
    r.tool("waits", timeout=5.0)
    request = r.request()
    r.advance(6.0)
    r.respond_text(request, "late")


@http_scenario(EVERY_STREAMABLE)
def the_server_closes_with_listeners(r):
    """A server that closes tells those who listen, lets what runs finish, and takes nothing new."""
    r.start()
    r.listen(tools_list_changed=True, resource_subscriptions=(NOTE,))
    r.tool("waits")
    request = r.request()
    r.server.close(r.now)
    r.settle()
    r.tool("echo")
    r.advance(0.2)
    r.respond_text(request, "finished")
