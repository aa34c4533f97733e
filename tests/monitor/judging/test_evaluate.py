"""From counts to pages: what is found, when, and that no restart, chunk or failure changes it."""

import pytest

from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.records import open_incidents
from bellbuoy.monitor.store import Store

pytestmark = pytest.mark.long

DAY = 86400


@pytest.fixture(scope="module")
def told(falling, config, written):
    """The changes of the falling world with their pages, and what the store holds at the end."""
    with Store.open(None, config.store) as store:
        store.follow(config)
        evaluation = Evaluation(store, config)
        changes = []
        for number in range(len(falling.days)):
            falling.append(store, number)
            changes += evaluation.advance(falling.end(number))
        yield changes, written(store), store


def test_nothing_is_said_before_anything_is_wrong(told, falling):
    assert all(falling.day(change.at) > 32 for change, _ in told[0])


def test_the_fall_is_one_incident_found_within_hours_and_named_after_its_step(told, falling):
    changes = told[0]
    first, page = changes[0]
    assert first.kind == "opened"
    assert falling.day(first.at) < 32.75
    assert len({change.incident.id for change, _ in changes}) == 1
    leads = [change.incident.lead.watched.series.step for change, _ in changes]
    assert set(leads) == {"qualify"}
    assert page.key == first.incident.id


def test_it_becomes_a_page_and_is_resolved_after_the_recovery(told, falling):
    kinds = [(change.kind, change.incident.severity) for change, _ in told[0]]
    assert ("updated", "page") in kinds
    assert kinds[-1] == ("resolved", "page")
    assert 37 < falling.day(told[0][-1][0].at) < 46
    assert open_incidents(told[2]) == []


def test_the_page_says_what_it_means(told):
    change, page = next(one for one in told[0] if one[0].incident.severity == "page")
    text = "".join(span.text for span in page.impact)
    assert page.headline.startswith("qualify fell from 98.")
    assert text.startswith("lead-qualifier, step 3 of 8 · interactions that end well ")
    assert "more failures an hour" in text
    assert [link.url for link in page.links] == [
        f"https://bellbuoy.example.com/i/{change.incident.id}",
        f"https://bellbuoy.example.com/i/{change.incident.id}/samples",
        "https://wiki.example.com/lead",
    ]
    labels = {fact.label for fact in page.facts} | {fact.label for fact in page.findings}
    assert {"Success", "Trials", "End to end", "Evidence", "Where", "Ruled out"} <= labels
    assert page.chart is not None
    assert page.chart.opened == change.incident.opened_at


def test_routes_add_sinks_when_the_severity_rises_and_all_hear_the_end(told):
    rows = {row["sink"]: row for row in told[2].rows("pages/deliveries", incident=told[0][0][0].incident.id)}
    assert set(rows) == {"out", "pager"}
    last = told[0][-1][0].number
    wanted = {
        row["sink"]: row["wanted"]
        for row in told[2].new_cursor().execute("SELECT * FROM outbox").df().to_dict("records")
    }
    assert wanted == {"out": last, "pager": last}


def test_restarts_and_pieces_of_any_size_change_no_bit(told, falling, config, store, written):
    """A new process for every piece, pieces from one tick to a day: the same rows to the last bit.

    Days are appended as they come, as live: limits of latency are learned at midnight and used from then on.
    """
    pieces = [300, 7 * 300, 3 * 3600, DAY // 2, DAY - 300, DAY]
    last = falling.end(len(falling.days) - 1)
    at, number, turn = falling.start, -1, 0
    while at < last:
        step = pieces[turn % len(pieces)] if falling.day(at) > 27 else DAY
        at, turn = min(at + step, last), turn + 1
        if falling.end(number) < at:
            number += 1
            falling.append(store, number)
        Evaluation(store, config).advance(at)
    assert turn > 55
    assert written(store) == told[1]


def test_a_failed_write_is_tried_again_and_leaves_no_trace(told, falling, config, store, written, monkeypatch):
    evaluation = Evaluation(store, config)
    write = Evaluation._write
    fails = {3, 12, 33, 34, 38}

    def failing(self, until, *rest):
        if (until - falling.start) // DAY in fails:
            fails.discard((until - falling.start) // DAY)
            raise OSError("no space left")
        write(self, until, *rest)

    monkeypatch.setattr(Evaluation, "_write", failing)
    for number in range(len(falling.days)):
        falling.append(store, number)
        while True:
            try:
                evaluation.advance(falling.end(number))
                break
            except OSError:
                continue
    assert not fails
    assert written(store) == told[1]


def test_stop_ends_between_transactions(falling, config, store):
    for number in range(3):
        falling.append(store, number)
    evaluation = Evaluation(store, config)
    evaluation.advance(falling.end(2), stop=lambda: (evaluation.judged or 0) >= falling.end(0))
    assert evaluation.judged == falling.end(0)
    evaluation.advance(falling.end(2))
    assert evaluation.judged == falling.end(2)


def test_an_empty_store_has_nothing_to_judge(config, store):
    assert Evaluation(store, config).advance(2_000_000_000) == []
