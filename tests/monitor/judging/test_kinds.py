"""Strata, volumes and objectives from the configuration to the incident, through the product's own pipeline."""

import json
import re
from datetime import UTC, datetime

import numpy as np
import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.demo import STREAM
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.sight import sights
from bellbuoy.monitor.sources.base import Chunk
from bellbuoy.monitor.store import Store

DAY = 86400
START = 1_780_272_000 // DAY * DAY
QUIET, LENGTH = 24, 28
CONFIG = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
budget: { false_pages: 1, per: 30d, scope: series }
baselines:
  default: { learn: 21d, lag: 1d, min_trials: 500, min_bad: 10, min_span: 7d }
workflows:
  - { name: spent, objective: 96% }
  - { name: worse, objective: 60% }
detectors:
  - { name: whole, signal: interaction_failure, by: [workflow], kind: rate_shift }
  - { name: parts, signal: interaction_failure, by: [workflow], kind: rate_shift, stratify: [intent, attributes.shop] }
  - { name: volume, signal: interactions, by: [workflow], kind: volume, direction: both }
  - { name: burn, signal: interaction_failure, by: [workflow], kind: burn }
"""


def share(workflow, day):
    """Bad share of the two kinds of calls, the share of the second kind, and interactions a day."""
    changed = day >= QUIET
    good, poor, mix, volume = 0.02, 0.12, 0.3, 900
    if workflow == "mix" and changed:
        mix = 0.6
    if workflow == "worse" and changed:
        good, poor = 0.06, 0.28
    if workflow == "less" and changed:
        volume = 300
    if workflow == "spent":
        good, poor = 0.015, 0.04
        if changed:
            good, poor = 0.2, 0.3
    return good, poor, mix, volume


def lines_of(day, random):
    """Yield the interactions of a day, in order of time."""
    made = []
    for workflow in ("mix", "worse", "less", "spent"):
        good, poor, mix, volume = share(workflow, day)
        for at in random.uniform(0, DAY, random.poisson(volume)):
            kind = random.random() < mix
            shop = "north" if day < QUIET + 1 or random.random() < 0.97 else "opened today"
            made.append((at, workflow, kind, random.random() < (poor if kind else good), shop))
    for place, (at, workflow, kind, bad, shop) in enumerate(sorted(made)):
        event = {
            "type": "interaction",
            "ts": datetime.fromtimestamp(START + day * DAY + at, UTC).isoformat(),
            "interaction_id": f"{day}-{place}",
            "workflow": workflow,
            "outcome": "failure" if bad else "success",
            "intent": "refund" if kind else "order",
            "attributes": {"shop": shop},
        }
        yield json.dumps(event).encode()


@pytest.fixture(scope="module")
def batches():
    """The interactions of each day, as lines."""
    random = np.random.default_rng(20261125)
    return [list(lines_of(day, random)) for day in range(LENGTH)]


def append(store, batches, day):
    lines = batches[day]
    offset = sum(map(len, batches[:day]))
    chunk = Chunk(STREAM, range(offset, offset + len(lines)), lines, offset + len(lines))
    received = (START + (day + 1) * DAY) * 1_000_000
    store.append(decode(chunk, stream_id=store.stream_id(STREAM), received_at_us=received, limits=Limits()))


@pytest.fixture(scope="module")
def told(batches, written):
    """Changes with their pages, the verdicts written, the evaluation at the end, and all that was written."""
    config = load_text(CONFIG)
    with Store.open(None, config.store) as store:
        store.follow(config)
        evaluation = Evaluation(store, config)
        changes = []
        for day in range(LENGTH):
            append(store, batches, day)
            changes += evaluation.advance(START + (day + 1) * DAY)
        verdicts = store.cursor().execute("SELECT detector, workflow, state, why FROM verdicts").fetchall()
        yield changes, verdicts, evaluation, written(store)


def members(told):
    """When each detector on each workflow came to be in an incident, in days."""
    found = {}
    for incident in (*(change.incident for change, _ in told[0]), *told[2].incidents):
        for member in incident.members:
            key = (member.watched.detector, member.watched.series.workflow)
            found.setdefault(key, (member.joined_at - START) / DAY)
    return found


def at_the_end(told, detector):
    """Verdicts of a detector in the incidents that are open at the end."""
    return [
        one.verdict for incident in told[2].incidents for one in incident.members if one.watched.detector == detector
    ]


def test_a_pure_shift_of_the_mix_is_told_as_a_mix_and_opens_nothing(told):
    found, verdicts = members(told), told[1]
    assert ("whole", "mix") in found, "without strata it is taken for a fall"
    assert ("parts", "mix") not in found
    why = [
        why for detector, workflow, state, why in verdicts if (detector, workflow, state) == ("parts", "mix", "watch")
    ]
    assert any(one.startswith("mix: the whole is worse than normal and its strata are not") for one in why)


def test_strata_that_are_all_worse_are_found_as_soon_as_the_whole(told):
    found = members(told)
    assert QUIET < found["parts", "worse"] < QUIET + 1.5
    assert found["parts", "worse"] - found["whole", "worse"] < 0.5
    assert min(found.values()) > QUIET


def test_a_new_stratum_counts_as_other_from_its_first_minute(told):
    """A shop that opened on the last days: its calls are judged with the rest, and nothing of the whole is lost."""
    evaluation = told[2]
    group = next(one for one in evaluation.groups if one.parts is not None)
    place = [line.watched.series.workflow for line in group.lines].index("worse")
    pooled = group.parts.members[group.parts.others[place]]
    assert pooled
    total = group.state["total"][0, place]
    whole = next(one for one in evaluation.groups if one.parts is None and one.lines[0].watched.detector == "whole")
    column = [line.watched.series.workflow for line in whole.lines].index("worse")
    assert total == whole.state["total"][0, column] > 0


def test_less_volume_is_a_ticket_until_its_threshold_is_learned(told):
    changes = [one for one, _ in told[0] if one.incident.lead.watched.detector == "volume"]
    assert members(told)["volume", "less"] < QUIET + 0.5
    assert {one.incident.workflow for one in changes} == {"less"}
    (verdict,) = at_the_end(told, "volume")
    assert (verdict.measure, verdict.state, verdict.most) == ("volume", "worse", "ticket")
    assert -0.8 < verdict.change_low < verdict.change_high < -0.5
    assert changes[-1].incident.severity == "ticket"
    assert "fewer" in verdict.why


def test_an_objective_is_burnt_only_where_there_is_one(told):
    found = members(told)
    assert QUIET < found["burn", "spent"] < QUIET + 1
    assert ("burn", "worse") not in found, "its objective is lower"
    (verdict,) = at_the_end(told, "burn")
    assert verdict.baseline_rate == pytest.approx(0.04)
    assert "the objective allows 4.0 %" in verdict.why
    assert verdict.least == verdict.most == "ticket"


def test_what_each_kind_can_see_is_told(told):
    """Strata see what their sum sees; an objective and a volume are not blind for want of a share."""
    evaluation = told[2]
    found = {(one.detector, one.workflow): one for one in sights(evaluation.lines, evaluation.groups, 300)}
    assert found["parts", "worse"].a_week == found["whole", "worse"].a_week
    assert all(one.armed for one in found.values() if one.kind != "burn" or one.workflow in ("spent", "worse"))
    assert not any(one.blind for one in found.values() if one.kind in ("burn", "volume"))


def test_pages_of_volume_and_of_an_objective_say_what_they_mean(told):
    pages = [(change, page) for change, page in told[0]]
    volume = next(page for change, page in pages if change.incident.workflow == "less")
    assert re.fullmatch(r"less: [67][0-9] % fewer interactions than normal", volume.headline)
    assert "were expected" in "".join(span.text for span in volume.impact)
    spent = next(page for change, page in pages if change.incident.workflow == "spent")
    assert spent.headline


def test_restarts_at_any_tick_change_no_bit(told, batches, written):
    """A new process for every piece of the days on which something happens."""
    config = load_text(CONFIG)
    pieces, turn = (6 * 3600, 300, 5 * 3600 + 900, 13 * 3600), 0
    with Store.open(None, config.store) as store:
        store.follow(config)
        for day in range(LENGTH):
            append(store, batches, day)
            at, end = START + day * DAY, START + (day + 1) * DAY
            while at < end:
                at = min(at + (pieces[turn % 4] if day > QUIET - 2 else DAY), end)
                turn += 1
                Evaluation(store, config).advance(at)
        assert written(store) == told[3]
