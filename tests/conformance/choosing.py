"""Which legs are run: every scenario on every binding where there is time, and else by turns."""

from itertools import product

import attrs
from tests.conformance.client import BINDINGS as CLIENT_BINDINGS
from tests.conformance.expectations import BOUNDS, CLIENT_FLOORS
from tests.conformance.legs import SETS, Leg
from tests.conformance.server import BINDINGS as SERVER_BINDINGS
from tests.conformance.server import RESPONSES
from tests.conformance.suite import REVISIONS


def chosen_legs(*, is_long: bool, side: str | None = None, binding: str | None = None) -> list[Leg]:
    """Return the legs of a run, those of one server together.

    Args:
        is_long: whether there is time for all of them.
        side: the side that is wanted, if not both.
        binding: the binding that is wanted, if not all; it then gets all legs.
    """
    is_whole = is_long or binding is not None
    legs = [*server_legs(is_long=is_whole), *client_legs(is_long=is_whole)]
    return [leg for leg in legs if side in (None, leg.side) and binding in (None, leg.binding)]


def server_legs(*, is_long: bool) -> list[Leg]:
    """Return the legs of servers: where time is short, the first gets all and the others one each."""
    sets = [Leg(side="server", binding="", revision=revision, is_set=True) for revision in SETS]
    plain = [Leg(side="server", binding="", revision=revision) for revision in (None, *REVISIONS)]
    servers = [(binding, RESPONSES[-1 if binding in BOUNDS else 0]) for binding in SERVER_BINDINGS]
    others = [(binding, responses) for binding, responses in product(SERVER_BINDINGS, RESPONSES[1:])]
    others = [server for server in others if server not in servers]
    servers += others if is_long else others[:1]
    return [
        attrs.evolve(leg, binding=binding, responses=responses)
        for place, (binding, responses) in enumerate(servers)
        for leg in ([*plain, *sets] if is_long or place == 0 else plain[:1])
    ]


def client_legs(*, is_long: bool) -> list[Leg]:
    """Return the legs of clients: where time is short, bindings take turns with the scenarios of a leg."""
    plain = [Leg(side="client", binding="", revision=revision) for revision in (None, *REVISIONS[1:])]
    whole = [*plain, Leg(side="client", binding="", finds_out=True)]
    count = len(CLIENT_BINDINGS)
    return [
        attrs.evolve(
            leg,
            binding=binding,
            scenarios=() if is_long else tuple(list(CLIENT_FLOORS)[(place + turn) % count :: count]),
        )
        for place, binding in enumerate(CLIENT_BINDINGS)
        for turn, leg in enumerate(whole)
    ]
