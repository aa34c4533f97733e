"""Alert tests: what is expected is held against what is found, and whatever is missed is told with its size."""

import re
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from bellbuoy.config.alert_tests import Traffic, load_tests
from bellbuoy.config.errors import ConfigError
from bellbuoy.config.load import load_text
from bellbuoy.monitor.backtest.errors import BacktestError
from bellbuoy.monitor.backtest.judging import judge
from bellbuoy.monitor.backtest.running import Material
from bellbuoy.monitor.backtest.summary import summed
from bellbuoy.monitor.backtest.testing import outcomes, told
from bellbuoy.monitor.backtest.traffic import made_up
from bellbuoy.monitor.simulate.plan import HOURS, WEEK

CONFIG = load_text("""
version: 1
sources: [{ files: { path: none.jsonl } }]
baselines: { default: { learn: 7d, lag: 1d, min_trials: 300, min_bad: 3, min_span: 3d } }
detectors:
  - { name: step-success, signal: step_failure, by: [workflow, step], kind: rate_shift }
sinks: { loud: { console: {} }, out: { console: {} } }
routes: [{ when: { severity: page }, to: [loud] }, { to: [out] }]
""")
TRAFFIC = """\
    traffic:
      lasts: 20d
      series:
        - { series: flow/qualify, trials: 30/h, bad: "4% until 12d, then 10% until 13d, then 25% until 16d, then 4%" }
        - { series: flow/greet, trials: 30/h, bad: 2% }
        - { series: flow/close, trials: 30/h, bad: "2% until 17d, then 6%" }
        - { series: flow/late, trials: "0/h until 18d12h, then 30/h", bad: 2% }
"""
QUALIFY = "{ series: flow/qualify, opened: 12d..13d }"
CLOSE = "{ series: flow/close, opened: 17d..18d }"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A function: the tests of a text, as loaded from its file."""
    path = tmp_path_factory.mktemp("tests") / "alerts.yaml"

    def write(text):
        path.write_text(text)
        return replace(load_tests(path, CONFIG), name=path.name)

    return write


@pytest.fixture(scope="module")
def ran(written):
    """What the traffic above comes to, judged once."""
    (test,) = written(f"tests:\n  - name: a\n{TRAFFIC}").says.tests
    return judged(test)


def judged(test):
    """Return what the traffic of a test comes to."""
    counts = made_up(test.traffic, int(CONFIG.tick))
    with (
        Material.gathered(lambda recording, config: recording.take_counts(counts, config)) as material,
        material.recording(CONFIG) as recording,
    ):
        return summed("as configured", judge(recording, CONFIG))


@pytest.fixture
def tell(written, ran):
    """A function: the lines that are told of a test whose expectations are these."""

    def run(expectations):
        file = written(f"tests:\n  - name: a\n{TRAFFIC}{expectations}")
        (done,) = outcomes(file, CONFIG, lambda _: ran)
        lines = list(told([done], file))
        assert done.passed is (lines[-1] == "1 test, all met")
        return lines

    return run


def test_what_is_expected_and_found_is_met_and_says_what_met_it(tell):
    lines = tell(f"""
    incidents:
      - {{ series: flow/qualify, signal: step_*, opened: 12d..13d, severity: page, paged_by: 14d, to: [loud, out], resolved_by: 18d }}
      - {CLOSE}
    quiet:
      - {{ within: 0d..12d }}
      - {{ series: "*/greet", within: 2026-06-01..2026-06-20 }}
