"""Where a command's answer comes from: the running daemon, or the store itself when nobody holds it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

import click

from bellbuoy.monitor.cli.client import DEFAULT_URL, Client, token_of
from bellbuoy.monitor.cli.failures import DONE_NO, NOT_NOW, Failure

if TYPE_CHECKING:
    import pyarrow as pa

    from bellbuoy.config.model import Config

ARROW = "application/vnd.apache.arrow.stream"


class Answers(Protocol):
    """What commands ask."""

    def overview(self) -> Any:
        """Return what `/` shows, as plain JSON."""

    def workflow(self, name: str) -> Any:
        """Return what `/w/{name}` shows, as plain JSON."""

    def query(self, sql: str) -> "tuple[pa.Table, bool]":
        """Return the rows of one SELECT, and whether a limit cut them."""


class Daemon:
    """Answers of a running daemon."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def overview(self) -> Any:
        """Return what `/` shows, as plain JSON."""
        return self.client.get("/.json")

    def workflow(self, name: str) -> Any:
        """Return what `/w/{name}` shows, as plain JSON."""
        return self.client.get(f"/w/{quote(name, safe='')}.json")["view"]

    def query(self, sql: str) -> "tuple[pa.Table, bool]":
        """Return the rows of one SELECT, and whether a limit cut them."""
        import io

        import pyarrow as pa

        body, headers = self.client.post("/v1/query", {"sql": sql}, ARROW)
        return pa.ipc.open_stream(io.BytesIO(body)).read_all(), headers.get("bellbuoy-truncated") == "true"


class File:
    """Answers of a store that no daemon holds, as of its last tick."""

    def __init__(self, config: "Config") -> None:
        from bellbuoy.monitor.clock import VirtualClock
        from bellbuoy.monitor.reading import Reading
        from bellbuoy.monitor.store import Store

        self.store = Store.open(Path(config.store.path), config.store, read_only=True)
        found = self.store.rows("judgement/progress", name="judged")
        self.reading = Reading(self.store, config, clock=VirtualClock(float(found[0]["at"]) if found else 0.0))

    def overview(self) -> Any:
        """Return what `/` shows, as plain JSON."""
        return self._plain(self.reading.overview())

    def workflow(self, name: str) -> Any:
        """Return what `/w/{name}` shows, as plain JSON."""
        return self._plain(self.reading.workflow(name))

    def query(self, sql: str) -> "tuple[pa.Table, bool]":
        """Return the rows of one SELECT, and whether a limit cut them."""
        from bellbuoy.monitor.web.door import QueryRefused

        try:
            answer = self.reading.ask(sql)
        except QueryRefused as refusal:
            raise Failure(f"error: {refusal}", DONE_NO) from None
        return answer.table, answer.truncated

    def _plain(self, view: Any) -> Any:
        import msgspec

        return json.loads(msgspec.json.encode(view))


@contextmanager
def answers(config: Path | None, url: str | None, token_file: Path | None, timeout: float = 30.0) -> Iterator[Answers]:
    """Give the answers of the daemon; of the store itself where nobody holds it and a configuration names it.

    Whoever holds the store is its daemon: one that merely listens at the same address is not asked.

    Args:
        config: a configuration; it names the daemon's address, its token and the store.
        url: the daemon's address; then only the daemon is asked.
        token_file: file with the daemon's token.
        timeout: seconds to wait for an answer.

    Raises:
        Failure: neither can be asked.
        ConfigError: the configuration is refused.
    """
    if url is not None or config is None:
        yield Daemon(Client(url, token_of(token_file), timeout))
        return
    from bellbuoy.config.load import load
    from bellbuoy.monitor.store import StoreLocked

    loaded = load(config, secrets=False)
    address = f"http://{loaded.server.listen}"
    token = (loaded.server.token.reveal() if loaded.server.token else None) or None
    client = Client(address, token_of(token_file) or token, timeout)
    if not Path(loaded.store.path).exists():
        if not client.answers():
            where = f"there is no store at {Path(loaded.store.path).absolute()} yet"
            raise Failure(f"error: no daemon answers at {address}, and {where}", NOT_NOW)
        yield Daemon(client)
        return
    try:
        file = File(loaded)
    except StoreLocked:
        if not client.answers():
            raise  # held by somebody who does not answer: the error names the process
        yield Daemon(client)
        return
    click.echo(f"no daemon holds {Path(loaded.store.path).absolute()}; read from the file", err=True)
    try:
        yield file
    finally:
        file.store.close()


def daemon(config: Path | None, url: str | None, token_file: Path | None, timeout: float = 30.0) -> Client:
    """Return the client of the running daemon: the one at `url`, else the one that a configuration names.

    Raises:
        ConfigError: the configuration is refused.
    """
    if url is not None or config is None:
        return Client(url, token_of(token_file), timeout)
    from bellbuoy.config.load import load

    server = load(config, secrets=False).server
    own = (server.token.reveal() if server.token else None) or None
    return Client(f"http://{server.listen}", token_of(token_file) or own, timeout)


def given(config: Path | None) -> Path | None:
    """Return the configuration to use: the one that was named, else `bellbuoy.yaml` where it is there."""
    default = Path("bellbuoy.yaml")
    return config or (default if default.exists() else None)


__all__ = ["DEFAULT_URL", "Answers", "answers", "daemon", "given"]
