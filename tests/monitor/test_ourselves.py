"""Troubles of our own: told once each, raised when they grow, over when they are over, at restarts too."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellbuoy.config.model import Config
from bellbuoy.monitor.judging.ourselves import ABOUT, OVER_S, Ourselves, Trouble
from bellbuoy.monitor.judging.records import open_incidents, page_of
from bellbuoy.monitor.reading import Reading
from bellbuoy.monitor.store import Store

START = 1_800_000_000
CONFIG = Config.model_validate(
    {
        "version": 1,
        "sources": [{"files": {"path": "events.jsonl"}}],
        "sinks": {"us": {"console": {}}, "all": {"console": {}}},
        "detectors": [{"name": "s", "signal": "step_failure", "by": ["workflow", "step"], "kind": "rate_shift"}],
        "routes": [{"when": {"about": "bellbuoy"}, "to": ["us"]}, {"to": ["all"]}],
    }
)


def stopped(severity="page", headline="kafka reads calls partition 3 no more", reason="position 7 is out of range"):
    return Trouble("source:kafka:calls:3", severity, headline, reason, "decide: `bellbuoy source skip`")


@pytest.fixture
def store():
    with Store.open(None) as opened:
        yield opened


def pages(store):
    rows = store.cursor().execute("SELECT page FROM changes_raw ORDER BY changed_at, number").fetchall()
    return [page_of(text) for (text,) in rows]


def test_one_incident_from_the_trouble_to_its_end(store):
    us = Ourselves(store, CONFIG)
    kinds = [[change.kind for change in us.look([stopped()], START + seconds)] for seconds in (0, 10, 20)]
    assert kinds == [["opened"], [], []]
    assert us.look([], START + 30) == []
    assert us.look([], START + 20 + OVER_S - 1) == []
    assert [change.kind for change in us.look([], START + 20 + OVER_S)] == ["resolved"]
    opened, resolved = pages(store)
    assert (opened.about, opened.severity, opened.headline) == (ABOUT, "page", stopped().headline)
    assert opened.findings[0].value[0].text == stopped().remedy
    assert (resolved.state, resolved.headline) == ("resolved", f"over: {stopped().headline}")
    assert open_incidents(store, ABOUT) == []


def test_it_goes_the_way_of_its_route_and_is_none_of_the_agents(store):
    Ourselves(store, CONFIG).look([stopped()], START)
    assert store.cursor().execute("SELECT sink FROM deliveries").fetchall() == [("us",)]
    assert open_incidents(store) == []
    assert store.cursor().execute("SELECT about, signal, severity FROM incidents").fetchall() == [
        ("bellbuoy", "source:kafka:calls:3", "page")
    ]


def test_numbers_that_move_are_no_news_and_a_graver_state_is(store):
    us = Ourselves(store, CONFIG)
    us.look([stopped("ticket", reason="5 behind")], START)
    assert us.look([stopped("ticket", reason="900 behind")], START + 10) == []
    (change,) = us.look([stopped("page", reason="9,000 behind")], START + 20)
    assert (change.kind, change.raised, change.incident.severity) == ("updated", True, "page")
    assert us.look([stopped("ticket")], START + 30) == []  # a fall is no change
    (change,) = us.look([stopped("page", headline="kafka is gone: all of it")], START + 40)
    assert (change.kind, change.raised) == ("updated", False)


def test_a_restart_goes_on_with_what_is_open(store):
    Ourselves(store, CONFIG).look([stopped()], START)
    again = Ourselves(store, CONFIG)
    assert again.look([stopped()], START + 100) == []
    third = Ourselves(store, CONFIG)
    assert third.look([], START + 200) == []  # what a source has to tell may take it a moment
    (change,) = third.look([], START + 200 + OVER_S)
    assert change.kind == "resolved"
    assert pages(store)[-1].headline == f"over: {stopped().headline}"


def test_people_can_read_it_on_its_page(store):
    us = Ourselves(store, CONFIG)
    (change,) = us.look([stopped()], START)
    view = Reading(store, CONFIG).incident(change.incident.id)
    assert view is not None
    assert view.page.headline == stopped().headline
    assert view.page.chart is None


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.sets(st.sampled_from("abc")), st.integers(1, 90), st.booleans()), max_size=25))
def test_an_incident_is_open_while_its_trouble_is(looks):
    """However troubles come and go, and whenever the process starts anew."""
    with Store.open(None) as store:
        us, now = Ourselves(store, CONFIG), START
        last: dict[str, int] = {}
        for keys, seconds, restart in looks:
            now += seconds
            if restart:
                us = Ourselves(store, CONFIG)
                last.update(dict.fromkeys(last, now))
            us.look([Trouble(key, "ticket", key, "why", "") for key in sorted(keys)], now)
            last.update(dict.fromkeys(keys, now))
            open_now = [one.lead.watched.series.signal for one in open_incidents(store, ABOUT)]
            assert sorted(open_now) == sorted({key for key, at in last.items() if now - at < OVER_S})
            last = {key: at for key, at in last.items() if now - at < OVER_S}
        numbers = (
            store.cursor().execute("SELECT incident, list(number ORDER BY number) FROM changes GROUP BY 1").fetchall()
        )
        assert all(found == list(range(1, len(found) + 1)) for _, found in numbers)
