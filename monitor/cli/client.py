"""The daemon asked by a command: what `bellbuoy.client` raises becomes a sentence and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bellbuoy.client import Connection, NoDaemon, QueryError, Result, connect
from bellbuoy.client.wire import DEFAULT_URL
from bellbuoy.monitor.cli.failures import DONE_NO, NOT_NOW, WRONG_USE, Failure


class Client:
    """A daemon's HTTP door.

    Args:
        url: where it listens; None takes the default address.
        token: bearer token, or None.
        timeout: seconds without a sign of life after which an answer is given up; a query's own limits rule it.

    Raises:
        Failure: the address is none.
    """

    def __init__(self, url: str | None, token: str | None = None, timeout: float = 30.0) -> None:
        try:
            self._connection: Connection = connect(url or DEFAULT_URL, token)
        except ValueError as error:
            raise Failure(f"error: {str(error).replace('write http', 'write --url http')}", WRONG_USE) from None
        self.url = self._connection.wire.url
        self._timeout = timeout

    def get(self, path: str) -> Any:
        """Return the JSON at `path`.

        Raises:
            Failure: the daemon cannot be reached or refuses.
        """
        with _ends():
            return self._connection.wire.get(path, wait_s=self._timeout)

    def post(self, path: str, body: dict[str, Any], accept: str) -> tuple[bytes, dict[str, str]]:
        """Return the answer to a JSON body, as bytes of the type `accept`, and its headers by small names.

        Raises:
            Failure: the daemon cannot be reached or refuses; its own sentence is the text.
        """
        with _ends():
            return self._connection.wire.post(path, body, accept, wait_s=self._timeout)

    def delete(self, path: str) -> Any:
        """Take away what is at `path`, and return the JSON that the daemon answers.

        Raises:
            Failure: the daemon cannot be reached or refuses; its own sentence is the text.
        """
        with _ends():
            return self._connection.wire.delete(path, wait_s=self._timeout)

    def query(
        self, sql: str, *, explain: bool = False, limit: int | None = None, timeout: float | None = None
    ) -> Result:
        """Return the rows of one SELECT, or with `explain` how it would be run.

        Raises:
            Failure: the daemon cannot be asked (75), or it refused or stopped the SELECT (1).
        """
        with _ends():
            if explain:
                return self._connection.explain(sql)
            return self._connection.sql(sql, timeout=timeout, limit=limit)

    def answers(self) -> bool:
        """Tell whether something listens at the address."""
        return self._connection.wire.listens()


@contextmanager
def _ends() -> Iterator[None]:
    try:
        yield
    except NoDaemon as error:
        raise Failure(f"error: {error}; start it with `bellbuoy run`, or name it with --url", NOT_NOW) from None
    except QueryError as error:
        hint = " Give the token with --token-file." if error.status == 401 else ""
        raise Failure(f"error: {error}{hint}", NOT_NOW if error.not_now else DONE_NO) from None


def token_of(path: Path | None) -> str | None:
    """Return the token in a file, or None.

    Raises:
        Failure: what the file holds cannot be a token.
    """
    if path is None:
        return None
    token = path.read_bytes().strip()
    if not token.isascii() or not token.decode("ascii").isprintable():
        raise Failure(f"error: {path} holds no token; a token is one line of plain characters", WRONG_USE)
    return token.decode("ascii")
