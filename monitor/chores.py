"""What the daemon does beside its work: it measures itself, forgets what is too old, and tells the outside how it is."""

import logging
from collections.abc import Callable, Mapping, Sequence

from bellbuoy.config.model import Config
from bellbuoy.monitor.auditing.reports import Reports
from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.health import Health
from bellbuoy.monitor.heartbeat import ping
from bellbuoy.monitor.ingest import Ingest
from bellbuoy.monitor.ingest.watermark import QUIET_TICKS
from bellbuoy.monitor.judging.needs import needed
from bellbuoy.monitor.memory import give_back
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.schedule import Job
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.aging.firsts import learn_firsts
from bellbuoy.monitor.upkeep import Upkeep

log = logging.getLogger(__name__)

MEASURE_EVERY_S = 10.0
GIVE_BACK_EVERY_S = 10.0
AUDIT_EVERY_S = 20.0
"""How often it is looked whether the report is due."""
RETAIN_AT = (3, 17)
"""Hour and minute (UTC) at which old rows are deleted: not a round one, at which everybody's jobs start."""
REPEATS_AT = (4, 41)
"""When events that came again after `ingest.duplicates` are removed."""
MISSED_S = 90_000.0
"""A daily job whose last success is longer ago was missed, and is done once after the start: the daemon may be restarted at
that very minute every day."""
RETAIN_AFTER_S, REPEATS_AFTER_S = 600.0, 900.0
"""How long after the start: the sources are caught up with first, and not both come at once."""
REPEATS_S = 90_000.0
"""Arrivals that are looked at: a day, and an hour more for a job that was late; more when the daemon was down at its time."""
REPEATS_OVERLAP_S = 3600.0
"""Arrivals of before the last look that are looked at again, for a clock that went back."""
OLD_PAGE_S = 600.0
"""How long a page waits until the outside hears that nobody is told."""


class Chores:
    """The jobs that are done again and again, all but the judging."""

    def __init__(
        self,
        config: Config,
        store: Store,
        ingests: Sequence[Ingest],
        health: Health,
        metrics: Metrics,
        clock: Clock,
        failing: Mapping[str, str],
        upkeep: Upkeep | None = None,
        reports: Reports | None = None,
    ) -> None:
        self.config = config
        self.store = store
        self.ingests = ingests
        self.health = health
        self.metrics = metrics
        self.clock = clock
        self.failing = failing
        self.upkeep = upkeep or Upkeep(store, config, clock)
        self.reports = reports or Reports(store, config)

    def jobs(self) -> list[Job]:
        """Return what is done, and when."""
        jobs = [
            Job("measure", self.measure, every=MEASURE_EVERY_S),
            Job("memory", give_back, every=GIVE_BACK_EVERY_S),
            Job("retention", self.retain, 0.0, RETAIN_AT, self._missed("retention", self.retain), RETAIN_AFTER_S),
            Job("repeats", self.repeats, 0.0, REPEATS_AT, self._missed("repeats", self.repeats), REPEATS_AFTER_S),
            Job("compaction", self.compact, every=self.config.store.compact_every),
        ]
        if self.config.audit is not None:
            jobs.append(Job("audit", self.audit, every=AUDIT_EVERY_S))
        if self.config.heartbeat is not None:
            jobs.append(Job("heartbeat", self.heartbeat, every=self.config.heartbeat.every))
        return jobs

    def _missed(self, name: str, work: Callable[[], None]) -> Callable[[], None]:
        """Return what does a daily job if it was missed."""

        def catch_up() -> None:
            done = self.store.rows("judgement/progress", name=name)
            if done and self.clock.now() - done[0]["at"] <= MISSED_S:
                return
            log.info("%s was not done for a day and is done now", name)
            work()

        return catch_up

    def _succeeded(self, name: str, at: float) -> None:
        with self.store.transaction() as tx:
            tx.run("judgement/set_progress", name=name, at=int(at))
        self.metrics.maintenance_last_success.labels(name).set(self.clock.now())

    def measure(self) -> None:
        """Set the gauges that nobody else sets: lag, sizes, checks."""
        for ingest in self.ingests:
            for stream, behind in (ingest.lags() or {}).items():
                self.metrics.kafka_lag.labels(ingest.source.name, stream.path, str(stream.partition)).set(behind)
        for kind, size in self.store.sizes().items():
            self.metrics.store_size.labels(kind).set(size)
        for check in self.health.checks():
            self.metrics.ready.labels(check.name).set(check.ok)

    def retain(self) -> None:
        """Write the exports, then sum and delete what is past its retention."""
        now = self.clock.now()
        try:
            if self.upkeep.exports() is not None:
                self.upkeep.export()
                self.metrics.maintenance_last_success.labels("exports").set(self.clock.now())
        finally:  # without its file no event leaves; all else must not wait for a disk that is full
            self._retain(now)

    def _retain(self, now: float) -> None:
        kept = self.store.retain(now, self.config.store.retention, needed(self.store, self.config)).kept
        if kept:
            log.warning("%d days past store.retention.events stay: their export is missing or was added to", kept)
        learn_firsts(self.store, now)
        self._succeeded("retention", now)

    def repeats(self) -> None:
        """Remove what came again later than duplicates are known at arrival."""
        now = self.clock.now()
        reached = self.store.rows("judgement/progress", name="repeats")
        since = min(now - REPEATS_S, reached[0]["at"] - REPEATS_OVERLAP_S if reached else now)
        gone = self.upkeep.remove_repeats(since, now)
        if gone:
            log.warning("%d events had come before and were removed; see ingest.duplicates", gone)
        self.metrics.repeats_removed.inc(gone)
        self._succeeded("repeats", now)

    def compact(self) -> None:
        """Sum the counts of closed minutes."""
        self.store.compact()
        self.metrics.maintenance_last_success.labels("compaction").set(self.clock.now())

    def audit(self) -> None:
        """Ask for the weekly report when its time has come."""
        if self.reports.ask(self.clock.now()):
            self.metrics.maintenance_last_success.labels("audit").set(self.clock.now())

    def heartbeat(self) -> None:
        """Ping the switch outside while all is well; name what is not."""
        heartbeat = self.config.heartbeat
        if heartbeat is None:
            return
        if ping(str(heartbeat.url), self.unwell()):
            self.metrics.heartbeats.labels("ok").inc()
            self.metrics.heartbeat_last_success.set(self.clock.now())
        else:
            self.metrics.heartbeats.labels("error").inc()

    def unwell(self) -> list[str]:
        """Return the names of what is wrong with the daemon itself; empty while all is well."""
        failed = [check.name for check in self.health.checks() if not check.ok]
        failed += ["judging"] if "judge" in self.failing or not self.health.alive() else []
        failed += [f"source {ingest.source.name} stopped" for ingest in self.ingests if ingest.stopped]
        # a page is as old as its tick, and a tick is judged so long after its end when little comes in
        late = self.config.ingest.lateness + (QUIET_TICKS + 1) * self.config.tick
        before = self.clock.now() - late - OLD_PAGE_S
        failed += [
            f"sink {row['sink']}: a page waits"
            for row in self.store.rows("outbox/waiting")
            if row["oldest"] < before and row["sink"] in self.config.sinks  # of others the log tells at the start
        ]
        failed += [f"sink {row['sink']}: refused ({row['reason']})" for row in self.store.rows("outbox/refused_now")]
        return failed
