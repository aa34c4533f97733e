"""A result in its forms: tuples, pyarrow, pandas, other readers of Arrow, a notebook."""

import math
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bellbuoy.client import Result, connect


def result(told=None, **columns):
    return Result(pa.table(columns), **(told or {}))


def test_sums_are_numbers_in_every_form(address):
    answer = connect(address).sql(
        "select sum(n) as runs, sum(bad)::decimal(9, 2) as bad, null::hugeint as nothing, max(minute) as newest,"
        " map {'a': 1} as m, {'x': [1, 2]} as s from minutes"
    )
    ((runs, bad, nothing, newest, m, s),) = answer
    assert type(runs) is int
    assert type(bad) is Decimal
    assert nothing is None
    assert isinstance(newest, datetime)
    assert (m, s) == ({"a": 1}, {"x": [1, 2]})
    frame = answer.df()
    assert frame["runs"].dtype == np.int64
    assert frame["bad"].dtype == np.float64
    assert frame["newest"].dtype.kind == "M"
    assert frame["runs"][0] == runs


def test_wide_numbers_that_do_not_fit_become_floats():
    wide = pa.array([Decimal(2**70), None], pa.decimal128(38, 0))
    answer = result(a=wide)
    assert answer.fetchall() == [(2**70,), (None,)]
    assert answer.df()["a"][0] == float(2**70)


def test_other_readers_of_arrow_take_it():
    answer = result(a=[1, 2], b=["x", None])
    assert pa.table(answer).to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
    assert len(pd.DataFrame.from_arrow(answer)) == 2


def test_no_rows_and_no_limit_are_no_trouble():
    answer = result(a=pa.array([], pa.int64()))
    assert (answer.fetchall(), len(answer), answer.types) == ([], 0, ["int64"])
    assert answer.df().empty
    assert math.isnan(answer.took_ms)
    assert repr(answer) == "<0 rows, 1 column: a>"


def test_one_look_tells_size_time_and_whether_it_was_cut():
    told = {"took_ms": 1234.5, "as_of": datetime(2026, 11, 21, 12, tzinfo=UTC), "truncated": True}
    assert repr(result(told, n=[1])) == "<1 row, 1 column, 1,234 ms, as of 2026-11-21 12:00 UTC, cut off: n>"
    assert "under 1 ms" in repr(result({"took_ms": 0.4}, n=[1]))


def test_a_notebook_gets_a_short_table_and_no_markup_of_the_data():
    nasty = "<script>alert(1)</script>&\"'"
    answer = result(
        {"note": nasty, "truncated": True},
        **{nasty: [nasty] * 30, "n": [None, 0.123456789] * 15, "long": ["é" * 5000] * 30},
    )
    page = answer._repr_html_()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 1 + 20 + 1
    assert page.count("<tr>") == 21
    assert "10 more not shown" in page
    assert "<td>0.123457</td>" in page
    assert "<td></td>" in page
    assert "é" * 119 + "…</td>" in page
    assert len(page) < 20_000


@pytest.mark.parametrize("name", ["arrow", "df"])
def test_the_stream_of_a_daemon_is_read_once(name):
    sink = pa.BufferOutputStream()
    table = pa.table({"a": [1, 2]})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    answer = Result(sink.getvalue().to_pybytes())
    getattr(answer, name)()
    assert answer.arrow() is answer.arrow()
    assert len(answer) == 2
