"""`bellbuoy simulate`: the same flags give the same bytes, and the truth is told."""

import json

import pytest
from cli_process import bellbuoy

FLAGS = ["simulate", "--days", "6", "--per-day", "40", "--drift", "qualify:0.95->0.5@day3", "--out", "-"]


def test_the_same_flags_give_the_same_bytes_and_others_do_not():
    first, second, other = (
        bellbuoy(*FLAGS, *more, text=False) for more in ([], ["--hours", "office"], ["--seed", "2"])
    )
    assert first.returncode == second.returncode == other.returncode == 0
    assert first.stdout == second.stdout
    assert first.stdout != other.stdout
    assert first.stderr == b""


def test_standard_output_and_a_file_hold_the_same(tmp_path):
    done = bellbuoy(*FLAGS[:-1], tmp_path / "calls.jsonl")
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "calls.jsonl").read_bytes()
    assert f"{lines.count(10):,} events of 6 days written to" in done.stderr
    assert lines == bellbuoy(*FLAGS, text=False).stdout


def test_all_that_is_simulated_is_an_event(tmp_path):
    made = bellbuoy(*FLAGS, "--late", "0.1", "--duplicates", "0.05", text=False)
    (tmp_path / "calls.jsonl").write_bytes(made.stdout)
    done = bellbuoy("schema", "event", "--check", tmp_path / "calls.jsonl")
    assert (done.returncode, done.stdout) == (0, "")
    assert f"{made.stdout.count(10):,} events are good, 0 would be dead letters" in done.stderr
    piped = bellbuoy("schema", "event", "--check", "-", input=made.stdout.decode())
    assert (piped.returncode, piped.stderr) == (0, done.stderr)


def test_a_line_that_is_no_event_is_named(tmp_path):
    made = bellbuoy(*FLAGS, text=False).stdout.splitlines(keepends=True)
    (tmp_path / "calls.jsonl").write_bytes(b"".join([*made[:5], b"{}\n", *made[5:9]]))
    done = bellbuoy("schema", "event", "--check", tmp_path / "calls.jsonl")
    assert done.returncode == 1
    assert done.stdout.startswith(f"{tmp_path}/calls.jsonl:6: ")
    assert done.stderr == "9 events are good, 1 would be dead letters\n"


def test_the_truth_says_what_was_put_in(tmp_path):
    done = bellbuoy(*FLAGS, "--truth", tmp_path / "truth.json", text=False)
    assert done.returncode == 0, done.stderr
    (planted,) = json.loads((tmp_path / "truth.json").read_text())
    assert planted == {
        "drift": "qualify:0.95->0.5@day3",
        "workflow": "lead-qualifier",
        "step": "qualify",
        "segment": None,
        "signal": "step_failure",
        "onset": "2026-06-04T00:00:00Z",
        "until": None,
        "baseline_rate": pytest.approx(0.05),
        "current_rate": pytest.approx(0.5),
    }
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    after = [one for one in runs if one.get("step") == "qualify" and one["ts"] >= 1780531200000]
    assert 0.35 < sum(one["outcome"] != "success" for one in after) / len(after) < 0.65


def test_a_workflow_of_a_configuration(told):
    config = json.loads((told / "bellbuoy.yaml").read_text())
    config["workflows"] = [{"name": "refunds", "steps": ["look_up", "decide", "pay"]}, {"name": "stepless"}]
    (told / "refunds.yaml").write_text(json.dumps(config))
    flags = ["simulate", "--days", "1", "--per-day", "30", "--out", "-", "-c", told / "refunds.yaml", "--workflow"]
    done = bellbuoy(*flags, "refunds")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["workflow"] for one in events} == {"refunds"}
    assert {one["step"] for one in events if one["type"] == "step"} == {"look_up", "decide", "pay"}
    none = bellbuoy(*flags, "stepless")
    assert none.returncode == 2, none.stderr
    assert "step" in none.stderr
    assert "Traceback" not in none.stderr
