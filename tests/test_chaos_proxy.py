"""The proxy itself: each mode does what its name says."""

import socket
import threading

import pytest
from chaos_proxy import MODES, ChaosProxy, plan


@pytest.fixture
def echo():
    """A port that sends back what it gets."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer(held):
        with held:
            try:
                while data := held.recv(1 << 16):
                    held.sendall(data)
            except OSError:
                pass

    def accept():
        while True:
            try:
                held, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(held,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


@pytest.fixture
def proxy(echo):
    with ChaosProxy(echo) as running:
        yield running


def dial(proxy):
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def heard(held, many):
    """Return so many bytes, or fewer when the connection ends before."""
    got = b""
    while len(got) < many and (data := held.recv(many - len(got))):
        got += data
    return got


def broken(held):
    """Return what still comes, and whether the connection ended with RST."""
    got = b""
    try:
        while data := held.recv(100):
            got += data
    except ConnectionResetError:
        return got, True
    return got, False


def test_all_goes_through_while_all_is_well(proxy):
    body = bytes(range(256)) * 4_000
    with dial(proxy) as held:
        threading.Thread(target=held.sendall, args=(body,)).start()
        assert heard(held, len(body)) == body
    assert not proxy.harmed


def test_reset_ends_old_and_new_connections(proxy):
    with dial(proxy) as old:
        old.sendall(b"x")
        assert heard(old, 1) == b"x"
        proxy.set("reset")
        assert broken(old) == (b"", True)
    try:
        with dial(proxy) as new:
            assert broken(new) == (b"", True)
    except ConnectionResetError:
        pass  # so soon that it was not even connected
    assert proxy.harmed["reset"] >= 2
    proxy.set("ok")
    with dial(proxy) as healed:
        healed.sendall(b"z")
        assert heard(healed, 1) == b"z"


def test_a_black_hole_keeps_what_it_has_until_it_heals(proxy):
    with dial(proxy) as held:
        held.sendall(b"x")
        assert heard(held, 1) == b"x"
        proxy.set("blackhole")
        held.sendall(b"y")
        held.settimeout(0.2)
        with pytest.raises(TimeoutError):
            held.recv(1)
        held.settimeout(10)
        assert proxy.harmed["blackhole"]
        proxy.set("ok")
        assert heard(held, 1) == b"y"


def test_refusing_nobody_listens(proxy):
    proxy.set("refuse")
    with pytest.raises(ConnectionRefusedError):
        dial(proxy)
    proxy.set("ok")
    with dial(proxy) as held:
        held.sendall(b"x")
        assert heard(held, 1) == b"x"


def test_a_cut_comes_after_so_many_bytes(proxy):
    proxy.set("cut", after=10)
    with dial(proxy) as held:
        held.sendall(b"123456")
        assert heard(held, 6) == b"123456"
        held.sendall(b"789012")
        got, _ = broken(held)
        assert len(got) <= 4
    assert proxy.harmed["cut"] == 1


def test_slow_is_slow(proxy):
    proxy.set("slow", rate=1_000_000)
    with dial(proxy) as held:
        threading.Thread(target=held.sendall, args=(b"x" * 300_000,)).start()
        assert len(heard(held, 300_000)) == 300_000
    assert proxy.harmed["slow"] >= 3


def test_a_plan_is_the_same_for_the_same_seed_and_has_every_fault():
    assert plan(7, 5) == plan(7, 5) != plan(8, 5)
    assert {mode for mode, _, _ in plan(7, 5)} == set(MODES[1:])
    assert len(plan(7, 12)) == 12