""")
    assert lines[-1] == "1 test, all met"
    assert (
        lines[1] == "    met      flow/qualify step_* opens 12d..13d, page, page by 14d, told to loud, out, over by 18d"
    )
    assert lines[2].startswith("             bt-000001 of flow/qualify step_failure opened 12d")
    assert "    met      all is quiet 0d..12d" in lines
    assert "    met      */greet is quiet 2026-06-01 00:00..2026-06-21 00:00" in lines
    assert "    met      nothing else opens" in lines


@pytest.mark.parametrize(
    ("expected", "told_of"),
    [
        ("opened: 13d..14d", "too early"),
        ("opened: 10d..12d", "too late"),
        ("opened: 12d..13d, paged_by: 12d", "page 1d"),
        ("opened: 12d..13d, resolved_by: 16d", "over "),
    ],
)
def test_an_incident_that_is_another_than_expected_says_by_how_much(tell, expected, told_of):
    lines = tell(f"    incidents: [{{ series: flow/qualify, {expected} }}, {CLOSE}]\n")
    assert lines[-1] == "1 test, 1 failed"
    (at,) = [place for place, line in enumerate(lines) if "NOT MET" in line]
    assert lines[at].endswith("(alerts.yaml:10)")
    assert lines[at + 1].strip().startswith("bt-000001 of flow/qualify step_failure opened 12d")
    assert told_of in lines[at + 1]
    assert "    met      nothing else opens" in lines, "what is named is not told twice"
    assert any("qualify fell from" in line for line in lines), "it is told what was found instead"


def test_an_incident_that_nobody_expects_fails_unless_others_are_allowed(tell):
    lines = tell(f"    incidents: [{QUALIFY}]\n")
    assert "    NOT MET  nothing else opens (alerts.yaml:2)" in lines
    assert any("bt-000002 of flow/close step_failure opened 17d" in line for line in lines)
    assert tell(f"    incidents: [{QUALIFY}]\n    allow_others: true\n")[-1] == "1 test, all met"


def test_an_incident_that_does_not_come_fails_and_so_does_one_in_a_quiet_time(tell):
    lines = tell("""
    allow_others: true
    incidents: [{ series: flow/greet, opened: 2d..20d }]
    quiet: [{ series: flow, within: 12d..13d }]
""")
    after = lines[lines.index("             nothing of it opened") + 1]
    assert re.fullmatch(r" +what can be seen of it within 3 days: [0-9.]+ points", after)
    quiet = lines[lines.index("    NOT MET  flow is quiet 12d..13d (alerts.yaml:13)") + 1]
    assert quiet.startswith("             bt-000001 of flow/qualify step_failure opened 12d")


def test_a_severity_that_is_not_reached_says_what_is_proven_and_what_is_needed(tell):
    lines = tell(f"""
    incidents:
      - {QUALIFY}
      - {{ series: flow/close, opened: 17d..18d, severity: page, paged_by: 20d, to: [loud], resolved_by: 20d }}
""")
    (at,) = [place for place, line in enumerate(lines) if "NOT MET" in line]
    told_of = lines[at + 1].partition(": ")[2].split("; ")
    assert told_of[0].startswith("never more than ticket (2.")
    assert told_of[0].endswith(" points proven, a page needs 5)")
    assert told_of[1].startswith("never page (2.")
    assert told_of[2:] == ["loud is not told, out is", "still open at the end"]


def test_where_all_still_learns_silence_is_no_proof(written):
    text = """
tests:
  - name: too short
    traffic: { lasts: 3d, series: [{ series: flow/a, trials: 30/h, bad: "2% until 1d, then 90%" }] }
    quiet: [{ within: 1d..3d }]
    incidents: [{ series: flow, opened: 1d..2d }]
