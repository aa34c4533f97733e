"""Sockets are there before the server is, on every address of the host."""

import contextlib
import re
import socket

import pytest

from bellbuoy.monitor.web.listen import ListenError, listen


@pytest.fixture
def listening():
    with contextlib.ExitStack() as held:
        yield lambda address: [held.enter_context(contextlib.closing(one)) for one in listen(address)]


def test_clients_get_through_before_anybody_serves(listening):
    (one,) = listening("127.0.0.1:0")
    with socket.create_connection(one.getsockname(), 5):
        pass


def test_a_name_is_listened_on_at_each_of_its_addresses(listening):
    families = {one.family for one in listening("localhost:0")}
    assert socket.AF_INET in families


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost"])
def test_a_port_that_is_taken_is_told_with_the_way_out(listening, address):
    port = listening("127.0.0.1:0")[0].getsockname()[1]
    with pytest.raises(ListenError, match=rf"cannot listen on {address}:{port} \(.*in use\); free it, or give another"):
        listen(f"{address}:{port}")


@pytest.mark.parametrize("address", ["192.0.2.1:8420", "[2001:db8::1]:8420"])
def test_a_host_that_is_not_here_is_told(address):
    with pytest.raises(ListenError, match=re.escape(f"server.listen: cannot listen on {address}")):
        listen(address)
