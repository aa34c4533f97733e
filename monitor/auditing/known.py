"""What is known of a workflow in a span: its map, and what only an audit asks, each answer when it is first needed."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from bellbuoy.config.model import Config
from bellbuoy.config.signals import LEVELS
from bellbuoy.config.watching import DetectorEntry
from bellbuoy.config.workflows import Step
from bellbuoy.detectors.chain import leverage
from bellbuoy.monitor.auditing.report import Axis
from bellbuoy.monitor.explain.picture import block
from bellbuoy.monitor.judging.records import Reader
from bellbuoy.monitor.judging.watchlist import ANCHOR
from bellbuoy.monitor.mapping.asked import SIGNALS, Rows
from bellbuoy.monitor.mapping.drawn import MappedStep
from bellbuoy.monitor.mapping.mapping import Made, make

DAY: Final = 86400
WEEK, MONTH = 7 * DAY, 30 * DAY
OFTEN: Final = 500
"""A workflow that ran so often would have used what it declares."""
COUNTED: Final = (*SIGNALS, "context_lost", "guess", "handoff_incomplete", "integration_failure", "outcome_unknown")
"""Signals that an audit reads from the counts of minutes."""
BOUNDS: Final[dict[Axis, tuple[float, ...]]] = {
    "minutes": (2, 5, 10, 15, 20),
    "turns": (5, 10, 20, 40),
    "context": (0.25, 0.5, 0.75, 0.9),
}
"""Where the bands of a length begin, after the first that begins at 0."""
BYPASSES: Final = 5
"""Actions without their gate that are listed, the newest."""
_SPAN: Final = ("since", "until")
_TAKES: Final = {
    "after": (*_SPAN, "every"),
    "bypasses": (*_SPAN, "most"),
    "incidents": ("until",),
    "normals": ("until",),
    "runs": (*_SPAN, "every", *BOUNDS),
    "seen": ("until",),
    "slices": (*_SPAN, "every", "steps"),
    "slots": (*_SPAN, "steps"),
    "verdicts": ("until",),
    "without": (*_SPAN, "every", "steps"),
}
"""What a statement takes beside the workflow, where that is not the span alone."""


@dataclass(frozen=True, slots=True)
class Normal:
    """What was normal for a series: bad ones among so many trials, and their dispersion."""

    n: float
    bad: float
    scatter: float


class Known:
    """Everything that is known; one for each audit.

    Args:
        reader: the store.
        config: declares workflows and detectors.
        workflow: its name.
        since: beginning of the span, epoch seconds.
        until: its end.
        ways: whether its map holds the ways from step to step; no rule looks at them.
    """

    def __init__(
        self, reader: Reader, config: Config, workflow: str, since: int, until: int, *, ways: bool = True
    ) -> None:
        self.made: Made = make(reader, config, workflow, since, until, COUNTED, ways=ways)
        self.config, self.since, self.until = config, since, until
        self.map, self.counted = self.made.drawn, self.made.asked.counted
        self.declared: dict[str, Step] = (
            {one.name: one for one in self.made.workflow.steps} if self.made.workflow else {}
        )
        self._reader = reader
        self._answers: dict[str, Rows] = {}
        self._place = block(max(until - since, int(config.tick)), config.tick)
        self._gains: dict[str, float] | None = None

    def rows(self, name: str) -> Rows:
        """Return the rows of `audit/NAME`; asked once, and only of steps of which the answer matters."""
        if name not in self._answers:
            drawn, takes = self.map, _TAKES.get(name, _SPAN)
            values: dict[str, Any] = {
                "since": drawn.since if drawn.events_since is None else drawn.events_since,
                "until": drawn.until,
                "every": drawn.every,
                "most": BYPASSES,
                **{axis: list(bounds) for axis, bounds in BOUNDS.items()},
            }
            if "steps" in takes:
                values["steps"] = [step.name for step in drawn.steps if self._matters(name, step)]
            nobody = "steps" in takes and not values["steps"]
            given = {key: values[key] for key in takes}
            self._answers[name] = () if nobody else self._reader.rows(f"audit/{name}", workflow=drawn.workflow, **given)
        return self._answers[name]

    def of(self, name: str, step: str) -> Rows:
        """Return those of the rows that are about a step."""
        return [row for row in self.rows(name) if row["step"] == step]

    def _matters(self, name: str, step: MappedStep) -> bool:
        """Tell whether a statement that is asked of some steps is asked of this one."""
        if name == "without":
            own = self.declared.get(step.name)
            return own is not None and own.optional and not own.consequential and step.events > 0
        if name == "slots":
            n, bad = self.counted.of("reask", step.name)
            return 2 * bad > n
        needed = self.needed(step.name)
        return step.ok is not None and needed is not None and step.ok.high < needed

    def seen(self, signal: str, step: str | None = None) -> tuple[int | None, int | None]:
        """Return when something was first and last seen before the end, epoch seconds; None: never."""
        row = next((one for one in self.rows("seen") if (one["signal"], one["step"]) == (signal, step)), None)
        return (None, None) if row is None else (row["first_at"], row["last_at"])

    def normal(self, signal: str, step: str | None) -> Normal | None:
        """Return what is normal for a series: its anchor, else its learning baseline; None where nothing is learned."""
        found = {row["name"]: row for row in self.rows("normals") if (row["signal"], row["step"]) == (signal, step)}
        row = found.get(ANCHOR) or found.get("default")
        if row is None or row["trials"] <= 0:
            return None
        return Normal(row["trials"], row["mean"] * row["trials"], max(1.0, row["dispersion"][self._place]))

    def needed(self, step: str) -> float | None:
        """Return the rate that a step is held against: that of the objective, else what was normal for it; None: there is neither."""
        if self.map.needed is not None:
            return self.map.needed
        normal = self.normal("step_failure", step)
        return None if normal is None else 1.0 - normal.bad / normal.n

    def gain(self, step: str) -> float:
        """Return what the whole would gain if a step in the map had the rate that it is held against; 0 where it meets it."""
        if self._gains is None:
            figures = self.made.figures
            wanted = np.array([self.needed(name) or 0.0 for name in figures.names], np.float64)
            self._gains = dict(zip(figures.names, leverage(figures.good, figures.reach, wanted).tolist(), strict=True))  # type: ignore[arg-type]
        return self._gains.get(step, 0.0)

    def worth(self, signal: str) -> float:
        """Return the smallest change of a signal that is worth knowing: the least `min_change` of what judges it."""
        own = [one.min_change for one in self.config.detectors if one.signal == signal]
        return min(own, default=DetectorEntry.model_fields["min_change"].default)

    def verdicts(self, step: str) -> Rows:
        """Return the newest verdicts on the signals of a step."""
        return [row for row in self.of("verdicts", step) if _of_step(row["signal"])]

    def incidents(self, step: str) -> Rows:
        """Return what was open of a step at the end, the oldest first."""
        return [row for row in self.of("incidents", step) if _of_step(row["signal"])]

    @property
    def ran(self) -> bool:
        """Whether the workflow ran often and long enough that what was never seen is not used."""
        first = min((row["first_at"] for row in self.rows("seen")), default=self.until)
        return self.map.interactions >= OFTEN and first <= self.until - WEEK

    def unused(self, last: int | None) -> bool:
        """Tell whether something that is declared is not used: not seen for 30 days, while the workflow ran."""
        return self.ran and (last is None or last <= self.until - MONTH)


def _of_step(signal: str) -> bool:
    """Tell whether the series of a signal are named by steps, as those of one's own are."""
    return LEVELS.get(signal, "step") == "step"
