"""A page as a browser gets it: an app served on loopback, and Chromium."""

import socket
import threading
from contextlib import contextmanager

import uvicorn


@contextmanager
def served(app):
    """Serve an app on a port of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listening.close()


def launched(play, need):
    return play.chromium.launch(
        executable_path=str(need("chromium")), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    )
