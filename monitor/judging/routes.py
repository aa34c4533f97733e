"""Which sinks hear of an incident: the first route that matches, and those after it while `continue` says so."""

from collections.abc import Sequence

from bellbuoy.config.model import Route, When
from bellbuoy.monitor.judging.incidents import Incident


def sinks_for(routes: Sequence[Route], incident: Incident, about: str = "agents") -> list[str]:
    """Return the names of the sinks that `incident` is sent to, in order, each once.

    Args:
        routes: in the order of the configuration.
        incident: as it is after the change.
        about: `agents`, or `bellbuoy` for troubles of our own.
    """
    found: dict[str, None] = {}
    for route in routes:
        if matches(route.when, incident, about):
            found.update(dict.fromkeys(route.to))
            if not route.continue_:
                break
    return list(found)


def next_sinks(routes: Sequence[Route], incident: Incident, about: str, sink: str) -> list[str]:
    """Return whom an incident is sent to that `sink` refuses: those of the next route that matches, `continue` or not.

    Args:
        routes: in the order of the configuration.
        incident: as it is.
        about: `agents`, or `bellbuoy` for troubles of our own.
        sink: the one that refuses.
    """
    passed = False
    for route in routes:
        if not matches(route.when, incident, about):
            continue
        others = [name for name in route.to if name != sink]
        if passed and others:
            return others
        passed = passed or sink in route.to
    return []


def matches(when: When, incident: Incident, about: str = "agents") -> bool:
    """Tell whether an incident is what `when` names; see `sinks_for`."""
    series = incident.lead.watched.series
    facts = {
        "severity": incident.severity,
        "workflow": incident.workflow,
        "step": series.step,
        "signal": series.signal,
        "detector": incident.lead.watched.detector,
        "about": about,
    }
    wanted = {name: getattr(when, name, None) for name in facts}
    return all(value is None or facts[name] == value for name, value in wanted.items())
