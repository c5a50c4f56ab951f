"""Several servers behind one client: joined lists, whose call it is, and what becomes of the others."""

import pytest
from tests.client.answering import Answering, Awaited, Task, awaiting
from tests.client.toys import run

from sansmcp import Server, errors, schema
from sansmcp.client import AwaitableCalls, AwaitableGroup, BlockingGroup, list_tools
from sansmcp.client.members import Members
from sansmcp.errors import LocalProtocolError, NotConnected
from sansmcp.schema import REVISIONS, PromptReference, ResourceTemplateReference
from sansmcp.testing import connect


def server(name, *, tools=("add",), page_size=100):
    made = Server(name, version="1", page_size=page_size)
    for tool in tools:
        made.tool(name=tool, blocks=False)(_adding(name))

    @made.prompt(blocks=False)
    def greet(who: str) -> str:
        return f"{name} greets {who}"

    @made.resource(f"{name}://about", blocks=False)
    def about() -> str:
        return f"about {name}"

    @made.resource(f"{name}://notes/{{number}}", blocks=False)
    def note(number: str) -> str:
        return f"{name} note {number}"

    return made


def _adding(name):
    def add(a: int = 1) -> str:
        return f"{name} {a}"

    return add


@pytest.fixture
def group():
    made = BlockingGroup({name: connect(server(name)) for name in ("one", "two")})
    yield made
    for name in made:
        made[name].close()


@pytest.mark.parametrize("revision", REVISIONS)
def test_lists_are_joined_with_the_names_of_the_servers_before_theirs(revision):
    clients = {
        name: connect(server(name, tools=("a", "b", "c"), page_size=2), revisions=[revision])
        for name in ("one", "two")
    }
    group = BlockingGroup(clients)
    names = [f"{name}_{tool}" for name in clients for tool in "abc"]
    assert [tool.name for tool in group.tools()] == names
    assert [prompt.name for prompt in group.prompts()] == ["one_greet", "two_greet"]
    assert [resource.uri for resource in group.resources()] == ["one://about", "two://about"]
    templates = [template.uri_template for template in group.resource_templates()]
    assert templates == ["one://notes/{number}", "two://notes/{number}"]


def test_a_call_goes_to_the_server_that_its_name_begins_with(group):
    assert group.call_tool("two_add", {"a": 7}, result_type=str) == "two 7"
    assert group.get_prompt("one_greet", {"who": "me"}).messages[0].content.text == "one greets me"


@pytest.mark.parametrize("listed_before", [True, False])
def test_a_resource_is_read_where_it_is_listed_or_where_a_template_begins_like_it(group, listed_before):
    if listed_before:
        list(group.resources())
        list(group.resource_templates())
    assert group.read_resource("one://notes/7").contents[0].text == "one note 7"
    assert group.read_resource("two://about").contents[0].text == "about two"
    with pytest.raises(LocalProtocolError, match="'no://about': no server lists it; say which: group"):
        group.read_resource("no://about")
    assert group["two"].read_resource("two://about").contents[0].text == "about two"


def test_what_several_servers_have_is_nobodys_until_one_is_named():
    clients = {name: connect(server("same")) for name in ("one", "two")}
    group = BlockingGroup(clients)
    list(group.resources())
    with pytest.raises(LocalProtocolError, match="several servers have it: one, two; say which"):
        group.read_resource("same://about")
    group.remove("one")
    assert group.read_resource("same://about").contents[0].text == "about same"
    assert group.read_resource("same://notes/1").contents[0].text == "same note 1"


@pytest.mark.parametrize("listed_before", [True, False])
def test_completions_go_to_the_server_of_the_prompt_or_the_template(listed_before):
    told = {name: Answering(answers=completing(name)).connect() for name in ("one", "two")}
    group = AwaitableGroup({name: Awaited(one) for name, one in told.items()})
    prompt = awaiting(group.complete(PromptReference(name="two_greet"), "who", "m")).result()
    assert prompt.completion.values == ("two",)
    assert told["two"].asked("completion/complete")[0].params.ref.name == "greet"

    async def every():
        return [template async for template in group.resource_templates()]

    if listed_before:
        Task(every()).result()
    ref = ResourceTemplateReference(uri="one://{x}")
    assert awaiting(group.complete(ref, "x", "m")).result().completion.values == ("one",)
    with pytest.raises(LocalProtocolError, match="no server lists it"):
        awaiting(group.complete(ResourceTemplateReference(uri="no://{x}"), "x", "m")).result()


