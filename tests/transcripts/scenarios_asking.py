"""Questions to the client's user, model and folders: refused, repeated, withdrawn, in both eras."""

from tests.transcripts.registry import EVERY, LEGACY, MODERN, scenario
from tests.transcripts.scenarios_plain import ACCEPTED, FORM, FOUND_ROOTS, ROOTS, SAMPLE, SAMPLED

from sansmcp import schema
from sansmcp.session import SessionLimits

WITH_FORMS = ("2025-06-18", "2025-11-25", "2026-07-28")


@scenario(WITH_FORMS, http=True)
def declining_and_cancelling_a_form(r):
    """The user says no to one form and closes another: both are answers."""
    r.start()
    for action in ("decline", "cancel"):
        r.tool("asks")
        r.ask(r.request(), {"name": FORM}, request_state=r.state("s1"))
        r.provide(r.question(), schema.ElicitResult(action=action))
        r.respond_text(r.request(), f"the user said {action}")


@scenario(LEGACY, http=True)
def refusing_to_sample(r):
    """The client answers a question with an error, which the handler gets in the place of an answer."""
    r.start()
    r.tool("samples")
    r.ask(r.request(), {"message": SAMPLE})
    question = r.question()
    r.client.refuse_input(question.handle, -1, "the user said no", r.now)
    r.settle()
    r.fail(r.request(), -32603, "there is no answer to go on with")


@scenario(MODERN, http=True)
def refusing_to_answer(r):
    """No answer says no to a question as such: the client gives the call up and sends nothing."""
    r.start()
    r.tool("samples")
    r.ask(r.request(), {"message": SAMPLE}, request_state="s1")
    question = r.question()
    r.client.refuse_input(question.handle, -1, "the user said no", r.now)
    r.settle()


@scenario(WITH_FORMS)
def questions_at_once(r):
    """A call asks two things at once; it runs again when both are answered."""
    r.start()
    r.tool("asks_twice")
    r.ask(r.request(), {"name": FORM, "message": SAMPLE}, request_state=r.state("s1"))
    form, sample = r.question(), r.question()
    r.provide(sample, SAMPLED)
    r.provide(form, ACCEPTED)
    r.respond_text(r.request(), "Bo: small")


@scenario(http=True)
def several_rounds(r):
    """A call asks, runs again, and asks once more."""
    r.start()
    call = r.tool("asks_again", progress=True)
    request = r.request()
    r.progress(request, 1, 4)
    r.ask(request, {"roots": ROOTS}, request_state=r.state("one answer"))
    r.provide(r.question(), FOUND_ROOTS)
    request = r.request()
    if r.modern:
        r.note("the progress of the new request begins anew, and is told where it is new")
        r.progress(request, 0.5, 4)
    r.progress(request, 2, 4)
    r.ask(request, {"message": SAMPLE}, request_state=r.state("two answers"))
    r.provide(r.question(), SAMPLED)
    request = r.request()
    r.progress(request, 3, 4)
    r.respond_text(request, "done")
    r.note(f"to the client's user it was one call, {call}")


@scenario(MODERN)
def only_a_state(r):
    """A server may ask for nothing but to be called again, with a state."""
    r.start()
    r.tool("checks")
    r.ask(r.request(), {}, request_state="so far")
    r.respond_text(r.request(), "done")


@scenario(MODERN)
def too_many_rounds(r):
    """A server that asks for ever is given up after the limit."""
    r.start(client={"limits": SessionLimits(input_rounds=3)})
    r.tool("insatiable")
    for number in range(4):
        r.ask(r.request(), {}, request_state=f"round {number}")


@scenario(EVERY, http=True)
def cancelling_a_call_that_asks(r):
    """The client gives up a call whose question is open: the question is withdrawn at both ends."""
    r.start()
    call = r.tool("samples")
    r.ask(r.request(), {"message": SAMPLE}, request_state=r.state("s1"))
    question = r.question()
    r.advance(10.0)
    r.client.cancel(call, r.now)
    r.settle()
    r.note("an answer that comes after that is dropped without a word")
    r.provide(question, SAMPLED)


@scenario(("2025-06-18", "2025-11-25"))
def a_question_in_many_calls(r):
    """Questions of a legacy server name no call, so while one is open the clocks of all calls stand still."""
    r.start()
    r.tool("asks", timeout=10.0)
    r.tool("waits", timeout=10.0)
    asking, waiting = r.request(), r.request()
    r.advance(9.0)
    r.ask(asking, {"name": FORM})
    r.advance(100.0)
    r.provide(r.question(), ACCEPTED)
    r.advance(0.5)
    r.respond_text(r.request(), "Hello, Bo")
    r.note("half a second is left for the other call")
    r.advance(1.0)
    r.fail(waiting, -32603, "stopped")


