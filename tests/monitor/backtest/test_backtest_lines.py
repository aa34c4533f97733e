"""The JSON lines of a backtest: what programs rely on."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from bellbuoy.monitor.backtest.lines import text

DAY, START = 86_400, 1_780_272_000
KEYS = [
    "change",
    "at",
    "incident",
    "workflow",
    "step",
    "segment",
    "signal",
    "detector",
    "severity",
    "onset",
    "baseline_rate",
    "current_rate",
    "change_low",
    "change_high",
    "n",
    "evidence",
    "threshold",
    "why",
]


def records(judged):
    return [json.loads(line) for line in text(judged.told).splitlines()]


def test_the_fall_is_told_with_every_key(once):
    told = records(once[0])
    assert all(list(one) == KEYS for one in told)
    first = told[0]
    assert (first["change"], first["incident"], first["step"]) == ("opened", "bt-000001", "qualify")
    assert first["workflow"] == "flow"
    assert first["segment"] is None
    assert first["severity"] in ("watch", "ticket", "page")
    assert 0.03 < first["baseline_rate"] < 0.05 < first["current_rate"]
    assert 0 < first["change_low"] < first["current_rate"] - first["baseline_rate"] < first["change_high"]
    assert first["evidence"] >= first["threshold"]
    assert re.fullmatch(r"2026-06-13T0[0-4]:\d5:00Z|2026-06-13T0[0-4]:\d0:00Z", first["at"])
    assert first["why"].startswith("qualify: ")
    assert told[-1]["change"] == "resolved"
    assert told[-1]["at"] > "2026-06-17"
    assert "NaN" not in text(once[0].told)


def test_lines_are_in_the_order_of_time(once):
    told = records(once[0])
    assert told == sorted(told, key=lambda one: (one["at"], one["incident"]))


def test_rows_in_any_order_and_any_file_give_the_same_bytes(ran, once, table, tmp_path):
    random = np.random.default_rng(1)
    shuffled = table.take(pa.array(random.permutation(table.num_rows)))
    whole = shuffled.append_column("signal", pa.array(["step_failure"] * table.num_rows))
    pq.write_table(whole, tmp_path / "shuffled.parquet")
    pa_csv.write_csv(shuffled, tmp_path / "shuffled.csv")
    lines = shuffled.set_column(0, "minute", shuffled["minute"].cast(pa.int64())).to_pylist()
    for one in lines:
        one["minute"] //= 1_000_000
    (tmp_path / "shuffled.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    for name in ("shuffled.parquet", "shuffled.csv", "shuffled.jsonl"):
        assert text(ran(of=tmp_path / name)[0].told) == text(once[0].told), name


def test_rows_of_one_key_add_up(ran, once, table, tmp_path):
    n, bad = (table[name].to_numpy() for name in ("n", "bad"))
    good = pa.table({**{name: table[name] for name in ("minute", "workflow", "step")}, "n": n - bad, "bad": 0 * bad})
    rest = pa.table({**{name: table[name] for name in ("minute", "workflow", "step")}, "n": bad, "bad": bad})
    pq.write_table(pa.concat_tables([good, rest]), tmp_path / "halves.parquet")
    assert text(ran(of=tmp_path / "halves.parquet")[0].told) == text(once[0].told)


def test_only_what_lies_between_is_judged_and_what_lies_before_teaches(ran, once):
    inside = ran(since=START + 10 * DAY, until=START + 14 * DAY)[0]
    whole = [one for one in records(once[0]) if one["at"] <= "2026-06-15T00:00:00Z"]
    assert (inside.since, inside.until) == (START + 10 * DAY, START + 14 * DAY)
    assert next(one["at"] for one in records(inside)) == whole[0]["at"]
    assert not ran(since=START, until=START + 10 * DAY)[0].told
    late = ran(since=START + 14 * DAY)[0]
    assert records(late)[0]["at"] < "2026-06-15T12:00:00Z", "it is bad still, and normal was learned before it was"


def test_a_day_can_be_the_last(ran):
    judged, summary = ran(on_day=lambda since, at, until: at >= START + 13 * DAY)
    assert judged.until == START + 13 * DAY
    assert summary.until == judged.until
    assert records(judged)[-1]["at"] <= "2026-06-14"


@pytest.mark.store
def test_the_text_of_a_number_is_finite_or_null(once):
    for one in records(once[0]):
        for name in ("baseline_rate", "current_rate", "change_low", "change_high", "evidence", "threshold"):
            assert one[name] is None or abs(one[name]) < 1e6
