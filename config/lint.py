"""What a valid configuration means, where that cannot be what was wanted."""

import ipaddress
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bellbuoy.config.clocks import oddities
from bellbuoy.config.document import Path
from bellbuoy.config.errors import Remark, suggest
from bellbuoy.config.quantities import write_duration, write_share
from bellbuoy.config.signals import LEVELS
from bellbuoy.config.timetable import Week

if TYPE_CHECKING:
    from bellbuoy.config.model import Config, Route, When

STRATIFIED = ("rate_shift", "slow_drift")
"""Kinds of detectors that can judge by strata."""
UNSTRATIFIED = {"slow": "it is counted anew from the events", "interactions": "none of its trials is bad"}
"""Signals that cannot be judged by strata, and why."""
OBJECTIVES = ("interaction_failure", "step_failure")
"""Signals that an objective speaks of."""
MOST = 20_000
"""Kinds of incidents that are tried against the routes."""
WEEK = 7 * 1440
"""Minutes."""
QUIET = 0.25
"""More of the week than this is much to hold pages for."""
ELSE = "\0"
"""Stands for any name that no route names."""


def lint(config: "Config") -> list[Remark]:
    """Return what is wrong or doubtful in a configuration that has passed all other checks."""
    rules = (
        _reachable, _time_zone, _retention, _pinned, _topics, _doors, _routes, _unused, _quiet, _clocks, _gates, _severity, _kinds, _watchers,
    )  # fmt: skip
    return [remark for rule in rules for remark in rule(config)]


def _reachable(config: "Config") -> Iterator[Remark]:
    host = config.server.listen.rpartition(":")[0].strip("[]")
    try:
        inside = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        inside = False
    if not inside and config.server.token is None:
        message = f"other people can reach {host} and there is no token; set server.token or listen on 127.0.0.1"
        yield Remark("BB202", ("server", "listen"), message)


def _time_zone(config: "Config") -> Iterator[Remark]:
    name = config.server.timezone
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        message = f"no time zone is named '{name}'; write an IANA name such as Europe/Berlin"
        yield Remark("BB210", ("server", "timezone"), message, suggest(name, _zones()))


def _zones() -> set[str]:
    from zoneinfo import available_timezones

    return available_timezones()


def _retention(config: "Config") -> Iterator[Remark]:
    for name, baseline in config.baselines.items():
        needed = baseline.learn + baseline.lag
        if baseline.pinned is None and config.store.retention.minutes < needed:
            kept = write_duration(config.store.retention.minutes)
            message = (
                f"minutes are kept for {kept}, baseline '{name}' needs {write_duration(needed)} (learn and lag);"
                f" keep them at least so long"
            )
            yield Remark("BB203", ("store", "retention", "minutes"), message)


def _pinned(config: "Config") -> Iterator[Remark]:
    for name, baseline in config.baselines.items():
        if baseline.pinned is None:
            continue
        length = baseline.pinned[1] - baseline.pinned[0]
        if length < baseline.min_span:
            message = (
                f"the span is {write_duration(length)} long, min_span is {write_duration(baseline.min_span)};"
                f" pin a longer one or lower min_span"
            )
            yield Remark("BB205", ("baselines", name, "pinned"), message)


def _topics(config: "Config") -> Iterator[Remark]:
    seen: dict[tuple[str, str, str], int] = {}
    for index, source in enumerate(config.sources):
        for place, topic in enumerate(source.kafka.topics if source.kafka else ()):
            assert source.kafka is not None
            key = (",".join(sorted(source.kafka.bootstrap_servers.split(","))), source.kafka.group_id, topic)
            if key in seen:
                message = f"topic '{topic}' is read by source {seen[key] + 1} already; each event would count twice"
                yield Remark("BB208", ("sources", index, "kafka", "topics", place), message)
            seen.setdefault(key, index)


def _doors(config: "Config") -> Iterator[Remark]:
    doors = [index for index, source in enumerate(config.sources) if source.http is not None]
    for index in doors[1:]:
        message = f"source {doors[0] + 1} is the door for events already; there is one, remove this"
        yield Remark("BB208", ("sources", index, "http"), message, on_key=True)


def _routes(config: "Config") -> Iterator[Remark]:
    for lost in islice(_lost(config), 1):
        message = f"no route takes {lost}; end the list with {{ to: [SINK] }}"
        path: Path = ("routes",) if config.routes else ()
        yield Remark("BB201", path, message, on_key=True)
    catch = next((i for i, route in enumerate(config.routes) if _is_catch_all(route) and not route.continue_), None)
    for index in range(catch + 1 if catch is not None else len(config.routes), len(config.routes)):
        assert catch is not None
        message = f"this route never matches: route {catch + 1} takes everything; move it up or delete it"
        yield Remark("BB211", ("routes", index), message)


def _lost(config: "Config") -> Iterator[str]:
    """Yield kinds of incidents that match no route: every combination of what routes name, and one of what they do not."""
    if any(_is_catch_all(route) for route in config.routes):
        return
    tried = 0
    for severity in ("page", "ticket", "watch"):
        if not any(_takes(route.when, severity, "bellbuoy") for route in config.routes):
            yield f"a {severity} about Bellbuoy itself"
    workflows = [*sorted({route.when.workflow for route in config.routes if route.when.workflow}), ELSE]
    steps = [*sorted({route.when.step for route in config.routes if route.when.step}), ELSE]
    for detector in config.detectors:
        level = LEVELS.get(detector.signal, "step")
        for severity in ("page", "ticket", "watch"):
            for workflow in workflows:
                for step in steps if level != "interaction" and "step" in detector.by else [ELSE]:
                    tried += 1
                    if tried > MOST:
                        return
                    names = (workflow, step, detector.signal, detector.name)
                    if not any(_takes(route.when, severity, "agents", *names) for route in config.routes):
                        where = "" if workflow == ELSE else f" in {workflow}"
                        yield f"a {severity} of detector '{detector.name}'{where}"


