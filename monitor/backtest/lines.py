"""The changes of a backtest as JSON lines: a contract that programs read."""

import json
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from bellbuoy.monitor.judging.evaluate import Told


def records(told: Sequence[Told]) -> Iterator[dict[str, Any]]:
    """Yield one record a change, ordered by instant and then by incident; unknown numbers are None.

    An incident is `bt-` and a running number: the order in which they opened.
    """
    names = numbered(told)
    for change, _ in sorted(told, key=lambda one: (one[0].at, names[one[0].incident.id], one[0].number)):
        incident = change.incident
        series, verdict = incident.lead.watched.series, incident.lead.verdict
        yield {
            "change": change.kind,
            "at": instant(change.at),
            "incident": names[incident.id],
            "workflow": series.workflow,
            "step": series.step,
            "segment": series.segment,
            "signal": series.signal,
            "detector": incident.lead.watched.detector,
            "severity": incident.severity,
            "onset": None if verdict.onset is None else instant(verdict.onset),
            "baseline_rate": _number(verdict.baseline_rate),
            "current_rate": _number(verdict.current_rate),
            "change_low": _number(verdict.change_low),
            "change_high": _number(verdict.change_high),
            "n": verdict.n,
            "evidence": _number(verdict.evidence),
            "threshold": _number(verdict.threshold),
            "why": f"{series.step or series.workflow}: {verdict.why}",
        }


def text(told: Sequence[Told]) -> str:
    """Return the records as JSON lines."""
    return "".join(
        json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
        for record in records(told)
    )


def numbered(told: Sequence[Told]) -> dict[str, str]:
    """Return the name that each incident has within the run, by its id."""
    first: dict[str, int] = {}
    for change, _ in told:
        first.setdefault(change.incident.id, change.at)
    ordered = sorted(first, key=lambda key: (first[key], key))
    return {key: f"bt-{place:06d}" for place, key in enumerate(ordered, 1)}


def instant(at: float) -> str:
    """Return an instant as RFC 3339 in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(value: float) -> float | None:
    return round(value, 9) if math.isfinite(value) else None
