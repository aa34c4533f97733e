"""A skip moves the position and says so in one transaction, or does neither."""

import threading
from contextlib import contextmanager

import pytest
from store_batches import messages

from bellbuoy.monitor.sources.skipping import Skip, Skipped, turned
from bellbuoy.monitor.store import PositionConflict, Store

pytestmark = pytest.mark.store


def rows(store):
    return store.cursor().execute("SELECT answer, from_offset, to_offset, lost, why FROM skips ORDER BY id").fetchall()


@pytest.fixture
def asked(store, stream, batch_of):
    """A stream that stands at 10, and a skip of it that waits."""
    store.append(batch_of(store, stream, messages(1, 10)))
    number = store.skips.ask((stream.source, stream.path, stream.partition), "begin", "retention", 1_800_000_000.0)
    [skip] = store.skips.waiting(stream.source)
    assert skip == Skip(number, stream.path, stream.partition, "begin")
    return skip


def test_a_skip_that_is_taken_moves_the_position_and_says_so(store, stream, asked, batch_of, tmp_path):
    assert store.skips.answer(asked.id) is None
    store.skips.take(asked, Skipped(stream, stream, 10, 60, 50, 0), 1_800_000_001.0)
    assert store.positions("kafka") == {stream: 60}
    assert store.skips.waiting("kafka") == []
    found = store.skips.answer(asked.id)
    assert (found.taken, found.start, found.to, found.lost) == (True, 10, 60, 50)
    store.append(batch_of(store, stream, messages(2, 5), offset=60))
    store.close()
    with Store.open(tmp_path / "bellbuoy.duckdb") as again:
        assert again.positions("kafka") == {stream: 65}
        assert rows(again) == [("taken", 10, 60, 50, "retention")]


def test_a_skip_from_elsewhere_changes_nothing(store, stream, asked):
    with pytest.raises(PositionConflict, match=r"kafka:agent.interactions:0: a stored position is not where"):
        store.skips.take(asked, Skipped(stream, stream, 9, 60, 51, 0), 0.0)
    assert store.positions("kafka") == {stream: 10}
    assert store.skips.waiting("kafka") == [asked]


def test_a_position_that_somebody_else_moved_holds_the_skip_back(store, stream, asked):
    with store.transaction() as tx:
        tx.cursor.execute("UPDATE streams SET next = 12")
    with pytest.raises(PositionConflict):
        store.skips.take(asked, Skipped(stream, stream, 10, 60, 50, 0), 0.0)
    assert rows(store) == [(None, None, None, None, "retention")]


def test_a_stream_that_goes_back_goes_on_as_another_one(store, stream, asked, batch_of):
    store.skips.take(asked, Skipped(stream, turned(stream), 10, 4, 0, 0), 0.0)
    assert store.positions("kafka") == {stream: 10, turned(stream): 4}
    store.append(batch_of(store, turned(stream), messages(3, 5), offset=4))
    assert store.positions("kafka") == {stream: 10, turned(stream): 9}


def test_a_skip_that_is_refused_moves_nothing(store, stream, asked):
    store.skips.refuse(asked, "offset 7 is not there", 0.0)
    assert store.positions("kafka") == {stream: 10}
    assert store.skips.waiting("kafka") == []
    answer = store.skips.answer(asked.id)
    assert (answer.taken, answer.text) == (False, "offset 7 is not there")


def test_an_append_between_a_skip_and_its_being_known_waits(store, stream, asked, batch_of, monkeypatch):
    told, real = [], store.transaction
    batch = batch_of(store, stream, messages(2, 5), offset=10)

    def append():
        try:
            store.append(batch)
        except PositionConflict as error:
            told.append(str(error))

    beside = threading.Thread(target=append)

    @contextmanager
    def transaction(**how):
        with real(**how) as tx:
            yield tx
        if beside.ident is None:
            beside.start()
            beside.join(0.2)  # committed, and not known yet: whoever does not wait here takes it for another process

    monkeypatch.setattr(store, "transaction", transaction)
    store.skips.take(asked, Skipped(stream, stream, 10, 60, 50, 0), 0.0)
    beside.join(10)
    assert told == ["kafka:agent.interactions:0: offset 10 comes again, 60 was to be next; nothing was stored."]
