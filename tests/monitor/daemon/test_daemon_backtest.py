"""Live against backtest: thirty days through the daemon itself, killed at random, and what the backtest says of its store."""

import contextlib
import json
import shutil
from collections import Counter

import numpy as np
import pytest
from kafka import KafkaProducer
from virtual_lives import ENDS, Lives

from bellbuoy.monitor.backtest import judging
from bellbuoy.monitor.backtest.lines import instant
from bellbuoy.monitor.cli import run
from bellbuoy.monitor.simulate import LEAD_QUALIFIER, Plan, days, parse_drifts
from bellbuoy.monitor.store import Store

pytestmark = [pytest.mark.needs_real_broker, pytest.mark.sim, pytest.mark.timeout(1800), pytest.mark.long]

DAY = 86_400
LENGTH = 30
SEED = 30
LATE = 0.04
LENGTHS_S = {300: 0.2, 900: 0.1, 3600: 0.2, 6 * 3600: 0.3, 20 * 3600: 0.2}
"""How far the clock is moved at once, and how often."""
MIDWAY = 1_780_272_000 + 17 * DAY
"""From when on a person looks: some of the days after the first drift have passed."""
DRIFTS = ("qualify:0.985->0.7@day16", "close:0.9975->0.8@day24", "close:0.8->0.9975@day27")
RULES = [
    {"name": "step-success", "signal": "step_failure", "by": ["workflow", "step"], "kind": "rate_shift"},
    {"name": "month-one", "signal": "step_failure", "by": ["workflow", "step"], "kind": "slow_drift"},
    {"name": "end-to-end", "signal": "interaction_failure", "by": ["workflow"], "kind": "rate_shift"},
    {"name": "re-ask", "signal": "reask", "by": ["workflow", "step"], "kind": "rate_shift", "direction": "both"},
    {"name": "silence", "signal": "interactions", "by": ["workflow"], "kind": "silence", "direction": "down"},
]
NUMBERS = ("baseline_rate", "current_rate", "change_low", "change_high", "evidence", "threshold")
OURS = "SELECT id FROM incidents_raw WHERE about = 'agents'"
JUDGED = {
    "verdicts": "SELECT * FROM verdicts_raw",
    "incidents": "SELECT * FROM incidents_raw WHERE about = 'agents'",
    "members": f"SELECT * REPLACE (CAST(verdict AS VARCHAR) AS verdict) FROM incident_members WHERE incident IN ({OURS})",
    "changes": f"SELECT * EXCLUDE (page), page ->> 'data' FROM changes_raw WHERE incident IN ({OURS})",
}
"""What a backtest says too."""
LEARNED = {
    "minutes": "SELECT * FROM minutes",
    "late": "SELECT l.* EXCLUDE (series), s.* EXCLUDE (id) FROM late_counts AS l JOIN series AS s ON s.id = l.series",
    "baselines": "SELECT * FROM baselines",
    "states": "SELECT * REPLACE (CAST(map_entries(state) AS VARCHAR) AS state) FROM detector_state",
    "pages": f"SELECT incident, number, CAST(page AS VARCHAR) FROM changes_raw WHERE incident IN ({OURS})",
    "progress": "SELECT * FROM progress WHERE name IN ('judged', 'learned')",
}

LOSE = """
DELETE FROM late_counts WHERE rowid = (
    SELECT l.rowid FROM late_counts AS l JOIN series AS s ON s.id = l.series
    WHERE s.signal = 'step_failure' AND s.step = 'qualify' AND l.n > 0 AND l.minute > l.taken_at - INTERVAL 20 HOUR
    ORDER BY l.taken_at DESC LIMIT 1 OFFSET 20
) RETURNING *
"""


def pieces(seed):
    """Yield (instant, events that have arrived by then and not before), some of them up to a day late."""
    random = np.random.default_rng(seed)
    plan = Plan(days=LENGTH, per_day=60, seed=seed, drifts=parse_drifts(DRIFTS, LEAD_QUALIFIER))
    lines = [line for _, lines in days(plan) for line in lines]
    at = np.array([json.loads(line)["ts"] for line in lines], dtype=np.int64) // 1000
    late = (random.random(len(at)) < LATE) & (at > at.min() + 2 * DAY) & (at < at.max() - DAY)
    arrival = at + np.where(late, random.integers(1, DAY - 7200, len(at)), random.integers(1, 60, len(at)))
    order = np.argsort(arrival, kind="stable")
    arrival, lines = arrival[order], [lines[place] for place in order]
    done, now = 0, int(arrival[0]) // 300 * 300
    while done < len(lines):
        now += int(random.choice(list(LENGTHS_S), p=list(LENGTHS_S.values())))
        upto = int(np.searchsorted(arrival, now, side="right"))
        yield now, lines[done:upto]
        done = upto


def accept(lives):
    """Take the oldest open incident for normal, as a person would; tell whether there was one."""
    rows = lives.ask(
        "/v1/query",
        {"sql": "SELECT id FROM incidents WHERE about = 'agents' AND state <> 'resolved' ORDER BY opened_at"},
    )
    if not rows:
        return False
    lives.ask("/v1/baselines", {"kind": "accept", "incident": json.loads(rows.splitlines()[0])["id"], "who": "kim"})
    return True


