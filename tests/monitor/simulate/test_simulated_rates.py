"""What is planted comes out: rates within their 99.9 % intervals, the same bytes twice, lines that decode."""

import dataclasses
import json
from collections import Counter, defaultdict

import msgspec
import pytest
from scipy.stats import binomtest

from bellbuoy.monitor.simulate import LEAD_QUALIFIER, Plan, days, demo_plan, parse_drifts, plan_from_workflow, truth
from bellbuoy.monitor.simulate.run import simulate

KNOWN = {"success", "failure", "timeout", "abandoned"}
DAY_MS = 86_400_000


def plan(*drifts, **settings):
    return Plan(**{"days": 20, "per_day": 400, "seed": 5, "drifts": parse_drifts(drifts, LEAD_QUALIFIER)} | settings)


def events(made):
    return [msgspec.json.decode(line) for line in simulate(made)]


def expect(bad, trials, rate):
    low, high = binomtest(bad, trials).proportion_ci(0.999, "exact")
    assert low <= rate <= high, f"{bad} of {trials} is not {rate}"


def finals(made, step):
    return [e for e in events(made) if e["type"] == "step" and e["step"] == step and not e.get("retried")]


def since(rows, made, day):
    edge = (made.start_epoch + day * 86400) * 1000
    return [e for e in rows if e["ts"] < edge], [e for e in rows if e["ts"] >= edge]


def failed(rows):
    assert {e["outcome"] for e in rows} <= KNOWN
    return sum(e["outcome"] != "success" for e in rows), len(rows)


@pytest.mark.parametrize("settings", [{"late": 0.2, "duplicates": 0.05, "noise": 0.3}, {"hours": "flat"}])
def test_the_same_plan_gives_the_same_bytes(settings):
    made = plan("qualify:0.95->0.86@day3", "silence@day4/3h", days=6, **settings)
    first = list(simulate(made))
    assert first == list(simulate(plan("qualify:0.95->0.86@day3", "silence@day4/3h", days=6, **settings)))
    assert first != list(simulate(dataclasses.replace(made, seed=6)))


def test_undisturbed_steps_have_their_declared_rates():
    rows = [e for e in events(plan(days=40)) if e["type"] == "step"]
    for step in LEAD_QUALIFIER.steps:
        mine = [e for e in rows if e["step"] == step.name and not e.get("retried")]
        expect(*failed(mine), 1 - step.success)
        asked = [e["reask"] for e in mine if "reask" in e]
        assert bool(asked) == (step.reask is not None)
        if asked:
            expect(sum(asked), len(asked), step.reask)
        handed = sum("handoff" in e for e in mine)
        expect(handed, len(mine), step.handoff)
        expect(sum(e["latency_ms"] > step.slow_after_ms for e in mine), len(mine), step.slow)


def test_undisturbed_interactions_end_well_at_94_percent():
    ends = [e for e in events(plan(days=60)) if e["type"] == "interaction"]
    assert failed(ends)[0] / len(ends) == pytest.approx(0.06, abs=0.006)
    assert LEAD_QUALIFIER.ends_well() == pytest.approx(0.94, abs=0.002)
    assert len({e["interaction_id"] for e in ends}) == len(ends)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_a_sudden_drift_has_its_rates_before_and_after(noise):
    made = plan("qualify:0.95->0.86@day10", noise=noise)
    before, after = since(finals(made, "qualify"), made, 10)
    if noise:
        assert failed(before)[0] / len(before) == pytest.approx(0.05, abs=0.012)
        assert failed(after)[0] / len(after) == pytest.approx(0.14, abs=0.02)
    else:
        expect(*failed(before), 0.05)
        expect(*failed(after), 0.14)


def test_a_step_with_retries_keeps_its_final_rate():
    made = plan("execute_action:0.9->0.7@day10")
    rows = [e for e in events(made) if e["type"] == "step" and e["step"] == "execute_action"]
    before, after = since([e for e in rows if not e.get("retried")], made, 10)
    expect(*failed(before), 0.1)
    expect(*failed(after), 0.3)
    first = [e for e in rows if e.get("retried")]
    assert first
    assert all(e["attempt"] == 1 and e["outcome"] in {"failure", "timeout"} for e in first)
    second = {e["interaction_id"] for e in rows if e.get("attempt") == 2}
    assert second == {e["interaction_id"] for e in first}


def test_a_slide_passes_its_middle_in_the_middle():
    made = plan("hold_state:0.98->0.80@day0..day20", per_day=1500)
    rows = finals(made, "hold_state")
    bounds = [(made.start_epoch + day * 86400) * 1000 for day in (0, 5, 10, 15, 20)]
    for number in range(4):
        part = [e for e in rows if bounds[number] <= e["ts"] < bounds[number + 1]]
        expect(*failed(part), 0.02 + 0.18 * (number + 0.5) / 4)


