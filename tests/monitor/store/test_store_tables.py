"""The published tables described: nothing is missing, nothing is said of what is not there."""

import pytest

from bellbuoy.monitor.store.door.adhoc import PUBLISHED
from bellbuoy.monitor.store.tables import MEANINGS, TABLES, described, tables_markdown, tables_text

pytestmark = pytest.mark.store


def test_every_published_table_is_described():
    assert tuple(TABLES) == PUBLISHED
    assert {one.table for one in described()} == set(MEANINGS) == set(PUBLISHED)


def test_every_column_has_a_meaning():
    assert [f"{one.table}.{one.name}" for one in described() if not one.meaning] == []


@pytest.mark.parametrize("table", sorted(set(PUBLISHED) - {"events", "interactions", "trials"}))
def test_no_column_is_told_that_is_not_there(table):
    """Those of events are generated; what series share is told of each that has it."""
    there = {one.name for one in described() if one.table == table}
    shared = {"signal", "workflow", "step", "segment", "n", "bad"}
    assert set(MEANINGS[table]) - there <= shared


def test_a_column_is_one_line_with_its_type():
    lines = tables_text().splitlines()
    assert "  minute             TIMESTAMP  its beginning, by event time" in lines
    assert "  slots_asked        VARCHAR[]  what was asked" in lines
    assert any(line.startswith("  handoff            STRUCT     ") and line.endswith(" accepted") for line in lines)
    assert [line.partition(":")[0] for line in lines if line and line[0] != " "] == list(PUBLISHED)
    assert "| `minute` | TIMESTAMP | its beginning, by event time |" in tables_markdown()
