"""The socket that the server listens on, bound before anything else begins."""

import socket


class ListenError(OSError):
    """The address of `server.listen` cannot be had; the text says why and what to do."""


def listen(address: str) -> socket.socket:
    """Return a socket that listens on `HOST:PORT`.

    Raises:
        ListenError: the port is taken, the host is not this machine's, or listening there is not allowed.
    """
    host, _, port = address.rpartition(":")
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _told(address, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise _told(address, error) from error
    return listener


def _told(address: str, error: OSError) -> ListenError:
    why = error.strerror or str(error)
    return ListenError(f"server.listen: cannot listen on {address} ({why}); free it, or give another HOST:PORT")