@pytest.mark.parametrize(
    ("drift", "step", "bad"),
    [
        ("qualify.reask:0.03->0.12@day10", "qualify", lambda e: e["reask"]),
        ("qualify.handoff:0.01->0.06@day10", "qualify", lambda e: "handoff" in e),
        ("close.slow:0.02->0.1@day10", "close", lambda e: e["latency_ms"] > 2500),
    ],
)
def test_other_signals_drift_too(drift, step, bad):
    made = plan(drift)
    for rows, rate in zip(
        since(finals(made, step), made, 10), (made.drifts[0].before, made.drifts[0].after), strict=True
    ):
        expect(sum(map(bad, rows)), len(rows), rate)


def test_a_slice_drifts_alone_and_its_version_comes_with_it():
    made = plan("qualify[agent_version=v99]:0.985->0.80@day5")
    rows = finals(made, "qualify")
    new = [e for e in rows if e["agent_version"] == "v99"]
    assert new
    assert min(e["ts"] for e in new) >= (made.start_epoch + 5 * 86400) * 1000
    expect(*failed(new), 0.20)
    expect(*failed([e for e in rows if e["agent_version"] != "v99"]), 0.015)
    made = plan("qualify[channel=web]:0.95->0.80@day10")
    before, after = since(finals(made, "qualify"), made, 10)
    assert failed([e for e in after if e["channel"] == "web"])[0] > 150
    expect(*failed([e for e in before + after if e["channel"] == "phone"]), 0.015)


def test_volume_halves_and_silence_is_silent():
    made = plan("volume:1->0.5@day14", "silence@day3.5/3h", days=28)
    ends = [e for e in events(made) if e["type"] == "interaction"]
    before, after = since(ends, made, 14)
    assert len(after) / len(before) == pytest.approx(0.5, abs=0.03)
    quiet = (made.start_epoch * 1000) + int(3.5 * DAY_MS)
    assert not [e for e in events(made) if quiet <= e["ts"] < quiet + 3 * 3_600_000]