@scenario(("2025-11-25",), http=True)
def visiting_a_page(r):
    """The user is sent to a page, and the server tells when that is done."""
    r.start()
    r.tool("pays")
    page = schema.ElicitRequestURLParams(
        message="Please pay there.", url="https://pay.example/7", elicitation_id="payment-7"
    )
    r.ask(r.request(), {"page": schema.InputRequest(method="elicitation/create", params=page)})
    r.provide(r.question(), schema.ElicitResult(action="accept"))
    request = r.request()
    r.server.notify(
        "notifications/elicitation/complete",
        schema.ElicitationCompleteNotificationParams(elicitation_id="payment-7"),
        r.now,
        related=request.request_id,
    )
    r.settle()
    r.respond_text(request, "thank you")


@scenario(MODERN, http=True)
def visiting_a_page_without_an_id(r):
    """The user is sent to a page; the call is run again when the user agreed."""
    r.start()
    r.tool("pays")
    page = schema.ElicitRequestURLParams(message="Please pay there.", url="https://pay.example/7")
    r.ask(
        r.request(),
        {"page": schema.InputRequest(method="elicitation/create", params=page)},
        request_state="s1",
    )
    r.provide(r.question(), schema.ElicitResult(action="accept"))
    r.respond_text(r.request(), "thank you")


@scenario(http=True)
def asking_for_a_prompt_and_a_resource(r):
    """Fetching a prompt and reading a resource may ask as calls of tools do."""
    r.start()
    r.call("prompts/get", {"name": "greet"})
    r.ask(r.request(), {"roots": ROOTS}, request_state=r.state("s1"))
    r.provide(r.question(), FOUND_ROOTS)
    r.respond(r.request(), {"messages": []})
    r.call("resources/read", {"uri": "note://greeting"})
    r.ask(r.request(), {"roots": ROOTS}, request_state=r.state("s2"))
    r.provide(r.question(), FOUND_ROOTS)
    r.respond(r.request(), {"contents": []})


@scenario(LEGACY)
def questions_that_are_refused(r):
    """What the client did not declare, and what it does not know, is refused without a user."""
    r.start(client={"capabilities": schema.ClientCapabilities()})
    for number, method, params in (
        (1, "sampling/createMessage", {"messages": [], "maxTokens": 1}),
        (2, "roots/list", None),
        (3, "acme/ask", {}),
    ):
        request = {"jsonrpc": "2.0", "id": number, "method": method}
        if params is not None:
            request["params"] = params
        r.by_hand("S", request, "a question", legal=method != "acme/ask")


@scenario(LEGACY)
def questions_that_are_malformed(r):
    """A question that does not fit its method is answered with an error; one with an open id is dropped."""
    r.start()
    sample = {"messages": [], "maxTokens": 1}
    question = {"jsonrpc": "2.0", "id": 1, "method": "sampling/createMessage"}
    r.by_hand("S", {**question, "params": {"messages": []}}, "maxTokens is missing")
    r.by_hand("S", {**question, "params": sample}, "a question", legal=True)
    r.by_hand("S", {**question, "params": sample}, "another one with the same id", legal=True)
    r.provide(r.question(), SAMPLED)


@scenario(LEGACY)
def a_question_is_withdrawn(r):
    """The server takes a question back; what the user answers after that is not sent."""
    r.start()
    question = {
        "jsonrpc": "2.0",
        "id": "q",
        "method": "sampling/createMessage",
        "params": {"messages": [], "maxTokens": 1},
    }
    r.by_hand("S", question, "a question", legal=True)
    asked = r.question()
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "q"}}
    r.by_hand("S", cancelled, "it is withdrawn", legal=True)
    r.provide(asked, SAMPLED)


@scenario(MODERN)
def questions_that_cannot_be_asked(r):
    """A client that declared nothing is asked nothing: the call fails with what it lacks."""
    r.start(client={"capabilities": schema.ClientCapabilities()})
    r.tool("asks")
    r.fail(
        r.request(),
        -32021,
        "elicitation is needed",
        data={"requiredCapabilities": {"elicitation": {"form": {}}}},
    )
    r.tool("asks")
    request = r.request()
    asked = {"method": "roots/list"}
    result = {"resultType": "input_required", "inputRequests": {"roots": asked}}
    r.by_hand(
        "S",
        {"jsonrpc": "2.0", "id": request.request_id, "result": result},
        "a server that asks all the same",
        legal=True,
    )


@scenario(LEGACY, http=True)
def the_roots_change(r):
    """The client tells that its folders changed."""
    r.start()
    r.client.notify("notifications/roots/list_changed", None, r.now)
    r.settle()
