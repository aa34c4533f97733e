"""A store in memory."""

import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.store import Store

CONFIG = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""


@pytest.fixture
def store():
    config = load_text(CONFIG)
    with Store.open(None, config.store) as opened:
        opened.follow(config)
        yield opened
