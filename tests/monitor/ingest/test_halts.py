"""What stands still until a person decides: streams that stopped, and a source that gives too much rubbish."""

from types import SimpleNamespace

import pytest
from list_source import Endless
from store_batches import messages
from test_ingest_threads import Running, until

from bellbuoy.config.server import DeadLetters
from bellbuoy.config.sources import Http
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.ingest import Ingest, watermark
from bellbuoy.monitor.ingest.halts import NOTICE_S, Halts
from bellbuoy.monitor.ingest.intake import Intake
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.sources.errors import Notice, SourceStopped
from bellbuoy.monitor.sources.http import HttpSource, Posted
from bellbuoy.monitor.sources.skipping import Skipped, SkipRefused
from bellbuoy.monitor.store import StoreExhausted

pytestmark = pytest.mark.store


def feed(**limits):
    return SimpleNamespace(dead_letters=DeadLetters(**limits), unreachable_after=600.0)


class Breaking(Endless):
    """Stops a partition at an offset, as Kafka does at one that is out of range, and can be told to go on."""

    def __init__(self, partitions, at, **more):
        super().__init__(partitions, **more)
        self.breaks = {0: at}
        self.silence = ""
        self.notices = []
        self.deaf = False
        self.asks = 0

    def read(self, max_records, max_bytes, wait):
        for number, at in list(self.breaks.items()):
            stream = self.streams()[number]
            if self.at[stream] >= at:
                self.breaks.pop(number)
                self.held = (stream, self.at.pop(stream))
                self.at[stream] = len(self.partitions[number])  # it is read no more
                raise SourceStopped(stream, f"position {self.held[1]} is out of range", "decide")
        return super().read(max_records, max_bytes, wait)

    def lag(self):
        lag = super().lag()
        return lag | ({self.held[0]: 7} if hasattr(self, "held") else {})

    def skip(self, skip):
        self.asks += 1
        if self.deaf:
            return None
        if skip.target == "begin":
            raise SkipRefused("offset 0 lies before the position")
        stream, position = self.held
        self.at[stream] = to = int(skip.target)
        del self.held
        return Skipped(stream, stream, position, to, 5, to - position - 5)


def test_too_much_in_a_row_stops_the_source_and_eats_no_more(store, told, clock):
    source = Endless([[*messages(1, 300, bad=0), *[b"{"] * 200, *messages(2, 500, bad=0)]], chunk=10)
    metrics = Metrics()
    ingest = Ingest(source, store, told(rows=50), clock, metrics, feed=feed(max_share=1.0, max_consecutive=50))
    counted = metrics.registry.get_sample_value
    with Running(ingest):
        until(lambda: ingest.stopped and source.paused and ingest.total.received >= 360)
        assert ingest.total.received == 360  # the chunk in which it was seen, and not one record more
        assert counted("bellbuoy_source_stopped", {"source": "kafka"}) == 1
        [trouble] = ingest.troubles()
        assert (trouble.key, trouble.severity) == ("source:kafka:dead_letters", "page")
        assert "more than 50 messages in a row cannot be read; since the start of the count: " in trouble.reason
        assert "`bellbuoy source resume kafka`" in trouble.remedy
        assert ingest.idle(source.streams()[0])
        assert ingest.halts.resume()
        until(lambda: ingest.total.received >= 420)  # it counts afresh
        assert ingest.total.received == 420
        until(lambda: ingest.stopped)
        assert ingest.halts.resume()
        until(lambda: ingest.total.received >= 480)
        until(lambda: ingest.stopped)
        assert ingest.halts.resume()
        until(lambda: ingest.total.received == 1000)
    assert not ingest.stopped
    assert not ingest.halts.resume()
    assert ingest.total.letters == 200  # each is kept


def test_a_share_that_is_too_large_stops_the_source(store, told, clock):
    source = Endless([messages(1, 5000, bad=0.2)], chunk=100)
    limits = feed(max_share=0.1, window=1000)
    ingest = Ingest(source, store, told(rows=100), clock, feed=limits)
    with Running(ingest):
        until(lambda: ingest.stopped and ingest.total.received)
    assert ingest.total.received < 1000
    assert "of the last " in str(ingest.stopped[0])
    source.resume()
    fresh = Ingest(source, store, told(rows=100), clock, feed=feed(max_share=0.3, window=1000))
    with Running(fresh):  # a start reads on, and counts afresh
        until(lambda: ingest.total.received + fresh.total.received == 5000)
    assert not fresh.stopped


def test_limits_that_are_kept_to_stop_nothing(store, told, clock):
    source = Endless([messages(1, 3000, bad=0.03)])
    ingest = Ingest(source, store, told(), clock, feed=feed())
    with Running(ingest):
        until(lambda: ingest.total.received == 3000)
    assert not ingest.stopped
    assert ingest.troubles() == []


def test_a_person_lets_a_stopped_stream_go_on(store, told, clock):
    source = Breaking([messages(1, 200), messages(2, 300)], 60, chunk=20)
    metrics = Metrics()
    ingest = Ingest(source, store, told(), clock, metrics)
    counted = metrics.registry.get_sample_value
    stream = source.streams()[0]
    with Running(ingest):
        until(lambda: ingest.stopped and ingest.total.received == 360)
        assert store.positions("kafka")[stream] == 60
        [trouble] = ingest.troubles()
        assert trouble.key == "source:kafka:t:0"
        assert trouble.headline == "kafka does not read t partition 0 any more"
        source.deaf = True
        number = store.skips.ask(("kafka", "t", 0), "100", "lost", 0.0)
        ingest.halts.look()
        until(lambda: source.asks > 2)
        assert store.skips.answer(number) is None  # no broker answers
        source.deaf = False
        until(lambda: ingest.total.received == 460)
    assert not ingest.stopped
    assert store.positions("kafka") == {stream: 200, source.streams()[1]: 300}
    answer = store.skips.answer(number)
    assert (answer.taken, answer.start, answer.to, answer.lost) == (True, 60, 100, 5)
    assert counted("bellbuoy_source_skipped_total", {"source": "kafka", "result": "lost"}) == 5
    assert counted("bellbuoy_source_skipped_total", {"source": "kafka", "result": "left_out"}) == 35
    assert counted("bellbuoy_source_stopped", {"source": "kafka"}) == 0


