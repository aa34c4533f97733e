"""A log of another form, from its lines to a backtest, with the commands that a person would type."""

import json

import pytest
from cli_process import bellbuoy

from bellbuoy.monitor.simulate import Plan, simulate


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """Two days of the simulated agent, as some application logs them; the third line is broken."""
    folder = tmp_path_factory.mktemp("foreign")
    lines = []
    for one in map(json.loads, simulate(Plan(days=2, per_day=80))):
        line = {"time": one["ts"], "session": {"id": one["interaction_id"]}, "op": {"name": one.get("step")}}
        lines.append(json.dumps({**line, "agent": "voice", "result": one["outcome"], "prompt": "Good morning"}))
    lines.insert(2, '{"time": "soon"}')
    (folder / "app.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def test_a_map_is_suggested_written_read_and_backtested(foreign):
    suggested = bellbuoy("map", "--lines", "app.jsonl", "--suggest", cwd=foreign)
    assert suggested.returncode == 0, suggested.stderr
    assert suggested.stdout.splitlines() == [
        "map:",
        "  ts: $.time",
        "  interaction_id: $.session.id",
        "  workflow: $.agent",
        "  step: $.op.name",
        "  outcome: $.result",
    ]
    begun = bellbuoy("init", "app.jsonl", "--force", cwd=foreign)
    assert begun.returncode == 0, begun.stderr
    assert begun.stderr.startswith(
        "the records are of another form; where the fields of events stand in them is a guess"
    )
    text = (foreign / "bellbuoy.yaml").read_text()
    assert "      map:\n        ts: $.time\n" in text
    assert "app.jsonl:3: map: no time for `ts`: 'soon' - at $.time" in text.replace("\n# ", " ")
    shown = bellbuoy("map", "--lines", "app.jsonl", cwd=foreign)
    assert shown.returncode == 0, shown.stderr
    first, *_ = map(json.loads, shown.stdout.splitlines())
    assert (first["workflow"], first["step"], len(shown.stdout.splitlines())) == ("voice", "greet", 19)
    assert "app.jsonl:3: map: no time for `ts`: 'soon' - at $.time; " in shown.stderr
    assert "records are events, the first 20 are shown (--all shows all)" in shown.stderr
    assert "Good morning" not in shown.stdout
    judged = bellbuoy("backtest", "--events", "app.jsonl", cwd=foreign)
    assert judged.returncode == 0, judged.stderr
    assert " days, 2026-06-01 to 2026-06-02: " in judged.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--suggest"], 2, "--suggest is about a log: name it with --lines FILE"),
        (["--lines", "none.jsonl"], 2, "none.jsonl"),
        (["--lines", "odd.jsonl", "--suggest"], 1, "is there a time and an identity that several share; write `map` by hand"),
        (["--lines", "odd.jsonl"], 1, "odd.jsonl: none of its records is an event by this map"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_in_a_sentence(foreign, arguments, code, said):
    (foreign / "odd.jsonl").write_text('{"a": 1}\n')
    bellbuoy("init", "app.jsonl", "--force", cwd=foreign)
    done = bellbuoy("map", *arguments, cwd=foreign)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
