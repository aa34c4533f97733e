"""Signals that a detector stratifies are counted once more by stratum: as the events say, capped, and adding up."""

import json
from collections import Counter
from types import SimpleNamespace

import pytest

from bellbuoy.monitor.signals import stratified, table

pytestmark = pytest.mark.store

FIELDS = ("intent", "attributes.shop")
NAME = "interaction_failure by intent, attributes.shop"
LONG = "é" * 60 + "x" * 8


def signals(*fields):
    return stratified(table(), [SimpleNamespace(signal="interaction_failure", stratify=fields or FIELDS)])


def event(place, **more):
    return json.dumps(
        {
            "type": "interaction",
            "ts": "2026-02-02T10:00:00Z",
            "interaction_id": str(place),
            "workflow": "w",
            "outcome": "failure" if place % 3 == 0 else "success",
            **more,
        }
    ).encode()


def strata(store, name=NAME):
    found = store.cursor().execute("SELECT segment, n, bad FROM minutes WHERE signal = ?", [name]).fetchall()
    return {segment: (n, bad) for segment, n, bad in found}


def whole(store):
    return (
        store.cursor().execute("SELECT sum(n), sum(bad) FROM minutes WHERE signal = 'interaction_failure'").fetchone()
    )


EVENTS = [
    {"intent": "refund", "attributes": {"shop": "north"}},
    {"intent": "refund", "attributes": {"shop": "south"}},
    {"intent": "refund"},
    {"attributes": {"shop": "north"}},
    {"attributes": {"till": "1"}},
    {"intent": "refund", "attributes": {"shop": ""}},
    {"intent": LONG},
    {},
]


def test_counts_by_stratum_are_those_of_the_events_and_of_a_recount(store, stream, batch_of):
    store.configure(signals())
    store.append(batch_of(store, stream, [event(place, **EVENTS[place % 8]) for place in range(80)]))
    found = strata(store)
    assert found["refund | north"] == (10, sum(place % 3 == 0 for place in range(0, 80, 8)))
    assert set(found) == {
        "refund | north",
        "refund | south",
        "refund | (none)",
        "refund | ",
        "(none) | north",
        "(none) | (none)",
        "é" * 60 + "xxxx | (none)",
    }
    assert sum(n for n, _ in found.values()) == whole(store)[0] == 80
    assert sum(bad for _, bad in found.values()) == whole(store)[1]
    assert not store.recount(1_769_990_400), "the events say the same in SQL"
    assert strata(store) == found


def test_a_field_that_no_event_has_is_one_stratum(store, stream, batch_of):
    store.configure(signals("channel"))
    store.append(batch_of(store, stream, [event(place) for place in range(9)]))
    assert strata(store, "interaction_failure by channel") == {"(none)": (9, 3)}


def test_values_without_end_are_counted_together(store, stream, batch_of):
    """Fifty strata, the last of which holds all others; the whole is not touched."""
    store.configure(signals("intent"), max_segments=50)
    for first in (0, 40, 80):
        store.append(
            batch_of(store, stream, [event(place, intent=f"i{place}") for place in range(first, first + 40)], first)
        )
    found = strata(store, "interaction_failure by intent")
    assert len(found) == 50
    assert found["other"][0] == 120 - 49
    assert Counter(n for n, _ in found.values())[1] == 49
    assert whole(store)[0] == 120
    store.configure(signals("intent"), max_segments=50)
    store.append(batch_of(store, stream, [event(200, intent="i200"), event(201, intent="i3")], 120))
    found = strata(store, "interaction_failure by intent")
    assert (found["other"][0], found["i3"][0]) == (72, 2)


def test_strata_leave_room_for_steps(store, stream, batch_of):
    store.configure(signals("intent"), max_series=20)
    store.append(batch_of(store, stream, [event(place, intent=f"i{place}") for place in range(30)]))
    known = {one.signal for one in store.series()}
    assert {"interactions", "handoff", "interaction_failure"} <= known
    assert len(store.series()) < 15


def test_trials_are_shown_once(store, stream, batch_of):
    store.configure(signals("intent"))
    store.append(batch_of(store, stream, [event(0, intent="a")]))
    rows = [row[0] for row in store.cursor().execute("SELECT signal FROM trials").fetchall()]
    assert len(set(rows)) == len(rows)
    assert {"handoff", "interaction_failure", "interactions"} <= set(rows)


def test_an_unstratified_configuration_counts_as_before(store):
    assert stratified(table(), [SimpleNamespace(signal="reask", stratify=())]) == table()
