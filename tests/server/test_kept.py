"""State between calls under handles that clients carry."""

import threading

import attrs
import pytest
from tests.server.conversation import Conversation, environment

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.server import Context, KeptValue, MemoryStore, Server, StateHandles


class Calendar:
    """A calendar and a die that are set by hand."""

    def __init__(self):
        self.now = 1000.0
        self.thrown = 0

    def utc(self):
        return self.now

    def random(self, count):
        self.thrown += 1
        return self.thrown.to_bytes(count, "big")

    @property
    def environment(self):
        return environment(self.utc, self.random)


def carts(**options):
    """Return a server that keeps carts."""
    server = Server("server", version="1", state_keys=[b"k" * 16], **options)

    @server.tool
    def new(ctx: Context) -> str:
        return ctx.handles.new([])

    @server.tool
    def add(cart: str, item: str, ctx: Context) -> str:
        items = [*ctx.handles.get(cart), item]
        ctx.handles.set(cart, items)
        return " ".join(items)

    @server.tool
    def drop(cart: str, ctx: Context) -> str:
        ctx.handles.drop(cart)
        return "dropped"

    return server


def test_values_are_kept_over_connections_and_revisions():
    server, calendar = carts(), Calendar()
    peers = [Conversation(server, revision, around=calendar.environment) for revision in REVISIONS]
    cart = peers[0].text("new")
    for number, peer in enumerate(peers):
        assert peer.text("add", cart=cart, item="a") == " ".join("a" * (number + 1))
    assert peers[0].text("drop", cart=cart) == "dropped"
    assert "unknown here, or has ended" in peers[1].text("add", cart=cart, item="a")
    assert peers[0].text("drop", cart=cart) == "dropped"


def test_handles_differ_and_cannot_be_guessed():
    peer = Conversation(carts(), around=Calendar().environment)
    first, second = peer.text("new"), peer.text("new")
    assert first != second
    assert len(first) == 22


@pytest.mark.parametrize(("mine", "other"), [("A", "B"), ("A", None), (None, "A"), ("A", "")])
def test_a_handle_of_another_principal_is_unknown(mine, other):
    server, calendar = carts(), Calendar()
    owner = Conversation(server, around=calendar.environment, principal=mine)
    cart = owner.text("new")
    thief = Conversation(server, around=calendar.environment, principal=other)
    stolen = thief.text("add", cart=cart, item="a")
    assert stolen == thief.text("add", cart="x", item="a").replace("'x'", repr(cart))
    thief.text("drop", cart=cart)
    assert owner.text("add", cart=cart, item="a") == "a"


def test_a_handle_ends_when_it_was_not_used_for_its_lifetime():
    calendar = Calendar()
    peer = Conversation(carts(handles=StateHandles(10.0)), around=calendar.environment)
    cart = peer.text("new")
    for _ in range(3):
        calendar.now += 9.9
        peer.text("add", cart=cart, item="a")
    calendar.now += 9.9
    assert peer.text("add", cart=cart, item="b") == "a a a b"
    calendar.now += 10
    assert "unknown here, or has ended" in peer.text("add", cart=cart, item="a")
    assert peer.call("add", cart=cart, item="a")["isError"] is True


@pytest.mark.parametrize("handle", ["", "x" * 10_000, "\u0000", "é"])
def test_whatever_a_client_brings_is_looked_up_and_no_more(handle):
    peer = Conversation(carts(), around=Calendar().environment)
    assert "unknown here" in peer.text("add", cart=handle, item="a")


@pytest.mark.parametrize(("most", "most_each", "fit"), [(3, 10, 3), (10, 2, 2)])
def test_there_is_room_for_so_many_and_again_when_some_have_ended(most, most_each, fit):
    store = MemoryStore(most, most_each)
    for number in range(fit):
        store.put("A", str(number), KeptValue(value=number, until=10.0), 0.0)
    store.put("A", "0", KeptValue(value="again", until=10.0), 0.0)
    with pytest.raises(LocalProtocolError, match=rf"there are {fit} of this principal"):
        store.put("A", "more", KeptValue(value=1, until=10.0), 9.9)
    assert store.get("A", "more") is None
    store.put("A", "more", KeptValue(value=1, until=20.0), 10.0)
    assert store.get("A", "0") is None
    assert store.get("A", "more") == KeptValue(value=1, until=20.0)


def test_one_principal_leaves_room_for_others():
    store = MemoryStore(10, 2)
    for owner in ("A", "B"):
        for key in ("1", "2"):
            store.put(owner, key, KeptValue(value=1, until=10.0), 0.0)
    with pytest.raises(LocalProtocolError):
        store.put("A", "3", KeptValue(value=1, until=10.0), 0.0)
    assert store.get("B", "2") is not None


def test_a_handler_without_room_fails():
    server = carts(handles=StateHandles(store=MemoryStore(1)))
    peer = Conversation(server, around=Calendar().environment)
    assert peer.call("new").get("isError") is not True
    assert peer.call("new")["isError"] is True


def test_another_store_gets_neither_handles_nor_principals():
    @attrs.define
    class Table:
        rows: dict = attrs.field(factory=dict)
        puts: list = attrs.field(factory=list)

        def put(self, owner, key, kept, now):
            self.rows[owner, key] = kept
            self.puts.append(now)

        def get(self, owner, key):
            return self.rows.get((owner, key))

        def remove(self, owner, key):
            self.rows.pop((owner, key), None)

    table = Table()
    server = carts(handles=StateHandles(60.0, store=table))
    peer = Conversation(server, around=Calendar().environment, principal="user@example.com")
    cart = peer.text("new")
    assert peer.text("add", cart=cart, item="a") == "a"
    (((owner, key), kept),) = table.rows.items()
    assert kept == KeptValue(value=["a"], until=1060.0)
    assert set(table.puts) == {1000.0}
    assert cart not in owner + key
    assert "user" not in owner + key


def test_many_threads_keep_and_drop_at_once():
    store = MemoryStore(10_000, 10_000)
    failed = []

    def work(owner):
        for number in range(300):
            store.put(owner, str(number), KeptValue(value=number, until=10.0), 0.0)
            if store.get(owner, str(number)) != KeptValue(value=number, until=10.0):
                failed.append(number)
            store.remove(owner, str(number))

    threads = [threading.Thread(target=work, args=(str(number % 3),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Threads of one owner drop each other's, and nothing else goes wrong.
    assert store.get("0", "0") is None
