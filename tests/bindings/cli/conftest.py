"""The server that commands are tried on where it need not be a process of its own."""

import pytest
from tests.bindings.cli.servers import server

from sansmcp_threads import listen_unix


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory):
    """Return the address of a server in this process; it is gone when others count their threads."""
    with listen_unix(server, tmp_path_factory.mktemp("here") / "socket") as listener:
        yield listener.address
