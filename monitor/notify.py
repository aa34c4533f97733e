"""From the outbox to the sinks: one sender a sink, in order, with every receipt written down.

What is muted is kept back, and looked at again when the mute ends. A change and its outbox rows were one transaction. A crash may repeat a page under the same key; it never loses one.
"""

import logging
import random
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import msgspec

from bellbuoy.config.model import Config, Route
from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.judging.incidents import Incident
from bellbuoy.monitor.judging.records import page_of
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.muting import Mute, Mutes
from bellbuoy.monitor.store import Store, StoreExhausted
from bellbuoy.monitor.storms import Storms
from bellbuoy.monitor.undelivered import hand_on
from bellbuoy.sinks.base import News, Page, Receipt, Refused, Retry, Sent, Sink

log = logging.getLogger(__name__)

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 300.0
STORE_RETRY_S = 1.0


def unserved(store: Store, sinks: Collection[str]) -> dict[str, int]:
    """Return how many pages wait for each sink that is configured no more: nobody sends them."""
    return {row["sink"]: row["pages"] for row in store.rows("outbox/waiting") if row["sink"] not in sinks}


def _over(one: Incident) -> bool:
    return one.state == "resolved"


def senders(
    config: Config,
    store: Store,
    sinks: Mapping[str, Sink],
    clock: Clock,
    metrics: Metrics,
    reports: Callable[[str], Page] | None = None,
) -> list["Sender"]:
    """Return a sender for each sink of a configuration; `reports` gives the report of a key."""
    mutes = Mutes(store, config.quiet, config.server.timezone)
    return [
        Sender(
            store,
            name,
            one,
            clock,
            metrics,
            mutes=mutes,
            storms=Storms(store, name, getattr(one, "storm", None), mutes, config.server),
            routes=config.routes,
            undelivered_after=config.undelivered_after,
            reports=reports,
        )
        for name, one in sinks.items()
    ]