def test_who_has_a_resource_is_asked_once_and_only_where_there_are_several():
    told = {name: Answering(answers=reading(name)).connect() for name in ("one", "two")}
    group = AwaitableGroup({name: Awaited(one) for name, one in told.items()})
    for number in range(3):
        read = awaiting(group.read_resource(f"two://{number}")).result()
        assert read.contents[0].text == f"two://{number}"
    methods = [[event.method for event in one.requests()] for one in told.values()]
    lists = ["resources/templates/list", "resources/list"]
    assert methods == [lists, [*lists, *["resources/read"] * 3]]
    group.remove("one")
    awaiting(group.read_resource("anything")).result()
    assert [event.method for event in told["two"].requests()][-2:] == ["resources/read"] * 2


def test_a_list_without_an_end_keeps_no_resource_of_another_list_from_being_found():
    endless = schema.ListResourceTemplatesResult(resource_templates=(), next_cursor="again")
    answers = {**reading("one"), "resources/templates/list": endless}
    told = {name: Answering(answers=each) for name, each in (("one", answers), ("two", reading("two")))}
    group = AwaitableGroup({name: Awaited(one.connect()) for name, one in told.items()})
    assert awaiting(group.read_resource("one:about")).result().contents[0].text == "one:about"


def reading(name):
    def read(event):
        text = schema.TextResourceContents(uri=event.params.uri, text=event.params.uri)
        return schema.ReadResourceResult(contents=(text,))

    resource = schema.Resource(uri=f"{name}:about", name="about")
    return {
        **completing(name),
        "resources/list": schema.ListResourcesResult(resources=(resource,)),
        "resources/read": read,
    }


def completing(name):
    template = schema.ResourceTemplate(uri_template=f"{name}://{{x}}", name="t")
    return {
        "completion/complete": schema.CompleteResult(completion=schema.Completion(values=(name,))),
        "resources/templates/list": schema.ListResourceTemplatesResult(resource_templates=(template,)),
    }


def test_a_name_that_begins_with_no_server_is_refused_and_the_servers_are_named(group):
    with pytest.raises(
        LocalProtocolError, match=r"'three_add' begins with .* no server; there are: one_\.\.\., two_"
    ):
        group.call_tool("three_add")
    with pytest.raises(
        LocalProtocolError, match="there is no server 'three' in the group; there are: 'one', 'two'"
    ):
        group["three"]


def test_what_goes_to_one_server_only_says_so(group):
    with pytest.raises(LocalProtocolError, match=r"logging/setLevel: it goes to one server: group\['name'\]"):
        group.set_log_level("info")


def test_names_must_leave_no_doubt():
    group = BlockingGroup({"a": connect(server("one"))})
    with pytest.raises(LocalProtocolError, match="has a server 'a' already"):
        group.add("a", connect(server("two")))
    with pytest.raises(LocalProtocolError, match="'a' and 'a_b' cannot both be in the group"):
        group.add("a_b", connect(server("two")))
    group.add("ab", connect(server("two")))
    dotted = BlockingGroup({"a": group["a"], "a_b": group["ab"]}, separator=".")
    assert [tool.name for tool in dotted.tools()] == ["a.add", "a_b.add"]
    assert (list(dotted), len(dotted)) == (["a", "a_b"], 2)


@pytest.mark.parametrize("gone", ["one", "two", "three"])
def test_a_server_that_is_lost_costs_no_other_and_is_named(gone):
    clients = {name: connect(server(name)) for name in ("one", "two", "three")}
    group = BlockingGroup(clients)
    clients[gone].break_off()
    left = [name for name in clients if name != gone]
    assert [tool.name for tool in group.tools()] == [f"{name}_add" for name in left]
    assert list(group.lost) == [gone]
    assert isinstance(group.lost[gone], NotConnected)
    for name in left:
        assert group.call_tool(f"{name}_add", result_type=str) == f"{name} 1"
    with pytest.raises(NotConnected):
        group.call_tool(f"{gone}_add")
    group.remove(gone)
    group.add(gone, connect(server(gone)))
    assert len(list(group.tools())) == 3
    assert group.lost == {}


