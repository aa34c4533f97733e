"""The daemon's way through pieces, restarts, late events, ends that never come and a decision, and the backtest over what it stored: the same verdicts to the byte."""

import functools
import json
from dataclasses import replace

import numpy as np
import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.backtest.filling import fill_store
from bellbuoy.monitor.backtest.judging import judge
from bellbuoy.monitor.backtest.running import Material
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.normal import Asked, Normal
from bellbuoy.monitor.simulate import LEAD_QUALIFIER, Plan, days, parse_drifts
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store

pytestmark = pytest.mark.long

DAY = 86_400
STREAM = Stream("kafka", "calls", 0, "1")
LENGTH = 26
TEXT = """
version: 1
sources: [{ files: { path: none.jsonl } }]
baselines: { default: { learn: 7d, lag: 1d, min_trials: 200, min_bad: 3, min_span: 3d } }
detectors:
  - { name: step-success, signal: step_failure, by: [workflow, step], kind: rate_shift }
  - { name: month-one, signal: step_failure, by: [workflow, step], kind: slow_drift }
  - { name: re-ask, signal: reask, by: [workflow, step], kind: rate_shift, direction: both }
  - { name: abandoned, signal: abandoned, by: [workflow], kind: rate_shift }
  - { name: silence, signal: interactions, by: [workflow], kind: silence, direction: down }
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""


def arrivals(seed):
    """Return the events of some weeks, each with its arrival: most at once, some up to three days late, none early; some ends never."""
    random = np.random.default_rng(seed)
    drifts = parse_drifts(["qualify:0.985->0.7@day20"], LEAD_QUALIFIER)
    plan = replace(Plan(), days=LENGTH, per_day=60, seed=seed, drifts=drifts)
    lines = [line for _, lines in days(plan) for line in lines]
    events = [json.loads(line) for line in lines]
    at = np.array([one["ts"] for one in events], dtype=np.int64) // 1000
    ends = np.array([one["type"] == "interaction" for one in events])
    sent = ~ends | (np.random.default_rng([seed, 3]).random(len(at)) >= np.where(at < at.min() + 20 * DAY, 0.1, 0.4))
    lines, at = [line for line, kept in zip(lines, sent, strict=True) if kept], at[sent]
    late = (random.random(len(at)) < 0.04) & (at > at.min() + 3 * DAY) & (at < at.max() - 3 * DAY)
    arrival = at + np.where(
        late, random.integers(1, random.choice([DAY, 3 * DAY], len(at))), random.integers(0, 60, len(at))
    )
    order = np.argsort(arrival, kind="stable")
    return [lines[place] for place in order], arrival[order]


def take_in(store, lines, first, at):
    chunk = Chunk(STREAM, range(first, first + len(lines)), lines, first + len(lines))
    store.append(decode(chunk, stream_id=store.stream_id(STREAM), received_at_us=at * 1_000_000, limits=Limits()))


class Meanwhile(Evaluation):
    """Judges while more is stored: between what is learned at a midnight and what is judged."""

    store_more = None

    def _judge(self, since, until):
        if self.store_more is not None:
            self.store_more()
        return super()._judge(since, until)


def live(path, config, seed):
    """Let the daemon's own parts take in and judge the events in pieces, with restarts between some of them."""
    random = np.random.default_rng([seed, 2])
    lines, arrival = arrivals(seed)
    last_ones, lines, arrival = (
        lines[-400::20],
        np.delete(lines, np.s_[-400::20]).tolist(),
        np.delete(arrival, np.s_[-400::20]),
    )
    begins, ends = int(arrival[0]), int(arrival[-1]) + 3600
    done, at = 0, begins // 300 * 300
    restarts, expected = 0, False
    while at < ends:
        with Store.open(path, config.store) as store:
            store.follow(config)
            evaluation = Meanwhile(store, config)
            restarts += 1

            def upto(last):
                nonlocal done
                if last > done:
                    take_in(store, lines[done:last], done, at)  # noqa: B023 - within this life
                    done = last

            while at < ends:
                at = min(at + int(random.choice([300, 900, 3600, 6 * 3600, 20 * 3600])), ends)
                last = int(np.searchsorted(arrival, at))
                upto(int(random.integers(done, last + 1)))
                evaluation.store_more = functools.partial(upto, last)
                if random.random() < 0.9:
                    evaluation.advance(at - 120)
                if random.random() < 0.1:
                    break
            upto(last)
            evaluation.advance(at - 120)
            judged = evaluation.judged
            if not expected and evaluation.incidents:
                Normal(store, config).decide(Asked("accept", incident=evaluation.incidents[0].id, who="kim"))
                expected = True
    assert restarts > 3
    assert expected, "an incident was open at a restart"
    with Store.open(path, config.store) as store:
        store.follow(config)
        assert store.rows("backtest/late"), "some of them came late"
        take_in(store, last_ones, done, at)  # after the last judging
        return judged


def verdicts(store, until):
    """Return the rows of all verdicts up to an instant, as text."""
    statement = "SELECT * FROM verdicts_raw WHERE epoch(judged_at) <= ? ORDER BY ALL"
    return [repr(row) for row in store.new_cursor().execute(statement, [until]).fetchall()]


@pytest.mark.store
@pytest.mark.parametrize("seed", [1])
def test_the_backtest_over_a_store_says_what_its_daemon_said(tmp_path, seed):
    config = load_text(TEXT)
    path = tmp_path / "live.duckdb"
    judged = live(path, config, seed)
    with (
        Material.gathered(lambda recording, one: fill_store(recording, path, one)) as material,
        material.recording(config) as recording,
    ):
        found = judge(recording, config, until=judged, pages=False)
        again = verdicts(recording, found.until)
    with Store.open(path, config.store, read_only=True) as store:
        said = verdicts(store, found.until)
    assert found.until > judged - 2 * 3600, "but for the hour after the last event all is judged"
    assert [pair for pair in zip(said, again, strict=False) if pair[0] != pair[1]] == []
    assert len(said) == len(again)
    for signal in ("step_failure", "abandoned"):
        assert any("'worse'" in one and f"'{signal}'" in one for one in said)