@pytest.fixture(scope="module")
def lived(kafka, tmp_path_factory):
    """Three daemons that have lived through the same thirty days on one topic, side by side."""
    folder = tmp_path_factory.mktemp("lived")
    topic = kafka.topic(partitions=3)
    config = {
        "version": 1,
        "sources": [{"kafka": {"bootstrap_servers": kafka.address, "topics": [topic]}}],
        "ingest": {"batch": {"every": "50ms"}, "lateness": "2m"},
        "workflows": [{"name": "lead-qualifier", "steps": [step.name for step in LEAD_QUALIFIER.steps]}],
        "baselines": {"default": {"learn": "7d", "lag": "1d", "min_trials": 200, "min_bad": 3, "min_span": "3d"}},
        "detectors": RULES,
        "sinks": {"out": {"console": {}}},
        "routes": [{"to": ["out"]}],
    }
    all_ = {
        "killed": Lives(folder / "killed", config, seed=[SEED, 1]),
        "unharmed": Lives(folder / "unharmed", config),
        "racing": Lives(folder / "racing", config, racing=True, seed=[SEED, 2]),
    }
    sent, accepted = 0, set()
    try:
        with contextlib.closing(KafkaProducer(bootstrap_servers=kafka.address, acks="all")) as producer:
            for number, (at, lines) in enumerate(pieces(SEED)):
                for lives in all_.values():
                    if not number:
                        lives.begin(at)
                    lives.set(at)
                for line in lines:
                    producer.send(topic, line, key=json.loads(line)["interaction_id"].encode())
                producer.flush()
                sent += len(lines)
                for lives in all_.values():
                    lives.tell(sent)
                for name, lives in all_.items():
                    lives.finish()
                    if at > MIDWAY and name not in accepted and accept(lives):
                        accepted.add(name)
        for lives in all_.values():
            lives.stop()
    finally:
        for lives in all_.values():
            lives.close()
    assert accepted == set(all_), "an incident was accepted as expected by each"
    return all_


def rows(cursor, tables):
    """Return all rows of tables as text, floats to the last bit."""
    return {name: sorted(map(repr, cursor.execute(sql).fetchall())) for name, sql in tables.items()}


def stored(path, tables):
    with Store.open(path, read_only=True) as store:
        return rows(store.new_cursor(), tables)


def told(path):
    """Return the lines that tell of the changes in a store, made from what the daemon wrote of each."""
    with Store.open(path, read_only=True) as store:
        sql = f"SELECT epoch(changed_at)::BIGINT, incident, number, page ->> 'data' FROM changes_raw WHERE incident IN ({OURS})"
        found = [(*row, json.loads(data)) for *row, data in store.new_cursor().execute(sql).fetchall()]
    opened = dict(sorted((incident, at) for at, incident, number, _ in found if number == 1))
    names = {key: f"bt-{place:06d}" for place, key in enumerate(sorted(opened, key=lambda key: (opened[key], key)), 1)}
    lines = []
    for at, incident, _, data in sorted(found, key=lambda one: (one[0], names[one[1]], one[2])):
        numbers = {key: None if data[key] is None else round(data[key], 9) for key in NUMBERS}
        lines.append(
            {key: data[key] for key in ("change", "workflow", "step", "segment", "signal", "detector", "severity", "n")}
            | numbers
            | {
                "at": instant(at),
                "incident": names[incident],
                "why": f"{data['step'] or data['workflow']}: {data['why']}",
            }
            | {"onset": None if data["onset"] is None else instant(data["onset"])}
        )
    return lines


@pytest.fixture
def backtest(monkeypatch, tmp_path):
    """A function: run the command over a store; return its lines, and the rows that it judged."""

    def command(config, until):
        found = {}
        judge = judging.judge

        def kept(recording, *what, **more):
            judged = judge(recording, *what, **more)
            assert judged.until == until
            found.update(rows(recording.new_cursor(), JUDGED))
            return judged

        monkeypatch.setattr(judging, "judge", kept)
        out = tmp_path / "told.jsonl"
        arguments = ["backtest", "-c", str(config), "--format", "jsonl", "--to", instant(until), "--out", str(out)]
        assert run(arguments) == 0
        return [json.loads(line) for line in out.read_text().splitlines()], found

    return command


def same(one, other):
    """Compare tables row by row."""
    for name in one:
        different = [pair for pair in zip(one[name], other[name], strict=False) if pair[0] != pair[1]]
        assert not different, f"{name}: {len(different)} of {len(one[name])} rows differ: {different[0]}"
        assert len(one[name]) == len(other[name]), name


def test_lives_make_no_difference(lived):
    killed, unharmed = (stored(lived[name].store, JUDGED | LEARNED) for name in ("killed", "unharmed"))
    ends = Counter(lived["killed"].ends)
    assert min(ends[how] for how in ENDS) >= 2, ends
    assert all(unharmed.values()), {name: len(found) for name, found in unharmed.items()}
    assert lived["killed"].judged == lived["unharmed"].judged
    same(killed, unharmed)


@pytest.mark.parametrize("name", ["killed", "racing"])
def test_the_backtest_says_what_the_daemon_said(lived, backtest, name):
    lives = lived[name]
    lines, found = backtest(lives.config, lives.judged)
    said = stored(lives.store, JUDGED)
    same(said, found)
    assert lines == told(lives.store)
    assert any("'worse'" in row for row in said["verdicts"])


def test_a_late_row_that_is_lost_is_seen(lived, backtest, tmp_path):
    lives = lived["unharmed"]
    store, config = tmp_path / "store.duckdb", tmp_path / "bellbuoy.yaml"
    shutil.copy(lives.store, store)
    config.write_text(lives.config.read_text().replace(str(lives.store), str(store)))
    with Store.open(store) as opened:
        (lost,) = opened.new_cursor().execute(LOSE).fetchall()
    _, found = backtest(config, lives.judged)
    said = stored(lives.store, JUDGED)
    assert found["verdicts"] != said["verdicts"], lost
