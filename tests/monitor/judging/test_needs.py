"""Summing old minutes changes nothing of what is judged: no baseline is ever learned from hours."""

import json

from bellbuoy.config.load import load_text
from bellbuoy.config.server import Retention
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.needs import needed
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.aging.firsts import learn_firsts

DAY = 86400
DAYS = 52
LONG = 9000 * DAY
YOUNG = {"learn": "7d", "lag": "1d", "min_trials": 100, "min_bad": 3, "min_span": "3d"}


def configured(**baselines):
    plain = {
        "version": 1,
        "sources": [{"files": {"path": "none.jsonl"}}],
        "baselines": {"default": YOUNG, **baselines},
        "sinks": {"out": {"console": {}}},
        "routes": [{"to": ["out"]}],
    }
    return load_text(json.dumps(plain))


def test_a_store_that_ages_judges_as_one_that_does_not(world_of, written):
    world = world_of("qualify:0.985->0.7@day45", length=DAYS, per_day=30, seed=4)
    config = configured()
    told = []
    for ages in (True, False):
        with Store.open(None, config.store) as store:
            store.follow(config)
            evaluation = Evaluation(store, config)
            for number in range(DAYS):
                world.append(store, number)
                evaluation.advance(world.end(number))
                if ages:
                    store.retain(world.end(number), Retention(events=LONG, minutes=40 * DAY), needed(store, config))
                    learn_firsts(store, world.end(number))
            told.append(written(store))
            (coarse,) = store.cursor().execute(
                "SELECT count(*) FROM counts WHERE minute < (SELECT min(minute) FROM counts) + INTERVAL 8 DAY"
            ).fetchall()[0]  # fmt: skip
            told.append(coarse)
    aged, few, whole, many = told
    assert few < many / 2, "minutes were summed"
    assert aged["changes_raw"], "the fall was told"
    assert aged == whole


def test_what_a_baseline_may_read_stays(world_of):
    world = world_of(length=3, per_day=40, seed=4)
    config = configured(launch={"pinned": "2026-01-01..2026-01-31"})
    with Store.open(None, config.store) as store:
        store.follow(config)
        assert needed(store, config).since < 0
        for number in range(3):
            world.append(store, number)
        Evaluation(store, config).advance(world.end(2))
        found = needed(store, config)
        assert found.since == world.end(2) - 37 * DAY
        assert [tuple(one) for one in found.spans] == [tuple(config.baselines["launch"].pinned)]
        anchored = {one.id for one in store.series() if one.signal in ("step_failure", "interaction_failure")}
        assert anchored & set(found.series), "an anchor is not learned yet"
