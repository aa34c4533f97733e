"""The store as the rest of the daemon sees it: append batches, hand out counts, run statements."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from bellbuoy.config.model import Config
from bellbuoy.config.server import Retention
from bellbuoy.config.server import Store as Settings
from bellbuoy.detectors.base import Counts
from bellbuoy.monitor.event import Batch
from bellbuoy.monitor.signals import BUILT_IN, Signal, stratified, table, trial_sql, trials_sql
from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.store.adding.append import Appended, Appender, Settle
from bellbuoy.monitor.store.adding.limits import BANDS, Told
from bellbuoy.monitor.store.adding.positions import Known
from bellbuoy.monitor.store.adding.registry import Registry, Series
from bellbuoy.monitor.store.adding.rules import Rules, rules_of
from bellbuoy.monitor.store.adding.skipping import Skips
from bellbuoy.monitor.store.aging.coarsen import Needed
from bellbuoy.monitor.store.aging.compact import Compacted, compact
from bellbuoy.monitor.store.aging.recount import recount
from bellbuoy.monitor.store.aging.repeats import remove_repeats
from bellbuoy.monitor.store.aging.retain import Retained, retain
from bellbuoy.monitor.store.amending.amend import OPEN, Amender
from bellbuoy.monitor.store.engine import Engine
from bellbuoy.monitor.store.errors import StoreExhausted, StoreUnfinished
from bellbuoy.monitor.store.latency import latency_quantiles
from bellbuoy.monitor.store.predicates import check
from bellbuoy.monitor.store.ticks import ticks

MAX_SERIES, MAX_SEGMENTS = 5000, 50


@dataclass(frozen=True, slots=True)
class Position:
    """How far a stream is stored.

    Attributes:
        stream: which.
        id: its number in the rows.
        next: offset of the record after the last one stored.
        received: records stored, as events or dead letters.
        newest: greatest of least(ts, received_at) over its events, epoch seconds; None before the first event.
        arrived: when its last batch arrived, epoch seconds; None where that is not known.
    """

    stream: Stream
    id: int
    next: int
    received: int
    newest: float | None
    arrived: float | None


TRIALS = re.compile(r"\{trials ?(\w*)\}")
"""What stands in a statement for the trials of one signal: the one that is named, or that its parameter `signal` names."""


class Store(Engine):
    """One DuckDB file, one writer.

    Attributes:
        version: DuckDB's.
        skips: where people told streams to go on.
        forgotten: instant (epoch seconds) before which events have left; whether one of before it was stored, nothing tells. 0: none left.
    """

    version = duckdb.__version__
    counted = True
    """Whether one is refused whose events came back from exports and are not counted yet."""

    def __init__(self, path: Path | None, settings: Settings, *, read_only: bool) -> None:
        super().__init__(path, settings, read_only=read_only)
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        """Read what has to be known before the first append."""
        if self.counted and self.rows("rebuild/uncounted"):
            raise StoreUnfinished(
                f"{self.path}: its events came back from exports, and counting them was broken off; "
                "run `bellbuoy rebuild`, without --from-exports, which does the rest."
            )
        streams = {
            Stream(row["source"], row["path"], row["partition"], row["epoch"]): Known(
                row["id"], row["next"], row["received"], row["newest_us"], row["arrived_us"]
            )
            for row in self.rows("store/streams")
        }
        registry = Registry((Series(**row) for row in self.rows("store/series")), MAX_SERIES)
        self._appender = Appender(self, streams, registry)
        self._amender = Amender(self._appender)
        self.skips = Skips(self, self._appender)
        self.forgotten = self.rows("rebuild/span")[0]["forgotten"] or 0
        self._slow_after: Mapping[tuple[str, str], float] = {}
        self._told = Told(BUILT_IN, {})
        self._open_interactions = OPEN
        self._published: tuple[Signal, ...] = ()
        self.configure()

    def configure(
        self,
        signals: Sequence[Signal] = BUILT_IN,
        *,
        max_series: int = MAX_SERIES,
        max_segments: int = MAX_SEGMENTS,
        slow_after: Mapping[tuple[str, str], float] | None = None,
        zone: tzinfo = UTC,
        rules: Rules = Rules(),  # noqa: B008 -- frozen
    ) -> None:
        """Say what is counted from the next append on, and show the trials of it in the view `trials`.

        Where there is no room to write, the view shows what it showed before until the next append.

        Args:
            signals: from `bellbuoy.monitor.signals.table`.
            max_series: past so many series, new names count under `other`.
            max_segments: past so many strata of one signal, workflow and step, new ones count under `other`.
            slow_after: latency limit in seconds by (workflow, step): wins over what was learned.
            zone: the zone whose quarters of the day have latency limits of their own.
            rules: what is declared of workflows.
        """
        self._appender.registry.max_series = max_series
        self._appender.registry.max_segments = max_segments
        self._slow_after = slow_after or {}
        limits = {
            (row["workflow"], row["step"], row["band"]): row["limit_ms"] for row in self.rows("store/latency_limits")
        }
        for (workflow, step), seconds in self._slow_after.items():
            limits.update({(workflow, step, band): seconds * 1000 for band in range(BANDS)})
        self._told = Told(tuple(signals), limits, zone, rules)
        with suppress(StoreExhausted):  # a disk without room must not keep it from starting: with the next append
            self.publish()

    def publish(self) -> None:
        """Show the trials of what is counted in the view `trials`, if it does not yet.

        Raises:
            StoreExhausted: disk or memory is used up; the view shows what it showed before.
        """
        signals = tuple(self._told.signals)
        if self._published != signals and not self.read_only:
            with self.transaction(merge=False) as tx:
                tx.cursor.execute(trials_sql(signals))
            self._published = signals

    def text(self, name: str, params: Mapping[str, Any]) -> str:
        """Return the SQL of a statement; where it reads the trials of one signal, of that one alone: all of them take long to plan."""

        def alone(found: re.Match[str]) -> str:
            name = found[1] or params["signal"]
            own = next((one for one in self._told.signals if one.name == name), None)
            return "trials" if own is None else f"({trial_sql(own)})"

        return TRIALS.sub(alone, super().text(name, params))

    def follow(self, config: Config) -> None:
        """Count what a configuration says from the next append on.

        Raises:
            SignalError: a signal's name is taken, or its SQL cannot be used; the text says why.
        """
        signals = stratified(table(config.signals), config.detectors)
        for signal in signals:
            if signal.own:
                self.check(signal)
        self.configure(
            signals,
            max_series=config.ingest.max_series,
            max_segments=config.ingest.max_segments,
            slow_after={
                (workflow.name, step.name): step.slow_after
                for workflow in config.workflows
                for step in workflow.steps
                if step.slow_after is not None
            },
            zone=ZoneInfo(config.server.timezone),
            rules=rules_of(config.workflows),
        )
        self._open_interactions = config.ingest.open_interactions
        self._appender.remember(config.ingest.duplicates.window, config.ingest.duplicates.keys)

    def check(self, signal: Signal) -> None:
        """Prepare a signal's predicates against the events' columns.

        Raises:
            SignalError: they cannot be used; the text says why.
        """
        check(self, signal)

    def stream_id(self, stream: Stream) -> int:
        """Return the number that stands for a stream in the rows; a new stream gets the next one."""
        return self._appender.id(stream)

    def positions(self, source: str) -> dict[Stream, int]:
        """Return where each stream of a source goes on: the offset of the next record."""
        return {one.stream: one.next for one in self.streams() if one.stream.source == source}

    def streams(self) -> list[Position]:
        """Return how far every stream is stored."""
        known = self._appender.known()
        return [
            Position(stream, one.id, one.next, one.received, _seconds(one.newest_us), _seconds(one.arrived_us))
            for stream, one in known.items()
            if one.next is not None
        ]

    def append(self, batch: Batch, settle: Settle | None = None, *, merge: bool = True) -> Appended:
        """Store a batch in one transaction: events, counts, dead letters, positions; all or nothing.

        An event that was stored before, by its `event_id`, is dropped and told in `Appended.outcome`. Rows that DuckDB refuses become dead letters of class `store`.

        Args:
            batch: what to store.
            settle: writes what else belongs to the batch into the same transaction.
            merge: whether the log may be merged before this returns; if not, call `merge` soon.

        Raises:
            StoreExhausted: disk or memory is used up; nothing was written, the same call may succeed later.
            PositionConflict: a position is not where this process left it; nothing was written.
        """
        self.publish()
        return self._appender.append(batch, self._told, settle, merge=merge)

    def series(self, before: int | None = None) -> Sequence[Series]:
        """Return every series, or those whose first minute lies before an instant (epoch seconds)."""
        found = self._appender.registry.all()
        return found if before is None else [one for one in found if one.first_minute < before]

    def ticks(
        self, series: Sequence[int], since: int, until: int, tick_seconds: int, upto: int | None = None
    ) -> Counts:
        """Return dense counts, a row a tick and a column a series; see `bellbuoy.monitor.store.ticks.ticks`."""
        return ticks(self, series, since, until, tick_seconds, upto)

    @property
    def known_us(self) -> int:
        """The mark of the newest row of `counts` that is committed, microseconds: each append has a greater one."""
        return self._appender.known_us

    def latency_quantiles(
        self, workflow: str, step: str | None, since: int, until: int, qs: Sequence[float]
    ) -> list[float] | None:
        """Return quantiles of latencies in ms; see `bellbuoy.monitor.store.latency.latency_quantiles`."""
        return latency_quantiles(self, workflow, step, since, until, qs)

    def compact(self) -> Compacted:
        """Sum the rows of closed minutes; see `bellbuoy.monitor.store.aging.compact.compact`."""
        return compact(self)

    def remove_repeats(self, since: float, until: float) -> int:
        """Delete events that were stored before; see `bellbuoy.monitor.store.aging.repeats.remove_repeats`."""
        return remove_repeats(self._appender, self._told.signals, since, until)

    def learn_latency(
        self, since: int, until: int, valid_from: int, *, frozen: Iterable[tuple[str, str]] = (), min_trials: int = 200
    ) -> int:
        """Learn latency limits from the steps between two instants, in force from the next append on.

        Args:
            since: beginning of what is learned from, epoch seconds.
            until: its end.
            valid_from: from when the limits hold.
            frozen: (workflow, step) whose limits stay as they are.
            min_trials: calls that a limit needs.

        Returns:
            how many limits were learned, one for each step and quarter of the day with `min_trials` calls.
        """
        offset = _offset(self._told.zone, until)
        span: dict[str, Any] = {"since": since, "until": until, "valid_from": valid_from}
        span["frozen"] = ["\x1f".join(one) for one in frozen]
        with self.transaction() as tx:
            learned = tx.run("store/learn_latency", **span, offset=offset, min_trials=min_trials)
        self.configure(
            self._told.signals,
            max_series=self._appender.registry.max_series,
            max_segments=self._appender.registry.max_segments,
            slow_after=self._slow_after,
            zone=self._told.zone,
            rules=self._told.rules,
        )
        return learned

    def sizes(self) -> dict[str, int]:
        """Return the bytes of the file and of its write-ahead log, by kind: `file`, `wal`."""
        if self.path is None:
            return {}
        places = {"file": self.path, "wal": self.path.with_name(self.path.name + ".wal")}
        return {kind: place.stat().st_size for kind, place in places.items() if place.exists()}

    def amend(
        self,
        until: int | None = None,
        stop: Callable[[], bool] = lambda: False,
        *,
        judged: int | None = None,
        anew: bool = False,
    ) -> int:
        """Amend events by what arrived since, and close interactions; see `bellbuoy.monitor.store.amending.amend.Amender.amend`."""
        if self.read_only:
            return 0
        most = self._open_interactions
        return self._amender.amend(self._told, until, judged=judged, most=most, anew=anew, stop=stop)

    def recount(self, day: int) -> bool:
        """Count the events of a day again; see `bellbuoy.monitor.store.aging.recount.recount`."""
        return recount(self._appender, self._told.signals, day)

    def retain(self, now: float, retention: Retention, needed: Needed | None = None) -> Retained:
        """Sum and delete what is past its age, in slices; see `bellbuoy.monitor.store.aging.retain.retain`."""
        return retain(self, now, retention, needed, self._forget)

    def _forget(self, before: int) -> None:
        self.forgotten = max(self.forgotten, before)


class Uncounted(Store):
    """A store to be rebuilt: its counts may be missing."""

    counted = False


def _seconds(micros: int | None) -> float | None:
    return None if micros is None else micros / 1e6


def _offset(zone: tzinfo, at: int) -> int:
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
