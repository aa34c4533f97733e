"""Where a command's answer comes from: the running daemon, or the store itself when nobody holds it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlencode

import click

from bellbuoy.client import Result
from bellbuoy.monitor.cli.client import Client, token_of
from bellbuoy.monitor.cli.failures import DONE_NO, NOT_NOW, Failure

if TYPE_CHECKING:
    from bellbuoy.config.model import Config
    from bellbuoy.monitor.store import Store

NOT_NOW_STATUS = (429, 503)


class Answers(Protocol):
    """What commands ask."""

    def overview(self) -> Any:
        """Return what `/` shows, as plain JSON."""

    def workflow(self, name: str) -> Any:
        """Return what `/w/{name}` shows, as plain JSON."""

    def sights(self) -> Any:
        """Return what each detector can see on each series, as plain JSON: a list of `judging.sight.Sight`."""

    def maps(self, workflow: str | None, span: str, to: str | None) -> list[dict[str, Any]]:
        """Return maps of workflows, as plain JSON: `mapping.drawn.Map`.

        Args:
            workflow: a name, or None for all of them.
            span: a length of time.
            to: its end, a date or a time; None: the last tick that was judged.

        Raises:
            Failure: there is no such workflow.
        """

    def audits(self, workflow: str | None, span: str, to: str | None, compare: str) -> list[dict[str, Any]]:
        """Return audits of workflows, as plain JSON: `auditing.report.Audit`.

        Args:
            workflow: a name, or None for all of them.
            span: a length of time.
            to: its end, a date or a time; None: the last tick that was judged.
            compare: how much earlier the span ended that it is compared with; `0s`: it is compared with none.

        Raises:
            Failure: there is no such workflow.
        """

    def query(
        self, sql: str, *, explain: bool = False, limit: int | None = None, timeout: float | None = None
    ) -> Result:
        """Return the rows of one SELECT, or with `explain` how it would be run.

        Args:
            sql: the SELECT.
            explain: tell the plan, run nothing.
            limit: rows of the answer; only lowers `query.rows`.
            timeout: seconds that it may run; only lowers `query.seconds`.

        Raises:
            Failure: it was refused or stopped (1), or cannot be asked now (75).
        """


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

    def sights(self) -> Any:
        """Return what each detector can see on each series, as plain JSON."""
        return self.client.get("/v1/sights")

    def maps(self, workflow: str | None, span: str, to: str | None) -> list[dict[str, Any]]:
        """Return maps of workflows, see `Answers`."""
        return self._listed("/v1/map", workflow=workflow, span=span, to=to)

    def audits(self, workflow: str | None, span: str, to: str | None, compare: str) -> list[dict[str, Any]]:
        """Return audits of workflows, see `Answers`."""
        return self._listed("/v1/audit", workflow=workflow, span=span, to=to, compare=compare)

    def query(
        self, sql: str, *, explain: bool = False, limit: int | None = None, timeout: float | None = None
    ) -> Result:
        """Return the rows of one SELECT, see `Answers`."""
        return self.client.query(sql, explain=explain, limit=limit, timeout=timeout)

    def _listed(self, path: str, **asked: str | None) -> list[dict[str, Any]]:
        wanted = urlencode({key: value for key, value in asked.items() if value is not None})
        found: list[dict[str, Any]] = self.client.get(f"{path}?{wanted}")
        return found


class File:
    """Answers of a store that no daemon holds, as of its last tick."""

    def __init__(self, config: "Config") -> None:
        from bellbuoy.monitor.clock import VirtualClock
        from bellbuoy.monitor.reading import Reading
        from bellbuoy.monitor.store import Store

        self._config = config
        self.store = Store.open(Path(config.store.path), config.store, read_only=True)
        found = self.store.rows("judgement/progress", name="judged")
        self.reading = Reading(self.store, config, clock=VirtualClock(float(found[0]["at"]) if found else 0.0))

    def overview(self) -> Any:
        """Return what `/` shows, as plain JSON."""
        return self._plain(self.reading.overview())

    def workflow(self, name: str) -> Any:
        """Return what `/w/{name}` shows, as plain JSON."""
        return self._plain(self.reading.workflow(name))

    def sights(self) -> Any:
        """Return what each detector can see on each series, as plain JSON."""
        from bellbuoy.monitor.judging.normal import Normal

        return self._plain(Normal(self.store, self._config).sights())

    def maps(self, workflow: str | None, span: str, to: str | None) -> list[dict[str, Any]]:
        """Return maps of workflows, see `Answers`."""
        from bellbuoy.config.quantities import parse_duration

        return self._listed(lambda: self.reading.maps(workflow, parse_duration(span), _end(to)))

    def audits(self, workflow: str | None, span: str, to: str | None, compare: str) -> list[dict[str, Any]]:
        """Return audits of workflows, see `Answers`."""
        from bellbuoy.config.quantities import parse_delay, parse_duration

        span_s, back_s = parse_duration(span), parse_delay(compare)
        return self._listed(lambda: self.reading.audits(workflow, span_s, _end(to), back_s))

    def query(
        self, sql: str, *, explain: bool = False, limit: int | None = None, timeout: float | None = None
    ) -> Result:
        """Return the rows of one SELECT, see `Answers`."""
        from bellbuoy.monitor.json_lines import distinct
        from bellbuoy.monitor.web.door import Ask, QueryRefused

        try:
            answer = self.reading.ask(Ask(sql, explain=explain, rows=limit, seconds=timeout))
        except QueryRefused as refusal:
            raise Failure(f"error: {refusal}", NOT_NOW if refusal.status in NOT_NOW_STATUS else DONE_NO) from None
        return Result(
            answer.table.rename_columns(distinct(answer.table.column_names)),
            took_ms=answer.took_ms,
            as_of=None if answer.as_of is None else datetime.fromtimestamp(answer.as_of, UTC),
            truncated=answer.truncated,
            note=answer.note,
        )

    def _listed(self, made: Callable[[], Any]) -> list[dict[str, Any]]:
        from bellbuoy.monitor.mapping.mapping import NotMapped

        try:
            found: list[dict[str, Any]] = self._plain(made())
        except NotMapped as error:
            raise Failure(f"error: {error}", DONE_NO) from None
        return found

    def _plain(self, view: Any) -> Any:
        import msgspec

        return json.loads(msgspec.json.encode(view))


def _end(to: str | None) -> int | None:
    from bellbuoy.config.instants import parse_last

    return None if to is None else parse_last(to)


class Desk:
    """Who answers, found anew for each visit: the daemon, or the store itself where nobody holds it.

    Whoever holds the store is its daemon: one that merely listens at the same address is not asked. A file is open for
    one visit only, so that a daemon can start between two.

    Args:
        config: a configuration; it names the daemon's address, its token and the store.
        url: the daemon's address; then only the daemon is asked.
        token_file: file with the daemon's token.
        timeout: seconds without a sign of life after which the daemon's pages are given up.

    Attributes:
        said: who answered last, in words.

    Raises:
        Failure: the address is none.
        ConfigError: the configuration is refused.
    """

    def __init__(self, config: Path | None, url: str | None, token_file: Path | None, timeout: float = 30.0) -> None:
        self.said = ""
        self._config: Config | None = None
        token = token_of(token_file)
        if url is None and config is not None:
            from bellbuoy.config.load import load

            self._config = load(config, secrets=False)
            server = self._config.server
            url = f"http://{server.listen}"
            token = token or (server.token.reveal() if server.token else None) or None
        self._client = Client(url, token, timeout)

    @property
    def stored(self) -> bool:
        """Whether the configuration's store is there."""
        return self._config is not None and Path(self._config.store.path).exists()

    @contextmanager
    def visit(self, *, say: bool = True) -> Iterator[Answers]:
        """Give the answers. When it is the file that answers, and was not before, that is said on standard error.

        Args:
            say: false says nothing.

        Raises:
            Failure: neither can be asked.
            StoreLocked: a process holds the store and does not answer; the error names it.
        """
        file = self._file()
        if file is None:
            self.said = f"daemon at {self._client.url}"
            yield Daemon(self._client)
            return
        assert self._config is not None, "a file is opened for a configuration only"
        said = f"no daemon holds {Path(self._config.store.path).absolute()}; read from the file"
        if say and said != self.said:
            click.echo(said, err=True)
            self.said = said
        try:
            yield file
        finally:
            file.store.close()

    def _file(self) -> File | None:
        """Return the opened store where nobody holds it."""
        if self._config is None:
            return None
        from bellbuoy.monitor.store import StoreLocked

        path = Path(self._config.store.path)
        if not path.exists():
            if not self._client.answers():
                where = f"there is no store at {path.absolute()} yet"
                raise Failure(f"error: no daemon answers at {self._client.url}, and {where}", NOT_NOW)
            return None
        try:
            return File(self._config)
        except StoreLocked:
            if not self._client.answers():
                raise  # held by somebody who does not answer: the error names the process
            return None


