"""Live is restart: what is judged does not depend on how the events came, nor on how often the daemon died."""

import pytest
from daemon_traffic import ALL, Traffic
from running_daemon import CALM, STEPS

pytestmark = pytest.mark.long

PIECES = 6
FLOW = {"name": "lead-qualifier", "steps": [{"name": step, "slow_after": "2s"} for step in STEPS]}
"""With limits of its own for `slow`: learned ones hold for what comes after they are learned."""
EVERYTHING = [
    *CALM,
    {"name": "re-ask", "signal": "reask", "by": ["workflow", "step"], "kind": "rate_shift", "direction": "both"},
    {"name": "month-one", "signal": "step_failure", "by": ["workflow", "step"], "kind": "slow_drift"},
    {"name": "slow-steps", "signal": "slow", "by": ["workflow", "step"], "kind": "rate_shift"},
    {"name": "traffic", "signal": "interactions", "by": ["workflow"], "kind": "silence"},
]
TABLES = {
    "minutes": "SELECT * FROM minutes",
    "baselines": "SELECT * FROM baselines",
    "detector_state": "SELECT * REPLACE (CAST(map_entries(state) AS VARCHAR) AS state) FROM detector_state",
    "verdicts": "SELECT * FROM verdicts_raw",
    "incidents": "SELECT * FROM incidents_raw",
    "members": "SELECT * REPLACE (CAST(verdict AS VARCHAR) AS verdict) FROM incident_members",
    "changes": "SELECT * REPLACE (CAST(page AS VARCHAR) AS page) FROM changes_raw",
    "outbox": "SELECT incident, sink, wanted FROM outbox",
    "judged": "SELECT * FROM progress WHERE name IN ('judged', 'learned')",  # other marks are of arrivals
}


def whole(running, traffic):
    traffic.until(ALL)
    running.start()


def in_pieces(running, traffic):
    running.start()
    for piece in pieces(traffic):
        traffic.append(piece)
        running.reaches(traffic.events)


def in_pieces_with_deaths(running, traffic):
    running.start()
    behind = []
    for number, piece in enumerate(pieces(traffic)):
        traffic.append(piece)
        if number % 3 == 0:  # while it is on its way
            running.reaches(1)
            running.kill()
        elif number % 3 == 1:  # while it is judged
            running.reaches(traffic.events)
            behind.append((running.metric("tick_judged_timestamp_seconds") or 0) < traffic.at - 600)
            running.kill()
        else:
            running.reaches(traffic.events)
            assert running.stop()[0] == 0
        running.start()
    assert any(behind), "a kill came before all was judged"


def pieces(traffic):
    """Yield all lines in pieces that end anywhere in a day."""
    lines = [line for day in range(ALL) for line in traffic.lines(day)]
    for number in range(PIECES):
        yield lines[number * len(lines) // PIECES : (number + 1) * len(lines) // PIECES]


def test_one_go_pieces_and_deaths_give_the_same_rows(daemon, tmp_path):
    found = {}
    for feed in (whole, in_pieces, in_pieces_with_deaths):
        traffic = Traffic(tmp_path / f"{feed.__name__}.jsonl", per_day=150)
        running = daemon(
            [traffic.source], workflows=[FLOW], detectors=EVERYTHING, batch={"rows": 2000, "every": "100ms"}
        )
        feed(running, traffic)
        running.judged(traffic.at)
        assert running.stop()[0] == 0, running.log[-2000:]
        with running.closed_store() as ask:
            found[feed.__name__] = {name: sorted(ask(sql), key=repr) for name, sql in TABLES.items()}
    first = found.pop("whole")
    assert all(first[name] for name in TABLES), {name: len(rows) for name, rows in first.items()}
    for feed, rows in found.items():
        for name in TABLES:
            assert len(rows[name]) == len(first[name]), f"{feed}: {name}"
            different = [pair for pair in zip(first[name], rows[name], strict=True) if pair[0] != pair[1]]
            assert not different, f"{feed}: {name}: {len(different)} of {len(first[name])} rows differ: {different[0]}"
