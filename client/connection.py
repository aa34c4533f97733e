"""`connect()`: a daemon that is asked in SQL."""

from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bellbuoy.client.errors import QueryError
from bellbuoy.client.result import ARROW, Result
from bellbuoy.client.wire import DEFAULT_URL, WAIT_S, Wire


def connect(url: str = DEFAULT_URL, token: str | None = None, *, token_file: str | Path | None = None) -> "Connection":
    """Return a connection to a running daemon; nothing is asked yet.

    Args:
        url: where it listens, `http://HOST:PORT`.
        token: what it wants to be shown where it listens beyond this machine.
        token_file: file that holds the token; a file is safer than a notebook.

    Raises:
        ValueError: the address is none, the token cannot be one, or two are given.
        OSError: the file cannot be read.

    >>> connect("http://127.0.0.1:8420")
    Connection('http://127.0.0.1:8420')
    """
    if token_file is not None:
        if token is not None:
            raise ValueError("give the token once: token=, or token_file=")
        token = _read(Path(token_file))
    return Connection(Wire(url, token))


class Connection:
    """A daemon that is asked in SQL. It holds no socket between two questions; several threads may use it."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._closed = False

    def __repr__(self) -> str:
        return f"Connection({self.wire.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ask nothing more."""
        self._closed = True

    def sql(self, sql: str, *, timeout: float | None = None, limit: int | None = None) -> Result:
        """Return the rows of one SELECT, all of them fetched.

        Args:
            sql: the SELECT; the daemon's limits of text, time, rows and bytes hold.
            timeout: seconds that it may run; only lowers the daemon's `query.seconds`.
            limit: rows of the answer; only lowers the daemon's `query.rows`. More rows make it `truncated`.

        Raises:
            QueryError: the daemon refused or stopped it; its own sentence is the text.
            NoDaemon: nobody answers.
        """
        return self._ask(sql, {"timeout": timeout, "limit": limit})

    def explain(self, sql: str) -> Result:
        """Return how a SELECT would be run, as columns `explain_key` and `explain_value`; nothing is run.

        Raises:
            QueryError: the daemon refused it.
            NoDaemon: nobody answers.
        """
        return self._ask(sql, {"explain": True})

    def _ask(self, sql: str, how: dict[str, Any]) -> Result:
        if self._closed:
            raise QueryError("this connection is closed; connect() again")
        wished = {key: value for key, value in how.items() if value is not None}
        seconds = wished.get("timeout")
        wait_s = WAIT_S if seconds is None else max(WAIT_S, 2 * float(seconds) + 30)
        body, headers = self.wire.post("/v1/query", {"sql": sql, **wished}, ARROW, wait_s=wait_s)
        as_of = headers.get("bellbuoy-as-of")
        return Result(
            body,
            took_ms=float(headers.get("bellbuoy-took-ms", "nan")),
            as_of=datetime.fromisoformat(as_of) if as_of else None,
            truncated=headers.get("bellbuoy-truncated") == "true",
            note=headers.get("bellbuoy-note", ""),
        )


def _read(path: Path) -> str:
    token = path.read_bytes().strip()
    try:
        return token.decode("ascii")
    except UnicodeDecodeError:
        raise ValueError(f"{path} holds no token; a token is one line of plain characters") from None
