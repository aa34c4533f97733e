"""The outside hears a ping while all is well, and names when it is not."""

import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor import chores as chores_module
from bellbuoy.monitor.auditing.reports import Reports
from bellbuoy.monitor.chores import Chores
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.health import Health
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.schedule import Job, timetable
from bellbuoy.monitor.store import Store

NOW = 1_800_000_000.0
CONFIG = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
heartbeat: { url: "http://127.0.0.1:9/ping", every: 30s }
"""


@pytest.fixture
def chores():
    config = load_text(CONFIG)
    clock = VirtualClock(NOW)
    health = Health(clock)
    health.mend("started")
    source = SimpleNamespace(name="kafka")
    ingest = SimpleNamespace(source=source, stopped=[], lags=dict)
    with Store.open(None, config.store) as store:
        yield Chores(config, store, [ingest], health, Metrics(), clock, {})


def test_all_is_well(chores):
    assert chores.unwell() == []
    assert [(job.name, job.every, job.daily_at) for job in chores.jobs()] == [
        ("measure", 10.0, None),
        ("memory", 10.0, None),
        ("retention", 0.0, (3, 17)),
        ("repeats", 0.0, (4, 41)),
        ("compaction", 600.0, None),
        ("heartbeat", 30.0, None),
    ]


def test_the_weekly_report_is_asked_for_when_its_time_comes(chores):
    chores.config = load_text(CONFIG + "audit: { every: 'daily 12:00', to: [out] }\n")
    chores.reports = Reports(chores.store, chores.config)
    (job,) = (job for job in chores.jobs() if job.name == "audit")
    job.work()
    assert chores.store.rows("outbox/waiting") == []
    chores.clock.advance(86_400)
    job.work()
    assert [(row["sink"], row["pages"]) for row in chores.store.rows("outbox/waiting")] == [("out", 1)]
    assert "sink out: a page waits" not in chores.unwell()


def test_a_stopped_source_a_failing_judge_and_a_failed_check_are_named(chores):
    chores.ingests[0].stopped.append("out of range")
    chores.failing["judge"] = "boom"
    chores.health.fail("store", "no space")
    assert chores.unwell() == ["store", "judging", "source kafka stopped"]


def test_a_page_that_waits_for_ten_minutes_is_told_outside(chores):
    with chores.store.transaction() as tx:
        tx.run("outbox/add", incident="inc_1", sink="out", number=1, at=int(NOW) - 601 - 300 - 3 * 300)
        tx.run("outbox/add", incident="inc_1", sink="gone", number=1, at=0)
    assert chores.unwell() == ["sink out: a page waits"]
    with chores.store.transaction() as tx:
        tx.run("outbox/sent", incident="inc_1", sink="out", number=1, handle="{}", again=0)
    assert chores.unwell() == []


def test_a_page_of_a_tick_that_was_judged_late_does_not_wait_yet(chores):
    with chores.store.transaction() as tx:
        tx.run("outbox/add", incident="inc_1", sink="out", number=1, at=int(NOW) - 300 - 3 * 300)
    assert chores.unwell() == []


def test_judging_that_stands_still_is_told_outside(chores):
    chores.clock.advance(121)
    assert chores.unwell() == ["judging"]


@pytest.mark.parametrize("heard", [True, False])
def test_the_ping_is_counted(chores, monkeypatch, heard):
    told = []
    monkeypatch.setattr(chores_module, "ping", lambda url, failed: told.append((url, failed)) or heard)
    chores.heartbeat()
    assert told == [("http://127.0.0.1:9/ping", [])]
    value = chores.metrics.registry.get_sample_value(
        "bellbuoy_heartbeats_total", {"result": "ok" if heard else "error"}
    )
    assert value == 1


def test_a_page_that_was_refused_is_told_outside(chores):
    with chores.store.transaction() as tx:
        tx.run("outbox/add", incident="inc_1", sink="out", number=1, at=int(NOW))
        tx.run("outbox/refused", incident="inc_1", sink="out", number=1, reason="auth", again=0)
    assert chores.unwell() == ["sink out: refused (auth)"]


def test_repeats_are_looked_for_since_the_last_look_however_long_ago(chores, monkeypatch):
    looked = []
    monkeypatch.setattr(chores.store, "remove_repeats", lambda since, until: looked.append((since, until)) or 0)
    chores.repeats()
    chores.clock.advance(86_400)
    chores.repeats()
    chores.clock.advance(3 * 86_400)  # the daemon was down at two of its times
    chores.repeats()
    day = 86_400
    assert looked == [
        (NOW - 90_000, NOW),
        (NOW + day - 90_000, NOW + day),
        (NOW + day - 3_600, NOW + 4 * day),
    ]


def test_what_is_old_leaves_although_no_export_can_be_written(chores, monkeypatch):
    kept = []

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(chores.upkeep, "exports", object)
    monkeypatch.setattr(chores.upkeep, "export", full)
    monkeypatch.setattr(chores, "_retain", kept.append)
    with pytest.raises(OSError, match="No space"):
        chores.retain()
    assert kept == [NOW]


def test_a_daily_job_that_was_missed_is_done_once_after_the_start(chores, monkeypatch):
    done = []
    monkeypatch.setattr(chores.store, "retain", lambda *_: done.append("retention") or SimpleNamespace(kept=0))
    monkeypatch.setattr(chores.store, "remove_repeats", lambda *_: done.append("repeats") or 0)

    def started():
        """Return what the catching up does that a start of the daemon plans."""
        done.clear()
        for job in chores.jobs():
            if job.catch_up:
                job.catch_up()
        return list(done)

    assert started() == ["retention", "repeats"]  # never done before
    assert started() == []
    chores.clock.advance(25 * 3600)
    assert started() == []
    chores.clock.advance(1)
    assert started() == ["retention", "repeats"]
    chores.clock.advance(24 * 3600)
    chores.retain()  # at its time
    chores.clock.advance(24 * 3600)
    assert started() == ["repeats"]


def test_what_was_missed_is_looked_for_some_minutes_after_the_start_and_never_beside_the_job(chores):
    begin = datetime.now(UTC).timestamp()
    scheduler = timetable(chores.jobs(), lambda *_: None, begin)
    scheduler.start(paused=True)
    try:
        at = {job.id: job.next_run_time.timestamp() - begin for job in scheduler.get_jobs() if "missed" in job.id}
        assert at == {"retention missed": pytest.approx(600, abs=1e-3), "repeats missed": pytest.approx(900, abs=1e-3)}
        assert {scheduler.get_job(f"{name} missed").executor for name in ("retention", "repeats")} == {
            "retention",
            "repeats",
        }
    finally:
        scheduler.shutdown(wait=False)


def test_a_job_that_raises_is_told_once_by_whoever_hears_of_it(caplog):
    def breaks():
        raise ValueError("boom")

    heard = threading.Event()
    told = []

    def failed(name, error):
        told.append((name, str(error)))
        heard.set()

    scheduler = timetable([Job("breaks", breaks, every=0.02)], failed, 0.0)
    scheduler.start()
    try:
        assert heard.wait(10)
    finally:
        scheduler.shutdown(wait=True)
    assert told[0] == ("breaks", "boom")
    assert caplog.records == []
