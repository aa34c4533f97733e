"""A configuration for a log that was looked at, with what a person should know beside each key."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bellbuoy.config.load import default
from bellbuoy.config.quantities import parse_duration
from bellbuoy.config.server import Retention
from bellbuoy.config.signals import BUILT_IN
from bellbuoy.monitor.explain.wording import span
from bellbuoy.monitor.survey.lacks import SHOWN, Lack, lacks
from bellbuoy.monitor.survey.mapped import written
from bellbuoy.monitor.survey.scalars import scalar
from bellbuoy.monitor.survey.seen import Survey
from bellbuoy.monitor.survey.suggest import Suggested
from bellbuoy.monitor.survey.workflow import comment, count, workflow

MOST_WORKFLOWS, MOST_LACKS = 20, 10
"""A file that is read to its end; further workflows are named, and what is lacked most comes first."""
YEAR_S = 365 * 86_400
JUDGED = {signal.name: signal.words.judged for signal in BUILT_IN}
SINKS = """\
sinks:
  out: { console: {} } # prints pages where `bellbuoy run` runs
  # reliability: # for Slack: fill this in, then write it into `routes` in the place of `out`
  #   slack:
  #     channel: "#agent-reliability"
  #     bot_token: { env: SLACK_BOT_TOKEN } # of a Slack app with chat:write, files:write, files:read

routes:
  - { to: [out] }

# server: { timezone: Europe/Berlin } # where your users live: what is normal depends on their hour of the day
# heartbeat: { url: "https://hc.example.com/ping/abc", every: 1m } # something outside that notices when this stops"""


@dataclass(frozen=True, slots=True)
class Given:
    """What was looked at.

    Attributes:
        name: for people.
        paths: of the source `files`; empty where a topic is read.
        servers, topic: of the source `kafka`.
        found: where the fields of events stand, of a log of another form; empty: it is one of events.
        remarks: what a person should know of how it was looked at, a sentence each.
    """

    name: str
    paths: tuple[str, ...] = ()
    servers: str = ""
    topic: str = ""
    found: Mapping[str, Suggested] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def document(seen: Survey, given: Given, now: datetime) -> str:
    """Return the YAML text.

    Args:
        seen: what is in the log.
        given: where it is.
        now: the instant, UTC without zone: what is too old by then needs a longer retention.
    """
    missing = lacks(seen)
    parts = [
        _head(seen, given),
        ["version: 1"],
        _sources(given),
        _store(seen, now),
        _workflows(seen),
        _detectors(seen, missing),
        [SINKS],
        _lacks(missing),
    ]
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part) + "\n"


def _head(seen: Survey, given: Given) -> Iterator[str]:
    yield from comment(f"Written by `bellbuoy init` from {given.name}: {told(seen)}.")
    for one in given.remarks:
        yield from comment(one)
    yield from comment(
        "It is a beginning: correct what is not so. `bellbuoy check` says what it means, `bellbuoy schema reference` "
        "shows every key."
    )


def told(seen: Survey) -> str:
    """Return how much was seen: events, interactions, span of time."""
    days = sorted({f"{seen.since:%Y-%m-%d}", f"{seen.until:%Y-%m-%d}"})
    return f"{count(seen.events, 'event')} of {count(seen.interactions, 'interaction')}, {' to '.join(days)}"


def _sources(given: Given) -> Iterator[str]:
    yield "sources:"
    mapped = [f"      {line}" for line in written(given.found)] if given.found else []
    for path in given.paths:
        if mapped:
            yield "  - files:"
            yield f"      path: {scalar(path)}"
            if not path.endswith((".gz", ".zst")):
                yield "      follow: true # and what is appended"
            yield from mapped
        elif path.endswith((".gz", ".zst")):
            yield f"  - files: {{ path: {scalar(path)} }} # read to its end, once"
        else:
            yield f"  - files: {{ path: {scalar(path)}, follow: true }} # and what is appended"
    if given.topic:
        yield "  - kafka:"
        yield f"      bootstrap_servers: {scalar(given.servers)}"
        yield f"      topics: [{scalar(given.topic)}]"
        yield "      start: earliest # all that the topic holds, so that its past is judged on the first day; or: latest"
        yield from mapped


def _store(seen: Survey, now: datetime) -> Iterator[str]:
    """Yield where everything is kept; longer than usual where the log is older than what would be taken in."""
    age_s = (now - seen.since).total_seconds()
    yield "store:"
    yield "  path: bellbuoy.duckdb # the one file that holds everything"
    if age_s > 0.9 * Retention().minutes:
        years = math.ceil(age_s / YEAR_S) + 1
        yield (
            f"  retention: {{ events: {years}y, minutes: {years}y }} # the log begins {seen.since:%Y-%m-%d}; "
            "older events than are kept are refused"
        )


def _workflows(seen: Survey) -> Iterator[str]:
    yield "workflows:"
    for one in seen.workflows[:MOST_WORKFLOWS]:
        yield from workflow(one)
    more = seen.workflows[MOST_WORKFLOWS:]
    if more:
        names = ", ".join(one.name for one in more[:5])
        yield from comment(
            f"{len(more)} more were seen ({names}{', …' if len(more) > 5 else ''}); they are watched without being declared.",
            2,
        )


def _detectors(seen: Survey, missing: Sequence[Lack]) -> Iterator[str]:
    """Yield what the default list watches in this log, what it has no data for, and whether the log is long enough."""
    unfed = {signal for lack in missing if not lack.part for signal in lack.signals}
    signals = list(dict.fromkeys(entry["signal"] for entry in default()["detectors"]))
    fed = [JUDGED[signal] for signal in signals if signal not in unfed]
    yield from comment(f"No `detectors` here, so what `config/default.yaml` lists is watched: {', '.join(fed)}.")
    if len(fed) < len(signals):
        idle = ", ".join(JUDGED[signal] for signal in signals if signal in unfed)
        yield from comment(f"For lack of data (see the end of this file) it cannot watch: {idle}.")
    normal = default()["baselines"]["default"]
    if seen.days * 86_400 < parse_duration(normal["min_span"]):
        yield from comment(
            f"What is normal is known after {normal['min_span'].removesuffix('d')} days and {normal['min_trials']:,} trials of a "
            f"series. This log is {span(seen.days * 86_400)} long: a backtest of it can tell little yet."
        )


def _lacks(missing: Sequence[Lack]) -> Iterator[str]:
    if not missing:
        return
    yield from comment("What this log does not say, the most valuable first, and what it would show:")
    for lack in missing[:MOST_LACKS]:
        signals = f" ({', '.join(lack.signals[:SHOWN])})" if lack.signals else ""
        yield from comment(f"- {lack.field}: {lack.shows}{signals}", hang="  ")
