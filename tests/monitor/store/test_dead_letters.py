"""Dead letters are read again by what is known now: once, in one transaction, at their old place."""

import json
from dataclasses import replace

import pytest
from store_batches import START, message

from bellbuoy.config.load import load_text
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.letters import letter, retry
from bellbuoy.monitor.sources.base import Chunk

pytestmark = pytest.mark.store
CONFIG = """
version: 1
sources: [{ kafka: { bootstrap_servers: "k:9092", topics: [t] } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""
NOW = START + 20_000.0


@pytest.fixture
def config():
    return load_text(CONFIG)


def event(place, **more):
    rng = __import__("random").Random(place)
    found = {**message(rng, START + place), "type": "step", "step": "greet", "workflow": "lead", "outcome": "failure"}
    found = {key: value for key, value in found.items() if key not in ("outcome_source", "handoff", "demo")}
    return json.dumps({**found, "environment": "production", "event_id": f"e{place}", **more}).encode()


def append(store, stream, values, limits):
    values = list(values)
    chunk = Chunk(stream, range(len(values)), values, len(values), [b"k"] * len(values), [(("h", b"v"),)] * len(values))
    batch = decode(chunk, stream_id=store.stream_id(stream), received_at_us=int(NOW * 1e6), limits=limits)
    store.append(batch)


def everything(store):
    cursor = store.cursor()
    return {
        "events": cursor.execute(
            'SELECT stream, "offset", event_id, received_at FROM events_raw ORDER BY 2'
        ).fetchall(),
        "counts": cursor.execute(
            "SELECT minute, signal, workflow, step, sum(n), sum(bad) FROM minutes GROUP BY ALL ORDER BY ALL"
        ).fetchall(),
        "letters": cursor.execute("SELECT * FROM dead_letters ORDER BY id").fetchall(),
        "streams": cursor.execute("SELECT * FROM streams").fetchall(),
    }


def test_letters_that_are_events_now_are_stored_where_they_stood_and_twice_is_once(store, stream, config, tmp_path):
    values = [
        event(place, attributes={"a": "x" * 250, "b": "y" * 250}) if place % 3 == 0 else event(place)
        for place in range(9)
    ]
    values[4] = b"{"
    append(store, stream, values, Limits(max_message=500))
    before = everything(store)
    assert len(before["letters"]) == 4
    done = retry(store, config, NOW, every=True)
    assert (done.stored, done.duplicates, [kind for _, kind, _ in done.still]) == (3, 0, ["json"])
    after = everything(store)
    assert after["streams"] == before["streams"], "the positions stand where they stood"
    assert [row[1] for row in after["events"]] == [0, 1, 2, 3, 5, 6, 7, 8]
    assert len(after["letters"]) == 1
    again = retry(store, config, NOW, every=True)
    assert (again.stored, len(again.still)) == (0, 1)
    assert everything(store) == after
    # what comes out is what would have come if nothing had been refused
    from bellbuoy.monitor.store import Store

    with Store.open(tmp_path / "other.duckdb") as other:
        append(other, stream, values, Limits())
        assert everything(other)["counts"] == after["counts"]
        assert everything(other)["events"] == after["events"]


def test_an_event_that_came_again_meanwhile_is_not_stored_twice(store, stream, config):
    append(store, stream, [event(1, attributes={"a": "x" * 250, "b": "y" * 250}), event(2)], Limits(max_message=500))
    other = replace(stream, partition=1)
    append(store, other, [event(1)], Limits())
    before = everything(store)["events"]
    done = retry(store, config, NOW, every=True)
    assert (done.stored, done.duplicates) == (0, 1)
    assert everything(store)["events"] == before
    assert everything(store)["letters"] == []


def test_an_event_that_came_again_long_ago_is_not_stored_twice(store, stream, config):
    append(store, stream, [event(1, attributes={"a": "x" * 250, "b": "y" * 250}), event(2)], Limits(max_message=500))
    append(store, replace(stream, partition=1), [event(1)], Limits())
    store._appender.duplicates.fill([])  # more than a day ago
    before = everything(store)
    done = retry(store, config, NOW + 5 * 86_400, every=True)
    assert (done.stored, done.duplicates) == (0, 1)
    assert everything(store) == {**before, "letters": []}


def test_only_those_that_are_named_are_read_and_the_reason_is_the_new_one(store, stream, config):
    append(
        store,
        stream,
        [event(1, attributes={"a": "x" * 250, "b": "y" * 250}), b"{" * 600, b"["],
        Limits(max_message=500),
    )
    ids = [row[0] for row in everything(store)["letters"]]
    assert retry(store, config, NOW, [ids[1]]).still[0][1] == "json"
    assert [row[6] for row in everything(store)["letters"]] == ["size", "json", "type"]
    assert retry(store, config, NOW, kind="size").stored == 1
    assert retry(store, config, NOW, [999]).stored == 0
    assert [row[0] for row in everything(store)["letters"]] == ids[1:]


def test_of_a_very_large_one_only_the_head_is_kept_and_nothing_is_made_of_it(store, stream, config):
    append(store, stream, [b'{"x": "' + b"y" * (1 << 20) + b'"}'], Limits())
    done = retry(store, config, NOW, every=True)
    assert [kind for _, kind, _ in done.still] == ["size"]
    assert len(everything(store)["letters"]) == 1


def test_a_letter_is_shown_with_all_that_is_kept(store, stream):
    append(store, stream, [b"\x1b[2J{"], Limits())
    found = letter(store, 1)
    assert (found.raw, found.key, found.headers, found.stream) == (b"\x1b[2J{", b"k", (("h", b"v"),), stream)
    assert letter(store, 2) is None


def test_a_failure_in_the_middle_changes_nothing(store, stream, config, monkeypatch):
    append(store, stream, [event(1, attributes={"a": "x" * 250, "b": "y" * 250}), b"["], Limits(max_message=500))
    before = everything(store)
    real = type(store).transaction

    def torn(self, **how):
        manager = real(self, **how)
        tx = manager.__enter__()
        run = tx.run
        tx.run = lambda name, **params: 1 / 0 if name == "letters/refused" else run(name, **params)

        class Held:
            def __enter__(self):
                return tx

            def __exit__(self, *what):
                return manager.__exit__(*what)

        return Held()

    monkeypatch.setattr(type(store), "transaction", torn)
    with pytest.raises(ZeroDivisionError):
        retry(store, config, NOW, every=True)
    monkeypatch.undo()
    assert everything(store) == before
    assert retry(store, config, NOW, every=True).stored == 1
