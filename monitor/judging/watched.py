"""What is watched: a series by its names, its strata, and one detector on it in one direction."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """One signal for one key, by names.

    Attributes:
        signal: name of the signal.
        workflow: the workflow.
        step: the step (or integration, source, action class); None for signals of whole interactions.
        segment: the segment, where `by:` splits further; None otherwise.
    """

    signal: str
    workflow: str
    step: str | None = None
    segment: str | None = None

    @property
    def whole(self) -> "SeriesKey":
        """The series of which this is a stratum; one that is none is itself."""
        signal, split, _ = self.signal.partition(" by ")
        return SeriesKey(signal, self.workflow, self.step) if split else self

    def text(self) -> str:
        """Return `workflow/step[/segment] signal`: how a series is named in logs and on the command line."""
        return "/".join(part for part in (self.workflow, self.step, self.segment) if part) + f" {self.signal}"


@dataclass(frozen=True, slots=True)
class Watched:
    """One detector entry on one series in one direction: what has a verdict.

    Attributes:
        detector: name of the entry in the configuration.
        series: what it looks at.
        direction: +1 watches for more bad, -1 for less.
    """

    detector: str
    series: SeriesKey
    direction: int = 1


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of a series that has a normal rate of its own.

    Attributes:
        series: its names; the segment is the stratum.
        members: ids of the series whose counts it sums.
        first_minute, last_minute: of its counts, epoch seconds.
    """

    series: SeriesKey
    members: tuple[int, ...]
    first_minute: int
    last_minute: int
