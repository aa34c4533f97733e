"""What a backtest comes to: incidents a month, how soon they were told, what can be seen."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bellbuoy.monitor.backtest.judging import Judged
from bellbuoy.monitor.backtest.lines import numbered
from bellbuoy.monitor.judging.evaluate import Told
from bellbuoy.monitor.judging.incidents import Incident
from bellbuoy.monitor.judging.sight import Sight, sights

DAY = 86_400
MONTH = 30 * DAY
SOON_S = 7 * DAY
"""A note on the time line is held against what opened within so many seconds after it."""


@dataclass(frozen=True, slots=True)
class Story:
    """One incident from its opening to its end.

    Attributes:
        name: within the run.
        told: its changes, oldest first, each with its page.
    """

    name: str
    told: tuple[Told, ...]

    @property
    def opened(self) -> Told:
        """The first change and page."""
        return self.told[0]

    @property
    def last(self) -> Incident:
        """The incident as it last was."""
        return self.told[-1][0].incident

    @property
    def gravest(self) -> Told:
        """The first change and page of the highest severity."""
        return next(one for one in self.told if one[0].incident.severity == self.last.severity)

    @property
    def turns(self) -> tuple[int, ...]:
        """When it opened, ended, was reopened, ended …, epoch seconds."""
        return tuple(change.at for change, _ in self.told if change.kind in ("opened", "resolved", "reopened"))

    @property
    def openings(self) -> tuple[int, ...]:
        """When it opened and was reopened, epoch seconds."""
        return self.turns[::2]

    @property
    def delay_s(self) -> int | None:
        """Seconds from the estimated beginning to the opening."""
        onset = self.opened[0].incident.lead.verdict.onset
        return None if onset is None else self.opened[0].at - onset

    def open_s(self, until: int) -> int:
        """Return for how many seconds before an instant it was open."""
        turns = [*self.turns, until][: len(self.turns) + len(self.turns) % 2]
        return sum(turns[1::2]) - sum(turns[::2])


@dataclass(frozen=True, slots=True)
class Noted:
    """A note on the time line, and what was told after it.

    Attributes:
        at, title: of the note.
        story: the first incident of its workflow that opened within a week after it; None: nothing did.
    """

    at: int
    title: str
    story: Story | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run comes to.

    Attributes:
        name: of the run, in words: which settings it was judged with.
        since, until: the span, epoch seconds.
        counted: when what is recorded begins.
        series, watched, learning: how many series, how many lines watch them, how many of these are still learning.
        stories: the incidents, in the order in which they opened.
        allowed: false openings that the budget allows in 30 days; None where it is given for each series.
        thresholds: least and largest threshold at the end, nats; None where nothing has a baseline.
        sight: what is watched, and what it can see.
        notes: of people, as the store holds them.
    """

    name: str
    since: int
    until: int
    counted: int
    series: int
    watched: int
    learning: int
    stories: tuple[Story, ...]
    allowed: float | None
    thresholds: tuple[float, float] | None
    sight: tuple[Sight, ...]
    notes: tuple[Noted, ...]

    @property
    def months(self) -> float:
        """The length of the span in months of 30 days."""
        return (self.until - self.since) / MONTH

    def severities(self) -> Counter[str]:
        """Return how many incidents reached each severity and no higher one."""
        return Counter(one.last.severity for one in self.stories)

    def hours_open(self) -> float:
        """Return the hours in which incidents were open, added up."""
        return sum(one.open_s(self.until) for one in self.stories) / 3600

    def usual_delay_s(self) -> float | None:
        """Return the median of the seconds from the estimated beginning to the opening."""
        known = [one.delay_s for one in self.stories if one.delay_s is not None]
        return median(known) if known else None


def summed(name: str, judged: Judged) -> Summary:
    """Return what a run comes to.

    Args:
        name: of the run, in words.
        judged: the run.
    """
    evaluation = judged.evaluation
    budget = evaluation.config.budget
    proving = [group for group in evaluation.groups if not getattr(group.detector, "policy", False)]
    levels = [float(level) for group in proving for level in group.watch.threshold]
    stories = _stories(judged.told)
    notes = [row for row in evaluation.store.rows("backtest/notes") if judged.since <= row["at"] < judged.until]
    return Summary(
        name=name,
        since=judged.since,
        until=judged.until,
        counted=evaluation.recording.since,
        series=judged.series,
        watched=len(evaluation.lines),
        learning=judged.learning,
        stories=stories,
        allowed=budget.false_pages * MONTH / budget.per if budget.scope == "fleet" else None,
        thresholds=(min(levels), max(levels)) if levels else None,
        sight=tuple(sights(evaluation.lines, evaluation.groups, evaluation.tick)),
        notes=tuple(Noted(row["at"], row["title"], _after(row, stories)) for row in notes),
    )


def _stories(told: Sequence[Told]) -> tuple[Story, ...]:
    names = numbered(told)
    changes: dict[str, list[Told]] = {}
    for one in told:
        changes.setdefault(one[0].incident.id, []).append(one)
    return tuple(Story(names[key], tuple(changes[key])) for key in sorted(changes, key=names.__getitem__))


def _after(row: dict[str, object], stories: Sequence[Story]) -> Story | None:
    at = int(str(row["at"]))
    for one in stories:
        if row["workflow"] in (None, one.last.workflow) and at <= one.opened[0].at <= at + SOON_S:
            return one
    return None
