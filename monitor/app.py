"""The only wiring: threads for ingest, ticks, senders and the web; they meet in the store and nowhere else."""

import faulthandler
import logging
import os
import platform
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import uvicorn

from bellbuoy.config.model import Config
from bellbuoy.config.pending import pending
from bellbuoy.config.plugins import sink as sink_of
from bellbuoy.monitor import keeping, undelivered
from bellbuoy.monitor.auditing.reports import Reports
from bellbuoy.monitor.chores import Chores
from bellbuoy.monitor.clock import Clock, SystemClock
from bellbuoy.monitor.health import Health
from bellbuoy.monitor.ingest import Ingest, watermark
from bellbuoy.monitor.ingest.deciding import Deciding
from bellbuoy.monitor.ingest.intake import intake_of
from bellbuoy.monitor.ingest.limits import feeds
from bellbuoy.monitor.ingest.limits import limits as limits_of
from bellbuoy.monitor.judging.evaluate import Evaluation, Told
from bellbuoy.monitor.judging.gauges import after_tick
from bellbuoy.monitor.judging.normal import Normal
from bellbuoy.monitor.judging.ourselves import Ourselves
from bellbuoy.monitor.listening import listeners
from bellbuoy.monitor.logs import Counting
from bellbuoy.monitor.memory import frugal, unhurried
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.notes import Notebook
from bellbuoy.monitor.notify import senders, unserved
from bellbuoy.monitor.presses import Hands, Presses, pressable
from bellbuoy.monitor.reading import Reading
from bellbuoy.monitor.rehearsal import rehearsal
from bellbuoy.monitor.schedule import Job, timetable
from bellbuoy.monitor.silences import Silences
from bellbuoy.monitor.sources.build import build
from bellbuoy.monitor.stalled import Stalled
from bellbuoy.monitor.store import Store, StoreCorrupt, StoreExhausted
from bellbuoy.monitor.store.door.process import bound
from bellbuoy.monitor.store.errors import StoreStuck, passing
from bellbuoy.monitor.store.rescue import open_or_set_aside
from bellbuoy.monitor.stories import Stories
from bellbuoy.monitor.upkeep import Upkeep
from bellbuoy.monitor.version import VERSION
from bellbuoy.monitor.web.app import create_app
from bellbuoy.monitor.web.listen import ListenError, listen
from bellbuoy.monitor.web.slack import interactions
from bellbuoy.sinks.base import Sink
from bellbuoy.sinks.console import Console

log = logging.getLogger(__name__)

JUDGE_EVERY_S = 1.0
LOOK_EVERY_S = 10.0
"""How often Bellbuoy looks whether something is wrong with itself."""
DRAIN_S = 10.0
LAST_S = 25.0
"""After so long the process ends in any case, and says on standard error where each thread stood."""


