"""docs/signals.md: every query in it is answered through the door for SQL."""

import re
from pathlib import Path

import pytest

from bellbuoy.config.signals import BUILT_IN
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.door.adhoc import ask

TEXT = (Path(__file__).parents[2] / "docs" / "signals.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def store():
    with Store.open(None) as opened:
        yield opened


def test_there_is_a_query_for_each_signal():
    assert [re.search(r"signal = '(\w+)'", sql)[1] for sql in QUERIES] == re.findall(r"^### (\w+)", TEXT, re.MULTILINE)
    assert len(QUERIES) == len(BUILT_IN)


@pytest.mark.parametrize("sql", QUERIES)
def test_each_query_is_answered(store, sql):
    assert not any(ask(store, sql).rows.to_pydict().get("n", []))
