"""Fleets through the backtest: what is written as a daemon's store, what is read out of a run, and what is promised of it."""

import numpy as np
import pytest

from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.streams import DAY, HISTORY, Change, World, made
from bellbuoy.bench.detect.through import sudden
from bellbuoy.bench.detect.through.backtested import backtested, configured
from bellbuoy.bench.detect.through.fleet import LATE, Fleet, written
from bellbuoy.bench.detect.through.tables import tables
from bellbuoy.bench.detect.through.targets import judge, scattered
from bellbuoy.monitor.store import Store

SEED = 7
WHOLES = (("interaction_failure", "flow", None, None),)
KEYS = tuple(("interaction_failure by intent", "flow", None, name) for name in ("orders", "refunds"))


def counted(ticks):
    random = np.random.default_rng(SEED)
    n = random.poisson(20.0, (ticks, 2)).astype(float)
    at = 1_780_272_000 + 300 * np.arange(1, ticks + 1)
    return Fleet(KEYS, at, n, random.binomial(n.astype(int), 0.1).astype(float), WHOLES, np.array([0, 0]))


@pytest.mark.store
def test_the_store_holds_all_that_came_and_what_of_it_came_late(tmp_path):
    config, fleet = configured(), counted(4 * DAY)
    written(tmp_path / "made.duckdb", fleet, config, np.random.default_rng(SEED))
    with Store.open(tmp_path / "made.duckdb", config.store, read_only=True) as store:
        late = store.arrow("backtest/late").to_pandas()
        ids = {one.key: one.id for one in store.series()}
        counts = store.ticks([ids[key] for key in (*KEYS, *WHOLES)], 1_780_272_000, int(fleet.at[-1]), 300)
    assert np.array_equal(counts.n[:, :2].sum(axis=1), counts.n[:, 2])
    assert np.array_equal(counts.bad[:, :2].sum(axis=1), counts.bad[:, 2])
    assert np.array_equal(counts.n[: 3 * DAY, :2], fleet.n[: 3 * DAY])
    assert 0 < (fleet.n - counts.n[:, :2]).sum() < 2 * LATE * fleet.n[3 * DAY :].sum(), "some would come after the end"
    apart = (late["taken"] - late["minute"]) // 300
    assert (apart.min(), apart.max()) == (1, DAY - 1)
    parts = late[late["series"] != ids[WHOLES[0]]]
    assert parts["n"].sum() == late["n"].sum() - parts["n"].sum(), "what is late in a part is late in the whole"
    assert parts["n"].sum() / fleet.n.sum() == pytest.approx(LATE, rel=0.2)
    assert parts["bad"].sum() / parts["n"].sum() == pytest.approx(0.1, abs=0.02)


@pytest.mark.store
def test_a_fall_is_told_of_the_step_that_has_it_and_ends():
    fall, size = Change(0.3, lasts=DAY), Size(replicates=3, seed=SEED)
    fleet, change = sudden.fleet_of(1, fall, size, ticks=5 * DAY, quiet=DAY)
    assert len(fleet.at) == HISTORY + 5 * DAY
    told = backtested(fleet, configured(), [SEED, 1])
    for workflow, place in enumerate(change.tolist()):
        where, began = (f"flow-{workflow}", f"step-{sudden.STEP}"), fleet.began + 300 * place
        span = told.span(where, began)
        assert 0 < span[0] - began <= 3 * 300
        assert told.open_at(where, began + 300 * DAY - 1)
        assert span[1] <= told.resolved(where, began + 300 * DAY) < began + 2 * 300 * DAY
        assert told.opened(where, began, began + 600 * DAY) == 2, "both detectors saw it"
    assert {one.incident.lead.watched.series.step for one in told.changes if one.kind == "resolved"} == {"step-2"}


def found(**other):
    delay = {"mean": 10.0, "error": 1.0, "median": 9.0, "missed": 0.0, "early": 0.0, "streams": 60}
    month = {"openings": {"realistic": [60, 80, 20]}, "series": {"realistic": [70, 80, 10]}, "incidents": 100}
    ended = {"open": 60, "resolved": 1.0, "median": 40.0, "p90": 80.0}
    run = {
        "slide": {"delay": delay | {"mean": 8.0 * DAY, "error": DAY}, "open_in_month_5": 1.0},
        "fall of .03": {**month, "delay": delay, "still": {"open": 60, "resolved": 0.0}},
        "fall of .10 for 6 days": {**month, "delay": delay, "still": {"open": 60, "resolved": 0.0}, "recovered": ended},
        "dip of .20 for 2 h": {**month, "delay": delay, "recovered": ended},
        "mix": {
            "nothing": {"opened": 0.2, "series": 60},
            "mix": {"opened": 0.2, "delay": delay},
            "worse": {"opened": 1.0, "delay": delay},
        },
        "chain": {"right_step": 1.0, "chains": 60, "steps": delay, "end_to_end": delay},
    }
    return {name: {**own, **other.get(name, {})} for name, own in run.items()}


def test_what_is_kept_and_what_is_missed_is_told():
    kept = judge(found(), quick=False)
    assert [one.number for one in kept] == ["T2"] * 2 + ["T3"] * 2 + ["T4"] * 2 + ["T5"] * 6
    assert all(one.kept for one in kept)
    delay = {"mean": 25.0, "error": 1.0, "missed": 0.1, "streams": 60}
    bad = {
        "slide": {"delay": delay | {"mean": 14.0 * DAY, "error": DAY}, "open_in_month_5": 0.9},
        "mix": {"mix": {"opened": 0.5, "delay": delay}},
        "chain": {"right_step": 0.8},
    }
    fallen = {"delay": delay, **{key: {"realistic": [0] * 9 + [160]} for key in ("openings", "series")}}
    ended = {"still": {"open": 60, "resolved": 0.2}, "recovered": {"open": 60, "resolved": 0.5, "median": None}}
    for name in ("fall of .03", "fall of .10 for 6 days", "dip of .20 for 2 h"):
        bad[name] = {**fallen, **{key: own for key, own in ended.items() if key in found()[name]}}
    for quick in (False, True):
        assert [one.kept for one in judge(found(**bad), quick=quick)] == [False] * 12
    assert "day 14.0 ± 1.0" in {one.seen for one in judge(found(**bad), quick=False)}


def test_noise_scatters_as_much_as_the_bound_of_a_recovery_allows_for():
    world = World(noise=0.25)
    own = made(world, 1, 60, ticks=100 * DAY, seed=SEED, history=0)
    bad, n = (one.reshape(100, DAY, 60).sum(axis=1) for one in (own.bad, own.n))
    rate = own.bad.sum() / own.n.sum()
    seen = ((bad - n * rate) ** 2 / (n * rate * (1.0 - rate))).mean()
    assert scattered(world) == pytest.approx(seen, rel=0.1)
    assert scattered(World()) == 1.0


def test_a_run_is_told_in_tables():
    run = {"quick": True, "replicates": 60, "seed": SEED, "seconds": 9.0, "load": 0.0, "machine": {"cores": 2}}
    told = tables({**run, "found": found(), "targets": [one.row() for one in judge(found(), quick=True)]})
    assert "60 workflows a scenario. A quick run may miss" in told
    seen = "0.75 ± 0.03 by series and 30 days; 99 % point 2.0, at most 2 in 480 series"
    assert f"| nothing is wrong, realistic: openings of both detectors | {seen} |" in told
    assert "| nothing is wrong, realistic: whichever detector opens | 0.62 ± 0.03 by series" in told
    assert "| nothing is wrong: incidents, in which openings of one cause are joined | 0.62 by series" in told
