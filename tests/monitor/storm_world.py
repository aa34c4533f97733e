"""Incidents of one sink, as many at once as a test wants."""

import random
from dataclasses import replace

import pytest

from bellbuoy.config.server import Server
from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.judging.incidents import Change, Incident, Member
from bellbuoy.monitor.judging.records import save_change, save_incidents
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.muting import Mutes
from bellbuoy.monitor.notify import Sender
from bellbuoy.monitor.storms import Storms
from bellbuoy.sinks.base import Page, Sent
from bellbuoy.sinks.slack import Storm

START = 1_800_000_000
DAY = 86_400
VERDICT = Verdict("worse", START, START - 900, 0.05, 0.12, 0.03, 0.1, 400, 48, 14.2, 12.9, "12 % bad")


class Recording:
    """Takes every page, or answers as it is told."""

    edits = threads = True

    def __init__(self):
        self.seen, self.taken, self.answers = [], [], []

    def send(self, page):
        self.seen.append(page)
        if self.answers:
            return self.answers.pop(0)
        self.taken.append(page)
        return Sent({"ts": page.key, "version": str(page.version)})


class World:
    """Incidents of one sink that calls more than five within two minutes a storm."""

    def __init__(self, store, limit=Storm(), sink=None):  # noqa: B008 - frozen
        self.store, self.clock, self.sink = store, VirtualClock(START), sink or Recording()
        self.incidents = {}
        self.limit = limit
        self.start()

    def start(self):
        """Begin as after a restart: all that is known is in the store."""
        mutes = Mutes(self.store)
        storms = Storms(self.store, "slack", self.limit, mutes, Server(public_url="https://b.example.com"))
        self.sender = Sender(
            self.store, "slack", self.sink, self.clock, Metrics(), random.Random(1), mutes=mutes, storms=storms
        )

    def open(self, *keys, severity="ticket", workflow="calls"):
        for key in keys:
            now = int(self.clock.now())
            member = Member(Watched("d", SeriesKey("step_failure", workflow, key)), VERDICT, now)
            one = Incident(key, workflow, "open", severity, (member,), now, now - 900, 1)
            self._write(one, "opened", raised=False)

    def change(self, key, kind="updated", **changed):
        before = self.incidents[key]
        self._write(replace(before, number=before.number + 1, **changed), kind, raised="severity" in changed)

    def _write(self, one, kind, *, raised):
        self.incidents[one.id] = one
        now = int(self.clock.now())
        page = Page(one.id, one.number, kind, one.state, one.severity, f"{one.id} fell", "s", (), now, one.opened_at)
        with self.store.transaction() as tx:
            save_incidents(tx, [one])
            save_change(tx, Change(kind, now, one, None, "reason", raised), page, ["slack"])

    def send(self, most=50):
        """Send what is due; return the keys of what was sent."""
        before = len(self.sink.seen)
        for _ in range(most):
            if not self.sender.send_one():
                return [page.key for page in self.sink.seen[before:]]
        pytest.fail("it sends without an end")

    def later(self, seconds):
        self.clock.advance(seconds)
        return self.send()

    @property
    def digest(self):
        return next(page for page in reversed(self.sink.seen) if page.rows)

    def silence(self, selector, seconds):
        begin, until = (f"make_timestamp({int(self.clock.now() + more) * 1_000_000})" for more in (0, seconds))
        with self.store.transaction() as tx:
            tx.cursor.execute(
                f"INSERT INTO silences_raw VALUES ('s', '{selector}', {begin}, {until}, 'anna', 'known', NULL, NULL)"
            )

    def end(self, *keys):
        for key in keys:
            self.change(key, "resolved", state="resolved", resolved_at=int(self.clock.now()))


def names(many, start=0):
    return [f"inc_{place:05}" for place in range(start, start + many)]
