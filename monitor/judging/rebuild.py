"""Counts everything again from the events, and folds everything again from the counts; what was told stays as it was told."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bellbuoy.config.model import Config
from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.explain.page import Nothing, explain
from bellbuoy.monitor.judging import judgement_rows as rows
from bellbuoy.monitor.judging.calibration_rows import calibrations
from bellbuoy.monitor.judging.evaluate import Evaluation, Told
from bellbuoy.monitor.judging.incidents import Change, Incident
from bellbuoy.monitor.judging.lately import Lately
from bellbuoy.monitor.judging.learn import DAY, Learner
from bellbuoy.monitor.judging.needs import needed
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.store import Series, Store
from bellbuoy.sinks.base import Page

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did.

    Attributes:
        days: that were counted again.
        mended: those whose counts were others before.
        kept: days whose events have left, and whose counts stayed as they were.
        folded_from, folded_until: the ticks that were folded again, epoch seconds; None where nothing was judged yet.
    """

    days: int
    mended: int
    kept: int
    folded_from: int | None
    folded_until: int | None


def rebuild(store: Store, config: Config, tell: Callable[[str], None] = lambda _: None) -> Rebuilt:
    """Count and fold everything again; a kill leaves a store that can be rebuilt once more.

    Args:
        store: open for writing, with the configuration's signals; no daemon runs.
        config: what is judged, and how.
        tell: hears of the progress.

    Raises:
        StoreExhausted: disk or memory is used up.
    """
    store.amend(rows.progress(store, "judged"), anew=True)
    span = store.rows("rebuild/span")[0]
    days = mended = kept = 0
    if span["first"] is not None:
        whole = span["first"] if span["forgotten"] is None else -(-span["forgotten"] // DAY) * DAY
        kept = max(0, (whole - span["first"]) // DAY)
        for day in range(max(whole, span["first"]), span["last"] + DAY, DAY):
            days += 1
            mended += store.recount(day)
        tell(f"counted {days} days again; {mended} were wrong")
    with store.transaction() as tx:
        tx.run("rebuild/end_restoring")
    begins = max([one for one in (span["coarse"], span["forgotten"]) if one is not None], default=None)
    refolding = Refolding(store, config, begins)
    if refolding.until is None:
        return Rebuilt(days, mended, kept, None, None)
    since = refolding.judged
    refolding.advance(refolding.until)
    refolding.save()
    tell("folded every tick again; verdicts and incidents stay as they were told")
    return Rebuilt(days, mended, kept, since, refolding.until)


class _Relearner(Learner):
    """Learns baselines; latency limits stay, for they are part of the events that were counted with them."""

    def learn_latency(self, at: int, series: Sequence[Series], frozen: set[SeriesKey]) -> None:
        """Leave them as they are."""


class Refolding(Evaluation):
    """An evaluation that tells nothing and writes nothing but what detectors remember, at the end.

    Attributes:
        until: end of the last tick that was judged; None where none was.
    """

    def __init__(self, store: Store, config: Config, begins: int | None) -> None:
        """Begin where single minutes and events are there.

        Args:
            store: as for `Evaluation`.
            config: likewise.
            begins: before it minutes are summed or events have left; None: everything is there. Baselines that would have
                to be learned from what lies before it stay as they are.
        """
        super().__init__(store, config)
        self.learner = _Relearner(store, config)
        self.until = self.judged
        self.incidents = []
        self.members = set()
        self.lately = Lately((), int(config.reopen_within))
        self.folded = store.known_us
        self.relearn_from = 0
        first = min((one.first_minute for one in store.series()), default=0)
        if begins is not None:
            first = max(first, -(-begins // DAY) * DAY)
            self.relearn_from = first + int((self.until or 0) - needed(store, config).since)
        self.judged = None if self.until is None else min(first // self.tick * self.tick, self.until)
        self.day = -1  # of no day: what detectors remember now is not looked at
        self.known = {} if begins is None else rows.baselines(store, first)
        self.calibrations = {} if begins is None else calibrations(store, first)

    def _learn(self, midnight: int) -> None:
        if midnight < self.relearn_from:  # what it was learned from is not there any more
            self.known = rows.baselines(self.store, midnight)
            self.calibrations = calibrations(self.store, midnight)
        with self.store.transaction() as tx:
            if midnight >= self.relearn_from:
                tx.run("rebuild/drop_baselines", at=midnight)
                tx.run("rebuild/drop_calibrations", at=midnight)
            at = (
                midnight if midnight < self.relearn_from else midnight - 1
            )  # base class learns where this is another midnight
            tx.run("judgement/set_progress", name="learned", at=at)
        super()._learn(midnight)

    def _page(self, change: Change) -> Page:
        return explain(Nothing(), self.context, change, self._baseline(change))

    def _write(
        self,
        until: int,
        folded: int,
        verdicts: Sequence[tuple[Watched, Verdict]],
        told: Sequence[Told],
        incidents: Sequence[Incident],
    ) -> None:
        """Write nothing: what was told stays as it was told."""

    def save(self) -> None:
        """Put what the detectors remember now in the place of what they remembered."""
        with self.store.transaction() as tx:
            self._remember(tx)
            tx.run("judgement/set_folded", mark=self.store.known_us)
