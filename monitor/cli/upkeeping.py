"""Who does what a person asks of the store: the running daemon, or this process where nobody holds the file."""

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from bellbuoy.monitor.cli.asking import daemon, given
from bellbuoy.monitor.cli.failures import BAD_CONFIG, DONE_NO, NOT_NOW, Failure

if TYPE_CHECKING:
    from bellbuoy.monitor.cli.client import Client
    from bellbuoy.monitor.letters import Letter
    from bellbuoy.monitor.upkeep import Upkeep

LONG_S = 3600.0
"""How long an export of many days may take."""


class Keeps(Protocol):
    """What commands ask for."""

    def export(self, days: Sequence[int], *, today: bool) -> list[dict[str, Any]]:
        """Write exports, and return a dict of each file: kind, day, file, rows, size."""

    def letter(self, number: int) -> "Letter":
        """Return one dead letter."""

    def retry(self, ids: Sequence[int], kind: str | None, *, every: bool) -> dict[str, Any]:
        """Read dead letters again, and return how many are `stored` and `duplicates`, and `still`: (id, class, reason)."""


class _Daemon:
    def __init__(self, client: "Client") -> None:
        self.client = client

    def export(self, days: Sequence[int], *, today: bool) -> list[dict[str, Any]]:
        files: list[dict[str, Any]] = self._post("/v1/export", {"days": list(days), "today": today})["files"]
        return files

    def letter(self, number: int) -> "Letter":
        import msgspec

        from bellbuoy.monitor.letters import Letter

        return msgspec.convert(self.client.get(f"/v1/dead-letters/{number}")["letter"], Letter, dec_hook=_bytes)

    def retry(self, ids: Sequence[int], kind: str | None, *, every: bool) -> dict[str, Any]:
        asked = {"ids": list(ids), "kind": kind, "every": every}
        found: dict[str, Any] = self._post("/v1/dead-letters/retry", asked)["retried"]
        return found

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        import json

        answer, _ = self.client.post(path, body, "application/json")
        found: dict[str, Any] = json.loads(answer)
        return found


class _File:
    def __init__(self, upkeep: "Upkeep") -> None:
        self.upkeep = upkeep

    def export(self, days: Sequence[int], *, today: bool) -> list[dict[str, Any]]:
        from dataclasses import asdict

        from bellbuoy.monitor.upkeep import NoExports

        try:
            return [asdict(one) for one in self.upkeep.export(days, today=today)]
        except NoExports as error:
            raise Failure(f"error: {error}", BAD_CONFIG) from None

    def letter(self, number: int) -> "Letter":
        found = self.upkeep.letter(number)
        if found is None:
            raise Failure(f"error: there is no dead letter {number}; `bellbuoy dead-letters` lists them", DONE_NO)
        return found

    def retry(self, ids: Sequence[int], kind: str | None, *, every: bool) -> dict[str, Any]:
        from dataclasses import asdict

        return asdict(self.upkeep.retry(ids, kind, every=every))


@contextmanager
def keeping(config: Path | None, url: str | None, token_file: Path | None) -> Iterator[Keeps]:
    """Give the daemon; or the store itself, where nobody holds it and a configuration names it.

    Raises:
        Failure: neither can be asked.
        ConfigError: the configuration is refused.
    """
    found = given(config)
    client = daemon(found, url, token_file, LONG_S)
    if url is not None or found is None:
        yield _Daemon(client)
        return
    from bellbuoy.config.load import load
    from bellbuoy.monitor.clock import SystemClock
    from bellbuoy.monitor.store import Store, StoreLocked
    from bellbuoy.monitor.upkeep import Upkeep

    loaded = load(found, secrets=False)
    place = Path(loaded.store.path)
    if not place.exists():
        if not client.answers():
            told = f"no daemon answers at {client.url}, and there is no store at {place.absolute()} yet"
            raise Failure(f"error: {told}", NOT_NOW)
        yield _Daemon(client)
        return
    try:
        store = Store.open(place, loaded.store)
    except StoreLocked:
        if not client.answers():
            raise  # held by somebody who does not answer: the error names the process
        yield _Daemon(client)
        return
    click.echo(f"no daemon holds {place.absolute()}; done in the file", err=True)
    try:
        store.follow(loaded)
        upkeep = Upkeep(store, loaded, SystemClock())
        upkeep.begin()
        yield _File(upkeep)
    finally:
        store.close()


def _bytes(kind: type, value: Any) -> Any:
    return base64.b64decode(value) if kind is bytes else value
