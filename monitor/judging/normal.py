"""What is taken for normal, as people ask for it and decide it; the daemon's HTTP door and the command line stand before it."""

import difflib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bellbuoy.config.instants import write_instant, write_span
from bellbuoy.config.model import Config
from bellbuoy.monitor.clock import Clock, SystemClock
from bellbuoy.monitor.judging.hearing import heard
from bellbuoy.monitor.judging.judgement_rows import progress
from bellbuoy.monitor.judging.marks import Kind, marks
from bellbuoy.monitor.judging.objectives import OBJECTIVE
from bellbuoy.monitor.judging.records import incident
from bellbuoy.monitor.judging.shown import Shown, shown
from bellbuoy.monitor.judging.sight import Sight, sights_at
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.monitor.judging.watchlist import ANCHOR, Line, detectors_of, watchlist
from bellbuoy.monitor.store import Store

DAY = 86_400


class NotDecided(ValueError):  # noqa: N818 - the state is the name: nothing was decided
    """A decision cannot be taken; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A decision that somebody asks for.

    Attributes:
        kind: `accept`: what an incident found is normal from its onset on; `learn`: series are learned anew; `pin`: a named
            baseline is learned from one span.
        incident: for `accept`.
        series: for `learn`: `workflow/step[/segment]`, with * and ? for anything, or with the signal behind a blank.
        since: for `learn`: from when on is learned, epoch seconds; None: from now on.
        name: for `pin`.
        span: for `pin`, epoch seconds.
        who, why: as told.
    """

    kind: Kind
    incident: str | None = None
    series: str | None = None
    since: int | None = None
    name: str | None = None
    span: tuple[int, int] | None = None
    who: str | None = None
    why: str | None = None


class Normal:
    """Answers from a store, and writes decisions into it; called from several threads."""

    def __init__(self, store: Store, config: Config, clock: Clock | None = None) -> None:
        self.store = store
        self.config = config
        self.clock = clock or SystemClock()

    def sights(self) -> list[Sight]:
        """Return what each detector can see on each series, as of the last tick that was judged."""
        return sights_at(self.store, self.config, self.judged())

    def show(self, series: str | None = None) -> list[Shown]:
        """Return the baselines in force, of the series that are named or of all.

        Raises:
            NotDecided: no series has such a name.
        """
        at = self.judged()
        lines = self._lines(at) if series is None else self._named(series, at)
        return shown(self.store, self.config, lines, at)

    def judged(self) -> int:
        """Return the end of the last tick that was judged, epoch seconds; 0 before the first one."""
        return progress(self.store, "judged") or 0

    def decide(self, asked: Asked) -> str:
        """Write a decision; the next tick takes it. Return in a sentence or two what becomes of it.

        Args:
            asked: the decision.

        Raises:
            NotDecided: it cannot be taken.
            StoreExhausted: nothing can be written at present.
        """
        at, now = self.judged(), self.clock.now()
        if asked.kind == "accept" and (said := self._said(asked.incident, at)) is not None:
            return said
        if asked.kind == "pin":
            rows, told = self._pinned(asked, at)
        else:
            begins = self._expected(asked, at) if asked.kind == "accept" else self._anew(asked, at)
            rows = [
                {
                    "signal": key.signal,
                    "workflow": key.workflow,
                    "step": key.step,
                    "segment": key.segment,
                    "since": since * 1_000_000,
                }
                for key, since in begins.items()
            ]
            told = "; ".join(f"{key.text()} is learned from {write_instant(since)} on" for key, since in begins.items())
        same = {"kind": asked.kind, "incident": asked.incident, "who": asked.who, "why": asked.why}
        with self.store.transaction() as tx:
            for row in rows:
                tx.insert("baseline_marks", [{"id": uuid.uuid4().hex, "known_at": int(now * 1e6), **same, **row}])
        return f"{told}; the next tick takes it on"

    def _said(self, key: str | None, at: int) -> str | None:
        """Return in a sentence that an incident is expected already, and the next tick takes it on; None where it is not."""
        rows = [row for row in self.store.rows("judgement/marks", at=at) if row["taken"] is None]
        said = next((row for row in rows if row["kind"] == "accept" and row["incident"] == key), None)
        if said is None:
            return None
        who = f", says {said['who']}" if said["who"] else ""
        return f"{key} is expected already{who}; the next tick takes it on"

    def _expected(self, asked: Asked, at: int) -> dict[SeriesKey, int]:
        """Return from when on each series of an incident is learned."""
        found = incident(self.store, asked.incident or "")
        if found is None:
            raise NotDecided(f"there is no incident {asked.incident}; `bellbuoy status` names those that are open")
        if found.state == "resolved":
            raise NotDecided(f"{found.id} is resolved; what ended it is normal already. To forget more: learn SERIES")
        fixed = {*marks(self.store, at).pins(self.config), OBJECTIVE}
        free = {line.watched for line in self._lines(at) if line.baseline not in fixed}
        begins = {
            one.watched.series: int(one.verdict.onset or found.began)
            for one in found.members
            if one.watched in free and one.resolved_at is None
        }
        if not begins:
            raise NotDecided(
                f"{found.id} is held against what is pinned or promised; change `baselines`, `objective` or the detector"
            )
        return begins

    def _anew(self, asked: Asked, at: int) -> dict[SeriesKey, int]:
        since = at if asked.since is None else asked.since
        if since > at:
            raise NotDecided(f"{write_instant(since)} lies after what is judged, {write_instant(at)}")
        return {line.watched.series: since for line in self._named(asked.series or "", at)}

    def _pinned(self, asked: Asked, at: int) -> tuple[list[dict[str, object]], str]:
        names = [*self.config.baselines, ANCHOR]
        if asked.name not in names or asked.span is None:
            raise NotDecided(f"no baseline is named {asked.name!r}; there are {', '.join(names)}")
        if asked.span[1] > at:
            raise NotDecided(f"the span ends after what is judged, {write_instant(at)}; pin what is over")
        row = {"name": asked.name, "since": asked.span[0] * 1_000_000, "until": asked.span[1] * 1_000_000}
        return [row], f"the baseline {asked.name} is learned from {write_span(asked.span)}"

    def _lines(self, at: int) -> list[Line]:
        midnight = at // DAY * DAY
        return watchlist(self.config.detectors, detectors_of(self.config.detectors), heard(self.store, midnight))

    def _named(self, pattern: str, at: int) -> list[Line]:
        lines = self._lines(at)
        found = [line for line in lines if _fits(pattern, line.watched.series)]
        if not found:
            near = difflib.get_close_matches(pattern, sorted(_names(lines)), 1)
            hint = f"; did you mean {near[0]}?" if near else "; `bellbuoy baseline show` names all"
            raise NotDecided(f"no series is named {pattern}{hint}")
        return found


def _names(lines: Iterable[Line]) -> set[str]:
    return {line.watched.series.text().rpartition(" ")[0] for line in lines}


def _fits(pattern: str, series: SeriesKey) -> bool:
    whole = series.text()
    return fnmatchcase(whole, pattern) or fnmatchcase(whole.rpartition(" ")[0], pattern)
