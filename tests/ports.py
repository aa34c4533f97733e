"""Ports for servers that are started with a number: nobody else is given them by chance in between."""

import itertools
import os
import socket
from pathlib import Path

WIDTH = 1500
"""Ports of one process of a parallel run."""


def _beginning():
    """Return the first of the ports that the system hands out itself, for port 0 and to every client."""
    told = Path("/proc/sys/net/ipv4/ip_local_port_range")
    return int(told.read_text().split()[0]) if told.exists() else 32768


def _candidates():
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    end = max(_beginning(), 20_000) - worker % 8 * WIDTH
    begin = os.getpid() % WIDTH  # another run on this machine begins elsewhere
    return itertools.cycle(end - 1 - (begin + step) % WIDTH for step in range(WIDTH))


_ports = _candidates()


def free_port():
    """Return a port of 127.0.0.1 at which nothing listens, another one each time.

    A port that the system chose may be chosen again, for anybody, until the server listens; a broker takes seconds.
    """
    for port in itertools.islice(_ports, WIDTH):
        with socket.socket() as held:
            try:
                held.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port on 127.0.0.1")
