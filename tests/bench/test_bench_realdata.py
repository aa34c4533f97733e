"""The backtests on real logs: their report is printed; the z rule and the episodes are what they say."""

import pytest

from bellbuoy.bench import realdata
from bellbuoy.bench.realdata import letsgo, short
from bellbuoy.bench.realdata.operated import openings

DAY = 86_400


def days_of(*rates, n=40, first=0):
    """Return days with 40 judged calls each, by their bad share."""
    return [letsgo.Day(first + place * DAY, n, round(n * rate), n) for place, rate in enumerate(rates)]


def test_the_z_rule_opens_once_for_a_change_and_again_after_a_quiet_week():
    calm, worse = [0.25] * 67, [0.45] * 20
    assert letsgo.z_rule(days_of(*calm)) == []
    opened = letsgo.z_rule(days_of(*calm, *worse))
    assert len(opened) == 1
    assert 67 * DAY < opened[0] <= 75 * DAY
    assert len(letsgo.z_rule(days_of(*calm, *worse, *([0.25] * 90), *worse))) >= 2
    assert letsgo.z_rule(days_of(*calm, *([0.33] * 10)), 4.0) == []


def test_entries_of_the_log_that_lie_together_are_one_episode(tmp_path):
    (tmp_path / letsgo.LOG).write_text(
        "date,until,kind,part,may_move,summary\n"
        "2006-01-01,,release,dialogue,success,before the record\n"
        "2006-07-19,,release,model,success,a\n"
        "2006-07-31,,tuning,end-pointing,success,b\n"
        "2006-08-02,,fix,grammar,success,not of a kind that counts\n"
        "2006-08-05,,release,layout,none,moves nothing\n"
        "2006-09-29,2006-10-13,crash,system,volume,c\n"
        "2008-03-08,,tuning,audio,none,the last entry\n"
    )
    found, until = letsgo.episodes(tmp_path, letsgo.day("2006-06-08"))
    assert [(one.parts, one.volume) for one in found] == [
        (("release (model)", "tuning (end-pointing)"), False),
        (("crash (system)",), True),
    ]
    assert until == letsgo.day("2008-03-08")
    assert found[1].holds(letsgo.day("2006-11-09"))
    assert not found[1].holds(letsgo.day("2006-09-28"))
    assert not found[1].holds(letsgo.day("2006-11-12"))


def test_days_without_calls_are_gaps():
    days = [*days_of(0.2, 0.2), *days_of(0.2, first=5 * DAY)]
    assert letsgo.gaps(days) == [(2 * DAY, 4 * DAY)]


def test_the_interval_of_a_difference_is_newcombe_s():
    """Method 10 of Newcombe (1998), example (a): 56/70 and 48/80, difference .2, .0524 to .3339."""
    low, high = short.newcombe(80, 48, 70, 56)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_without_logs_it_says_so(tmp_path, capsys):
    assert realdata.main([str(tmp_path)]) == 2
    assert "there is no such file; name the folder of the logs" in capsys.readouterr().err
    assert openings([]) == []


@pytest.mark.needs_data
def test_ten_weeks_of_a_real_log_are_judged_and_told(data_dir):
    found = letsgo.run(data_dir, 66)
    [better] = [one for one in found.found[letsgo.BUDGETS[0][0]] if "interactions that end well" in one.headline]
    assert better.headline.startswith("interactions that end well rose from 59.")
    assert abs(better.onset - letsgo.day("2006-07-31")) <= 2 * DAY, "what the log says of that day"
    assert better.at < letsgo.day("2006-08-10")
    text = "\n".join(letsgo.text(found))
    assert "2006-07-19 .. 2006-07-31: release (acoustic-model), tuning (end-pointing), release (language-model)" in text
