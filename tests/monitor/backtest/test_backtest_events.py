"""Events of log files: in whatever form and order they come, they are judged alike."""

import gzip

import pyarrow.json as pa_json
import pyarrow.parquet as pq
import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.backtest.filling import fill_events
from bellbuoy.monitor.backtest.judging import judge
from bellbuoy.monitor.backtest.lines import text
from bellbuoy.monitor.backtest.running import Material
from bellbuoy.monitor.simulate import LEAD_QUALIFIER, Plan, days, parse_drifts

TEXT = """
version: 1
sources: [{ files: { path: none.jsonl } }]
baselines: { default: { learn: 7d, lag: 1d, min_trials: 200, min_bad: 3, min_span: 3d } }
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""


@pytest.mark.store
def test_json_lines_and_parquet_in_any_order_are_judged_alike(tmp_path):
    config = load_text(TEXT)
    plan = Plan(days=12, per_day=80, drifts=parse_drifts(["qualify:0.985->0.5@day9"], LEAD_QUALIFIER))
    lines = [line for _, some in days(plan) for line in some]
    (tmp_path / "all.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    pq.write_table(pa_json.read_json(tmp_path / "all.jsonl"), tmp_path / "all.parquet")
    (tmp_path / "a.jsonl").write_bytes(b"".join(line + b"\n" for line in lines[::-2]))
    with gzip.open(tmp_path / "b.jsonl.gz", "wb") as packed:
        packed.writelines(line + b"\n" for line in lines[-2::-2])
    told = []
    for names in (["all.jsonl"], ["all.parquet"], ["b.jsonl.gz", "a.jsonl"]):
        files = [tmp_path / name for name in names]
        stored = []
        with (
            Material.gathered(lambda to, one, of=files, n=stored: n.append(fill_events(to, of, one))) as material,
            material.recording(config) as recording,
        ):
            told.append(text(judge(recording, config, pages=False).told))
        assert stored == [(len(lines), [])]
    assert '"step":"qualify"' in told[0]
    assert told[0] == told[1] == told[2]