class App:
    """One daemon: one store, one writer."""

    def __init__(self, config: Config, *, dry_run: bool = False, clock: Clock | None = None) -> None:
        self.config = config
        self.clock = clock or SystemClock()
        self.metrics = Metrics()
        self.health = Health(self.clock)
        self.stop = threading.Event()
        self.closed = threading.Event()
        self.trouble: str | None = None
        self.unbegun: str | None = None
        self._begun = False
        self.failing: dict[str, str] = {}
        self.failure: BaseException | None = None
        self.sources = build(config.sources, self.clock)
        self.sinks: dict[str, Sink] = {
            name: Console() if dry_run else sink_of(one.kind, one.settings) for name, one in config.sinks.items()
        }
        path = Path(config.store.path)
        self.store = (
            Store.open(rehearsal(path, config.store), config.store)
            if dry_run
            else open_or_set_aside(path, config.store, self.clock.now())
        )
        self.store.follow(config)
        self.metrics.start(sources=[one.name for one in self.sources], sinks=list(self.sinks), at=self.clock.now())
        self.ingests = [
            Ingest(source, self.store, config, self.clock, self.metrics, on_failure=self.fail, limits=limits, feed=feed)
            for source, limits, feed in zip(self.sources, limits_of(config), feeds(config.sources), strict=True)
        ]
        self.evaluation = Evaluation(self.store, config)
        after_tick(self.metrics, self.evaluation, config)
        self.reports = Reports(self.store, config)
        self.senders = senders(config, self.store, self.sinks, self.clock, self.metrics, self.reports.page)
        self.ourselves = Ourselves(self.store, config)
        self.stalled = Stalled(self.clock, config.stalled_after)
        self.health.watch("store", self._unwritable)
        self.intake = intake_of(self.config, self.ingests, self.store, self.clock)
        self.upkeep = Upkeep(self.store, config, self.clock)
        self.stories, self.silences = Stories(self.store, config, self.clock), Silences(self.store, config, self.clock)
        self.normal = Normal(self.store, config, self.clock)
        hands = Hands(self.stories, self.silences, self.normal)
        self.presses = Presses(
            self.store, pressable(self.sinks), hands, config.server.timezone, self.clock, self.metrics
        )
        self.hearing = listeners(self.presses, self.clock, self.metrics)
        self.listeners = self._listen()
        self.server = self._server()
        self.threads: list[threading.Thread] = []
        self._judging = threading.Lock()

    def run(self) -> int:
        """Run until a signal, then drain; return the exit code."""
        self._signals()
        frugal()
        unhurried()
        bound(self.config.store.memory_limit, self.config.query.process_memory)
        logging.getLogger().addHandler(Counting(self.metrics.log_messages))
        self.metrics.build_info.labels(VERSION, platform.python_version(), self.store.version).set(1)
        self.metrics.budget_false_pages.set(self.config.budget.false_pages)
        self._start_work()
        chores = Chores(
            self.config,
            self.store,
            self.ingests,
            self.health,
            self.metrics,
            self.clock,
            self.failing,
            self.upkeep,
            self.reports,
        )
        jobs = [Job("judge", self.judge, every=JUDGE_EVERY_S), Job("ourselves", self.look, every=LOOK_EVERY_S)]
        jobs += chores.jobs()
        scheduler = timetable(jobs, self._job_ended, self.clock.now())
        self.upkeep.begin()
        scheduler.start()
        self.health.mend("started")
        self._begin()
        unheeded = pending(self.config)
        if unheeded:
            log.warning("accepted and without effect in this version: %s", ", ".join(unheeded))
        for name, pages in unserved(self.store, self.sinks).items():
            log.warning(
                "%d pages wait for the sink %s, which is not configured any more: they are not sent", pages, name
            )
        log.info("started version=%s listen=%s store=%s", VERSION, self.config.server.listen, self.store.path)
        self.stop.wait()
        faulthandler.dump_traceback_later(LAST_S, exit=True)
        deadline = self.clock.monotonic() + DRAIN_S
        self.health.fail("draining", "stopping")
        log.info("draining: committing what was read, sending what is due")
        scheduler.shutdown(wait=False)
        self._join(("read", "write", "send", "hear", "press"), deadline - 4.0)
        if self.intake is not None:
            self.intake.close()
        with self._judging:
            busy = {thread.name for thread in self.threads if thread.is_alive()}
            for sender in self.senders:
                if f"send {sender.name}" not in busy:
                    self._start(f"drain {sender.name}", sender.drain, deadline - 3.0)
            self._join(("drain",), deadline - 2.0)
            self.server.should_exit = True
            self._join(("web",), self.clock.monotonic() + 1.0)
            for source in self.sources:
                source.close()
            self.closed.set()
            self.store.close()
            self._join(("web",), self.clock.monotonic() + 2.0)  # a query that still ran is interrupted, and says so
        log.info("stopped")
        if self.failure is not None:
            raise self.failure
        return 0

    def _start_work(self) -> None:
        """Start a thread for everything that goes on beside the timetable."""
        self._start("web", self.server.run, self.listeners)
        for ingest in self.ingests:
            self._start(f"read {ingest.source.name}", ingest.read_loop, self.stop)
            self._start(f"write {ingest.source.name}", ingest.write_loop, self.stop)
        for sender in self.senders:
            self._start(f"send {sender.name}", sender.run, self.stop)
        for listener in self.hearing:
            self._start(f"hear {listener.sinks[0]}", listener.run, self.stop)
        if self.presses.sinks:
            self._start("press", self.presses.run, self.stop)

    def _begin(self) -> None:
        """Write what a start writes, once; where there is no room it is told, and tried again every second."""
        if self._begun:
            return
        try:
            self.store.publish()
            with self.store.transaction() as tx:
                tx.run("outbox/again", now=int(self.clock.now()), sink=None)
                tx.run("outbox/release", now=int(self.clock.now()), sink=None)
        except StoreExhausted as error:
            if self.unbegun is None:
                log.error("the store takes nothing at the start, work goes on when there is room: %s", error)  # noqa: TRY400 - the state is told, not a defect
            self.unbegun = str(error)
            self.metrics.store_writable.set(False)
            return
        self._begun = True
        if self.unbegun is not None:
            log.info("the store takes what is written again")
            self.unbegun = None
            self.metrics.store_writable.set(not any(ingest.trouble for ingest in self.ingests))

    def judge(self) -> None:
        """Close the ticks that the watermark has passed, and wake the senders when there is news."""
        if self.stop.is_set():
            return
        self._begin()
        if self.store.damage is not None and self.store.path is not None:
            self.fail("store", StoreCorrupt(self.store.path, self.store.damage))
            return
        if not self._judging.acquire(blocking=False):
            return
        try:
            self.health.beat()
            self._take_up(self.evaluation.acknowledge())
            mark = watermark(self.store, self.ingests, self.clock.now(), self.config.ingest.lateness, self.config.tick)
            if mark is None or mark // self.evaluation.tick * self.evaluation.tick <= (self.evaluation.judged or 0):
                return
            began = self.clock.monotonic()
            try:
                told = self.evaluation.advance(
                    int(mark), stop=self._stopping, deaf=any(one.stopped for one in self.ingests)
                )
            except StoreExhausted as error:
                if self.trouble is None:
                    log.error("judging pauses, nothing is lost: %s", error)  # noqa: TRY400 - the state is told, not a defect
                self.trouble = str(error)
                self.metrics.ticks.labels("error").inc()
                return
            self.trouble = None
            self.failing.pop("judge", None)
            self.metrics.tick_duration.observe(self.clock.monotonic() - began)
            self.metrics.ticks.labels("ok").inc()
            self.metrics.tick_last_success.set(self.clock.now())
            after_tick(self.metrics, self.evaluation, self.config)
            self._take_up(told)
        finally:
            self._judging.release()

    def _take_up(self, told: Sequence[Told]) -> None:
        """Log and count changes of incidents, and wake the senders."""
        for change, _ in told:
            log.info("incident %s %s: %s", change.incident.id, change.kind, change.reason)
            if change.kind == "opened":
                self.metrics.incidents_opened.labels(change.incident.severity).inc()
        if told:
            self._wake()

    def look(self) -> None:
        """Tell what is wrong with Bellbuoy itself, and what is over."""
        if self.stop.is_set():
            return
        now = self.clock.now()
        told = [one for ingest in self.ingests for one in ingest.troubles()] + keeping.troubles(self.store)
        failing = {one.name: since for one in self.senders if (since := one.failing_since(now)) is not None}
        told += undelivered.troubles(self.store, self.sinks, failing, now)
        storing = {ingest.source.name: ingest.trouble for ingest in self.ingests}
        judging, jobs = self.trouble or self.failing.get("judge"), {**self.failing}
        jobs.pop("judge", None)
        told += self.stalled.troubles(storing, judging, jobs)
        changes = self.ourselves.look(told, now)
        for change in changes:
            if change.kind == "opened":
                self.metrics.incidents_opened.labels(change.incident.severity).inc()
        if changes:
            self._wake()

    def _wake(self) -> None:
        for sender in self.senders:
            sender.wake.set()

    def fail(self, name: str, error: BaseException) -> None:
        """A thread cannot go on: say so, drain, and end with the error."""
        log.error("%s stopped: %s", name, error)
        self.health.fail(name, str(error))
        self.failure = self.failure or error
        self.stop.set()

    def _stuck(self, sql: str) -> None:
        """A query could be stopped by nothing: only the end of the process ends it, and the next start takes all up."""
        log.error("a query could not be stopped and the daemon ends to be started again: %s", sql[:1000])
        self.fail("query", StoreStuck("a query could not be stopped; start the daemon again, nothing is lost"))

    def _unwritable(self) -> str | None:
        """Return why the store takes nothing at present; None while it does."""
        told = [self.trouble, *(one.trouble for one in self.ingests), *(one.trouble for one in self.senders)]
        told.append(self.unbegun)
        return next((one for one in told if one), None)

    def _stopping(self) -> bool:
        self.health.beat()
        return self.stop.is_set()

    def _job_ended(self, name: str, error: BaseException | None) -> None:
        if error is None and name != "judge":  # whose success is a tick, not a run
            self.failing.pop(name, None)
        if error is None or self.closed.is_set():
            return  # without a store it cannot go on; the next start takes it up
        if self.failing.get(name) != str(error):  # a job that fails in the same way every second is told once
            log.error("%s failed: %s", name, error, exc_info=None if passing(error) else error)
        self.failing[name] = str(error)
        if name == "judge":
            self.metrics.ticks.labels("error").inc()

    def _listen(self) -> list[socket.socket]:
        try:
            return listen(self.config.server.listen)
        except ListenError:
            self.store.close()
            raise

    def _server(self) -> uvicorn.Server:
        reading = Reading(
            self.store,
            self.config,
            clock=self.clock,
            health=self.health,
            metrics=self.metrics,
            ingests=self.ingests,
            on_stuck=self._stuck,
        )
        deciding = Deciding(self.store, self.clock, self.ingests)
        web = create_app(
            reading,
            self.intake,
            Notebook(self.store, self.clock),
            deciding,
            self.upkeep,
            self.normal,
            self.stories,
            self.silences,
            interactions(self.presses, self.clock, self.metrics),
        )
        return uvicorn.Server(
            uvicorn.Config(web, log_config=None, lifespan="off", access_log=False, timeout_graceful_shutdown=3)
        )

    def _start(self, name: str, work: Callable[..., None], *arguments: object) -> None:
        def guarded() -> None:
            try:
                work(*arguments)
            except BaseException as error:  # noqa: BLE001 - a thread must not die in silence
                if not self.closed.is_set():  # without a store it cannot go on; the next start takes it up
                    self.fail(name, error)

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        self.threads.append(thread)

    def _join(self, kinds: tuple[str, ...], deadline: float) -> None:
        for thread in self.threads:
            if thread.name.startswith(kinds):
                thread.join(max(0.1, deadline - self.clock.monotonic()))
                if thread.is_alive() and thread.name != "web":
                    log.warning("%s did not end in time; what it held is taken up at the next start", thread.name)

    def _signals(self) -> None:
        def asked(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
            if self.stop.is_set():
                os._exit(128 + number)
            self.stop.set()

        def unheard(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
            log.warning("SIGHUP: a changed configuration is taken over at a restart, not while running")

        signal.signal(signal.SIGTERM, asked)
        signal.signal(signal.SIGINT, asked)
        signal.signal(signal.SIGHUP, unheard)
        faulthandler.register(signal.SIGUSR1)
