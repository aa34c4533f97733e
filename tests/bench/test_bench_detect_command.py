"""`bellbuoy bench detect`: what it prints, what it ends with, and that the page shows what was measured."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bellbuoy.bench.detect import command, jobs
from bellbuoy.bench.detect.tables import tables
from bellbuoy.bench.detect.targets import judge
from bellbuoy.detectors.base import Evidence
from bellbuoy.detectors.rate_shift import RateShift

ROOT = Path(__file__).parent.parent.parent
TINY = [
    "--quick",
    "--scenario",
    "i.i.d. .95, 20 a tick",
    "--columns",
    "oracle,z 6 h",
    "--replicates",
    "12",
    "--jobs",
    "1",
    "--seed",
    "7",
]


@dataclass(frozen=True)
class Never(RateShift):
    """Sees nothing."""

    def step(self, state, tick, prepared):
        after, evidence = super().step(state, tick, prepared)
        return after, Evidence(np.full_like(evidence.value, -1.0), evidence.onset, evidence.since)


@dataclass(frozen=True)
class Always(RateShift):
    """Sees everything."""

    def step(self, state, tick, prepared):
        after, evidence = super().step(state, tick, prepared)
        return after, Evidence(np.full_like(evidence.value, 1e6), evidence.onset, evidence.since)


def test_a_good_detector_ends_with_0_and_tells_all(tmp_path, capsys):
    assert command.main([*TINY, "--out", str(tmp_path / "run.json")]) == 0
    out, err = capsys.readouterr()
    run = json.loads((tmp_path / "run.json").read_text())
    assert tables(run) == out
    assert {one["number"] for one in run["targets"]} == {"T1", "T3"}
    assert "| T1 | i.i.d. .95, 20 a tick, .95 to .92: delay over the oracle's | at most 1.25 |" in out
    assert "| i.i.d. .95, 20 a tick | .95 to .92 | .95 to .85 | dip .80 for 2 h |" in out
    assert "i.i.d. .95, 20 a tick: " in err
    assert (run["seed"], run["replicates"], run["quick"]) == (7, 12, True)


@pytest.mark.parametrize(("detector", "told"), [(Never(), "T1"), (Always(), "T3")])
def test_a_detector_that_sees_nothing_or_everything_ends_with_1(detector, told, capsys):
    assert command.main([*TINY, "--replicates", "4"], detector) == 1
    assert f"missed: {told} i.i.d. .95, 20 a tick" in capsys.readouterr().err


def test_every_target_that_is_missed_is_told():
    product = {"usual": {"mean": 3.0, "error": 0.1, "p99": 6.0}, "seldom_expected": 10.0, "seldom_openings": 30}
    found = {
        "realistic": {
            "null": {"product": product, "z 1 h": {}},
            "cells": {
                name: {
                    "product": {"usual": {"mean": 30.0, "error": 1.0, "censored": 30.0, "missed": 0.1}},
                    "z 1 h": {"equal": {"censored": 31.0}},
                }
                for name in ("-.03", "-.10", "dip -.20 for 2 h")
            },
        },
        "ramp, 5 a tick": {
            "product": {
                "usual": {"mean": 12 * 288.0, "error": 1.0, "missed": 0.0},
                "seldom": {"mean": 14 * 288.0, "error": 1.0, "missed": 0.1},
                "open_in_month_5": 0.9,
            }
        },
        "mix": {"mix": {"strata": {"opened": 0.5, "delay": {"streams": 100}}}},
        "chain": {"right_step": 0.9, "chains": 100},
        "recovery": {
            "full": {"median": None, "open": 9},
            "half": {"resolved": 0.1, "open": 9},
            "none, -0.02": {"resolved": 0.05, "open": 200},
        },
        "speed": {"tick_ms": 6.0, "fit_s": 31.0, "replay_s": 301.0, "backtest_s": 61.0},
    }
    told = judge(found, quick=False, busy=None)
    assert [one.number for one in told] == ["T2"] * 3 + ["T3"] * 3 + ["T4"] * 3 + ["T5"] * 5 + ["T6"] * 4
    assert all(one.kept is False for one in told)
    assert "1.03 (z 1 h, 31.0 ticks)" in {one.seen for one in told}
    busy = judge({"speed": found["speed"]}, quick=False, busy="the load of this machine is 9.0")
    assert [one.kept for one in busy] == [None] * 4
    assert busy[0].seen == "6.0 ms, not judged: the load of this machine is 9.0"


def test_a_quick_run_is_given_two_standard_errors():
    found = {
        "recovery": {
            "full": {"median": 60, "open": 20},
            "half": {"resolved": 0.0, "open": 20},
            "none, -0.02": {"resolved": 0.1, "open": 20},
        }
    }
    assert [one.kept for one in judge(found, quick=True, busy=None)] == [True, True, True]
    assert [one.kept for one in judge(found, quick=False, busy=None)] == [False, True, True]


def test_unknown_names_are_told(capsys):
    for arguments, sentence in (
        (["--columns", "z 6 h,zz"], "--columns: no column is called zz; there are oracle, z 1 h,"),
        (["--scenario", "paradise"], "--scenario: none is called paradise; there are realistic; i.i.d."),
        (
            ["--through", "backtest", "--scenario", "realistic"],
            "none is called realistic; there are slide; fall of .03;",
        ),
        (["--through", "backtest", "--columns", "none"], "--columns: through the backtest nothing is compared"),
        (["--replicates", "1"], "--replicates: at least 2, for a standard error"),
    ):
        with pytest.raises(SystemExit):
            command.main(arguments)
        assert sentence in capsys.readouterr().err


def test_names_of_scenarios_differ_and_so_do_their_seeds():
    for some in (jobs.JOBS, jobs.THROUGH):
        names = [job.name for job in some]
        assert len(set(names)) == len(names)
    numbers = [one.number for family in command.jobs.FAMILIES for one in (family, *family.cells)]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("way", command.WAYS.values(), ids=command.WAYS)
def test_the_page_shows_what_was_measured(way):
    page = (ROOT / "docs" / "detection-bench.md").read_text()
    assert command.placed(page, way) == page
