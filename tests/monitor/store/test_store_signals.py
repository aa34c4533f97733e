"""Signals of one's own are counted like the built-in ones, or refused with a sentence."""

from types import SimpleNamespace

import pytest

from bellbuoy.monitor.signals import SignalError, table

pytestmark = pytest.mark.store


def minutes(store):
    rows = (
        store.cursor().execute("SELECT epoch(minute)::BIGINT, signal, workflow, step, n, bad FROM minutes").fetchall()
    )
    return {tuple(row[:4]): (row[4], row[5]) for row in rows}


def test_own_signal_is_counted_and_a_value_that_breaks_it_is_no_trial(store, stream, batch_of):
    own = SimpleNamespace(
        name="dear", trial="attributes['cost'] IS NOT NULL", bad="CAST(attributes['cost'] AS DOUBLE) > 1"
    )
    signals = table([own])
    for signal in signals:
        store.check(signal)
    store.configure(signals)
    values = [
        b'{"type":"step","ts":"2026-02-02T10:00:00Z","interaction_id":"'
        + cost
        + b'","workflow":"w","step":"s","outcome":"success",'
        b'"attributes":{"cost":"' + cost + b'"}}'
        for cost in (b"0.5", b"2", b"3", b"dear")
    ]
    store.append(batch_of(store, stream, values))
    assert [pair for key, pair in minutes(store).items() if key[1] == "dear"] == [(4, 2)]


@pytest.mark.parametrize(
    ("trial", "why"),
    [
        ("outcome = (SELECT max(value) FROM meta)", "no subqueries"),
        ("row_number() OVER () = 1", "no window functions"),
        ("count(*) > 1", "aggregate"),
        ("ts > now()", "changes from call to call"),
        ("nothing = 1", "nothing"),
        ("attempt", "gives INTEGER, not true or false"),
        ("getenv('HOME') = 'x'", "not offered"),
        ("true) FROM events; DROP TABLE meta; SELECT (true", "SELECT|one expression"),
        ("outcome =", "syntax error"),
    ],
)
def test_own_signal_that_cannot_be_counted_is_refused(store, trial, why):
    (signal,) = (one for one in table([SimpleNamespace(name="mine", trial=trial, bad="true")]) if one.name == "mine")
    with pytest.raises(SignalError, match=f"signals: mine.*({why})"):
        store.check(signal)


def test_built_in_signals_pass_their_own_check(store):
    for signal in table():
        store.check(signal)


def test_own_signal_may_not_take_a_built_in_name():
    with pytest.raises(SignalError, match="reask"):
        table([SimpleNamespace(name="reask", trial="true", bad="true")])
