"""Batches as the decoder makes them, for a real DuckDB."""

import sys
from pathlib import Path

import pytest

from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.store import Store

sys.path.insert(0, str(Path(__file__).parent))

import store_batches


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
    return store_batches.batch_of
