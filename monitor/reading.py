"""Answers the pages: everything is read from the tables that ad hoc queries read."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from prometheus_client import CollectorRegistry

from bellbuoy.config.model import Config, Server
from bellbuoy.monitor.auditing.report import Audit
from bellbuoy.monitor.clock import Clock, SystemClock
from bellbuoy.monitor.explain.picture import chart
from bellbuoy.monitor.health import Health
from bellbuoy.monitor.ingest import Ingest
from bellbuoy.monitor.judging.records import incident, page_of
from bellbuoy.monitor.judging.watchlist import baseline_of, detectors_of
from bellbuoy.monitor.mapping.drawn import Map
from bellbuoy.monitor.mapping.mapping import known_workflows, maps
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.store import Store, StoreError
from bellbuoy.monitor.store.door.adhoc import QueryRefused as Refused
from bellbuoy.monitor.store.door.adhoc import ask
from bellbuoy.monitor.summary import DAY, overview_of, workflow_of
from bellbuoy.monitor.web import door
from bellbuoy.sinks.base import Chart, News

SPAN_S = 7 * DAY
"""The span that the pages' numbers cover."""

BEHIND = 5
"""Batches: two at work and three that wait."""
_STATUS = {"refused": 400, "error": 400, "timeout": 408, "busy": 429, "gone": 499, "stuck": 503}
_RESULT = {"busy": "refused"}


