"""Judges a recording by the daemon's own evaluation, day after day; keeps what it would have told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bellbuoy.config.model import Config
from bellbuoy.detectors.base import Counts, Verdict
from bellbuoy.detectors.baseline import offset_of
from bellbuoy.monitor.backtest.errors import BacktestError
from bellbuoy.monitor.backtest.recording import Recording
from bellbuoy.monitor.explain.page import Nothing, explain
from bellbuoy.monitor.judging.evaluate import Evaluation, Told
from bellbuoy.monitor.judging.groups import FLEET_S
from bellbuoy.monitor.judging.incidents import Change
from bellbuoy.monitor.judging.late import Late, reaches
from bellbuoy.monitor.judging.learn import DAY, Learner
from bellbuoy.monitor.judging.marks import marks
from bellbuoy.monitor.judging.slow import SlowCalls
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.monitor.judging.watchlist import Line
from bellbuoy.monitor.store import Series, Transaction
from bellbuoy.sinks.base import Page


@dataclass(frozen=True, slots=True)
class Judged:
    """What a backtest found.

    Attributes:
        told: the changes, oldest first, each with its page.
        since, until: the span that was judged, epoch seconds.
        series: how many series were counted.
        learning: of what is watched at the end, the lines that have no baseline yet or one that is too young.
        evaluation: as it is after the last tick.
    """

    told: tuple[Told, ...]
    since: int
    until: int
    series: int
    learning: int
    evaluation: "Backtesting"


class Backtesting(Evaluation):
    """The daemon's evaluation over a recording: what it remembers stays in memory, and nothing is sent.

    Args:
        recording: filled and sealed; nothing was judged in it yet.
        config: what is judged, and how.
        since: from when on is judged, epoch seconds; what lies before it teaches the baselines. None: from the beginning.
        pages: whether changes are explained; else their pages hold the verdict alone.
    """

    def __init__(self, recording: Recording, config: Config, since: int | None = None, *, pages: bool = True) -> None:
        super().__init__(recording, config)
        self.recording = recording
        self.pages = pages
        self.learner = _AsCounted(recording, config) if recording.counted else _FromEvents(recording, config)
        if since is not None:
            self.judged = max(since // self.tick * self.tick, recording.since)
            recording.know(self.judged)

    def advance(self, until: int, stop: Callable[[], bool] = lambda: False, *, deaf: bool = False) -> list[Told]:
        """Judge up to `until`; what people decided is taken on at the tick that took it."""
        decided = {one.taken for one in marks(self.store, until).all if one.taken is not None}
        told: list[Told] = []
        for cut in sorted({*decided, until}):
            if not stop() and cut <= until:
                told += super().advance(cut, stop, deaf=deaf)
        return told

    def _learn(self, midnight: int) -> None:
        self.recording.know(midnight)
        super()._learn(midnight)

    def _late(self, ids: list[int], since: int) -> Late:
        """Return what was taken in at each tick of the day from `since` on; what lies past what is judged now is asked for again."""
        reach = reaches(ids, self.store.series())
        counts = self.recording.late_in(ids, since, since // DAY * DAY + DAY, reach)
        return Late(counts, 0, 0, self.store.known_us)

    def _known_to(self) -> int | None:
        """Return none: the recording itself gives what was judged by then."""
        return None

    def _heard(self, midnight: int) -> list[Series]:
        last = self.recording.last_heard(midnight - FLEET_S, midnight)
        return [
            one._replace(last_minute=last.get(one.id, one.first_minute))
            for one in self.store.series()
            if one.first_minute < midnight
        ]

    def _enough(self, line: Line, verdict: Verdict, at: int) -> bool:
        """Tell whether enough interactions are bad; counts do not know them, their bad trials are enough then."""
        if self.recording.counted:
            return verdict.state in ("worse", "better")
        return super()._enough(line, verdict, at)

    def _page(self, change: Change) -> Page:
        if self.pages:
            return super()._page(change)
        return explain(Nothing(), self.context, change, self._baseline(change))

    def _remember(self, tx: Transaction) -> None:
        """Write nothing: nobody goes on from here."""


class _FromEvents(Learner):
    """Learns latency limits, and lets `slow` be counted by them from then on."""

    def __init__(self, recording: Recording, config: Config) -> None:
        super().__init__(recording, config)
        self.recording = recording

    def learn_latency(self, at: int, series: Sequence[Series], frozen: set[SeriesKey]) -> None:
        """Learn the limits as the daemon does."""
        super().learn_latency(at, series, frozen)
        self.recording.add_slow(at, offset_of(at, self.config.server.timezone))


class _AsCounted(Learner):
    """Learns from counts that are taken as they are: there are no events behind them from which `slow` could be counted."""

    def __init__(self, recording: Recording, config: Config) -> None:
        super().__init__(recording, config)
        self.slow = _Counted(recording, config)

    def learn_latency(self, at: int, series: Sequence[Series], frozen: set[SeriesKey]) -> None:
        """Learn nothing: the limits are part of the counts."""


class _Counted(SlowCalls):
    def recount(self, counts: Counts, keys: Sequence[SeriesKey | None], since: int, until: int, at: int) -> None:
        """Leave the counts as they are."""


def judge(
    recording: Recording,
    config: Config,
    *,
    since: int | None = None,
    until: int | None = None,
    pages: bool = True,
    on_day: Callable[[int, int, int], bool] = lambda _since, _at, _until: False,
) -> Judged:
    """Judge a recording from its first tick, or from an instant, to its end.

    Args:
        recording: filled; nothing was judged in it yet.
        config: what is judged, and how.
        since: from when on is judged, epoch seconds; None: from the beginning.
        until: up to when; None: to the end.
        pages: whether changes are explained.
        on_day: hears of the beginning, of how far it has come, and of the end; true ends it there.

    Raises:
        BacktestError: there is nothing to judge.
    """
    recording.seal(int(config.tick))
    begins = recording.since if since is None else max(since // int(config.tick) * int(config.tick), recording.since)
    ends = recording.until if until is None else min(until, recording.until)
    if begins >= ends:
        raise BacktestError("there is nothing to judge between --from and --to")
    evaluation = Backtesting(recording, config, begins, pages=pages)
    told = evaluation.advance(ends, stop=lambda: on_day(begins, evaluation.judged or begins, ends))
    watched = len(evaluation.lines)
    armed = sum(int((group.baseline.armed > 0).sum()) for group in evaluation.groups)
    return Judged(
        tuple(told), begins, evaluation.judged or begins, len(recording.series()), watched - armed, evaluation
    )
