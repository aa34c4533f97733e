"""No test reaches beyond this machine."""

import socket

import pytest


@pytest.fixture
def guard(request):
    """Return the list of refused addresses, and empty it: here the attempt is wanted."""
    [conftest] = [plugin for plugin in request.config.pluginmanager.get_plugins() if hasattr(plugin, "_REFUSED")]
    yield conftest._REFUSED
    conftest._REFUSED.clear()


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.com", 443)])
def test_an_address_beyond_loopback_is_refused(guard, address):
    with socket.socket() as out, pytest.raises(PermissionError, match="tests reach loopback only"):
        out.connect(address)
    with socket.socket(type=socket.SOCK_DGRAM) as out, pytest.raises(PermissionError):
        out.sendto(b"x", address)
    assert guard == [address] * 2


def test_loopback_is_reached(guard):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as near:
        near.connect(server.getsockname())
    assert guard == []
