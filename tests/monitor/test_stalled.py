"""What stands still though there is work is an incident about Bellbuoy itself, and over when it goes on."""

import threading

import pytest
from ports import free_port

from bellbuoy.config.load import load, load_text
from bellbuoy.monitor.app import App
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.judging.ourselves import Ourselves
from bellbuoy.monitor.schedule import Job, timetable
from bellbuoy.monitor.stalled import Stalled
from bellbuoy.monitor.store import Store

START = 1_800_000_000
AFTER = 300.0
CONFIG = load_text(
    "version: 1\nsources: [{ files: { path: none.jsonl } }]\nsinks: { out: { console: {} } }\nroutes: [{ to: [out] }]\n"
)
FULL = "b.duckdb: disk or memory is used up: Out of Memory Error: 95.8 MiB/96.0 MiB used\n\nPossible solutions:\n* …"


@pytest.mark.parametrize(
    ("storing", "judging", "jobs", "severity", "headline", "reason"),
    [
        (
            {"kafka": FULL, "http": None},
            None,
            {},
            "page",
            "nothing of kafka is stored",
            f"for 5 min now: {FULL.splitlines()[0]}",
        ),
        ({"kafka": None}, "boom", {}, "page", "nothing is judged", "for 5 min now: boom"),
        ({}, None, {"retention": "boom"}, "ticket", "retention fails", "for 5 min now: boom"),
    ],
)
def test_what_stands_still_is_told_once_it_has_lasted(storing, judging, jobs, severity, headline, reason):
    clock = VirtualClock(START)
    stalled = Stalled(clock, AFTER)
    assert stalled.troubles(storing, judging, jobs) == []
    clock.advance(AFTER - 1)
    assert stalled.troubles(storing, judging, jobs) == []
    clock.advance(1)
    (one,) = stalled.troubles(storing, judging, jobs)
    assert (one.severity, one.headline, one.reason) == (severity, headline, reason)
    assert one.remedy
    assert stalled.troubles({}, None, {}) == []
    assert stalled.troubles(storing, judging, jobs) == [], "it counts anew"


def test_several_sources_are_several_troubles_each_with_its_own_time():
    clock = VirtualClock(START)
    stalled = Stalled(clock, AFTER)
    stalled.troubles({"a": "full", "b": None}, None, {})
    clock.advance(200)
    stalled.troubles({"a": "full", "b": "full"}, None, {})
    clock.advance(100)
    assert [one.key for one in stalled.troubles({"a": "full", "b": "full"}, None, {})] == ["stalled:store:a"]


def test_it_is_an_incident_and_ends():
    clock = VirtualClock(START)
    stalled = Stalled(clock, AFTER)
    with Store.open(None) as store:
        ours = Ourselves(store, CONFIG)

        def look(reason):
            clock.advance(AFTER)
            return [one.kind for one in ours.look(stalled.troubles({"kafka": reason}, None, {}), clock.now())]

        assert look("full") == []
        assert look("full") == ["opened"]
        assert look("full, still") == []
        assert look(None) == ["resolved"]
        assert store.cursor().execute("SELECT headline FROM changes").fetchall() == [
            ("nothing of kafka is stored",),
            ("over: nothing of kafka is stored",),
        ]


def test_whoever_hears_of_jobs_hears_of_success_too():
    outcomes, heard, done = iter([ValueError("boom"), None]), [], threading.Event()

    def work():
        outcome = next(outcomes, None)
        if outcome is not None:
            raise outcome

    def ended(name, error):
        heard.append((name, None if error is None else str(error)))
        if len(heard) >= 2:
            done.set()

    scheduler = timetable([Job("tries", work, every=0.02)], ended, 0.0)
    scheduler.start()
    try:
        assert done.wait(10)
    finally:
        scheduler.shutdown(wait=True)
    assert heard[:2] == [("tries", "boom"), ("tries", None)]


def test_the_time_is_a_setting():
    assert CONFIG.stalled_after == AFTER


def test_the_daemon_looks_at_its_sources_its_judging_and_its_jobs(tmp_path):
    file = tmp_path / "b.yaml"
    file.write_text(
        f"version: 1\nserver: {{ listen: '127.0.0.1:{free_port()}' }}\nstore: {{ path: {tmp_path}/b.duckdb }}\n"
        f"sources: [{{ files: {{ path: {tmp_path}/none.jsonl }} }}]\nsinks: {{ out: {{ console: {{}} }} }}\nroutes: [{{ to: [out] }}]\n"
        "stalled_after: 1m\n"
    )
    clock = VirtualClock(START)
    app = App(load(file), clock=clock)
    try:
        (source,) = app.ingests
        source._over.trouble = "full"
        app.trouble = "full"
        app._job_ended("retention", ValueError("boom"))
        app.look()
        clock.advance(60)
        app.look()
        found = app.store.cursor().execute("SELECT headline FROM changes ORDER BY ALL").fetchall()
        assert found == [("nothing is judged",), (f"nothing of {source.source.name} is stored",), ("retention fails",)]
        source._over.trouble = app.trouble = None
        app._job_ended("retention", None)
        app.look()
        clock.advance(60)
        app.look()
        assert app.store.cursor().execute("SELECT count(*) FROM incidents WHERE state <> 'resolved'").fetchall() == [
            (0,)
        ]
    finally:
        app.store.close()
        for listener in app.listeners:
            listener.close()