def test_calls_keep_office_hours():
    per_hour, per_day = Counter(), Counter()
    made = plan(days=28)
    for e in events(made):
        if e["type"] == "interaction":
            per_hour[e["ts"] // 3_600_000 % 24] += 1
            per_day[(e["ts"] // DAY_MS - made.start_epoch // 86400) % 7] += 1
    assert per_hour[3] * 20 < per_hour[10]
    assert per_day[6] * 1.7 < per_day[1]
    assert sum(per_day.values()) == pytest.approx(28 * 400, rel=0.04)


def test_a_stale_source_is_no_longer_refreshed():
    made = plan("source:pricing-wiki stale@day8", days=40, per_day=40)
    ages = defaultdict(set)
    for e in events(made):
        for source in e.get("knowledge", ()):
            ages[(e["ts"] // 1000 - made.start_epoch) // 86400].add(source["as_of"])
    assert ages[7] != ages[0]
    assert {as_of for day in range(9, 40) for as_of in ages[day]} == ages[9]


def test_late_labels_come_late_and_tell_what_was_hidden():
    made = plan("route:0.9->0.9@day1", late=0.5, days=40)
    rows = events(made)
    labels = {e["interaction_id"]: e for e in rows if e["type"] == "outcome" and e.get("step")}
    routed = {e["interaction_id"]: e for e in rows if e["type"] == "step" and e["step"] == "route"}
    hidden = [key for key, e in labels.items() if e["outcome"] != "success" and routed[key]["outcome"] == "success"]
    assert len(hidden) > 100
    assert all(labels[key]["ts"] >= routed[key]["ts"] + 3_600_000 for key in labels)
    assert all(
        (labels[k]["route_expected"] != routed[k]["route"]["chosen"]) == (labels[k]["outcome"] == "failure")
        for k in labels
    )
    early = {key: e for key, e in routed.items() if e["ts"] < (made.start_epoch + 32 * 86400) * 1000}
    corrected = [labels.get(key, e)["outcome"] for key, e in early.items()]
    expect(sum(outcome != "success" for outcome in corrected), len(corrected), 0.1)


def test_duplicates_repeat_whole_events():
    plain, doubled = list(simulate(plan(days=5))), list(simulate(plan(days=5, duplicates=0.1)))
    assert set(plain) == set(doubled)
    assert len(doubled) / len(plain) == pytest.approx(1.1, abs=0.01)


def test_failures_come_together_with_noise():
    def spread(noise):
        bad = Counter()
        made = plan("qualify:0.9->0.9@day1", days=30, noise=noise)
        for e in finals(made, "qualify"):
            bad[e["ts"] // DAY_MS] += e["outcome"] != "success"
        mean = sum(bad.values()) / 30
        return sum((count - mean) ** 2 for count in bad.values()) / 29 / mean

    assert spread(0.8) > 1.5 * spread(0.0)


def test_most_interactions_end_where_they_fail():
    rows = defaultdict(list)
    for e in events(plan("qualify:0.9->0.9@day1")):
        if e["type"] == "step":
            rows[e["interaction_id"]].append(e)
    stopped = [
        seen[-1]["step"] == "qualify"
        for seen in rows.values()
        if any(e["step"] == "qualify" and e["outcome"] != "success" for e in seen)
    ]
    assert 0.8 < sum(stopped) / len(stopped) < 0.95


def test_days_and_lines_are_in_order():
    made = plan(days=9, late=0.3, duplicates=0.02)
    last = 0
    for number, (begins, lines) in enumerate(days(made)):
        assert begins == made.start_epoch + number * 86400
        for line in lines:
            assert b"\n" not in line
            assert len(line) < 4096
            at = json.loads(line)["ts"]
            assert last <= at < (begins + 86400) * 1000
            assert at >= begins * 1000
            last = at


@pytest.mark.parametrize("settings", [{"days": 0}, {"per_day": 0}, {"days": 3, "per_day": 0.5}])
def test_next_to_nothing_is_simulated_too(settings):
    assert all(msgspec.json.decode(line)["type"] for line in simulate(plan(**settings)))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"days": -1}, "days is -1"),
        ({"per_day": float("nan")}, "per_day is nan"),
        ({"late": 1.5}, "late is 1.5"),
        ({"seed": -1}, "seed is -1"),
        ({"hours": "nights"}, "no hour profile is named 'nights'; there are office, flat"),
        ({"hours": (1.0, 2.0)}, "hours needs 24 weights"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        plan(**settings)


def test_the_truth_names_what_was_put_in():
    made = plan("qualify:0.95->0.86@day10..day15", "silence@day3/3h", "source:pricing-wiki stale@day2")
    assert truth(made)[2] == {
        "drift": "qualify:0.95->0.86@day10..day15",
        "workflow": "lead-qualifier",
        "step": "qualify",
        "segment": None,
        "signal": "step_failure",
        "onset": "2026-06-11T00:00:00Z",
        "until": "2026-06-16T00:00:00Z",
        "baseline_rate": 0.05,
        "current_rate": 0.14,
    }
    assert truth(made)[1]["until"] == "2026-06-04T15:00:00Z"
    assert truth(made)[0]["signal"] == "stale_source"
    assert json.loads(json.dumps(truth(made))) == truth(made)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_demo_slides_from_94_to_79(seed):
    good, ends = Counter(), Counter()
    for number, (_, lines) in enumerate(days(demo_plan(seed))):
        for line in lines:
            if line.startswith(b'{"type":"interaction"'):
                ends[number // 30] += 1
                good[number // 30] += b'"outcome":"success"' in line
    shares = [good[month] / ends[month] for month in range(6)]
    assert shares[0] == pytest.approx(0.94, abs=0.01)
    assert shares[5] == pytest.approx(0.79, abs=0.015)
    assert shares == sorted(shares, reverse=True)


@dataclasses.dataclass(frozen=True)
class Declared:
    name: str
    branches: tuple[str, ...] = ()
    optional: bool = False
    consequential: bool = False
    integrations: tuple[str, ...] = ()
    slow_after: float | None = None


@dataclasses.dataclass(frozen=True)
class Wiki:
    source: str


@dataclasses.dataclass(frozen=True)
class Flow:
    name: str
    steps: tuple[Declared, ...]
    knowledge: tuple[Wiki, ...] = ()


def test_a_declared_workflow_gets_sensible_rates():
    flow = Flow(
        'refund "desk"',
        (
            Declared("ask <b>"),
            Declared("look up", integrations=("erp",), slow_after=0.8),
            Declared("side talk", ("clarify", "none"), optional=True),
            Declared("pay", ("callback",), consequential=True),
        ),
        (Wiki("handbook"),),
    )
    made = plan_from_workflow(flow, days=30, per_day=300, seed=3)
    rows = events(made)
    assert {e["workflow"] for e in rows} == {'refund "desk"'}
    assert {e["step"] for e in rows if e["type"] == "step"} == {"ask <b>", "look up", "side talk", "pay"}
    ends = [e for e in rows if e["type"] == "interaction"]
    assert failed(ends)[0] / len(ends) == pytest.approx(0.06, abs=0.01)
    assert {e["integration"]["system"] for e in rows if "integration" in e} == {"erp"}
    assert {source["source"] for e in rows for source in e.get("knowledge", ())} == {"handbook"}
    with pytest.raises(ValueError, match="declares no steps"):
        plan_from_workflow(Flow("empty", ()))
