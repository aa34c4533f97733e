"""Late events: each trial is judged once, in its tick or in a later one, whatever comes when and however often the process starts."""

import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellbuoy.config.load import load_text
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.gauges import after_tick
from bellbuoy.monitor.judging.late import REACH_S
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store

DAY, TICK = 86_400, 300
START = 20_000 * DAY
STREAM = Stream("files", "events.jsonl", 0, "1")
TEXT_WITH = """
version: 1
sources: [{{ files: {{ path: none.jsonl }} }}]
sinks: {{ out: {{ console: {{}} }} }}
routes: [{{ to: [out] }}]
detectors: [{{ name: steps, signal: step_failure, by: [workflow, step], kind: rate_shift }}]
{outage}
"""
CONFIG = load_text(TEXT_WITH.format(outage=""))


class Feed:
    """Appends steps at given instants and remembers their numbers."""

    def __init__(self, store, stream=STREAM):
        self.store, self.stream, self.offset = store, stream, 0

    def append(self, steps, arrival):
        lines = [
            json.dumps(
                {
                    "type": "step",
                    "ts": at * 1000,
                    "interaction_id": f"c{self.offset + place}",
                    "workflow": "w",
                    "step": step,
                }
                | {"outcome": "failure" if bad else "success"}
            ).encode()
            for place, (step, at, bad) in enumerate(steps)
        ]
        offsets = range(self.offset, self.offset + len(lines))
        chunk = Chunk(self.stream, offsets, lines, self.offset + len(lines))
        number = self.store.stream_id(self.stream)
        batch = decode(chunk, stream_id=number, received_at_us=arrival * 1_000_000, limits=Limits())
        assert not batch.letters
        self.store.append(batch)
        self.offset += len(lines)


@pytest.fixture(scope="module")
def judged():
    """Sums of what was judged; an evaluation that did not write it does not count."""
    seen = Counter()
    due, write = Evaluation._due, Evaluation._write

    def reading(self, since, until):
        own, places, came = due(self, since, until)
        self.due_now = int(own.n[places].sum()), int(own.bad[places].sum())
        return own, places, came

    def writing(self, *arguments):
        write(self, *arguments)
        seen.update(n=self.due_now[0], bad=self.due_now[1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Evaluation, "_due", reading)
        patch.setattr(Evaluation, "_write", writing)
        yield seen


def _text(at):
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%MZ")


moments = st.integers(0, 2 * DAY // 60 - 1).map(lambda minute: START + minute * 60)
steps = st.lists(st.tuples(st.sampled_from("ab"), moments, st.booleans()), max_size=5)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(steps, st.integers(0, 60), st.booleans()), min_size=1, max_size=12))
def test_each_trial_is_judged_once_or_told_as_too_old(judged, turns):
    judged.clear()
    with Store.open(None, CONFIG.store) as store:
        store.follow(CONFIG)
        feed, evaluation = Feed(store), Evaluation(store, CONFIG)
        feed.append([("a", START, False), ("b", START, False)], START + DAY)
        evaluation.advance(START + DAY)
        assert evaluation.judged == START + DAY
        late = Counter()
        sent = [0, 0]
        for events, ticks, restart in turns:
            feed.append(events, evaluation.judged)
            sent = [sent[0] + len(events), sent[1] + sum(bad for _, _, bad in events)]
            if restart:
                late.update(taken=evaluation.late_trials, too_old=evaluation.too_late_trials)
                evaluation = Evaluation(store, CONFIG)
            evaluation.advance(evaluation.judged + ticks * TICK)
        evaluation.advance(START + 3 * DAY)
        late.update(taken=evaluation.late_trials, too_old=evaluation.too_late_trials)
        assert judged["n"] + late["too_old"] == sent[0]
        assert judged["bad"] <= sent[1]
        if not late["too_old"]:
            assert judged["bad"] == sent[1]


def test_an_event_of_before_is_taken_in_at_the_next_tick_and_one_of_long_ago_is_told(judged):
    judged.clear()
    with Store.open(None, CONFIG.store) as store:
        store.follow(CONFIG)
        feed, evaluation = Feed(store), Evaluation(store, CONFIG)
        feed.append([("a", START, False)], START + DAY)
        evaluation.advance(START + DAY + 2 * TICK)
        assert judged["n"] == 0
        now = START + DAY + 2 * TICK
        feed.append([("a", now - TICK, True), ("a", now - REACH_S, True), ("a", now - REACH_S - 60, True)], now)
        assert evaluation.advance(now) == []
        assert judged["n"] == 0  # no tick is due
        evaluation.advance(now + TICK)
        assert (judged["n"], judged["bad"]) == (2, 2)
        metrics = Metrics()
        after_tick(metrics, evaluation, CONFIG)
        value = metrics.registry.get_sample_value
        assert value("bellbuoy_late_trials_total", {"result": "taken"}) == 2
        assert value("bellbuoy_late_trials_total", {"result": "too_old"}) == 1
        evaluation.advance(now + 3 * TICK)
        assert judged["n"] == 2


def test_what_comes_between_the_reading_and_the_writing_of_a_tick_is_judged_the_next_time(judged, monkeypatch):
    judged.clear()
    with Store.open(None, CONFIG.store) as store:
        store.follow(CONFIG)
        feed, evaluation = Feed(store), Evaluation(store, CONFIG)
        feed.append([("a", START, False)], START + DAY)
        evaluation.advance(START + DAY)
        write = evaluation._write

        def slowly(*arguments):
            feed.append([("a", START + DAY, True)], START + DAY + TICK)
            monkeypatch.undo()
            write(*arguments)

        monkeypatch.setattr(evaluation, "_write", slowly)
        evaluation.advance(START + DAY + TICK)
        assert judged["n"] == 0
        Evaluation(store, CONFIG).advance(START + DAY + 2 * TICK)
        assert (judged["n"], judged["bad"]) == (1, 1)


def test_ticks_of_an_outage_are_not_judged_and_take_nothing_in(judged):
    judged.clear()
    outage = f"outages: [{{ from: {_text(START + DAY)}, to: {_text(START + DAY + 3600)}, why: collector down }}]"
    config = load_text(TEXT_WITH.format(outage=outage))
    with Store.open(None, config.store) as store:
        store.follow(config)
        feed, evaluation = Feed(store), Evaluation(store, config)
        feed.append([("a", START + DAY - TICK, False)], START + DAY)
        evaluation.advance(START + DAY)
        feed.append([("a", START + DAY - TICK, True)], START + DAY)
        evaluation.advance(START + DAY + 7200)
        assert (judged["n"], judged["bad"]) == (1, 1)


def test_what_is_taken_away_as_a_repeat_is_no_late_trial_and_stops_no_metric():
    metrics = Metrics()
    with Store.open(None, CONFIG.store) as store:
        store.follow(CONFIG)
        evaluation = Evaluation(store, CONFIG)
        once = [("a", START + 60 * place, False) for place in range(10)]
        Feed(store).append(once, START + 600)
        store._appender.duplicates.fill([])  # more than a day ago
        Feed(store, Stream("files", "again.jsonl", 0, "1")).append(once, START + 2 * DAY)
        evaluation.advance(START + 2 * DAY)
        assert store.remove_repeats(START + DAY, START + 3 * DAY) == 10
        for tick in (1, 2):
            evaluation.advance(START + 2 * DAY + tick * TICK)
            after_tick(metrics, evaluation, CONFIG)
        assert metrics.registry.get_sample_value("bellbuoy_late_trials_total", {"result": "too_old"}) == 0
