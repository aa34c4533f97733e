"""What people decided of what is normal: where the baseline of a series begins, and which span a named baseline is pinned to.

A decision is a row with who and when, never an edit of counts. It is in force from the tick that takes it on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bellbuoy.config.model import Config
from bellbuoy.monitor.explain.wording import moment
from bellbuoy.monitor.judging.incidents import Incident, subject_of
from bellbuoy.monitor.judging.learn import Known, Span
from bellbuoy.monitor.judging.objectives import OBJECTIVE
from bellbuoy.monitor.judging.records import Reader, series_key
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.judging.watchlist import Line

Kind = Literal["accept", "learn", "pin"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One decision.

    Attributes:
        id: its identity.
        kind: `accept`: what an incident found is normal from its onset on; `learn`: what was learned is forgotten; `pin`: a
            named baseline is learned from one span.
        name: of the baseline that is pinned; None for the others.
        series: whose baseline begins anew; None where one is pinned.
        since: from when on is learned, or beginning of the span, epoch seconds.
        until: end of the span; None for the others.
        who, why: as told.
        taken: beginning of the tick that took it; None: it waits.
    """

    id: str
    kind: Kind
    name: str | None
    series: SeriesKey | None
    since: int
    until: int | None
    who: str | None
    why: str | None
    taken: int | None


@dataclass(frozen=True, slots=True)
class Marks:
    """The decisions in force, the newest last."""

    all: tuple[Mark, ...] = ()

    def begins(self) -> dict[SeriesKey, Mark]:
        """Return the newest decision about each series."""
        return {one.series: one for one in self.all if one.series is not None}

    def pins(self, config: Config) -> dict[str, Span]:
        """Return the span of each baseline that is pinned: by the configuration, or by somebody later."""
        spans = {
            name: (int(one.pinned[0]), int(one.pinned[1]))
            for name, one in config.baselines.items()
            if one.pinned is not None
        }
        spans.update(
            {one.name: (one.since, one.until) for one in self.all if one.name is not None and one.until is not None}
        )
        return spans


def marks(reader: Reader, at: int) -> Marks:
    """Return the decisions that are in force at the tick that begins at `at`, epoch seconds, those that wait for it too."""
    return Marks(
        tuple(
            Mark(
                id=row["id"],
                kind=row["kind"],
                name=row["name"],
                series=series_key(row) if row["signal"] is not None else None,
                since=row["since"],
                until=row["until"],
                who=row["who"],
                why=row["why"],
                taken=row["taken"],
            )
            for row in reader.rows("judgement/marks", at=at)
        )
    )


def begun(lines: Iterable[Line], decided: Marks, pinned: Iterable[str]) -> list[Line]:
    """Return the lines as if each series had begun where its baseline begins; those of pinned baselines as they are."""
    begins, held = decided.begins(), {*pinned, OBJECTIVE}
    made = []
    for line in lines:
        mark = begins.get(line.watched.series)
        if mark is not None and line.baseline not in held:
            strata = tuple(replace(one, first_minute=max(one.first_minute, mark.since)) for one in line.strata)
            line = replace(line, first_minute=max(line.first_minute, mark.since), strata=strata)  # noqa: PLW2901 - its successor
        made.append(line)
    return made


def without(known: Known, decided: Marks, pinned: Iterable[str], tick: int) -> Known:
    """Return the baselines that were not learned from before the beginning that somebody set for their series."""
    begins, held = decided.begins(), {*pinned, OBJECTIVE}
    return {
        (name, key): normal
        for (name, key), normal in known.items()
        if name in held or key.whole not in begins or not normal.since[0] < begins[key.whole].since - tick
    }


def ended(
    incidents: Iterable[Incident], lines: Sequence[Line], fresh: Iterable[Mark], pinned: Iterable[str], zone: str
) -> dict[Watched, str]:
    """Return the members of open incidents that are as somebody expects from now on, each with the sentence that says so.

    Args:
        incidents: those not resolved.
        lines: all that is watched.
        fresh: decisions that are in force from this tick on.
        pinned: names of baselines that stay as they are.
        zone: of the times in sentences.
    """
    new = {one.series: one for one in fresh if one.series is not None}
    compared = {line.watched: line.baseline for line in lines}
    held = {*pinned, OBJECTIVE}
    told = {}
    for incident in incidents:
        for member in incident.members:
            mark = new.get(member.watched.series)
            if mark is not None and member.resolved_at is None and compared.get(member.watched) not in held:
                told[member.watched] = _sentence(member.watched, mark, zone)
    return told


def _sentence(watched: Watched, mark: Mark, zone: str) -> str:
    who = f" ({mark.who})" if mark.who else ""
    why = f": {mark.why}" if mark.why else ""
    if mark.kind == "accept":
        return f"{subject_of(watched)} is expected to be so since {moment(mark.since, zone)}{why}{who}"
    return f"{subject_of(watched)} is learned anew{why}{who}"
