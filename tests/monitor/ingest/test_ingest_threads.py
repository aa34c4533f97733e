"""Reading and writing in two threads: in order, bounded, stopped cleanly, and loud when something breaks."""

import threading

import pytest
from list_source import Endless, ListSource
from store_batches import messages

from bellbuoy.monitor.ingest import Ingest, watermark
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.store import PositionConflict, StoreExhausted

pytestmark = pytest.mark.store


class Running:
    """Both loops in threads of their own, as the daemon starts them."""

    def __init__(self, ingest):
        self.ingest = ingest
        self.stop = threading.Event()
        self.threads = [
            threading.Thread(target=loop, args=(self.stop,), daemon=True)
            for loop in (ingest.read_loop, ingest.write_loop)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def join(self):
        for thread in self.threads:
            thread.join(20)
            assert not thread.is_alive(), "a loop did not end"

    def __exit__(self, *_):
        self.stop.set()
        self.join()


def until(condition, seconds=15):
    event = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        event.wait(0.01)
    raise AssertionError("it did not come to that")


def stored(store):
    rows = store.cursor().execute('SELECT stream, "offset" FROM events_raw').fetchall()
    letters = store.cursor().execute('SELECT stream, "offset" FROM dead_letters_raw').fetchall()
    return rows + letters


def everything(source, store):
    return [
        (store.stream_id(stream), offset)
        for stream, values in zip(source.streams(), source.partitions, strict=True)
        for offset in range(len(values))
    ]


def test_a_source_that_ends_is_stored_whole_and_both_loops_end(store, told, clock):
    source = ListSource([messages(1, 750), messages(2, 430)])
    metrics = Metrics()
    running = Running(Ingest(source, store, told(), clock, metrics))
    with running:
        running.join()
    assert sorted(stored(store)) == sorted(everything(source, store))
    assert source.confirmed == store.positions("kafka")
    total = running.ingest.total
    assert total.received == total.rows + total.letters == 1180
    counted = metrics.registry.get_sample_value
    assert counted("bellbuoy_events_total", {"source": "kafka", "result": "stored"}) == total.rows
    assert counted("bellbuoy_events_total", {"source": "kafka", "result": "rejected"}) == total.letters


def test_stop_commits_what_is_in_hand(store, told, clock):
    source = Endless([messages(1, 90)])
    with Running(Ingest(source, store, told(rows=1000, every=3600.0), clock)) as running:
        until(lambda: not source.lag()[source.streams()[0]])
        assert stored(store) == []
        running.stop.set()
        running.join()
    assert sorted(stored(store)) == sorted(everything(source, store))


def test_what_came_is_stored_when_it_is_old_enough(store, told, clock):
    source = Endless([messages(1, 90)])
    with Running(Ingest(source, store, told(rows=1000, every=0.05), clock)):
        until(lambda: len(stored(store)) == 90)


def test_full_queue_pauses_the_source_which_is_still_polled(store, told, clock):
    source = Endless([messages(1, 3000)], chunk=100)
    ingest = Ingest(source, store, told(rows=100), clock)
    with Running(ingest):
        with store.transaction():  # the writer waits for this one
            until(lambda: source.paused and source.reads_while_paused > 2)
            assert ingest.paused
            assert source.at[source.streams()[0]] < 3000
        until(lambda: len(stored(store)) == 3000)
        assert not source.paused
    assert sorted(stored(store)) == sorted(everything(source, store))


def test_failing_append_is_told_and_ends_both_loops(store, told, clock):
    failures = []
    source = Endless([messages(1, 500)])
    ingest = Ingest(source, store, told(), clock, on_failure=lambda name, error: failures.append((name, error)))
    store.append = lambda *_, **__: (_ for _ in ()).throw(PositionConflict("somebody else writes"))
    running = Running(ingest)
    with running:
        running.join()
    assert [name for name, _ in failures] == ["writing kafka"]
    assert isinstance(failures[0][1], PositionConflict)
    assert stored(store) == []


def test_failing_read_is_told_and_what_was_read_is_stored(store, told, clock):
    failures = []
    source = Endless([messages(1, 300)])
    real = source.read

    def read(*arguments):
        if source.at[source.streams()[0]] >= 300:
            raise OSError("the cable is cut")
        return real(*arguments)

    source.read = read
    running = Running(
        Ingest(source, store, told(), clock, on_failure=lambda name, error: failures.append((name, str(error))))
    )
    with running:
        running.join()
    assert failures == [("reading kafka", "the cable is cut")]
    rows = stored(store)
    assert len(rows) == len(set(rows)) == store.positions("kafka").get(source.streams()[0], 0)


def test_full_disk_pauses_retries_and_loses_nothing(store, told, clock, monkeypatch):
    monkeypatch.setattr("bellbuoy.monitor.ingest.writing.RETRY_FIRST_S", 0.01)
    source = Endless([messages(1, 2000)], chunk=50)
    ingest = Ingest(source, store, told(rows=50), clock)
    real, tries, full = store.append, [], threading.Event()
    full.set()

    def append(batch, *_, **__):
        if full.is_set():
            tries.append(1)
            raise StoreExhausted("No space left on device") if len(tries) % 2 else MemoryError
        return real(batch)

    store.append = append
    with Running(ingest):
        until(lambda: len(tries) > 3 and source.paused)
        assert ingest.trouble is not None
        full.clear()
        until(lambda: len(stored(store)) == 2000)
        assert ingest.trouble is None
        assert not source.paused
    assert len(set(stored(store))) == 2000


def test_stop_while_the_disk_is_full_ends_and_leaves_the_positions(store, told, clock):
    source = Endless([messages(1, 1000)], chunk=50)
    ingest = Ingest(source, store, told(rows=50), clock)

    def append(batch, *_, **__):
        raise StoreExhausted("No space left on device")

    store.append = append
    with Running(ingest):
        until(lambda: source.paused)
    assert store.positions("kafka") == {}


def test_start_goes_on_where_the_store_ends(store, told, clock):
    first = ListSource([messages(1, 300)])
    Ingest(first, store, told(), clock).drain()
    longer = ListSource([messages(1, 300) + messages(2, 200)])
    ingest = Ingest(longer, store, told(), clock)
    assert ingest.drain().received == 200
    assert longer.opened_at == {longer.streams()[0]: 300}
    assert sorted(stored(store)) == sorted(everything(longer, store))


def test_drain_ends_at_the_end_of_a_source_that_never_finishes(store, told, clock):
    source = Endless([messages(1, 250), []])
    assert Ingest(source, store, told(), clock).drain().received == 250


def test_lag_counts_what_is_read_and_not_stored(store, told, clock):
    source = Endless([messages(1, 250)], chunk=50)
    ingest = Ingest(source, store, told(rows=50), clock)
    assert ingest.lags() is None
    assert watermark(store, [ingest], clock.now(), 300, 300) is None
    stop = threading.Event()
    ingest.reading.open()
    batch = ingest.reading.collect(stop)
    ingest.reading.measure()
    assert ingest.lags() == {source.streams()[0]: 250}
    store.append(batch)
    assert ingest.lags() == {source.streams()[0]: 200}


def test_lag_that_cannot_be_read_holds_the_watermark_and_not_the_ingest(store, told, clock):
    source = Endless([messages(1, 250)], fail_lag=True)
    ingest = Ingest(source, store, told(), clock)
    with Running(ingest):
        until(lambda: len(stored(store)) == 250)
        assert ingest.lags() is None
        assert watermark(store, [ingest], clock.now(), 300, 300) is None


def test_watermark_of_a_source_that_is_behind_stays_with_its_events(store, told, clock):
    source = Endless([messages(1, 100, bad=0)], chunk=50)
    ingest = Ingest(source, store, told(rows=50), clock)
    ingest.reading.open()
    store.append(ingest.reading.collect(threading.Event()))
    ingest.reading.measure()
    newest = store.streams()[0].newest
    assert watermark(store, [ingest], clock.now() + 10_000, 300, 300) == newest - 300
    ingest.drain()
    assert watermark(store, [ingest], clock.now() + 10_000, 300, 300) > newest


def test_source_that_lost_sight_of_its_end_holds_the_watermark(store, told, clock):
    source = Endless([messages(1, 100)])
    Ingest(source, store, told(), clock).drain()
    again = Endless([messages(1, 100)])
    again.lag = dict  # after a restart, before a broker answers
    again.lag_known = False
    ingest = Ingest(again, store, told(), clock)
    ingest.reading.measure()
    assert watermark(store, [ingest], clock.now() + 10_000, 300, 300) is None
    again.lag_known = True
    ingest.reading._lags_at = float("-inf")
    ingest.reading.measure()
    assert watermark(store, [ingest], clock.now() + 10_000, 300, 300) is not None
