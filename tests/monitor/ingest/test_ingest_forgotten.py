"""An event that has left the store is not counted once more when it comes again; one that never was there can be."""

import json
import threading

import pytest
from list_source import ListSource

from bellbuoy.config.model import Config
from bellbuoy.config.server import Retention
from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.ingest import Ingest
from bellbuoy.monitor.letters import retry
from bellbuoy.monitor.store import Store

pytestmark = pytest.mark.store

DAY = 86400
FIRST = 20_000 * DAY
KEEP = Retention(events=10 * DAY)


class Day(SystemClock):
    """The wall clock of another day."""

    def __init__(self, at):
        self.at = at

    def now(self):
        return self.at


def steps(first, days):
    """Return a step a day, the first at noon of a day."""
    return [
        json.dumps(
            {
                "type": "step",
                "ts": (FIRST + day * DAY + DAY // 2) * 1000,
                "interaction_id": f"i{day}",
                "workflow": "w",
                "step": "greet",
                "outcome": "failure",
            }
        ).encode()
        for day in range(first, first + days)
    ]


def read(store, told, day, values, name="kafka"):
    clock = Day(FIRST + day * DAY)
    ingest = Ingest(ListSource([values], name=name), store, told(), clock)
    for loop in (ingest.read_loop, ingest.write_loop):
        loop(threading.Event())
    return clock.now()


def counted(store):
    return store.cursor().execute("SELECT sum(n), sum(bad) FROM minutes WHERE signal = 'step_failure'").fetchone()


def letters(store):
    return store.cursor().execute("SELECT class, count(*), min(reason) FROM dead_letters GROUP BY class").fetchall()


@pytest.mark.parametrize("again", ["at once", "after a restart"])
def test_what_has_left_counts_once_however_late_it_comes_again(tmp_path, told, again):
    path = tmp_path / "b.duckdb"
    with Store.open(path) as store:
        now = read(store, told, 30, steps(0, 30))
        assert store.retain(now, KEEP).events == 20
        assert store.forgotten == FIRST + 20 * DAY
        if again == "at once":
            read(store, told, 33, steps(0, 30), "files")
    with Store.open(path) as store:
        if again != "at once":
            read(store, told, 33, steps(0, 30), "files")
        assert counted(store) == (30, 30)
        ((kind, number, reason),) = letters(store)
        assert (kind, number) == ("too_old", 20)
        assert "may have been counted already - at $.ts; `bellbuoy dead-letters retry` counts it" in reason
        assert store.cursor().execute("SELECT count(*) FROM events_raw").fetchone() == (10,)


def test_a_person_who_knows_better_counts_what_came_too_old(tmp_path, told):
    config = Config.model_validate(
        {
            "version": 1,
            "sources": [{"files": {"path": "x"}}],
            "detectors": [
                {"name": "steps", "signal": "step_failure", "by": ["workflow", "step"], "kind": "rate_shift"}
            ],
            "sinks": {"out": {"console": {}}},
            "routes": [{"to": ["out"]}],
        }
    )
    with Store.open(tmp_path / "b.duckdb") as store:
        now = read(store, told, 30, steps(15, 15))
        store.retain(now, KEEP)
        now = read(store, told, 31, steps(0, 15), "files")
        assert counted(store) == (15, 15)
        assert retry(store, config, now, kind="too_old").stored == 15
        assert counted(store) == (30, 30)
        assert letters(store) == []


def test_nothing_leaves_before_it_is_judged_so_a_first_reading_is_taken_whole(tmp_path, told):
    with Store.open(tmp_path / "b.duckdb") as store:
        now = read(store, told, 30, steps(0, 12))
        with store.transaction() as tx:
            tx.run("judgement/set_progress", name="judged", at=FIRST + 5 * DAY)
        assert store.retain(now, KEEP).events == 5
        read(store, told, 31, steps(12, 19), "files")
        assert (counted(store), letters(store)) == ((31, 31), [])