class Sender:
    """Sends what is due for one sink, and nothing faster than the sink's pace.

    What still holds is sent anew where the sink wants that: its `repeat` says after how many seconds.

    Attributes:
        reports: gives the report of a key; None: none is ever asked for.
        trouble: why nothing is sent at present: the store takes no receipt. None while all is well.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        sink: Sink,
        clock: Clock,
        metrics: Metrics,
        chance: random.Random | None = None,
        mutes: Mutes | None = None,
        storms: Storms | None = None,
        routes: Sequence[Route] = (),
        undelivered_after: float = float("inf"),
        reports: Callable[[str], Page] | None = None,
    ) -> None:
        self.store = store
        self.name = name
        self.sink = sink
        self.clock = clock
        self.metrics = metrics
        self.chance = chance or random.Random()  # noqa: S311 - jitter, no secret
        self.repeat: float = getattr(sink, "repeat", 0.0)
        self.keeps: bool = getattr(sink, "keeps", False)
        self.mutes = mutes or Mutes(store)
        self.storms = storms or Storms(store, name, None, self.mutes)
        self.routes = routes
        self.undelivered_after = undelivered_after
        self.reports = reports
        self.wake = threading.Event()
        self.trouble: str | None = None
        self._looked = 0.0
        self._failing: dict[str, float] = {}  # since when each incident's page is not taken
        self._unwritten: tuple[Mapping[str, Any], Receipt, Page] | None = None

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set; woken by `wake` when a change was written."""
        while not stop.is_set():
            try:
                sent = self.send_one()
            except StoreExhausted as error:
                if self.trouble is None:
                    log.error("%s: sending pauses, nothing is lost: %s", self.name, error)  # noqa: TRY400 - the state is told, not a defect
                self.trouble = str(error)
                self.clock.wait(stop, STORE_RETRY_S)
                continue
            self.trouble = None
            if sent:
                self.clock.wait(stop, getattr(self.sink, "pace", 0.0))
            else:
                self.clock.wait(self.wake, 0.5)
                self.wake.clear()

    def drain(self, deadline: float) -> None:
        """Send what is due until nothing is, or the monotonic instant `deadline` has passed."""
        with suppress(StoreExhausted):  # what was not written is due at the next start
            while self.clock.monotonic() < deadline and self.send_one():
                self.clock.wait(threading.Event(), getattr(self.sink, "pace", 0.0))

    def send_one(self) -> bool:
        """Send the page that is due first and write its receipt; false when none is due.

        Raises:
            StoreExhausted: nothing can be written: nothing was sent, or its receipt is kept and written first next time.
        """
        self._receive()
        now = self.clock.now()
        self._measure(now)
        found = self._next(now)
        if found is None:
            return False
        row, page = found
        page = replace(page, tried_at=int(now))
        with self.store.transaction() as tx:
            tx.run("outbox/begin", incident=row["incident"], sink=self.name)
        began = self.clock.monotonic()
        receipt = self._send(page)
        self.metrics.notification_duration.labels(self.name).observe(self.clock.monotonic() - began)
        self._unwritten = (row, receipt, page)
        self._receive()
        return True

    def _look(self, now: float) -> None:
        """Take in what changed since the last look: the clock, and what storms tell."""
        if now < self._looked:  # the clock was put back, and with it the end of every mute
            self.storms.forget()
            with self.store.transaction() as tx:
                tx.run("outbox/release", now=int(now), sink=self.name)
        self._looked = now
        self.storms.settle(now)
        if gathered := self.storms.gather(now, lambda row, one, mute: self._keep(row, mute, now, over=_over(one))):
            for name in gathered:
                self._failing.pop(name, None)
            self.metrics.pages_suppressed.labels(self.name, "storm").inc(len(gathered))
            log.info("%d new incidents at once are told in one digest sink=%s", len(gathered), self.name)

    def _next(self, now: float) -> tuple[Mapping[str, Any], Page] | None:
        """Return what is to be sent first, and its page; what is muted is kept back."""
        self._look(now)
        while rows := self.store.rows("outbox/due", sink=self.name, now=int(now), repeats=self.repeat > 0):
            row = rows[0]
            if row["report"]:
                return row, self._page(row)
            if row["digest"]:
                if row["shown"] or (mute := self.storms.muted(row["incident"], now)) is None:
                    return row, self._page(row)
                self._keep(row, mute, now, over=False)
                continue
            incident, mute = self.mutes.named(row["incident"], row["about"], now)
            if row["wanted"] <= row["sent"]:  # a repeat of what was told
                return row, replace(self._page(row), muted=mute is not None)
            if mute is None:
                if not row["shown"] and self.storms.take_out(row["incident"], now):
                    continue  # the row is another now
                return row, self._page(row)
            page = self._silently(row)
            if page is not None:
                return row, page
            unseen = not row["shown"] and not row["attempt"]  # one that may have arrived is ended after the mute
            self._keep(row, mute, now, over=_over(incident) and (unseen or (self._follows and row["shown"] > 0)))
        return None

    @property
    def _follows(self) -> bool:
        """Whether the sink can be told of an end without a call."""
        return self.sink.edits or self.keeps

    def _silently(self, row: Mapping[str, Any]) -> Page | None:
        """Return what a sink that shows an incident is given while it is muted; None where it is given nothing.

        One that edits is given every change, one that keeps states a new state; one that wants repeats what it shows already.
        """
        shown = row["shown"]
        if not shown:
            return None
        if shown < row["wanted"]:
            states = [
                one["state"] for one in self.store.rows("incidents/changes", incident=row["incident"], after=shown - 1)
            ]
            if self.sink.edits or (self.keeps and states[0] != states[-1]):
                return replace(self._page(row), news=(), muted=True)
        if self.repeat and row["state"] == "held":
            return replace(self._page({**row, "wanted": shown}), news=(), muted=True)
        return None

    def _keep(self, row: Mapping[str, Any], mute: Mute, now: float, *, over: bool) -> None:
        """Keep a page back until the mute ends; for ever where its incident is `over`, and no sink shows it as open."""
        self._failing.pop(row["incident"], None)  # it is not tried any more, so it is not failing
        key = {"incident": row["incident"], "sink": self.name, "number": row["wanted"], "reason": mute.reason}
        until = min(mute.until, int(now + self.repeat)) if self.repeat and row.get("shown") else mute.until
        with self.store.transaction() as tx:
            if over:
                tx.run("outbox/mute", **key)
            else:
                tx.run("outbox/hold", **key, until=until)
        if row["state"] != "held":
            self.metrics.pages_suppressed.labels(self.name, mute.kind).inc()
            log.info(
                "page kept back incident=%s change=%d sink=%s: %s",
                row["incident"],
                row["wanted"],
                self.name,
                mute.reason,
            )

    def _send(self, page: Page) -> Receipt:
        """Send a page; a sink that raises has a bug, which must not stop the others, and the page may have left."""
        try:
            return self.sink.send(page)
        except Exception:
            log.exception("the sink %s has a bug; its page is tried again later", self.name)
            return Retry(None, "no_answer")

    def _receive(self) -> None:
        """Write the receipt that is not written yet."""
        if self._unwritten is not None:
            self._write(*self._unwritten)
            self._unwritten = None

    def _page(self, row: Mapping[str, Any]) -> Page:
        """Return the newest page wanted, with every change since the last one sent as news: none where it is repeated."""
        handle = msgspec.json.decode(row["handle"]) if row["handle"] else None
        if row["digest"]:
            return replace(self.storms.page(row), handle=handle, attempt=row["attempt"] + 1)
        if row["report"]:
            assert self.reports is not None, "a report is asked for by whoever makes it"
            return replace(self.reports(row["incident"]), handle=handle, attempt=row["attempt"] + 1)
        after = min(row["sent"], row["wanted"] - 1)
        changes = self.store.rows("incidents/changes", incident=row["incident"], after=after)
        told = [change for change in changes if change["number"] <= row["wanted"]]
        page = page_of(told[-1]["page"])
        news = tuple(
            News(
                change["number"],
                change["at"],
                change["reason"],
                raised=change["raised"],
                reopened=change["change"] == "reopened",
            )
            for change in told
            if change["change"] != "opened" and change["number"] > row["sent"]
        )
        return replace(page, news=news, handle=handle, attempt=row["attempt"] + 1)

    def _write(self, row: Mapping[str, Any], receipt: Receipt, page: Page) -> None:
        key = {"incident": row["incident"], "sink": self.name}
        known = getattr(receipt, "handle", None) or page.handle
        handle = None if known is None else msgspec.json.encode(known).decode()
        now = self.clock.now()
        again = int(now + self.repeat)
        news = page.version > row["sent"]
        failed = self._failed(row["incident"], receipt, now)
        instead: list[str] = []
        with self.store.transaction() as tx:
            if isinstance(receipt, Sent):
                tx.run("outbox/again", now=int(now), sink=self.name)
                tx.run("outbox/forget_edited", **key)
                if page.muted and news:
                    tx.run("outbox/save_edited", **key, number=page.version)
                    tx.run("outbox/edited", **key, handle=handle)
                else:
                    tx.run("outbox/sent", **key, number=page.version, handle=handle, again=again)
            elif isinstance(receipt, Retry):
                wait = self._backoff(row["tries"]) if receipt.after is None else receipt.after
                tx.run(
                    "outbox/retry",
                    **key,
                    reason=receipt.reason,
                    handle=handle,
                    ambiguous=receipt.reason == "no_answer",
                    due=-int(-(now + wait) // 1),
                )
            else:
                tx.run("outbox/refused", **key, reason=receipt.reason, number=page.version, again=again)
            if failed and not row["digest"]:
                instead = hand_on(tx, self.routes, row, self.name, now)
        if failed and row["digest"]:
            instead = self._hand_on_all(row["incident"], now)
        if isinstance(receipt, Sent) and not row["report"]:
            self.storms.told(row, now)
        self._report(row, receipt, page, instead)

    def _report(self, row: Mapping[str, Any], receipt: Receipt, page: Page, instead: Sequence[str]) -> None:
        """Say in the log and in the metrics what became of a page."""
        where = f"incident={row['incident']} change={page.version} sink={self.name}"
        news = page.version > row["sent"]
        if isinstance(receipt, Sent) and page.muted:
            log.info("page shown, nobody is called %s", where)
        elif isinstance(receipt, Sent) and news:
            self.metrics.page_delay.labels(self.name).observe(max(0.0, self.clock.now() - row["wanted_at"]))
            log.info("page sent %s", where)
        elif isinstance(receipt, Retry):
            log.warning("page not sent, trying again %s reason=%s tries=%d", where, receipt.reason, row["tries"] + 1)
        elif isinstance(receipt, Refused):
            log.error("page refused %s reason=%s: %s", where, receipt.reason, receipt.why)
        if instead:
            log.warning("page goes to the next route %s instead=%s", where, ",".join(instead))
        result = {Sent: "sent", Retry: "retry", Refused: "refused"}[type(receipt)]
        self.metrics.notifications.labels(self.name, result).inc()

    def _hand_on_all(self, storm: str, now: float) -> list[str]:
        """Ask other sinks for all that a digest tells which is not taken, a few in a transaction, so that no append waits long."""
        found: set[str] = set()
        after = ""
        while rows := self.store.rows("storms/alone", storm=storm, after=after):
            after = rows[-1]["incident"]
            with self.store.transaction() as tx:
                found.update(sink for one in rows for sink in hand_on(tx, self.routes, one, self.name, now))
        return sorted(found)

    def _failed(self, incident: str, receipt: Receipt, now: float) -> bool:
        """Note since when a page is not taken; return whether it is given to somebody else now."""
        if not isinstance(receipt, Retry):
            self._failing.pop(incident, None)
            return isinstance(receipt, Refused)
        since = self._failing.setdefault(incident, now)
        return now - since >= self.undelivered_after

    def failing_since(self, now: float) -> float | None:
        """Return since when a page is not taken, epoch seconds; None while none has waited for too long."""
        since = min(list(self._failing.values()), default=now)
        return since if now - since >= self.undelivered_after else None

    def _backoff(self, tries: int) -> float:
        """Return seconds to wait: doubled with each try up to five minutes, with full jitter, at least one."""
        longest = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(tries, 16))
        return max(FIRST_RETRY_S, self.chance.uniform(0.0, longest))

    def _measure(self, now: float) -> None:
        waiting = {row["sink"]: row for row in self.store.rows("outbox/waiting")}
        row = waiting.get(self.name)
        self.metrics.outbox_pages.labels(self.name).set(row["pages"] if row else 0)
        self.metrics.outbox_oldest_age.labels(self.name).set(max(0.0, now - row["oldest"]) if row else 0)