def _takes(
    when: "When", severity: str, about: str, workflow: str = "", step: str = "", signal: str = "", detector: str = ""
) -> bool:
    wanted = (when.severity, when.about, when.workflow, when.step, when.signal, when.detector)
    given = (severity, about, workflow, step, signal, detector)
    return all(want in {None, have} for want, have in zip(wanted, given, strict=True))


def _is_catch_all(route: "Route") -> bool:
    return not any(value for _, value in route.when)


def _unused(config: "Config") -> Iterator[Remark]:
    used = {name for route in config.routes for name in route.to} | set(config.audit.to if config.audit else ())
    for name in config.sinks:
        if name not in used:
            message = f"no route or audit names sink '{name}'; add it to a route's `to` or delete it"
            yield Remark("BB212", ("sinks", name), message, on_key=True)


def _quiet(config: "Config") -> Iterator[Remark]:
    held: dict[str, set[int]] = {}
    for index, hours in enumerate(config.quiet):
        if hours.below is not None or hours.when.severity not in (None, "page"):
            continue  # pages are told all the same
        minutes = held.setdefault(repr(hours.when), set())
        before = len(minutes)
        for day in hours.every.days:
            begins = day * 1440 + hours.every.start
            minutes.update(minute % WEEK for minute in range(begins, begins + hours.every.minutes))
        if before <= QUIET * WEEK < len(minutes):
            share = f"{100 * len(minutes) / WEEK:.0f} %"
            message = f"with '{hours.name}' pages wait for {share} of the week; add below: page, or make it shorter"
            yield Remark("BB213", ("quiet", index, "every"), message)


def _clocks(config: "Config") -> Iterator[Remark]:
    try:
        zone = ZoneInfo(config.server.timezone)
    except (ValueError, OSError, LookupError):
        return  # `_time_zone` says so
    times: list[tuple[Path, Week, str]] = [
        (("quiet", index, "every"), hours.every, f"'{hours.name}'") for index, hours in enumerate(config.quiet)
    ]
    if config.audit is not None:
        times.append((("audit", "every"), config.audit.every, "the audit"))
    for path, week, name in times:
        told = " and ".join(oddities(week, zone))
        if told:
            yield Remark("BB223", path, f"in {zone.key} {name} {told}; write times outside of these hours")


def _gates(config: "Config") -> Iterator[Remark]:
    for index, workflow in enumerate(config.workflows):
        for number, step in enumerate(workflow.steps):
            if step.consequential and step.gate is None:
                message = f"'{step.name}' is consequential and nothing gates it; write gate: rule or gate: human"
                yield Remark("BB214", ("workflows", index, "steps", number), message)


def _severity(config: "Config") -> Iterator[Remark]:
    page, ticket = config.severity.page, config.severity.ticket
    for key in ("change", "volume"):
        high, low = getattr(page, key), getattr(ticket, key)
        if high <= low:
            message = f"a page from {write_share(high)} and a ticket from {write_share(low)}: no ticket is ever opened"
            yield Remark("BB216", ("severity", "page", key), message + "; page is the higher one")
    for index, detector in enumerate(config.detectors):
        if detector.min_change > max(page.change, ticket.change):
            message = f"min_change {write_share(detector.min_change)} is above both severities; lower it"
            yield Remark("BB216", ("detectors", index, "min_change"), message)


def _kinds(config: "Config") -> Iterator[Remark]:
    objectives = [one.name for one in config.workflows if one.objective is not None]
    for index, entry in enumerate(config.detectors):
        if entry.stratify and entry.kind not in STRATIFIED:
            message = f"kind '{entry.kind}' has no strata: only {' and '.join(STRATIFIED)} have; leave stratify out"
            yield Remark("BB218", ("detectors", index, "stratify"), message)
        elif entry.stratify and entry.signal in UNSTRATIFIED:
            message = f"'{entry.signal}' has no strata: {UNSTRATIFIED[entry.signal]}; leave stratify out"
            yield Remark("BB218", ("detectors", index, "stratify"), message)
        if entry.kind == "burn" and entry.signal not in OBJECTIVES:
            message = f"no objective speaks of '{entry.signal}': burn judges {' or '.join(OBJECTIVES)}"
            yield Remark("BB218", ("detectors", index, "signal"), message)
        elif entry.kind == "burn" and not objectives:
            message = "burn judges by an objective and no workflow has one; write workflows: [{ …, objective: 95% }]"
            yield Remark("BB218", ("detectors", index, "kind"), message)


def _watchers(config: "Config") -> Iterator[Remark]:
    if not any(detector.kind == "slow_drift" for detector in config.detectors):
        message = "no detector is of kind slow_drift: a slide over months stays unseen; add one or leave detectors out"
        yield Remark("BB217", ("detectors",), message, on_key=True)
    if config.heartbeat is None:
        message = "there is no heartbeat: nobody notices when Bellbuoy is down; add heartbeat: { url: https://… }"
        yield Remark("BB219", (), message)