def test_a_call_that_fails_loses_no_server(group):
    with pytest.raises(errors.RequestFailed):
        group.get_prompt("one_none")
    assert group.lost == {}


def test_a_server_without_a_kind_of_list_is_passed_over_and_not_lost():
    bare = Server("bare", version="1")

    @bare.tool(blocks=False)
    def add() -> int:
        return 1

    group = BlockingGroup({"bare": connect(bare), "one": connect(server("one"))})
    assert [prompt.name for prompt in group.prompts()] == ["one_greet"]
    assert group.lost == {}


def test_clients_leave_in_any_order_and_an_empty_group_has_nothing(group):
    group.remove("one").close()
    assert [tool.name for tool in group.tools()] == ["two_add"]
    group.remove("two").close()
    assert list(group.tools()) == []
    with pytest.raises(LocalProtocolError, match="there are: none"):
        group.call_tool("one_add")
    with pytest.raises(LocalProtocolError, match="there are: none"):
        group["one"]


@pytest.mark.parametrize("leaving", ["one", "two", "three"])
def test_who_leaves_while_a_list_is_walked_over_costs_no_other(leaving):
    group = BlockingGroup({name: connect(server(name)) for name in ("one", "two", "three")})
    tools = group.tools()
    first = next(tools).name
    group.remove(leaving)
    rest = [f"{name}_add" for name in ("two", "three") if name != leaving]
    assert [first, *(tool.name for tool in tools)] == ["one_add", *rest]


def test_single_pages_have_cursors_that_lead_on_and_others_are_refused(group):
    page = group.list_tools()
    assert [tool.name for tool in page.tools] == ["one_add"]
    last = group.list_tools(page.next_cursor)
    assert ([tool.name for tool in last.tools], last.next_cursor) == (["two_add"], None)
    with pytest.raises(LocalProtocolError, match="'7' is no cursor of this group"):
        group.list_tools("7")


def test_the_same_in_the_colour_that_is_awaited():
    clients = {name: connect(server(name)) for name in ("one", "two")}
    group = AwaitableGroup({name: Coloured(client) for name, client in clients.items()})

    async def work():
        names = [tool.name async for tool in group.tools()]
        return names, await group.call_tool("two_add", result_type=str)

    assert run(work()) == (["one_add", "two_add"], "two 1")
    clients["one"].break_off()

    async def again():
        return [tool.name async for tool in group.tools()]

    assert run(again()) == ["two_add"]
    group.remove("two")
    group.remove("one")
    assert run(again()) == []


class Coloured(AwaitableCalls):
    def __init__(self, client):
        self._client = client

    def call(self, call):
        async def calling():
            return self._client.call(call)

        return calling()


def test_a_result_that_is_no_page_is_for_the_call_to_complain_of(group):
    members = Members("_")
    members.add("one", group["one"])
    name, call = members.route(list_tools())
    assert name == "one"
    with pytest.raises(LocalProtocolError, match="expected a result of type ListToolsResult, found Result"):
        call.read(schema.EmptyResult())


def test_it_may_be_said_that_a_server_is_lost(group):
    error = NotConnected("gone")
    group.lose("three", error)
    assert group.lost == {"three": error}


def test_what_is_remembered_of_uris_is_bounded():
    def listed(event):
        start = int(event.params.cursor or 0)
        resources = tuple(
            schema.Resource(uri=f"a://{number}", name="r") for number in range(start, start + 6000)
        )
        return schema.ListResourcesResult(
            resources=resources, next_cursor=str(start + 6000) if start < 12_000 else None
        )

    none = {"resources/templates/list": schema.ListResourceTemplatesResult(resource_templates=())}
    told = Answering(answers={"resources/list": listed, **none}).connect()
    empty = {"resources/list": schema.ListResourcesResult(resources=()), **none}
    other = Answering(answers=empty).connect()
    group = AwaitableGroup({"one": Awaited(told), "two": Awaited(other)})

    async def every():
        return len([resource async for resource in group.resources()])

    assert Task(every()).result() == 18_000
    with pytest.raises(LocalProtocolError, match="no server lists it"):
        awaiting(group.read_resource("a://0")).result()
