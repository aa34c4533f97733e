"""Who answers what people ask of incidents and silences: the running daemon, or the store that nobody holds."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

import click

from bellbuoy.monitor.cli.asking import Opened, holder
from bellbuoy.monitor.cli.client import Client
from bellbuoy.monitor.cli.failures import DONE_NO, Failure

if TYPE_CHECKING:
    from bellbuoy.config.model import Config
    from bellbuoy.monitor.store import Store

who_option = click.option(
    "--who",
    metavar="TEXT",
    envvar=["BELLBUOY_WHO", "USER"],
    default="",
    help="Who you are. Default: $BELLBUOY_WHO, $USER.",
)


class People(Protocol):
    """What commands ask; all answers are plain JSON."""

    def incidents(self, since: int) -> Any:
        """Return a list of `stories.Line`: those that are open, and those that were at `since`, epoch seconds, or later."""

    def story(self, key: str) -> Any:
        """Return a `stories.Story`."""

    def behind(self, key: str) -> Any:
        """Return a `stories.Behind`."""

    def acknowledge(self, key: str, who: str, why: str | None) -> str:
        """Take an incident; return a sentence."""

    def silences(self) -> Any:
        """Return a list of `silences.Silence`."""

    def silence(self, selector: str, lasts: str, who: str, why: str) -> tuple[str, str]:
        """Put a silence on; return its id and a sentence."""

    def end(self, key: str, who: str) -> str:
        """End a silence; return a sentence."""


@contextmanager
def people(config: Path | None, url: str | None, token_file: Path | None, *, writes: bool) -> Iterator[People]:
    """Give who answers; see `asking.holder`."""
    with holder(config, url, token_file, writes=writes) as found:
        yield _File(found.store, found.config) if isinstance(found, Opened) else _Daemon(found)


class _Daemon:
    def __init__(self, client: Client) -> None:
        self._client = client

    def incidents(self, since: int) -> Any:
        return self._client.get(f"/v1/incidents?since={since}")

    def story(self, key: str) -> Any:
        return self._client.get(f"/v1/incidents/{quote(key, safe='')}")

    def behind(self, key: str) -> Any:
        return self._client.get(f"/v1/incidents/{quote(key, safe='')}/samples")

    def acknowledge(self, key: str, who: str, why: str | None) -> str:
        return str(self._post(f"/v1/incidents/{quote(key, safe='')}/ack", {"who": who, "why": why})["done"])

    def silences(self) -> Any:
        return self._client.get("/v1/silences")

    def silence(self, selector: str, lasts: str, who: str, why: str) -> tuple[str, str]:
        told = self._post("/v1/silences", {"selector": selector, "for": lasts, "who": who, "why": why})
        return told["id"], told["done"]

    def end(self, key: str, who: str) -> str:
        return str(self._client.delete(f"/v1/silences/{quote(key, safe='')}?who={quote(who, safe='')}")["done"])

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer, _ = self._client.post(path, body, "application/json")
        return json.loads(answer)


class _File:
    def __init__(self, store: "Store", config: "Config") -> None:
        from bellbuoy.monitor.silences import Silences
        from bellbuoy.monitor.stories import Stories

        self._stories = Stories(store, config)
        self._silences = Silences(store, config)

    def incidents(self, since: int) -> Any:
        return _plain(self._stories.listed, since)

    def story(self, key: str) -> Any:
        return _plain(self._stories.story, key)

    def behind(self, key: str) -> Any:
        return _plain(self._stories.behind, key)

    def acknowledge(self, key: str, who: str, why: str | None) -> str:
        return str(_plain(self._stories.acknowledge, key, who, why))

    def silences(self) -> Any:
        return _plain(self._silences.listed)

    def silence(self, selector: str, lasts: str, who: str, why: str) -> tuple[str, str]:
        from bellbuoy.config.quantities import parse_duration

        key, done = _plain(self._silences.put_on, selector, parse_duration(lasts), who, why)
        return key, done

    def end(self, key: str, who: str) -> str:
        return str(_plain(self._silences.end, key, who))


def _plain(act: Callable[..., Any], *asked: Any) -> Any:
    """Return as plain JSON what an act returns; what it refuses is a sentence and the exit code 1."""
    import msgspec

    from bellbuoy.monitor.silences import NotSilenced
    from bellbuoy.monitor.stories import NotTold

    try:
        return json.loads(msgspec.json.encode(act(*asked)))
    except (NotTold, NotSilenced) as error:
        raise Failure(f"error: {error}", DONE_NO) from None