def test_what_was_asked_while_nothing_ran_is_taken_up_at_the_start(store, told, clock):
    refused = store.skips.ask(("kafka", "t", 0), "begin", "", 0.0)
    number = store.skips.ask(("kafka", "t", 0), "100", "", 0.0)
    source = Breaking([messages(1, 200)], 0, chunk=20)
    source.deaf = True
    ingest = Ingest(source, store, told(), clock)
    store.append(_beginning(store, source.streams()[0]))
    with Running(ingest):
        until(lambda: ingest.stopped)
        source.deaf = False
        until(lambda: ingest.total.received == 100)
    assert not store.skips.answer(refused).taken
    assert store.skips.answer(number).taken


def _beginning(store, stream):
    from bellbuoy.monitor.event import Limits, decode
    from bellbuoy.monitor.sources.base import Chunk

    return decode(Chunk(stream, (), (), 0), stream_id=store.stream_id(stream), received_at_us=0, limits=Limits())


def test_a_full_disk_lets_decisions_wait_and_ends_nothing(store, told, clock, monkeypatch):
    source = Breaking([messages(1, 50, bad=0)], 20, chunk=10)
    halts = Halts(source, store, clock)
    stream = source.streams()[0]
    source.held = (stream, 20)
    number = store.skips.ask((stream.source, stream.path, stream.partition), "begin", "", clock.now())
    halts.look()

    def full(*_, **__):
        raise StoreExhausted("no room")

    for place in ("waiting", "refuse"):
        with monkeypatch.context() as patch:
            patch.setattr(store.skips, place, full)
            assert halts.decided() is None
            assert halts.decided() is None
    assert store.skips.answer(number) is None
    assert halts.decided() is None
    assert "before the position" in store.skips.answer(number).text


def test_what_waits_to_be_stored_is_not_decided_once_more(store, told, clock):
    source = Breaking([messages(1, 50, bad=0)], 20, chunk=10)
    halts = Halts(source, store, clock)
    stream = source.streams()[0]
    source.held = (stream, 20)
    store.skips.ask((stream.source, stream.path, stream.partition), "30", "", clock.now())
    assert halts.decided()[1].to == 30
    halts.look()  # somebody decides about another stream meanwhile
    assert halts.decided() is None
    assert source.asks == 1


def test_a_stopped_stream_does_not_hold_the_watermark(store, told, clock):
    source = Breaking([messages(1, 200), messages(2, 300)], 60, chunk=20)
    ingest = Ingest(source, store, told(), clock)
    now = 1_800_000_000.0
    with Running(ingest):
        until(lambda: ingest.stopped and ingest.total.received == 360)
        ingest.reading._lags_at = float("-inf")
        until(lambda: (ingest.lags() or {}).get(source.streams()[0]) == 7)
        assert watermark(store, [ingest], now, 300, 300) is not None
        newest = {one.stream.partition: one.newest for one in store.streams()}
        assert newest[0] < newest[1]
        assert watermark(store, [ingest], newest[1], 300, 300) == newest[1] - 300
        ingest.halts.streams = []
        assert watermark(store, [ingest], newest[1], 300, 300) == newest[0] - 300  # one that is behind holds it


def test_what_is_told_of_a_source_and_for_how_long(store):
    clock = VirtualClock(0.0)
    source = Breaking([[]], 99)
    halts = Halts(source, store, clock, feed=feed())
    assert halts.troubles(answers=True) == []
    stream = source.streams()[0]
    source.notices.append(Notice(stream, "topic t was made anew", "its id a is now b"))
    source.silence = "no connection to Kafka at h:1: refused"
    [anew] = halts.troubles(answers=True)
    assert (anew.key, anew.severity, anew.headline) == ("source:kafka:t:anew", "ticket", "topic t was made anew")
    clock.advance(600)
    [_, unreachable] = halts.troubles(answers=True)
    assert (unreachable.key, unreachable.severity) == ("source:kafka:unreachable", "ticket")
    assert unreachable.reason == "no connection to Kafka at h:1: refused"
    source.silence = ""
    clock.advance(NOTICE_S - 601)
    assert halts.troubles(answers=True) == [anew]
    clock.advance(1)
    assert halts.troubles(answers=True) == []
    assert halts.troubles(answers=False) == []  # it has just begun
    clock.advance(601)
    [unreachable] = halts.troubles(answers=False)
    assert unreachable.reason == "kafka does not say how far it is behind"


def test_one_sender_of_rubbish_does_not_halt_the_http_source_for_the_others(store, told, clock):
    source = HttpSource("http", clock=clock)
    ingest = Ingest(source, store, told(), clock, feed=Http())
    intake = Intake(source, ingest, store, Http(), clock)
    answers = []
    with Running(ingest):
        until(lambda: ingest.lags() is not None)
        intake.offer(Posted([b'{"secret"'] * 10_001, answers.append, intake.room()))
        until(lambda: answers)
        assert answers[0].status == 422
        intake.offer(Posted(messages(1, 50, bad=0), answers.append, intake.room()))
        until(lambda: len(answers) == 2)
        assert answers[1].status == 200
        assert ingest.stopped == []
