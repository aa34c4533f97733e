"""`bellbuoy baseline`: what is shown of what is normal, and what a person decides."""

import json

import pytest
from cli_process import bellbuoy, compare, daemon


@pytest.mark.golden
def test_what_is_normal_reads_as_a_person_has_read_it(told):
    done = bellbuoy("baseline", "show", "*/qualify", cwd=told)
    assert done.returncode == 0, done.stderr
    assert "no daemon holds" in done.stderr
    compare("baseline_show.txt", done.stdout)


def test_all_of_it_is_shown_as_json(told):
    done = bellbuoy("baseline", "show", "--format", "json", cwd=told)
    rows = json.loads(done.stdout)
    assert {row["name"] for row in rows} == {"default", "anchor"}
    (qualify,) = (
        row for row in rows if row["series"] == "lead-qualifier/qualify step_failure" and row["name"] == "default"
    )
    assert qualify["armed"] is True
    assert qualify["detectors"] == ["step-success"]
    assert qualify["low"] <= qualify["mean"] <= qualify["high"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show", "lead-qualifier/qualfy"], 1, "did you mean lead-qualifier/qualify?"),
        (["accept", "inc_none"], 1, "there is no incident inc_none; `bellbuoy status` names those that are open"),
        (["pin", "lunch", "2026-06-01..2026-06-08"], 1, "no baseline is named 'lunch'; there are default, anchor"),
        (["pin", "anchor", "last week"], 2, "'last week' is no span of time; write 2026-09-01..2026-09-28"),
        (["pin", "anchor", "2026-06-01..2030-06-08"], 1, "the span ends after what is judged"),
        (["learn", "*/qualify", "--from", "soon"], 2, "--from 'soon' is no time"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(own, arguments, code, said):
    done = bellbuoy("baseline", *arguments, cwd=own)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_running_daemon_takes_a_decision(own):
    (own / "bellbuoy.yaml").write_text((own / "bellbuoy.yaml").read_text())
    with daemon(own):
        found = json.loads(bellbuoy("status", "--format", "json", cwd=own).stdout)
        key = found["overview"]["incidents"][0]["key"]
        done = bellbuoy("baseline", "accept", key, "--who", "kim", "--why", "new script", cwd=own)
        assert (done.returncode, done.stderr) == (0, "")
        assert "lead-qualifier/qualify step_failure is learned from 2026-06-1" in done.stdout
        shown = bellbuoy("baseline", "show", "*/qualify", cwd=own)
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "expected by kim, from 2026-06-13" in shown.stdout
        assert "new script" in shown.stdout
        missing = bellbuoy("baseline", "accept", "inc_none", cwd=own)
        assert missing.returncode == 1
        assert "there is no incident inc_none" in missing.stderr
