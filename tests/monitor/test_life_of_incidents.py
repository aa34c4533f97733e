"""Whatever is judged, taken, muted, broken and restarted: no change is lost, nobody is called while it is muted, all ends."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bellbuoy.config.load import load_text
from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.judging import acks
from bellbuoy.monitor.judging.incidents import SeverityRules
from bellbuoy.monitor.judging.lately import Lately
from bellbuoy.monitor.judging.observing import Observation, observe
from bellbuoy.monitor.judging.records import open_incidents, save_change, save_incidents
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.muting import Mutes
from bellbuoy.monitor.notify import Sender
from bellbuoy.monitor.silences import Silences
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.stories import NotTold, Stories
from bellbuoy.sinks.base import Page, Retry, Sent

BEGIN = int(datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp())
HOUR, TICK, DAY = 3600, 300, 86_400
RULES = SeverityRules(page=0.05, ticket=0.02)
CONFIG = load_text("""
version: 1
sources: [{ files: { path: none.jsonl } }]
workflows: [{ name: calls, steps: [a, b] }, { name: mail, steps: [c] }]
sinks: { edits: { console: {} }, keeps: { console: {} }, prints: { console: {} } }
routes: [{ to: [edits, keeps, prints] }]
quiet: [{ name: night, every: "daily 22:00-07:00", below: page }]
""")
STEPS = {"a": "calls", "b": "calls", "c": "mail"}
SELECTORS = ("calls", "calls/a", "calls/*", "*/b", "mail/c")


def watched(step):
    return Watched("steps", SeriesKey("step_failure", STEPS[step], step))


@dataclass
class Sink:
    """A receiver of one of the three manners, which fails as it is told."""

    name: str
    world: "World"
    shows: dict = field(default_factory=dict)
    told: list = field(default_factory=list)
    failing: int = 0

    @property
    def edits(self):
        return self.name == "edits"

    @property
    def keeps(self):
        return self.name == "keeps"

    @property
    def repeat(self):
        return {"edits": 4.0 * HOUR, "keeps": 300.0, "prints": 0.0}[self.name]

    def send(self, page):
        self.world.hold_to(self, page)
        if self.failing:
            self.failing -= 1
            return Retry(None, "rate_limited")
        if not page.muted:
            numbers = [one.number for one in page.news]
            self.told += [(page.key, number) for number in ([1] if page.key not in self.shows else []) + numbers]
        self.shows[page.key] = (page.version, page.state)
        return Sent({"version": str(page.version)})


class World:
    """The daemon's parts over a real store: who judges, who sends, what people do; time is set by hand."""

    def __init__(self, store):
        self.store = store
        self.clock = VirtualClock(float(BEGIN))
        self.at = BEGIN // TICK * TICK - 30 * DAY  # whatever the clock does, ticks lie before it
        self.sinks = {name: Sink(name, self) for name in CONFIG.sinks}
        self.silences = Silences(store, CONFIG, self.clock)
        self.stories = Stories(store, CONFIG, self.clock)
        self.put_on = []
        self.taken = []
        self.start()

    # -- what happens

    def start(self):
        self.incidents = open_incidents(self.store)
        self.lately = Lately.of(self.store, self.at, 6 * TICK)
        with self.store.transaction() as tx:
            tx.run("outbox/release", now=int(self.clock.now()), sink=None)
        mutes = Mutes(self.store, CONFIG.quiet)
        self.senders = [
            Sender(self.store, name, sink, self.clock, Metrics(), random.Random(1), mutes=mutes)
            for name, sink in self.sinks.items()
        ]

    def tick(self, verdicts):
        """Judge a tick: `verdicts` are sizes by step, 0 for recovered."""
        self.take()
        self.at += TICK
        seen = [Observation(watched(step), verdict(size, self.at)) for step, size in verdicts.items()]
        self.incidents, changes = observe(self.incidents, seen, self.at, RULES, self.lately.before(self.at))
        self.lately.take(changes)
        with self.store.transaction() as tx:
            for change in changes:
                save_incidents(tx, [change.incident])
                save_change(tx, change, page_of(change), CONFIG.sinks)
            for one in self.incidents:
                save_incidents(tx, [one])

    def take(self):
        told = acks.take(self.store, self.incidents, "agents")
        self.incidents = acks.after(self.incidents, told)

    def acknowledge(self, who):
        for line in self.stories.listed():
            try:
                said = self.stories.acknowledge(line.id, who)
            except NotTold:
                assert line.state == "resolved"
                continue
            assert self.stories.story(line.id).incident.state == "acknowledged", "at once"
            if not said.endswith("already"):
                assert line.state == "open"
                self.taken.append((line.id, who))

    def silence(self, place, hours):
        selector = SELECTORS[place] if place < len(SELECTORS) else next((one.id for one in self.incidents), "calls")
        key, _ = self.silences.put_on(selector, hours * HOUR, "kim", "known")
        self.put_on.append(
            {"key": key, "selector": selector, "until": int(self.clock.now()) + hours * HOUR, "ended": False}
        )

    def end(self):
        for one in self.put_on:
            if not one["ended"] and one["until"] > int(self.clock.now()):
                self.silences.end(one["key"], "joe")
                one["ended"] = True
                return

    def send(self):
        for sender in self.senders:
            for _ in range(200):
                if not sender.send_one():
                    break
            else:
                pytest.fail(f"{sender.name} sends without an end")

    # -- what must hold

    def muted(self, page):
        """Tell whether an incident is muted now, in other words than the product's."""
        incident = next(one for one in [*self.incidents, *self.over(page.key)] if one.id == page.key)
        bad = [one for one in incident.members if one.resolved_at is None] or incident.members
        names = {f"{one.watched.series.workflow}/{one.watched.series.step}" for one in bad}
        meant = {
            "calls": {"calls/a", "calls/b"},
            "calls/a": {"calls/a"},
            "calls/*": {"calls/a", "calls/b"},
            "*/b": {"calls/b"},
            "mail/c": {"mail/c"},
            page.key: names,
        }
        now = self.clock.now()
        silenced = any(
            not one["ended"] and one["until"] > int(now) and names <= meant.get(one["selector"], set())
            for one in self.put_on
        )
        hour = datetime.fromtimestamp(now, UTC).hour
        return silenced or (incident.severity != "page" and not 7 <= hour < 22)

    def over(self, key):
        rows = self.store.rows("incidents/one", incident=key)
        from bellbuoy.monitor.judging.records import incident

        return [incident(self.store, key)] if rows and rows[0]["state"] == "resolved" else []

    def hold_to(self, sink, page):
        version, state = sink.shows.get(page.key, (0, None))
        assert page.version >= version, "an older state over a newer one"
        if not page.muted:
            assert not self.muted(page), f"{sink.name} was told of {page.key} while it was muted"
            return
        assert version, "something new appeared"
        assert page.news == ()
        assert sink.edits or (sink.keeps and (page.state != state or page.version == version))

    def finish(self):
        """All recovers, all mutes end, all is sent."""
        self.tick(dict.fromkeys(STEPS, 0.0))
        self.tick(dict.fromkeys(STEPS, 0.0))
        for sink in self.sinks.values():
            sink.failing = 0
        self.clock.at = (
            max(self.clock.at, BEGIN) + 100 * DAY
        ) // DAY * DAY + 12 * HOUR  # noon: no quiet hour holds anything
        self.send()
        assert self.incidents == open_incidents(self.store) == []
        assert acks.waiting(self.store, "agents") == []
        for line in self.stories.listed():
            story = self.stories.story(line.id)
            numbers = [one.number for one in story.changes]
            assert numbers == list(range(1, len(numbers) + 1)), "a change is lost"
            by = [one.reason for one in story.changes if one.change == "acknowledged"]
            assert by == [f"acknowledged by {who}" for key, who in self.taken if key == line.id], (
                "one that was taken is taken"
            )
            for row in story.deliveries:
                self.hold_end(self.sinks[row.sink], row, line.id, numbers)

    def hold_end(self, sink, row, key, numbers):
        told = [number for one, number in sink.told if one == key]
        assert told == sorted(set(told)), "told once, in order"
        assert row.state in ("sent", "muted")
        if row.state == "sent":
            assert told == numbers, f"{row.sink} was not told all of it"
        if key in sink.shows:
            assert sink.shows[key] == (numbers[-1], "resolved"), f"{row.sink} shows it open for ever"
        else:
            assert row.state == "muted"


