"""Situations that people are told of, each made by the whole way from simulated events to the page.

One month in which all is well is made once for each world and copied; what goes wrong begins after its last day.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from bellbuoy.config.load import load_text
from bellbuoy.config.model import Config
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.simulate import Plan, days
from bellbuoy.monitor.simulate.drift import parse_drifts
from bellbuoy.monitor.simulate.workflow import LEAD_QUALIFIER, Choice, WorkflowModel
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store
from bellbuoy.sinks.base import News, Page

DAY = 86_400
WELL_D = 30
"""Days in which all is well."""
STREAM = Stream("kafka", "agent.interactions", 0, "1")
CONFIG = """
version: 1
server: { public_url: "https://bellbuoy.example.com", timezone: Europe/Berlin }
sources: [{ files: { path: none.jsonl } }]
workflows:
  - name: lead-qualifier
    objective: 70%
    runbook: "https://wiki.example.com/runbooks/lead-qualifier"
    steps: [greet, identify_intent, qualify, { name: off_script, optional: true }, hold_state, route, execute_action, close]
    knowledge: [{ source: pricing-wiki, max_age: 30d }, { source: product-faq, max_age: 30d }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""


@dataclass(frozen=True)
class World:
    """What is there before anything happens.

    Attributes:
        workflow: who calls, and how each step fares.
        detectors: beside or instead of the built-in ones, as YAML.
    """

    workflow: WorkflowModel = LEAD_QUALIFIER
    detectors: str = ""


USUAL = World()
UNLIKE = World(
    replace(
        LEAD_QUALIFIER,
        intents=(Choice("book_demo", 0.6, 0.5), Choice("pricing", 0.3, 1.0), Choice("complaint", 0.1, 4.0)),
    ),
    """
detectors:
  - { name: end-to-end, signal: interaction_failure, by: [workflow], kind: rate_shift, min_change: 2%, stratify: [intent] }
  - { name: end-to-end-month-one, signal: interaction_failure, by: [workflow], kind: slow_drift, min_change: 2%, stratify: [intent] }
""",
)
"""One call in ten is a complaint, and these went badly four times as often as the others from the beginning."""


@dataclass(frozen=True)
class Situation:
    """One thing that happens.

    Attributes:
        drifts: what goes wrong, as `bellbuoy simulate --drift` takes it.
        days: how many days are judged after those in which all is well; the page is that of the last change in them.
        turns: what else it does to an event, where no drift says it, and whether the event comes at all; it gets the event
            and when it happened, in days.
        world: in which it happens.
    """

    drifts: tuple[str, ...] = ()
    days: int = 1
    turns: Callable[[dict[str, Any], float], bool] | None = None
    world: World = USUAL


def refuses(event: dict[str, Any], day: float) -> bool:
    """Let the calendar refuse our credentials in six calls of ten: the step goes on without, or fails."""
    call = event.get("integration") or {}
    if day >= 30.35 and call.get("system") == "calendar.book" and hash_of(event) < 0.6:
        call |= {"status": "error", "http_status": 401, "error_class": "auth"}
        event |= {"outcome": "failure", "error_class": "auth"}
    return True


def acts(event: dict[str, Any], day: float) -> bool:
    """Let one step move money without asking anybody."""
    if event.get("step") == "execute_action" and 30.40 <= day < 30.41:
        event["action"] = {"class": "money", "decided_by": "model"}
    return True


def complains(event: dict[str, Any], day: float) -> bool:
    """Let every complaint come, and of the others one in five."""
    return day < 30.3 or event["intent"] == "complaint" or hash_of(event, "interaction_id") < 0.2


def hash_of(event: dict[str, Any], key: str = "event_id") -> float:
    """Return a number from 0 to 1 that depends on one id of the event alone."""
    return int(hashlib.sha256(str(event[key]).encode()).hexdigest()[:8], 16) / 2**32


SITUATIONS = {
    "sudden": Situation(("qualify:0.986->0.83@day30.3",)),
    "slow": Situation(("qualify:0.986->0.9@day30..day48",), days=10),
    "re-ask": Situation(("qualify.reask:0.035->0.2@day30.3",)),
    "handoff": Situation(("route.handoff:0.02->0.16@day30.3",)),
    "version": Situation(("qualify[agent_version=v41]:0.986->0.7@day30.3",)),
    "integration": Situation(turns=refuses),
    "stale-source": Situation(("source:pricing-wiki stale@day1",), days=2),
    "ungated-action": Situation(turns=acts),
    "mix": Situation(("volume:1->3.5@day30.3", "qualify:0.986->0.86@day30.3"), turns=complains, world=UNLIKE),
    "silence": Situation(("silence@day30.4/1d",)),
    "stale": Situation(("qualify:0.986->0.8@day30.3", "silence@day30.5/2d"), days=2),
    "resolved": Situation(("qualify:0.986->0.75@day30.3", "qualify:0.75->0.986@day30.55"), days=3),
    "reopened": Situation(
        ("qualify:0.986->0.75@day30.3", "qualify:0.75->0.986@day30.55", "qualify:0.986->0.75@day32.7"), days=3
    ),
}


def config(world: World = USUAL) -> Config:
    return load_text(CONFIG + world.detectors)


def plan(world: World, drifts: tuple[str, ...] = (), after: int = 0) -> Plan:
    calm = Plan(world.workflow, days=WELL_D + after, per_day=250, noise=0.1)
    return replace(calm, drifts=parse_drifts(drifts, calm.workflow))


def well(world: World, path: Path) -> Path:
    """Write the store of the month in which all is well."""
    with Store.open(path, config(world).store) as store:
        store.follow(config(world))
        for _ in _played(store, config(world), days(plan(world))):
            pass
    return path


def happens(situation: Situation, before: Path, path: Path) -> tuple[Page, tuple[News, ...]]:
    """Return the page of a situation at its end, and what its thread says by then.

    Args:
        situation: what happens.
        before: the store to begin with; it stays as it is.
        path: where a copy of it goes.
    """
    shutil.copy(before, path)
    settings = config(situation.world)
    with Store.open(path, settings.store) as store:
        store.follow(settings)
        later = islice(days(plan(situation.world, situation.drifts, situation.days)), WELL_D, None)
        told = [one for changes in _played(store, settings, _turned(later, situation)) for one in changes]
    change, page = told[-1]
    news = [one for one, _ in told if one.incident.id == change.incident.id and one.kind != "opened"]
    return page, tuple(
        News(one.number, one.at, one.reason, raised=one.raised, reopened=one.kind == "reopened") for one in news
    )


def _turned(made: Iterator[tuple[int, list[bytes]]], situation: Situation) -> Iterator[tuple[int, list[bytes]]]:
    if situation.turns is None:
        yield from made
        return
    first = plan(situation.world).start_epoch
    for begins, lines in made:
        events = [json.loads(line) for line in lines]
        come = [event for event in events if situation.turns(event, (event["ts"] / 1000 - first) / DAY)]
        yield begins, [json.dumps(event).encode() for event in come]


def _played(store: Store, settings: Config, made: Iterator[tuple[int, list[bytes]]]) -> Iterator[list[Any]]:
    evaluation = Evaluation(store, settings)
    ((offset,),) = store.cursor().execute('SELECT coalesce(max("offset"), -1) + 1 FROM events_raw').fetchall()
    for begins, lines in made:
        chunk = Chunk(STREAM, range(offset, offset + len(lines)), lines, offset + len(lines))
        offset += len(lines)
        at = (begins + DAY) * 1_000_000
        store.append(decode(chunk, stream_id=store.stream_id(STREAM), received_at_us=at, limits=Limits()))
        yield evaluation.advance(begins + DAY)
