"""What shall be simulated, and the truth about it."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from bellbuoy.monitor.simulate.drift import SIGNALS, Drift
from bellbuoy.monitor.simulate.workflow import LEAD_QUALIFIER, DeclaredWorkflow, WorkflowModel, model_of

DAY_SECONDS = 86400
OFFICE = (2, 1, 1, 1, 1, 3, 8, 25, 60, 85, 95, 95, 75, 85, 95, 95, 90, 75, 55, 40, 25, 15, 8, 4)
HOURS: dict[str, tuple[float, ...]] = {"office": tuple(map(float, OFFICE)), "flat": (1.0,) * 24}
"""Named hour profiles: weight of each hour of the UTC day."""

WEEK = (1.16, 1.22, 1.20, 1.17, 1.10, 0.62, 0.53)
"""Weight of Monday to Sunday under the `office` profile; the mean is 1."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a simulation depends on: equal plans give equal bytes.

    Attributes:
        workflow: what is simulated.
        days: length in days.
        per_day: interactions a day, averaged over a week.
        seed: of all random numbers.
        start: first day; it begins at 00:00 UTC.
        drifts: what is put in, in the order of their days.
        noise: standard deviation of the logarithm of the failure rates from hour to hour, with a memory of 6 h.
        late: share of interactions whose routing is labelled days later.
        duplicates: share of events that are sent twice.
        hours: name of an hour profile in `HOURS`, or 24 weights.
    """

    workflow: WorkflowModel = LEAD_QUALIFIER
    days: int = 30
    per_day: float = 200.0
    seed: int = 1
    start: date = date(2026, 6, 1)
    drifts: tuple[Drift, ...] = ()
    noise: float = 0.0
    late: float = 0.0
    duplicates: float = 0.0
    hours: str | tuple[float, ...] = "office"

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated.

        Raises:
            ValueError: says which argument is wrong and what it may be.
        """
        for name, value, highest in (
            ("days", self.days, 3660),
            ("per_day", self.per_day, 1_000_000),
            ("noise", self.noise, 3),
            ("late", self.late, 1),
            ("duplicates", self.duplicates, 1),
        ):
            if not 0 <= value <= highest:
                msg = f"{name} is {value}, but must lie between 0 and {highest}"
                raise ValueError(msg)
        if self.seed < 0:
            msg = f"seed is {self.seed}, but must not be negative"
            raise ValueError(msg)
        weights = self.hour_weights
        if len(weights) != 24 or min(weights) < 0 or sum(weights) <= 0:
            msg = "hours needs 24 weights, none negative and not all zero"
            raise ValueError(msg)

    @property
    def hour_weights(self) -> tuple[float, ...]:
        """Weights of the 24 hours of the day.

        Raises:
            ValueError: no profile has this name.
        """
        if isinstance(self.hours, str):
            if self.hours not in HOURS:
                msg = f"no hour profile is named {self.hours!r}; there are {', '.join(HOURS)}, or give 24 numbers"
                raise ValueError(msg)
            return HOURS[self.hours]
        return self.hours

    @property
    def start_epoch(self) -> int:
        """First instant, in epoch seconds (UTC)."""
        return int(datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC).timestamp())

    @property
    def versions(self) -> tuple[tuple[str, float], ...]:
        """Agent versions with the day of their roll-out; a version that a drift names comes with its drift."""
        days = dict(self.workflow.versions)
        for drift in reversed(self.drifts):
            if drift.where and drift.where[0] == "agent_version":
                days[drift.where[1]] = drift.begins
        return tuple(sorted(days.items(), key=lambda pair: pair[1]))


def plan_from_workflow(workflow: DeclaredWorkflow, **settings: Any) -> Plan:
    """Return a plan for a workflow of a configuration, with sensible rates (94 % end well).

    Args:
        workflow: as `config` has it.
        settings: further fields of `Plan`.

    Raises:
        ValueError: the workflow declares no step, or a setting is out of bounds.
    """
    return replace(Plan(workflow=model_of(workflow)), **settings)


def truth(plan: Plan) -> list[dict[str, Any]]:
    """Return what was put in, one plain record a drift: the key that detections are scored against.

    `baseline_rate` and `current_rate` are shares of bad (for the volume: factors), `onset` and `until` RFC 3339.
    """

    def instant(day: float) -> str:
        return datetime.fromtimestamp(plan.start_epoch + day * DAY_SECONDS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    records = []
    for drift in plan.drifts:
        bad = (1.0 - drift.before, 1.0 - drift.after) if drift.kind == "success" else (drift.before, drift.after)
        rates = None if drift.kind in {"silence", "stale"} else bad
        until = drift.ends
        if drift.kind == "silence":
            until = drift.begins + drift.seconds / DAY_SECONDS
        records.append(
            {
                "drift": str(drift),
                "workflow": plan.workflow.name,
                "step": drift.source or drift.step or None,
                "segment": f"{drift.where[0]}={drift.where[1]}" if drift.where else None,
                "signal": {"silence": "interactions", "stale": "stale_source"}.get(drift.kind) or SIGNALS[drift.kind],
                "onset": instant(drift.begins),
                "until": None if until is None else instant(until),
                "baseline_rate": None if rates is None else round(rates[0], 12),
                "current_rate": None if rates is None else round(rates[1], 12),
            }
        )
    return records