def verdict(size, at):
    state = "worse" if size else "steady"
    return Verdict(state, at, at - TICK, 0.05, 0.05 + size, size, size + 0.05, 400, 48, 14.0, 12.9, f"{size} at {at}")


def page_of(change):
    one = change.incident
    return Page(
        one.id, one.number, change.kind, one.state, one.severity, "headline", "OPEN it", (), change.at, one.opened_at
    )


SIZES = st.sampled_from([0.0, 0.01, 0.03, 0.06, 0.15])
TICKS = st.tuples(st.just("tick"), st.dictionaries(st.sampled_from(list(STEPS)), SIZES, min_size=1, max_size=3))
SILENCES = st.tuples(st.just("silence"), st.integers(0, len(SELECTORS)), st.sampled_from([1, 3, 12]))
RARE = st.one_of(
    st.tuples(st.just("acknowledge"), st.sampled_from(["kim", "joe"])),
    st.tuples(st.just("take")),
    st.tuples(st.just("end")),
    st.tuples(st.just("move"), st.sampled_from([-4 * HOUR, -HOUR, -60, 60, TICK, HOUR, 5 * HOUR, 12 * HOUR])),
    st.tuples(st.just("fail"), st.sampled_from(list(CONFIG.sinks)), st.integers(1, 3)),
    st.tuples(st.just("start")),
)
DOES = st.one_of(TICKS, TICKS, SILENCES, RARE)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(DOES, min_size=20, max_size=40))
def test_nothing_is_lost_nobody_is_called_while_it_is_muted_and_all_ends(deeds):
    with Store.open(None) as store:
        world = World(store)
        world.tick({"a": 0.03})
        for name, *how in deeds:
            if name == "move":
                world.clock.at += how[0]
            elif name == "fail":
                world.sinks[how[0]].failing = how[1]
            else:
                getattr(world, name)(*how)
            world.send()
        world.finish()
