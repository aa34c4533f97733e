"""Counts that cannot be: each is refused with its row and a way out."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bellbuoy.monitor.backtest.counted import read_counts
from bellbuoy.monitor.backtest.errors import BacktestError

HEAD = "minute,workflow,step,n,bad\n"


def refused(tmp_path, text, name="counts.csv"):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(BacktestError) as caught:
        read_counts([path])
    return str(caught.value).removeprefix(str(path))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("2026-06-01T00:01:00,flow,a,3,4", ", row 2: 4 bad of 3 trials cannot be"),
        ("2026-06-01T00:01:00,flow,a,3,-1", ", row 2: -1 bad of 3 trials cannot be"),
        ("2026-06-01T00:01:00,,a,3,1", ", row 2: has no workflow"),
        ("2026-06-01T00:01:00,flow,a,,1", ", row 2: has no n"),
        (",flow,a,3,1", ", row 2: has no minute"),
    ],
)
def test_a_row_that_cannot_be_is_named(tmp_path, row, told):
    assert refused(tmp_path, f"{HEAD}2026-06-01T00:00:00,flow,a,5,1\n{row}\n") == told


def test_what_a_file_lacks_is_named(tmp_path):
    assert refused(tmp_path, "when,workflow,n\n1,a,2\n").startswith(": has no column minute, bad; counts are minute")
    assert "not whole numbers" in refused(tmp_path, f"{HEAD}2026-06-01T00:00:00,flow,a,five,1\n")
    assert "is no time" in refused(tmp_path, f"{HEAD}yesterday,flow,a,5,1\n")
    assert "there is no row in it" in refused(tmp_path, HEAD)
    assert "cannot be read as parquet" in refused(tmp_path, "no parquet", "counts.parquet")
    assert "its name says none of them" in refused(tmp_path, "x", "counts.txt")


def test_signals_follow_from_what_is_counted(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text(
        "tick,workflow,step,segment,n,bad\n2026-06-01T00:03:20Z,flow,a,,5,1\n2026-06-01 00:00:00,flow,,x,6,2\n"
    )
    found = read_counts([path])
    assert found.series == (("interaction_failure", "flow", None, "x"), ("step_failure", "flow", "a", None))
    assert (found.minute - 1_780_272_000).tolist() == [0, 180]
    assert (found.place.tolist(), found.n.tolist(), found.bad.tolist()) == ([0, 1], [6, 5], [2, 1])


def test_zones_of_parquet_are_heeded(tmp_path):
    minute = pa.array([1_780_272_000_000_000]).cast(pa.timestamp("us", "Europe/Berlin"))
    pq.write_table(pa.table({"minute": minute, "workflow": ["a"], "n": [1], "bad": [0]}), tmp_path / "c.parquet")
    assert read_counts([Path(tmp_path / "c.parquet")]).minute.tolist() == [1_780_272_000]
