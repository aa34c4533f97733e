"""The sockets that the server listens on, bound before anything else begins."""

import errno
import socket

_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
BACKLOG = 2048


class ListenError(OSError):
    """The address of `server.listen` cannot be had; the text says why and what to do."""


def listen(address: str) -> list[socket.socket]:
    """Return sockets that listen on `HOST:PORT`, one for each address that HOST has on this machine.

    Raises:
        ListenError: the port is taken, the host is not this machine's, or listening there is not allowed.
    """
    host, _, port = address.rpartition(":")
    bound: list[socket.socket] = []
    refused: OSError | None = None
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, where in found:
            try:
                bound.append(_bound(family, where, alone=len(found) == 1))
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                refused = error
    except OSError as error:
        refused, found = error, []
    if refused is not None and (not bound or not found):
        for one in bound:
            one.close()
        why = refused.strerror or str(refused)
        raise ListenError(f"server.listen: cannot listen on {address} ({why}); free it, or give another HOST:PORT")
    return bound


def _bound(family: socket.AddressFamily, where: tuple[object, ...], *, alone: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and not alone:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(where)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
