"""Weeks of an agent, some days of it bad, through the product's own pipeline: made once for the tests of the judgement."""

from dataclasses import replace

import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.demo import STREAM
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.simulate import LEAD_QUALIFIER, Plan, days, parse_drifts
from bellbuoy.monitor.sources.base import Chunk
from bellbuoy.monitor.store import Store

DAY = 86400
CONFIG = """
version: 1
tick: 15m
server: { public_url: https://bellbuoy.example.com }
sources: [{ files: { path: none.jsonl } }]
workflows:
  - name: lead-qualifier
    objective: 90%
    runbook: https://wiki.example.com/lead
    steps: [greet, identify_intent, qualify, { name: off_script, optional: true }, hold_state, route, execute_action, close]
sinks: { out: { console: {} }, pager: { console: {} } }
routes:
  - { when: { severity: page }, to: [pager], continue: true }
  - { to: [out] }
"""


@pytest.fixture(scope="session")
def config():
    return load_text(CONFIG)


class World:
    """A plan's days as batches of the pipeline, appended to any number of stores."""

    def __init__(self, plan):
        self.start = plan.start_epoch
        self.days = list(days(plan))
        self.plan = plan

    def append(self, store, number):
        begins, lines = self.days[number]
        offset = sum(len(before) for _, before in self.days[:number])
        chunk = Chunk(STREAM, range(offset, offset + len(lines)), lines, offset + len(lines))
        at = (begins + DAY) * 1_000_000
        store.append(decode(chunk, stream_id=store.stream_id(STREAM), received_at_us=at, limits=Limits()))

    def end(self, number):
        return self.start + (number + 1) * DAY

    def day(self, at):
        return (at - self.start) / DAY


def plan_of(*drifts, length=40, per_day=150, seed=5):
    return replace(Plan(), days=length, per_day=per_day, seed=seed, drifts=parse_drifts(drifts, LEAD_QUALIFIER))


@pytest.fixture(scope="session")
def falling():
    """`qualify` falls from 98.5 % to 85 % on day 32, and is back on day 37."""
    return World(plan_of("qualify:0.985->0.85@day32", "qualify:0.85->0.985@day37", length=47))


@pytest.fixture(scope="session")
def world_of():
    """A function: a world of its own, by its drifts, length, interactions a day and seed."""
    return lambda *drifts, **how: World(plan_of(*drifts, **how))


@pytest.fixture
def store(config):
    with Store.open(None, config.store) as opened:
        opened.follow(config)
        yield opened


@pytest.fixture(scope="session")
def written():
    """A function: everything that judging wrote into a store, as rows to compare."""
    return _written


def _written(store):
    tables = (
        "verdicts_raw",
        "incidents_raw",
        "incident_members",
        "changes_raw",
        "outbox",
        "detector_state",
        "baselines",
    )
    cursor = store.new_cursor()
    return {table: sorted(map(repr, cursor.execute(f"SELECT * FROM {table}").fetchall())) for table in tables}
