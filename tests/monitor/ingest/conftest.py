"""A source that knows what it gave, and a configuration with small batches."""

import sys
from pathlib import Path

import pytest

from bellbuoy.config.server import Batch, Ingest, Retention
from bellbuoy.config.server import Store as StoreSettings
from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.store import Store

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "store")]


class Told:
    """As much of a configuration as the ingest reads."""

    def __init__(self, rows=100, every=0.05):
        self.ingest = Ingest(batch=Batch(rows=rows, bytes=16 << 20, every=every))
        self.store = StoreSettings(retention=Retention(minutes=20 * 365 * 86400.0))


@pytest.fixture
def told():
    return Told


@pytest.fixture
def clock():
    return SystemClock()


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "bellbuoy.duckdb") as opened:
        yield opened
