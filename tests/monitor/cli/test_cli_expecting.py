"""`bellbuoy backtest --expect`: what people read, how it ends, and which files and flags are refused."""

import json

import pytest
from cli_process import bellbuoy, compare

pytestmark = pytest.mark.long

MADE_UP = """\
tests:
  - name: a fall of qualify is told within a day and paged within two
    traffic:
      lasts: 20d
      series:
        - { series: lead-qualifier/qualify, trials: 30/h, bad: "4% until 12d, then 15%" }
        - { series: lead-qualifier/greet, trials: 30/h, bad: 2% }
    incidents:
      - { series: lead-qualifier/qualify, opened: 12d..13d, paged_by: 14d, to: [out] }
    quiet:
      - { within: 0d..12d }

  - name: one that asks for too much
    traffic:
      lasts: 20d
      seed: 7
      series:
        - { series: lead-qualifier/qualify, trials: 30/h, bad: "4% until 12d, then 10% until 13d, then 4%" }
        - { series: lead-qualifier/close, trials: 30/h, bad: "2% until 15d, then 30%" }
    incidents:
      - { series: "*/qualify", opened: 12d..12d1h, severity: page, resolved_by: 14d }
    quiet:
      - { series: lead-qualifier/close, within: 12d..20d }
"""
RECORDED = """\
tests:
  - name: the fall that was put in is found
    incidents: [{ series: lead-qualifier/qualify, opened: 2026-06-13..2026-06-14, severity: page }]
    quiet: [{ within: 0d..12d }]
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with a configuration that has one detector."""
    config = {
        "version": 1,
        "store": {"path": str(tmp_path / "bellbuoy.duckdb")},
        "sources": [{"http": {}}],
        "baselines": {"default": {"learn": "7d", "lag": "1d", "min_trials": 300, "min_bad": 3, "min_span": "3d"}},
        "detectors": [
            {"name": "fails", "signal": "step_failure", "by": ["workflow", "step"], "kind": "rate_shift"},
        ],
        "sinks": {"out": {"console": {}}},
        "routes": [{"to": ["out"]}],
    }
    (tmp_path / "bellbuoy.yaml").write_text(json.dumps(config))
    return tmp_path


@pytest.mark.golden
def test_the_text_reads_as_a_person_has_read_it(folder):
    (folder / "alerts.yaml").write_text(MADE_UP)
    done = bellbuoy("backtest", "--expect", "alerts.yaml", cwd=folder)
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    compare("backtest_expect.txt", done.stdout)
    again = bellbuoy("backtest", "--expect", "alerts.yaml", "--out", "told.txt", cwd=folder)
    assert (again.returncode, again.stdout) == (1, "")
    assert (folder / "told.txt").read_text() == done.stdout, "the same bytes twice"
    assert not (folder / "bellbuoy.duckdb").exists()


def test_what_is_recorded_is_tested_and_programs_read_what_they_always_do(told):
    (told / "right.yaml").write_text(RECORDED)
    (told / "wrong.yaml").write_text(RECORDED.replace("qualify,", "greet,"))
    lines = bellbuoy("backtest", "--format", "jsonl", cwd=told)
    done = bellbuoy("backtest", "--format", "jsonl", "--expect", "wrong.yaml", cwd=told)
    assert done.returncode == 1, done.stderr
    assert done.stdout == lines.stdout
    assert json.loads(done.stdout.splitlines()[0])["step"] == "qualify"
    assert "NOT MET  lead-qualifier/greet opens 2026-06-13 00:00..2026-06-15 00:00, page (wrong.yaml:3)" in done.stderr
    assert "nothing of it opened" in done.stderr
    assert "bt-000001 of lead-qualifier/qualify step_failure opened 12d10h45m (2026-06-13 10:45), page" in done.stderr
    text = bellbuoy("backtest", "--expect", "right.yaml", cwd=told)
    assert text.returncode == 0, text.stdout
    assert text.stdout.endswith("1 test, all met\n")
    assert "told after" not in text.stdout, "the tests are the answer, not the summary of the run"


def test_the_pages_of_a_test_that_failed_are_drawn(told):
    (told / "late.yaml").write_text(RECORDED.replace("..2026-06-14", "..2026-06-13T01:00Z"))
    done = bellbuoy("backtest", "--expect", "late.yaml", "--pages", "--from", "2026-06-12", cwd=told)
    assert done.returncode == 1
    assert ": 9h45m too late" in done.stdout
    assert "▌ 🔴 qualify fell from" in done.stdout


@pytest.mark.parametrize(
    ("text", "arguments", "told_of"),
    [
        ("- { series: a, between: x }", [], "alerts.yaml:1:1: error: a list stands where a mapping is wanted"),
        (MADE_UP.replace("*/qualify", "*/qualfy"), [], "alerts.yaml:21:19: error: nothing that is watched is named"),
        (RECORDED.replace("incidents", "incident"), [], "alerts.yaml:3:5: error: unknown key 'incident'"),
        (MADE_UP, ["--counts", "counts.csv"], "all tests of alerts.yaml make up their traffic; leave --events"),
        (MADE_UP, ["--format", "jsonl"], "--format jsonl tells of one run, and the tests of alerts.yaml need several"),
        (RECORDED, ["--budget", "1"], "--expect tests one configuration; leave --versus, --budget and"),
        (MADE_UP.replace("30/h", "0/h"), [], "the traffic has no trial at all"),
        (MADE_UP.replace("lasts: 20d", "lasts: 90y"), [], "the traffic has more than 10,000,000 ticks of series"),
    ],
)
def test_what_cannot_be_tested_is_told_in_a_sentence(folder, text, arguments, told_of):
    (folder / "alerts.yaml").write_text(text)
    (folder / "counts.csv").write_text("minute,workflow,n,bad\n")
    done = bellbuoy("backtest", "--expect", "alerts.yaml", *arguments, cwd=folder)
    assert done.returncode == 2, done.stderr
    assert told_of in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
