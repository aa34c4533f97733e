"""How late events are stored is told of every record, a batch at once."""

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from bellbuoy.monitor.event import Limits, concat, decode
from bellbuoy.monitor.lateness import BOUNDS_S, Lateness
from bellbuoy.monitor.sources.base import Chunk, Stream

STREAM = Stream("kafka", "t", 0, "")
ARRIVAL_US = 1_795_344_000_000_000


def read(**more):
    values = [b"{", None, b"{"]
    chunk = Chunk(STREAM, range(3), values, 3, **more)
    return decode(chunk, stream_id=1, received_at_us=ARRIVAL_US, limits=Limits())


def test_a_record_is_readable_from_its_brokers_time_or_else_from_its_arrival():
    assert read().readable_us.tolist() == [ARRIVAL_US] * 3
    timed = read(times_ms=[1_795_343_999_000, -1, 1_795_343_999_500])
    assert timed.readable_us.tolist() == [1_795_343_999_000_000, ARRIVAL_US, 1_795_343_999_500_000]
    assert concat([timed, read()]).readable_us.tolist() == [*timed.readable_us.tolist(), *[ARRIVAL_US] * 3]


def test_the_histogram_holds_every_record_of_every_batch():
    registry = CollectorRegistry()
    late = Lateness(registry)
    late.begin("kafka")
    assert registry.get_sample_value("bellbuoy_ingest_latency_seconds_count", {"source": "kafka"}) == 0
    late.observe("kafka", np.array([ARRIVAL_US, ARRIVAL_US + 900_000]), ARRIVAL_US / 1e6 + 1.0)
    late.observe("kafka", np.array([ARRIVAL_US, ARRIVAL_US + 5_000_000]), ARRIVAL_US / 1e6 + 4_000.0)
    text = generate_latest(registry).decode()
    below = {
        bound: registry.get_sample_value("bellbuoy_ingest_latency_seconds_bucket", {"source": "kafka", "le": bound})
        for bound in ("0.05", "0.1", "0.75", "1.0", "1800.0", "+Inf")
    }
    assert below == {"0.05": 0, "0.1": 1, "0.75": 1, "1.0": 2, "1800.0": 2, "+Inf": 4}, text
    total = registry.get_sample_value("bellbuoy_ingest_latency_seconds_sum", {"source": "kafka"})
    assert total == pytest.approx(1.1 + 4_000 + 3_995)
    assert list(BOUNDS_S) == sorted(BOUNDS_S)


def test_a_clock_that_runs_ahead_makes_no_negative_time():
    registry = CollectorRegistry()
    late = Lateness(registry)
    late.observe("kafka", np.array([ARRIVAL_US + 10_000_000]), ARRIVAL_US / 1e6)
    assert registry.get_sample_value("bellbuoy_ingest_latency_seconds_sum", {"source": "kafka"}) == 0.0
