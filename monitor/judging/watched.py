"""What is watched: a series by its names, and one detector on it in one direction."""

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