class Reading:
    """The web's door over the store; called from several threads."""

    def __init__(
        self,
        store: Store,
        config: Config,
        *,
        clock: Clock | None = None,
        health: Health | None = None,
        metrics: Metrics | None = None,
        ingests: Sequence[Ingest] = (),
        on_stuck: Callable[[str], None] | None = None,
    ) -> None:
        self.store = store
        self.config = config
        self.clock = clock or SystemClock()
        self.metrics = metrics or Metrics()
        self._health = health
        self.ingests = ingests
        self._on_stuck = on_stuck
        self._baselines = {
            entry.name: baseline_of(entry, detector)
            for entry, detector in zip(config.detectors, detectors_of(config.detectors).values(), strict=True)
        }

    @property
    def server(self) -> Server:
        """The configuration's `server`."""
        return self.config.server

    @property
    def registry(self) -> CollectorRegistry:
        """The metrics."""
        return self.metrics.registry

    def status(self) -> door.Status:
        """Return how Bellbuoy is; cheap, asked for every page."""
        now = self.clock.now()
        row = self.store.rows("pages/status", now=int(now))[0]
        lag = None if row["newest"] is None else max(0.0, now - row["newest"])
        return door.Status(now, row["judged"], row["open_incidents"], float(row["per_hour"]), lag)

    def overview(self) -> door.Overview:
        """Return what `/` shows."""
        until = self.clock.now()
        return overview_of(
            self.store, self.config, until - SPAN_S, until, self.incidents(50), self._sources(), self._state()
        )

    def names(self) -> list[str]:
        """Return the names of the workflows that are declared or were ever seen, sorted."""
        return known_workflows(self.store, self.config)

    def workflow(self, name: str) -> door.WorkflowView | None:
        """Return what `/w/{name}` shows; None where no such workflow is declared or seen."""
        if name not in self.names():
            return None
        until = self.clock.now()
        incidents = self._rows(20, name)
        view = workflow_of(self.store, self.config, name, until - SPAN_S, until, incidents)
        first = next((one.key for one in incidents if one.state != "resolved"), None)
        return view if first is None else replace(view, chart=self._chart(first))

    def incidents(self, limit: int) -> tuple[door.IncidentRow, ...]:
        """Return incidents, open ones first, then the newest."""
        return self._rows(limit, None)

    def incident(self, key: str) -> door.IncidentView | None:
        """Return what `/i/{key}` shows, or None."""
        changes = self.store.rows("incidents/changes", incident=key, after=0)
        if not changes:
            return None
        news = tuple(
            News(one["number"], one["at"], f"{one['change']}: {one['reason']}", raised=one["raised"]) for one in changes
        )
        deliveries = tuple(
            door.Delivery(row["sink"], row["state"], None, row["reason"] or "")
            for row in self.store.rows("pages/deliveries", incident=key)
        )
        shown = page_of(changes[-1]["page"])
        if shown.about == "agents":
            shown = replace(shown, chart=self._chart(key))
        workflow = shown.workflow.replace("'", "''")
        where = f"WHERE workflow = '{workflow}' ORDER BY judged_at"
        queries = (
            door.Query("Its verdicts", "SELECT * FROM verdicts " + where),  # noqa: S608 - shown, not run
            door.Query("Its changes", f"SELECT * FROM changes WHERE incident = '{shown.key}' ORDER BY number"),  # noqa: S608 - shown, not run
        )
        return door.IncidentView(shown, news, deliveries, queries)

    def maps(self, workflow: str | None, span_s: float, until: int | None) -> tuple[Map, ...]:
        """Return the map of a workflow, or of each, up to an instant or to the last tick that was judged.

        Raises:
            NotMapped: there is no such workflow, or there are too many.
        """
        until = self._end(until)
        return maps(self.store, self.config, workflow, until - int(span_s), until)

    def audits(self, workflow: str | None, span_s: float, until: int | None, back_s: float) -> tuple[Audit, ...]:
        """Return the audit of a workflow, or of each, up to an instant or to the last tick that was judged.

        Raises:
            NotMapped: there is no such workflow, or there are too many.
        """
        from bellbuoy.monitor.auditing.auditing import audits  # loading it takes longer than most of the pages

        until = self._end(until)
        return audits(self.store, self.config, workflow, until - int(span_s), until, int(back_s))

    def _end(self, until: int | None) -> int:
        """Return the end of a span: the last tick that was judged, else the newest event, unless it is told."""
        if until is not None:
            return until
        row = self.store.rows("pages/status", now=int(self.clock.now()))[0]
        return int(row["judged"] or row["newest"] or self.clock.now()) + (not row["judged"])

    def health(self) -> door.Health:
        """Return the findings about Bellbuoy itself; does not wait for the store."""
        if self._health is None:
            fine = (door.Check("demo", good=True),)
            return door.Health(fine, fine, fine)
        ready = tuple(door.Check(one.name, one.ok, one.why) for one in self._health.checks())
        live = (door.Check("judging", self._health.alive(), "the judging thread has not moved for two minutes"),)
        started = (door.Check("started", self._health.started(), "starting"),)
        return door.Health(live, ready, started)

    def ask(self, asked: str | door.Ask) -> door.Answer:
        """Run one SELECT under the limits of `query:`, or under lower ones that are asked for.

        Raises:
            QueryRefused: with a sentence for the person who asked.
        """
        limits, asked = self.config.query, door.Ask(asked) if isinstance(asked, str) else asked
        if not limits.enabled:
            raise door.QueryRefused("queries are switched off here: query.enabled", 403)
        rows, seconds = asked.rows or limits.rows, asked.seconds or limits.seconds
        try:
            answer = ask(
                self.store,
                asked.sql,
                explain=asked.explain,
                on_stuck=self._on_stuck,
                gone=asked.gone,
                limit="the time asked for" if seconds < limits.seconds else "`query.seconds`",
                seconds=min(seconds, limits.seconds),
                rows=min(rows, limits.rows),
                bytes=limits.bytes,
                text=limits.text,
                at_once=1 if self._behind() else limits.at_once,
                waiting=limits.waiting,
            )
        except Refused as refusal:
            self.metrics.queries.labels(_RESULT.get(refusal.result, refusal.result)).inc()
            raise door.QueryRefused(str(refusal), _STATUS.get(refusal.result, 400)) from None
        except StoreError as error:
            self.metrics.queries.labels("error").inc()
            raise door.QueryRefused(str(error), 503) from None
        self.metrics.queries.labels("ok").inc()
        note = ""
        if answer.truncated:
            own = rows < limits.rows and answer.rows.num_rows == rows
            way = "the limit asked for" if own else "query.rows or query.bytes"
            note = f"cut at {answer.rows.num_rows} rows: narrow the SELECT, or raise {way}"
        found = self.store.rows("judgement/progress", name="judged")
        judged = float(found[0]["at"]) if found else None
        return door.Answer(answer.rows, answer.truncated, note, answer.took_ms, judged, answer.types)

    def _behind(self) -> bool:
        """Tell whether a source is behind by more than it takes in at once: then one query runs at a time."""
        lags = (one.lags() for one in self.ingests if one.answers)
        return any(sum((known or {}).values()) > BEHIND * self.config.ingest.batch.rows for known in lags)

    def _chart(self, key: str) -> Chart | None:
        """Return the chart of an incident up to now, or to a day after its end."""
        found = incident(self.store, key)
        if found is None or found.lead.watched.series.signal == "interactions":
            return None
        until = self.clock.now() if found.resolved_at is None else min(self.clock.now(), found.resolved_at + DAY)
        baseline = self._baselines.get(found.lead.watched.detector, "default")
        return chart(self.store, found, baseline, int(until), self.config.server.timezone, self.config.tick)

    def _rows(self, limit: int, workflow: str | None) -> tuple[door.IncidentRow, ...]:
        return tuple(
            door.IncidentRow(
                key=row["id"],
                headline=row["headline"] or row["id"],
                state=row["state"],
                severity=row["severity"],
                workflow=row["workflow"],
                opened_at=row["opened_at"],
                step=row["step"],
                resolved_at=row["resolved_at"],
                impact=row["summary"] or "",
            )
            for row in self.store.rows("pages/incidents", limit=limit, workflow=workflow)
        )

    def _sources(self) -> tuple[door.SourceRow, ...]:
        stored = {row["source"]: row for row in self.store.rows("pages/store")}
        names = {ingest.source.name: ingest for ingest in self.ingests}
        made = []
        for name in sorted({*stored, *names}):
            row, ingest = stored.get(name), names.get(name)
            state: Literal["reading", "paused", "stopped", "finished"] = "reading"
            if ingest is None or ingest.source.finished:
                state = "finished"
            elif ingest.stopped:
                state = "stopped"
            elif ingest.paused or ingest.trouble or not ingest.answers:
                state = "paused"
            made.append(
                door.SourceRow(
                    name,
                    state,
                    _why(ingest),
                    lag=_lag(ingest),
                    last_event_at=row["newest"] if row else None,
                    dead_letters=row["letters"] if row else 0,
                )
            )
        return tuple(made)

    def _state(self) -> door.StoreState:
        sizes = self.store.sizes()
        return door.StoreState(writable=True, size_bytes=sum(sizes.values()))


def _lag(ingest: Ingest | None) -> str:
    """Return in words how far the store is behind a source; nothing where that is not known."""
    lags = None if ingest is None or not ingest.answers else ingest.lags()
    return "" if lags is None else f"{sum(lags.values()):,} behind"


def _why(ingest: Ingest | None) -> str:
    """Return why a source does not read."""
    if ingest is None:
        return ""
    told = [*map(str, ingest.stopped), *([ingest.trouble] if ingest.trouble else [])]
    if not told and not ingest.answers and not ingest.source.finished:
        told = ["it does not answer yet, or a topic is missing: the log says why"]
    return "; ".join(told)