"""
    file = written(text)
    (done,) = outcomes(file, CONFIG, judged)
    lines = list(told([done], file))
    assert list(told([], file)) == ["0 of 1 test run, 0 failed"], "what was interrupted is not met"
    assert sum("NOT MET" in line for line in lines) == 3
    assert sum("all that watches it is still learning what is normal" in line for line in lines) == 3


@pytest.mark.parametrize(
    ("wanted", "place", "told_of"),
    [
        ("incidents: [{ series: flow/qualfy, opened: 1d..2d }]", ":10:27:", "did you mean 'flow/qualify'?"),
        (
            "quiet: [{ series: flow, signal: reask, within: 1d..2d }]",
            ":10:37:",
            "no signal reask of flow is watched",
        ),
        ("quiet: [{ series: flow, within: 1d..2d, signal: handof }]", ":10:53:", "there is step_failure"),
    ],
)
def test_what_means_nothing_that_is_watched_is_refused(tell, wanted, place, told_of):
    with pytest.raises(ConfigError) as caught:
        tell(f"    {wanted}\n")
    assert place in str(caught.value)
    assert told_of in str(caught.value)


class TestTraffic:
    """What is made up is what was asked for."""

    def made(self, written, traffic):
        (test,) = written(f"tests:\n  - name: a\n    traffic: {traffic}\n").says.tests
        return made_up(test.traffic, 300)

    def test_exact_counts_add_up_to_what_is_written(self, written):
        made = self.made(
            written, '{ lasts: 10d, series: [{ series: f/a, trials: 7/h, bad: "10% until 4d, then 30%" }] }'
        )
        day = (made.minute - 1_780_272_000) // 86_400
        assert [made.n[day == one].sum() for one in range(10)] == [168] * 10
        assert abs(made.bad[day < 4].sum() - 0.1 * 168 * 4) <= 1
        assert abs(made.bad[day >= 4].sum() - 0.3 * 168 * 6) <= 1
        assert (made.bad <= made.n).all()

    def test_drawn_counts_lie_where_their_shares_put_them_and_do_not_depend_on_their_neighbours(self, written):
        one = '{ series: f/b, trials: 2/m until 5d then 1/m, bad: "5% until 2d, then to 15% by 8d" }'
        made = self.made(written, f"{{ lasts: 10d, seed: 3, series: [{one}] }}")
        day = (made.minute - 1_780_272_000) / 86_400
        trials = np.where(day < 5, 10.0, 5.0)
        shares = np.interp(day + 1 / 576, [2, 8], [0.05, 0.15])
        assert abs(made.n.sum() - trials.sum()) < 4 * np.sqrt(trials.sum())
        for some in (day < 2, (day >= 2) & (day < 8), day >= 8):
            expected = (made.n * shares)[some].sum()
            assert abs(made.bad[some].sum() - expected) < 4 * np.sqrt(expected)
        with_another = self.made(written, f"{{ lasts: 10d, seed: 3, series: [{{ series: f/a, trials: 9/h }}, {one}] }}")
        assert with_another.series == (("step_failure", "f", "a", None), ("step_failure", "f", "b", None))
        assert (with_another.n[with_another.place == 1] == made.n).all()
        assert (with_another.bad[with_another.place == 1] == made.bad).all()
        again = self.made(written, f"{{ lasts: 10d, seed: 4, series: [{one}] }}")
        assert (again.n != made.n).any()

    def test_a_series_begins_with_its_first_trial_and_goes_on_to_the_end(self, written):
        made = self.made(
            written, "{ lasts: 10d, series: [{ series: f/a, trials: 0/h until 3d then 1/h until 4d then 0/h }] }"
        )
        assert made.minute[0] == 1_780_272_000 + 3 * 86_400 + 3600 - 300
        assert made.minute[-1] == 1_780_272_000 + 10 * 86_400 - 300

    def test_office_hours_keep_the_mean_and_bring_what_the_simulation_brings(self, written):
        assert set(get_args(Traffic.model_fields["hours"].annotation)) == set(HOURS)
        made = self.made(written, "{ lasts: 4w, hours: office, series: [{ series: f/a, trials: 240/h, bad: 5% }] }")
        assert abs(made.n.sum() / (28 * 24 * 240) - 1) < 0.001
        assert abs(made.bad.sum() / made.n.sum() - 0.05) < 0.001
        week = [made.n[made.minute // 86_400 % 7 == (day + 4) % 7].sum() for day in range(7)]
        assert np.allclose(np.array(week) / (4 * 24 * 240), WEEK, atol=0.002)
        day = [made.n[made.minute // 3600 % 24 == hour].sum() for hour in range(24)]
        assert np.allclose(np.array(day) / made.n.sum(), np.array(HOURS["office"]) / sum(HOURS["office"]), atol=0.001)

    @pytest.mark.parametrize(
        ("traffic", "told_of"),
        [
            ("{ lasts: 1d, series: [{ series: f/a, trials: 1/d until 12h then 0/h }] }", "no trial at all"),
            ("{ lasts: 1d, series: [{ series: f/a, trials: 999999999/m }] }", "4,999,999,995 trials in one tick"),
            ("{ lasts: 99y, series: [{ series: f/a, trials: 1/h }] }", "more than 10,000,000 ticks of series"),
            ("{ lasts: 1m, series: [{ series: f/a, trials: 1/m }] }", "no trial at all"),
        ],
    )
    def test_what_cannot_be_counted_is_told(self, written, traffic, told_of):
        with pytest.raises(BacktestError, match=told_of):
            self.made(written, traffic)
