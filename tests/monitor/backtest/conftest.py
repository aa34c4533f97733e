"""Weeks of counts with a fall in them, as files and as what is judged from them."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.backtest.counted import read_counts
from bellbuoy.monitor.backtest.judging import judge
from bellbuoy.monitor.backtest.running import Material, Run
from bellbuoy.monitor.backtest.summary import summed

DAY = 86_400
START = 1_780_272_000
"""2026-06-01."""
TEXT = """
version: 1
sources: [{ files: { path: none.jsonl } }]
baselines: { default: { learn: 7d, lag: 1d, min_trials: 300, min_bad: 3, min_span: 3d } }
detectors:
  - { name: step-success, signal: step_failure, by: [workflow, step], kind: rate_shift }
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""
DAYS, FALLS, RECOVERS = 20, 12, 16
STEPS = ("greet", "qualify", "close")


@pytest.fixture(scope="session")
def config():
    return load_text(TEXT)


@pytest.fixture(scope="session")
def table():
    """Counts of three steps by the minute; `qualify` is bad for four days."""
    random = np.random.default_rng(20_261_125)
    rows = {"minute": [], "workflow": [], "step": [], "n": [], "bad": []}
    for step in STEPS:
        at = np.sort(random.choice(DAYS * 1440, DAYS * 300, replace=False))
        n = 1 + random.poisson(2.0, len(at))
        day = at / 1440
        rate = np.where((step == "qualify") & (day >= FALLS) & (day < RECOVERS), 0.2, 0.04)
        rows["minute"] += (START + 60 * at).tolist()
        rows["workflow"] += ["flow"] * len(at)
        rows["step"] += [step] * len(at)
        rows["n"] += n.tolist()
        rows["bad"] += random.binomial(n, rate).tolist()
    minute = pa.array([1_000_000 * at for at in rows.pop("minute")], pa.int64()).cast(pa.timestamp("us"))
    return pa.table({"minute": minute, **rows})


@pytest.fixture(scope="session")
def counts(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("counts") / "counts.parquet"
    pq.write_table(table, path)
    return path


@pytest.fixture(scope="session")
def ran(config, counts):
    """A function: what a run over the counts found and what it comes to."""

    def run(*, of=counts, settings=config, name="as configured", **how):
        with (
            Material.gathered(lambda recording, one: recording.take_counts(read_counts([of]), one)) as material,
            material.recording(settings) as recording,
        ):
            judged = judge(recording, settings, **how)
            return judged, summed(Run(name, settings).name, judged)

    return run


@pytest.fixture(scope="session")
def once(ran):
    return ran()
