"""What a configuration means, in a few sentences: what is watched, how it is judged, who is told, what is missing."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from bellbuoy.config.pending import pending
from bellbuoy.config.quantities import write_duration, write_share
from bellbuoy.config.signals import BUILT_IN, LEVELS

if TYPE_CHECKING:
    from bellbuoy.config.model import Config, DetectorEntry, Route, Source

MOST_ROUTES = 4
MOST_NAMES = 4
SIGNALS = {signal.name: signal.words.judged for signal in BUILT_IN}
PLURALS = {"page": "Pages", "ticket": "Tickets", "watch": "Incidents to watch"}


def meaning(config: "Config") -> list[str]:
    """Return what a configuration means, a sentence or two a line, at most twelve lines."""
    return [
        _sources(config),
        _workflows(config),
        f"Every {write_duration(config.tick)} it judges {_watched(config.detectors)}.",
        _normal(config),
        _budget(config),
        _severity(config),
        *_routes(config),
        *_missing(config),
    ]


def _sources(config: "Config") -> str:
    return f"Reads {_listed([_source(one) for one in config.sources], 'and')}; keeps all in {config.store.path}."


def _source(source: "Source") -> str:
    if source.kafka is not None:
        topics = "topic" if len(source.kafka.topics) == 1 else "topics"
        return f"Kafka {topics} {_listed(source.kafka.topics)} at {source.kafka.bootstrap_servers}"
    if source.files is not None:
        return f"files {source.files.path} ({'and what is appended' if source.files.follow else 'to their end, once'})"
    return "events posted to /v1/events"


def _workflows(config: "Config") -> str:
    if not config.workflows:
        return "No workflow is declared: whatever workflow and step comes is watched, without an objective or an order."
    told = []
    for one in config.workflows:
        parts = [_count(len(one.steps), "step") if one.steps else "no steps"]
        if one.objective is not None:
            parts.append(f"{write_share(one.objective)} shall end well")
        told.append(f"{one.name} ({', '.join(parts)})")
    return f"{_count(len(config.workflows), 'workflow')} declared: {_listed(told)}."


def _watched(detectors: "Sequence[DetectorEntry]") -> str:
    """Return which signals are judged, each with its detectors."""
    by_signal: dict[str, list[str]] = {}
    for one in detectors:
        by_signal.setdefault(one.signal, []).append(one.name)
    told = [f"{SIGNALS.get(signal, signal)} ({_listed(names)})" for signal, names in by_signal.items()]
    return _listed(told, "and", 8)


def _normal(config: "Config") -> str:
    default = config.baselines["default"]
    needs = (
        f"{default.min_trials:,} trials and {_count(default.min_bad, 'bad one')} in {write_duration(default.min_span)}"
    )
    told = f"Normal is the {write_duration(default.learn)} that ended {write_duration(default.lag)} ago"
    told += f", once a series has {needs}"
    anchored = [one.name for one in config.detectors if one.kind == "slow_drift" and one.baseline is None]
    if anchored:
        told += f"; for {_listed(anchored)} the first {write_duration(default.learn)} seen, for ever"
    pinned = [name for name, one in config.baselines.items() if one.pinned is not None]
    if pinned:
        told += f"; {_listed(pinned)} {'is' if len(pinned) == 1 else 'are'} pinned"
    return told + "."


def _budget(config: "Config") -> str:
    budget = config.budget
    told = f"Budget: {_count(budget.false_pages, 'false page')} in {write_duration(budget.per)}"
    whole = budget.scope == "fleet"
    told += ", over everything" if whole else ", for each series"
    streams = list(_streams(config))
    if not streams:
        return f"{told}; the evidence that opens an incident follows from how many series arrive."
    import numpy as np

    from bellbuoy.detectors.budget import threshold

    places = {series: place for place, series in enumerate(dict.fromkeys(series for series, _ in streams))}
    weights = np.array([weight for _, weight in streams])
    series = np.array([places[series] for series, _ in streams])
    levels = threshold(budget.false_pages, budget.per, config.tick, weights, budget.scope, series)
    low, high = f"{levels.min():.1f}", f"{levels.max():.1f}"
    nats = low if low == high else f"{low} to {high}"
    watched = _count(len(streams), "thing")
    return (
        f"{told}: with {watched} to watch in the declared workflows an incident opens at about {nats} nats of evidence."
    )


def _streams(config: "Config") -> Iterator[tuple[tuple[str, str, int], float]]:
    """Yield series and weight of every stream of the declared workflows: a detector on a series in a direction."""
    for detector in config.detectors:
        by_step = "step" in detector.by and LEVELS.get(detector.signal, "step") == "step"
        for workflow in config.workflows:
            for place in range(len(workflow.steps) if by_step else 1):
                series = (detector.signal, workflow.name, place if by_step else -1)
                yield from [(series, detector.weight)] * (2 if detector.direction == "both" else 1)


def _severity(config: "Config") -> str:
    page, ticket = config.severity.page, config.severity.ticket
    return (
        f"By what is proven of a change, {_points(page.change)} make a page and {_points(ticket.change)} a ticket; "
        "less is only watched. Silence is always a page."
    )


def _points(share: float) -> str:
    return f"{100 * share:g} point{'' if share == 0.01 else 's'}"


def _routes(config: "Config") -> Iterator[str]:
    for place, route in enumerate(islice(config.routes, MOST_ROUTES)):
        sinks = [f"{name} ({_sink(config, name)})" for name in route.to]
        also = ", then the next routes are tried too" if route.continue_ else ""
        yield f"{_what(route, first=place == 0)} go{'' if _plural(route) else 'es'} to {_listed(sinks, 'and')}{also}."
    rest = len(config.routes) - MOST_ROUTES
    if rest > 0:
        yield f"{_count(rest, 'more route')} follow{'s' if rest == 1 else ''}."


def _what(route: "Route", *, first: bool) -> str:
    when = route.when
    if when.about == "bellbuoy":
        told = "Troubles of Bellbuoy itself"
    elif when.severity is not None:
        told = PLURALS[when.severity]
    elif not any(value for _, value in when):
        return "Everything" if first else "Everything else"
    else:
        told = "Incidents"
    if when.about == "bellbuoy" and when.severity is not None:
        told += f" of severity {when.severity}"
    pairs = (("of workflow", when.workflow), ("step", when.step), ("signal", when.signal), ("by", when.detector))
    parts = [f"{word} {value}" for word, value in pairs if value is not None]
    return " ".join([told, *parts])


def _plural(route: "Route") -> bool:
    return any(value for _, value in route.when)


def _sink(config: "Config", name: str) -> str:
    entry = config.sinks[name]
    channel = entry.settings.get("channel") if entry.kind == "slack" else None
    return f"{entry.kind} {channel}" if isinstance(channel, str) else entry.kind


def _missing(config: "Config") -> Iterator[str]:
    missing = []
    if config.heartbeat is None:
        missing.append("a heartbeat (nobody notices when Bellbuoy itself is down)")
    if all(entry.kind == "console" for entry in config.sinks.values()):
        missing.append("a sink that reaches a person (all is told on the console)")
    if config.workflows and all(one.objective is None for one in config.workflows):
        missing.append("an objective")
    if config.workflows and any(not one.steps for one in config.workflows):
        missing.append("the steps of " + _listed([one.name for one in config.workflows if not one.steps]))
    if missing:
        yield f"Missing: {_listed(missing, None, 8)}."
    idle = pending(config)
    if idle:
        yield f"Read, but without effect in this version: {_listed(idle, 'and', 8)}."


def _count(number: float, noun: str) -> str:
    return f"{number:,g} {noun}{'' if number == 1 else 's'}"


def _listed(names: Sequence[str], last: str | None = None, most: int = MOST_NAMES) -> str:
    """Return names with commas, the rest as a number past `most`; `last` is the word before the last one."""
    shown = list(names[:most])
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
        last = last or "and"
    if last is None or len(shown) == 1:
        return ", ".join(shown)
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}"
