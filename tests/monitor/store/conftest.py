"""Batches as the decoder makes them, for a real DuckDB."""

import sys
from pathlib import Path

import pytest

from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store

sys.path.insert(0, str(Path(__file__).parent))

from store_batches import START


@pytest.fixture
def stream():
    return Stream("kafka", "agent.interactions", 0, "e1")


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "bellbuoy.duckdb") as opened:
        yield opened


@pytest.fixture
def batch_of():
    """Decode values into a batch of one stream, from an offset on."""

    def make(store, stream, values, offset=0, received_at=START + 10_000.0):
        chunk = Chunk(stream, range(offset, offset + len(values)), values, offset + len(values))
        limits = Limits(refuse_ahead_s=10 * 365 * 86400)
        return decode(chunk, stream_id=store.stream_id(stream), received_at_us=int(received_at * 1e6), limits=limits)

    return make