@dataclass(frozen=True, slots=True)
class Opened:
    """A store that no daemon holds, opened for one visit, and the configuration that names it."""

    store: "Store"
    config: "Config"


@contextmanager
def holder(
    config: Path | None, url: str | None, token_file: Path | None, *, writes: bool
) -> "Iterator[Client | Opened]":
    """Give who knows: whoever holds the store is its daemon; where nobody does, the store itself, which is said.

    Args:
        config: names the daemon's address, its token and the store.
        url: the daemon's address; then only the daemon is asked.
        token_file: file with the daemon's token.
        writes: whether the store is written to.

    Raises:
        Failure: there is no store yet.
        ConfigError: the configuration is refused.
    """
    config = given(config)
    if url is not None or config is None:
        yield daemon(config, url, token_file)
        return
    from bellbuoy.config.load import load
    from bellbuoy.monitor.store import Store, StoreLocked

    loaded = load(config, secrets=False)
    path = Path(loaded.store.path)
    if not path.exists():
        raise Failure(f"error: there is no store at {path.absolute()} yet: start `bellbuoy run` first", NOT_NOW)
    try:
        store = Store.open(path, loaded.store, read_only=not writes)
    except StoreLocked:
        yield daemon(config, url, token_file)
        return
    said = "its next start heeds what is written there" if writes else "read from the file"
    click.echo(f"no daemon holds {path.absolute()}; {said}", err=True)
    try:
        yield Opened(store, loaded)
    finally:
        store.close()


@contextmanager
def answers(config: Path | None, url: str | None, token_file: Path | None, timeout: float = 30.0) -> Iterator[Answers]:
    """Give the answers for one visit; see `Desk`."""
    with Desk(config, url, token_file, timeout).visit() as asked:
        yield asked


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


__all__ = ["Answers", "Desk", "Opened", "answers", "daemon", "given", "holder"]
